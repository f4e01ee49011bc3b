"""Queries of attendance at the venue: awaited experts, and the draw of a scanned code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.clock import print_time
from domain.draws.lifecycles import InvitationState
from domain.errors import NotFound
from models.draws import Draw
from models.invitations import MISSING_FROM, Invitation
from services.core.base import Actor, Deps, rows, violation
from services.core.signed_links import Links
from services.draws.access import DrawAccess
from services.draws.virtual_calls import CallLine, VirtualCalls

VENUE_PURPOSE = "venue_qr"
_AWAITED = f"""
SELECT i.id, i.expert_id, i.code, {MISSING_FROM} AS missing_from,
  (SELECT t.at FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'in') AS entered_at,
  (SELECT t.at FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'out') AS left_at,
  (SELECT c.at FROM presence_claim c WHERE c.invitation_id = i.id) AS claimed_at,
  (SELECT count(*)::int FROM urge u WHERE u.invitation_id = i.id AND u.channel = 'voice') AS urges,
  (SELECT max(u.at) FROM urge u WHERE u.invitation_id = i.id AND u.channel = 'voice') AS urged_at
FROM invitation i WHERE i.draw_id = $1 AND i.state = 'accepted' ORDER BY i.code
"""


@dataclass(frozen=True)
class ScannedPanel:
    """The panel whose venue code was scanned."""

    draw_id: UUID
    pool: str


@dataclass(frozen=True)
class AttendanceRow:
    """One expected expert. `claimed_at`: time of a claim of presence (自报到场), which is no entry. `may_urge`: not
    entered, inside the window, and not urged too often or just now; `may_ring`: the same for a virtual call, after
    unsealing."""

    invitation_id: UUID
    code: str
    entered_at: datetime | None
    claimed_at: datetime | None
    left_at: datetime | None
    late: bool
    voice_urges: int
    may_urge: bool
    may_ring: bool
    calls: tuple[CallLine, ...]


@dataclass(frozen=True)
class AttendanceQueries:
    deps: Deps
    links: Links
    access: DrawAccess
    calls: VirtualCalls

    async def panel_of_token(self, token: str) -> ScannedPanel:
        """The panel of a scanned code. Raises Forbidden for an expired one."""
        return await self.panel_of_draw(self.links.check(token, VENUE_PURPOSE).subject_id)

    async def panel_of_draw(self, draw_id: UUID) -> ScannedPanel:
        """The same for a draw whose code was just scanned."""
        draw = await Draw.get_or_none(id=draw_id)
        if draw is None:
            raise NotFound("没有这个评标活动，请扫描现场最新的二维码。")
        return ScannedPanel(draw.id, draw.pool)

    async def find_awaited(self, draw_id: UUID, expert_id: UUID) -> UUID | None:
        """The invitation to this draw that the expert has accepted, if any."""
        invitation = await Invitation.get_or_none(draw_id=draw_id, expert_id=expert_id, state=InvitationState.ACCEPTED)
        return invitation.id if invitation else None

    async def list_awaited(self, actor: Actor, draw_id: UUID) -> list[AttendanceRow]:
        """Awaited experts, by code only; visible to agency, venue and staff from unsealing on."""
        draw = await self.access.get(actor, draw_id)
        now, book = self.deps.now(), self.deps.book(draw.pool)
        if actor.role != "venue" and now < self.access.unseals_at(draw):
            raise violation(
                book,
                "draw.result_visible_before",
                f"专家进场情况{print_time(self.access.unseals_at(draw))}后可查看。",
            )
        awaited = await rows(_AWAITED, draw_id)
        calls, offered = await self.calls.log_of(draw_id, "urging"), self.calls.is_offered(draw.pool)
        most = book.attendance.urging_virtual_max

        def is_missing(row: Mapping[str, Any]) -> bool:
            begins = row["missing_from"]
            in_window = begins <= now <= begins + book.attendance.urging_window
            return draw.ended_at is None and row["entered_at"] is None and in_window

        def rings(row: Mapping[str, Any]) -> list[datetime]:
            return [call.at for call in calls.get(row["expert_id"], ()) if call.has_rung]

        def may_be_urged(row: Mapping[str, Any]) -> bool:
            urgings = [*rings(row), *([row["urged_at"]] if row["urged_at"] else [])]
            return is_missing(row) and all(now >= at + book.attendance.urging_pause for at in urgings)

        unsealed = now >= self.access.unseals_at(draw)
        return [
            AttendanceRow(
                invitation_id=row["id"],
                code=row["code"],
                entered_at=row["entered_at"],
                claimed_at=row["claimed_at"],
                left_at=row["left_at"],
                late=row["entered_at"] is None and now > row["missing_from"] + book.attendance.late_after,
                voice_urges=row["urges"],
                may_urge=may_be_urged(row) and row["urges"] < book.attendance.urging_voice_max,
                may_ring=unsealed and may_be_urged(row) and offered and (most is None or len(rings(row)) < most),
                calls=calls.get(row["expert_id"], ()),
            )
            for row in awaited
        ]
