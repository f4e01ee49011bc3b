"""The staff of a venue, who await the experts."""

from __future__ import annotations

import re

from app.players.browser import BrowserPage
from app.players.page_player import PagePlayer

_CODE = re.compile(r"\d{6}\b")
_SHOWN = re.compile(r'data-qr="([^"]+)"')


class VenueStaff(PagePlayer):
    async def open_attendance(self, draw: str) -> BrowserPage:
        """The page of arrivals."""
        return await self.open(f"/draws/{draw}/attendance")

    async def list_awaited(self, draw: str) -> list[str]:
        """Codes of the experts who are awaited, each once: who was urged stands in two lists of the page."""
        page = await self.open_attendance(draw)
        return list(dict.fromkeys(line.split()[0] for line in page.lines if _CODE.match(line)))

    async def show_code(self, draw: str) -> str:
        """The content of the QR code on the venue's screen: the address of the check-in, renewed every few seconds."""
        screen = await self.open(f"/draws/{draw}/screen")
        [address] = _SHOWN.findall(screen.html)
        return str(address)

    async def register_entry(self, draw: str, code: str) -> None:
        """Check an expert in by the code that he tells. Raises NotArrived."""
        await self.open_attendance(draw)
        await self.press("进场", f"{code}已登记进场", code=code)

    async def register_exit(self, draw: str, code: str) -> None:
        """Raises NotArrived."""
        await self.open_attendance(draw)
        await self.press("离场", f"{code}已登记离场", code=code)

    async def urge(self, draw: str, code: str, time: int = 1) -> None:
        """Call an expert who has not come, for the first or another time. Raises NotArrived."""
        await self.open_attendance(draw)
        await self.press(f"语音催促{code}", f"催{time}次")
