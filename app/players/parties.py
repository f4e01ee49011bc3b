"""The parties that fix a draw's order, on their pages: each browser does what the page's script does."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from typing import Self

from app.players.agency import Agency
from app.players.browser import WebBrowser
from app.players.http_client import Json, Refused
from app.players.phones import NotArrived
from app.players.supervisor import DrawSupervisor
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
        match = _BOX.search(browser.page.html)
        if match is None:
            raise NotArrived(f"页面 {browser.page.url} 上的三方摇号")
        data = dict(_DATA.findall(match.group()))
        return cls(browser, data["take-part"], data["role"], data["draw"], data["form"])

    async def commit(self) -> str:
        """Commit; returns the receipt, which the published record must contain."""
        opened = (await self.browser.ask(self.address))["round"]
        digest = participant_commitment(self.role, self.value, self.number, int(opened["round_number"]))
        return await self._send({"commitment": digest.hex()})

    async def reveal(self) -> str:
        try:
            return await self._send({"value": self.value.hex()})
        except Refused:
            opened = (await self.browser.ask(self.address))["round"]
            if self.role not in opened["revealed"]:
                raise
            return str(opened["head"])  # the answer to the first try was lost, and the round is over

    async def _send(self, fields: Json) -> str:
        answer = await self.browser.ask(self.address, {"form": self.form, **fields})
        return str(answer["round"]["head"])


async def fix_order(agency: Agency, supervisor: DrawSupervisor) -> list[str]:
    """The agency has begun the draw of lots on the page that it shows; the supervisor finds it on his first page.

    Both commit, then reveal. Returns their receipts; the agency's page shows that the order is fixed.
    """
    first = RoundParty.on(agency.browser)
    await supervisor.open_round(first.number)
    parties = (first, RoundParty.on(supervisor.browser))
    receipts = [await party.commit() for party in parties] + [await party.reveal() for party in parties]
    await agency.open(agency.page.path)
    return receipts
