"""The parties that fix a draw's order, on their pages: each browser does what the page's script does."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from typing import Self

from app.players.browser import WebBrowser
from app.players.http_client import Json
from app.players.phones import NotArrived
from domain.draws.random_draw import VALUE_BYTES, participant_commitment

_BOX = re.compile(r"<[a-z]+[^>]*data-take-part=[^>]*>")
_DATA = re.compile(r'data-([a-z-]+)="([^"]*)"')


@dataclass
class RoundParty:
    """``address``: the endpoint that the page's script calls; ``form``: the token sent with each call."""

    browser: WebBrowser
    address: str
    role: str
    number: str
    """The draw's number."""
    form: str
    value: bytes = field(default_factory=lambda: secrets.token_bytes(VALUE_BYTES))
    """Generated on this device; secret until all have committed."""

    @classmethod
    def on(cls, browser: WebBrowser) -> Self:
        """The party of the page that a browser displays. Raises NotArrived where no round is open."""
        found = _BOX.search(browser.page.html)
        if found is None:
            raise NotArrived(f"页面 {browser.page.url} 上的三方摇号")
        data = dict(_DATA.findall(found.group()))
        return cls(browser, data["take-part"], data["role"], data["draw"], data["form"])

    async def commit(self) -> str:
        """Commit; returns the receipt, which the published record must contain."""
        opened = (await self.browser.ask(self.address))["round"]
        digest = participant_commitment(self.role, self.value, self.number, int(opened["round_number"]))
        return await self._send({"commitment": digest.hex()})

    async def reveal(self) -> str:
        return await self._send({"value": self.value.hex()})

    async def _send(self, said: Json) -> str:
        answer = await self.browser.ask(self.address, {"form": self.form, **said})
        return str(answer["round"]["head"])


async def fix_order(agency: WebBrowser, supervisor: WebBrowser) -> list[str]:
    """The agency has begun on the page that it shows; the supervisor finds his draw on his first page, `/desk`.

    Both commit, then reveal. Returns their receipts; the agency's page shows that the order is fixed.
    """
    first = RoundParty.on(agency)
    await supervisor.open("/desk")
    waiting = [name for name in supervisor.page.links if name.startswith("等待您提交随机数") and first.number in name]
    if not waiting:
        raise NotArrived(f"监督人首页上的待办“{first.number}等待您提交随机数”")
    await supervisor.follow(waiting[0])
    parties = (first, RoundParty.on(supervisor))
    receipts = [await party.commit() for party in parties] + [await party.reveal() for party in parties]
    await agency.open(agency.page.path)
    return receipts
