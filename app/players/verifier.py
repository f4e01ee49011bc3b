"""The verifier of a trading centre, who reads applications and decides."""

from __future__ import annotations

from app.players.browser import BrowserPage
from app.players.page_player import PagePlayer
from app.players.phones import NotArrived

_QUEUE = "/draws/applications"


class Verifier(PagePlayer):
    async def open_application(self, name: str = "") -> BrowserPage:
        """The one application that waits, or the one of this name. Raises NotArrived."""
        await self.open(_QUEUE)
        waiting = [label for label, address in self.page.links.items() if "/application?id=" in address]
        matching = [label for label in waiting if name in label]
        if len(matching) != 1:
            raise NotArrived(f"核验列表上的申请{name}（共{len(matching)}份）")
        return await self.browser.follow(matching[0])

    async def approve(self, opinion: str = "") -> BrowserPage:
        """Approve the application that is open. Raises NotArrived."""
        return await self.press("通过", "已通过核验", opinion=opinion)

    async def refuse(self, opinion: str) -> BrowserPage:
        """Refuse the application that is open. Raises NotArrived."""
        return await self.press("退回", "已退回", opinion=opinion)
