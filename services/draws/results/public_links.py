"""Signed links to a draw's board or record, for a big screen or a third party: totals and the public record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

from domain.draws.record import Json
from domain.errors import Forbidden
from models.draws import Draw, LogEntry
from services.core.base import Actor, Deps, record, transaction
from services.core.signed_links import Link, Links
from services.draws.access import DrawAccess
from services.draws.progress import DrawProgress, DrawTotals
from services.draws.results.record_files import RecordFile, RecordFiles
from services.draws.views import DrawView, ReadDraw, view_of

Screen = Literal["board", "record"]
_TTL = {"board": timedelta(hours=24), "record": timedelta(days=30)}
"""A board is for the day of the draw; a record may be verified much later."""


@dataclass(frozen=True)
class PublicLinks:
    deps: Deps
    access: DrawAccess
    progress: DrawProgress
    files: RecordFiles
    links: Links

    async def share(self, actor: Actor, draw_id: UUID, screen: Screen) -> str:
        """The token of a link to one screen of one draw. Raises NotFound, Forbidden."""
        draw = await self.access.get(actor, draw_id)
        now = self.deps.now()
        async with transaction():
            await record(actor, now, f"{screen}.shared", "draw", draw.id)
        return self.links.sign(screen, draw.id, actor.account_id or draw.id, now + _TTL[screen])

    async def board(self, token: str) -> tuple[DrawView, DrawTotals]:
        """Totals of a draw. Raises Forbidden for a link that is forged or expired."""
        draw = await self.draw_of(token)
        return draw, await self.progress.totals_of(draw)

    async def draw_of(self, token: str) -> DrawView:
        """The draw of a board's link. Raises Forbidden for a link that is forged or expired."""
        return view_of(DrawView, await self._open_draw(token, "board"))

    async def acts(self, draw: ReadDraw, names: Sequence[str]) -> list[dict[str, Json]]:
        """Entries of the record with certain acts, in order; a viewer of the board may also see the rounds."""
        rows = await LogEntry.filter(draw_id=draw.id, act__in=names).order_by("seq")
        return [row.facts for row in rows]

    async def record(self, token: str) -> tuple[DrawView, RecordFile | None]:
        """The verifiable record so far; None once it is complete and public by its number.

        Raises Forbidden for an invalid link, Conflict before the draw has begun.
        """
        draw = await self._open_draw(token, "record")
        complete = draw.ended_at is not None and draw.log_length > 0
        return view_of(DrawView, draw), None if complete else await self.files.file_of(draw)

    async def _open_draw(self, token: str, screen: Screen) -> Draw:
        link = self._check_link(token, screen)
        draw = await Draw.get_or_none(id=link.subject_id)
        if draw is None:
            raise Forbidden("链接无效，请向抽取活动的经办人索取新的链接。", code="link_invalid")
        return draw

    def _check_link(self, token: str, screen: Screen) -> Link:
        try:
            return self.links.check(token, screen)
        except Forbidden as error:
            if screen != "record" or error.code != "link_expired":
                raise
            message = "抽取记录的链接30天有效，已经过期。活动结束后，凭活动编号就能查看和核对。"
            raise Forbidden(message, code="record_link_expired") from error
