"""Queries of attendance at the venue: awaited experts, and the draw of a scanned code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from domain.clock import print_near_time, print_time
from domain.draws.agreed_times import agreed_gathering
from domain.draws.lifecycles import InvitationState
from domain.errors import NotFound
from domain.notifications.lifecycles import ContactAttemptState
from models.attendance import ARRIVES_AT, STANDING_LATE_ARRIVAL
from models.draws import CallNotice, Draw
from models.invitations import MISSING_FROM, Invitation
from services.core import permissions
from services.core.base import Actor, Deps, record, rows, transaction, violation
from services.core.signed_links import Links
from services.draws.access import DrawAccess
from services.draws.calls.call_rules import address_and_room
from services.draws.virtual_calls import CallLine, VirtualCalls

VENUE_PURPOSE = "venue_qr"
ArrivalState = Literal["left", "present", "missed", "late", "announced", "awaited"]
"""``missed``: the evaluation is over, and no entry was recorded (缺席)."""
_SOON = timedelta(hours=12)
_AWAITED = f"""
SELECT i.id, i.expert_id, i.code, i.ends_at, {MISSING_FROM} AS missing_from,
  (SELECT t.at FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'in') AS entered_at,
  (SELECT t.at FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'out') AS left_at,
  (SELECT c.at FROM presence_claim c WHERE c.invitation_id = i.id) AS claimed_at,
  (SELECT count(*)::int FROM urge u WHERE u.invitation_id = i.id AND u.channel = 'voice') AS urges,
  (SELECT max(u.at) FROM urge u WHERE u.invitation_id = i.id AND u.channel = 'voice') AS urged_at,
  l.minutes, l.reason, l.stated_at, l.channel, {ARRIVES_AT} AS arrives_at
FROM invitation i LEFT JOIN {STANDING_LATE_ARRIVAL} WHERE i.draw_id = $1 AND i.state = 'accepted' ORDER BY i.code
"""


_ANNOUNCED = f"""
SELECT i.code, l.minutes, {ARRIVES_AT} AS arrives_at, l.channel = 'phone' AS by_telephone
FROM invitation i JOIN {STANDING_LATE_ARRIVAL}
WHERE i.draw_id = $1 AND i.state = 'accepted' ORDER BY arrives_at, i.code
"""
"""Whether they have entered is sealed for the agency, so all are listed."""


_NAMES = """
SELECT i.id, e.name FROM invitation i JOIN expert e ON e.id = i.expert_id WHERE i.draw_id = $1 AND i.state = 'accepted'
"""
_VOICE_URGINGS = """
SELECT u.invitation_id, u.at, coalesce(a.real_name, '') AS asked_by, t.state AS notice_state,
  (SELECT s.state FROM attempt s WHERE s.notice_id = t.id AND s.channel = 'voice'
    ORDER BY s.number DESC LIMIT 1) AS state
FROM (SELECT w.*, row_number() OVER (PARTITION BY w.invitation_id ORDER BY w.at, w.id) AS number
    FROM urge w JOIN invitation i ON i.id = w.invitation_id WHERE i.draw_id = $1 AND w.channel = 'voice') u
LEFT JOIN account a ON a.id = u.by_id
LEFT JOIN notice t ON t.pool = $2 AND t.dedupe_key = 'urging:' || u.invitation_id || ':' || u.number
ORDER BY u.at DESC, u.number DESC
"""
"""Each is a notice of its own, see ``Urging.urge``."""
_OUTCOMES: Mapping[str, str] = {
    ContactAttemptState.SENT: "正在呼叫",
    ContactAttemptState.UNKNOWN: "结果未知",
    ContactAttemptState.FAILED: "未接通",
    ContactAttemptState.DELIVERED: "已接听",
    ContactAttemptState.ANSWERED: "已接听",
}
"""Of a call of the system's voice."""


@dataclass(frozen=True)
class UrgingLine:
    """A call of the system's voice (语音催促): who asked for it, and what became of it."""

    at: datetime
    asked_by: str
    outcome: str


@dataclass(frozen=True)
class ScannedPanel:
    """The panel whose venue code was scanned."""

    draw_id: UUID
    pool: str


@dataclass(frozen=True)
class AnnouncedArrival:
    """A late arrival (晚到). ``reason`` is empty until unsealing, since its words may tell who the expert is.
    ``by_telephone``: recorded of a call, not stated by himself."""

    minutes: int
    arrives_at: datetime
    stated_at: datetime
    reason: str
    by_telephone: bool


@dataclass(frozen=True)
class AnnouncedCode:
    """Whom to expect late, as agency, venue and supervisors are told; ``by_telephone`` as of ``AnnouncedArrival``."""

    code: str
    minutes: int
    arrives_at: datetime
    by_telephone: bool


@dataclass(frozen=True)
class AttendanceRow:
    """One expected expert. `claimed_at`: time of a claim of presence (自报到场), which is no entry. `announced` stays
    after the entry, `late` counts from it on. `over`: no entry can be recorded any more. `may_urge`: not entered,
    inside the window, and not urged too often or just now; `may_ring`: the same for a virtual call, after unsealing,
    also before an announced arrival."""

    invitation_id: UUID
    code: str
    entered_at: datetime | None
    claimed_at: datetime | None
    left_at: datetime | None
    announced: AnnouncedArrival | None
    late: bool
    over: bool
    voice_urges: int
    may_urge: bool
    may_ring: bool
    calls: tuple[CallLine, ...]
    urgings: tuple[UrgingLine, ...]
    """Newest first."""

    @property
    def state(self) -> ArrivalState:
        if self.entered_at is not None:
            return "present" if self.left_at is None else "left"
        if self.over:
            return "missed"
        return "late" if self.late else "awaited" if self.announced is None else "announced"


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

    async def not_awaited(self, expert_id: UUID) -> str:
        """What an expert reads who scans the code of a panel that is not his: where his own meets, if it does soon."""
        now = self.deps.now()
        own = await Invitation.filter(
            expert_id=expert_id, state=InvitationState.ACCEPTED, ends_at__gt=now, gathering_at__lt=now + _SOON
        ).order_by("gathering_at")
        if not own:
            return "您不在本场评标名单中，请向现场工作人员核对。"
        place = address_and_room(await CallNotice.get(id=own[0].notice_id))
        at = print_near_time(agreed_gathering(own[0]), now)
        return f"您不在本场评标名单中。您{at}集合的评标在{place}，请到那里签到。"

    async def list_announced(self, actor: Actor, draw_id: UUID) -> list[AnnouncedCode]:
        """Experts of whom is known that they come late (晚到), by code, also before unsealing."""
        await self.access.get(actor, draw_id)
        return [AnnouncedCode(**row) for row in await rows(_ANNOUNCED, draw_id)]

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
        urgings = await self._voice_urgings(draw)
        calls, offered = await self.calls.log_of(draw_id, "urging"), self.calls.is_offered(draw.pool)
        most = book.attendance.urging_virtual_max

        def awaited_from(row: Mapping[str, Any]) -> datetime:
            moments: tuple[datetime | None, ...] = (row["missing_from"], row["arrives_at"])
            return max(at for at in moments if at is not None)

        def is_missing(row: Mapping[str, Any], begins: datetime) -> bool:
            in_window = begins <= now <= awaited_from(row) + book.attendance.urging_window
            return draw.ended_at is None and row["entered_at"] is None and in_window

        def rings(row: Mapping[str, Any]) -> list[datetime]:
            return [call.at for call in calls.get(row["expert_id"], ()) if call.has_rung]

        def may_be_urged(row: Mapping[str, Any], begins: datetime) -> bool:
            urgings = [*rings(row), *([row["urged_at"]] if row["urged_at"] else [])]
            return is_missing(row, begins) and all(now >= at + book.attendance.urging_pause for at in urgings)

        unsealed = now >= self.access.unseals_at(draw)
        return [
            AttendanceRow(
                invitation_id=row["id"],
                code=row["code"],
                entered_at=row["entered_at"],
                claimed_at=row["claimed_at"],
                left_at=row["left_at"],
                announced=_announced(row, unsealed=unsealed),
                late=row["entered_at"] is None and now > awaited_from(row) + book.attendance.late_after,
                over=draw.ended_at is not None or now > row["ends_at"],
                voice_urges=row["urges"],
                may_urge=may_be_urged(row, awaited_from(row)) and row["urges"] < book.attendance.urging_voice_max,
                may_ring=unsealed
                and may_be_urged(row, row["missing_from"])
                and offered
                and (most is None or len(rings(row)) < most),
                calls=calls.get(row["expert_id"], ()),
                urgings=tuple(urgings.get(row["id"], ())),
            )
            for row in awaited
        ]

    async def read_names(self, actor: Actor, draw_id: UUID) -> Mapping[UUID, str]:
        """Names of the awaited experts by invitation, from unsealing on; empty before. Each reading is logged."""
        permissions.check(actor, "result.read")
        async with transaction():
            draw, now = await self.access.get(actor, draw_id), self.deps.now()
            if now < self.access.unseals_at(draw):
                return {}
            await record(actor, now, "attendance.names_read", "draw", draw_id)
            return {row["id"]: row["name"] for row in await rows(_NAMES, draw_id)}

    async def _voice_urgings(self, draw: Draw) -> Mapping[UUID, list[UrgingLine]]:
        by_invitation = defaultdict[UUID, list[UrgingLine]](list)
        for row in await rows(_VOICE_URGINGS, draw.id, draw.pool):
            by_invitation[row["invitation_id"]].append(_urging_line(row))
        return by_invitation


def _urging_line(row: Mapping[str, Any]) -> UrgingLine:
    stopped = row["notice_state"] == "stopped" and row["state"] in (None, ContactAttemptState.PENDING)
    waiting = "专家已进场或不再参评，没有拨打" if stopped else "等待拨打"
    return UrgingLine(row["at"], row["asked_by"], _OUTCOMES.get(row["state"] or "", waiting))


def _announced(row: Mapping[str, Any], *, unsealed: bool) -> AnnouncedArrival | None:
    if row["minutes"] is None:
        return None
    reason = row["reason"] if unsealed else ""
    by_telephone = row["channel"] == "phone"
    return AnnouncedArrival(row["minutes"], row["arrives_at"], row["stated_at"], reason, by_telephone)
