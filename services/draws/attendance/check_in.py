"""Coming and going at the venue: check-in by phone or by the venue's staff, experts expected, exits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from domain.clock import print_time
from domain.draws.lifecycles import DrawState, InvitationState
from domain.errors import Conflict, GatewayError, NotFound, Unavailable
from domain.positions import Position, to_wgs84
from models.attendance import Attendance, PresenceClaim, has_entered
from models.draws import CallNotice, Draw
from models.invitations import Invitation
from services.core import permissions
from services.core.base import Actor, Deps, record, rows, transaction, violation
from services.core.signed_links import Links
from services.draws.access import DrawAccess
from services.draws.attendance import attendance_rules
from services.draws.calls.calling import place
from services.draws.news import DrawNews
from services.draws.repository import append_end, lock, notify_agency
from services.draws.virtual_calls import CallLine, VirtualCalls
from services.notifications import Notices
from services.ports import OfficialAccountSender

Method = Literal["qr", "place", "desk"]
_VENUE = "venue_qr"
VENUE_SCENE = "venue:"
"""Prefix of the scenes that check in."""
_ARRIVED = """
SELECT count(*)::int AS needed, count(*) FILTER (WHERE EXISTS (
 SELECT 1 FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'in'))::int AS present
FROM invitation i WHERE i.draw_id = $1 AND i.state = 'accepted'
"""
"""Who is expected and who came, as the attendance page lists them (应到, 已到)."""
_MET = (DrawState.COMPLETED, DrawState.SHORT, DrawState.SUPPLEMENT_PENDING)


@dataclass(frozen=True)
class CheckedIn:
    """`first` false: it stood already since `at`. `counted` false: it only says that the expert is there (自报到场);
    show `advice`, which tells what to do to be counted."""

    first: bool
    at: datetime
    code: str
    place: str
    counted: bool = True
    advice: str = ""


@dataclass(frozen=True)
class Scanned:
    """The panel whose code at the venue was scanned."""

    draw_id: UUID
    pool: str


@dataclass(frozen=True)
class AttendanceRow:
    """One expected expert. `claimed_at`: said that he is there (自报到场), which is no entry. `may_urge`: not entered,
    inside the window, and not urged too often; `may_ring`: the same for a virtual call."""

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


class VenueCheckIn:
    """Check-in by the expert's phone or by the venue's staff, exits, and the end of an on-site activity."""

    def __init__(
        self,
        deps: Deps,
        notices: Notices,
        links: Links,
        access: DrawAccess,
        official: OfficialAccountSender,
        calls: VirtualCalls,
    ) -> None:
        self._deps = deps
        self._official = official
        self._notices = notices
        self._links = links
        self._access = access
        self._calls = calls
        self._news = DrawNews(deps, notices)

    # ---- the venue's QR code

    async def venue_token(self, actor: Actor, draw_id: UUID) -> tuple[str, datetime]:
        """What the QR code at the venue holds now, and until when; too short to send a photo of it elsewhere."""
        permissions.check(actor, "attendance.manage")
        draw = await self._access.get(actor, draw_id)
        until = self._deps.now() + self._deps.book(draw.pool).attendance.qr_valid
        return self._links.sign(_VENUE, draw.id, draw.id, until), until

    async def venue_scene(self, actor: Actor, draw_id: UUID) -> tuple[str, datetime]:
        """The same as a scene code of the official account: who scans it with WeChat checks in by chat.

        The answer is the text to draw as a QR code. Raises Unavailable when WeChat gives none: use ``venue_token``.
        """
        token, until = await self.venue_token(actor, draw_id)
        lifetime = max(60, int((until - self._deps.now()).total_seconds()))
        try:
            return await self._official.create_scene(actor.pool, f"{VENUE_SCENE}{token}", lifetime), until
        except GatewayError as error:
            raise Unavailable("暂时生成不了微信场景码，请使用普通签到码。", code="no_scene_code") from error

    async def check_in_by_qr(
        self, expert_id: UUID, token: str, position: Position | None = None, *, device: str, key: str | None = None
    ) -> CheckedIn:
        """``device`` names the phone that scanned. Raises as ``check_in_scanned``, and Forbidden for an old code."""
        link = self._links.check(token, _VENUE)
        return await self.check_in_scanned(link.subject_id, expert_id, position, device=device)

    async def venue_of(self, token: str) -> Scanned:
        """What a scanned code opens. Raises Forbidden for an old one."""
        return await self.venue(self._links.check(token, _VENUE).subject_id)

    async def venue(self, draw_id: UUID) -> Scanned:
        """The same for a draw whose code was scanned a moment ago."""
        draw = await Draw.get_or_none(id=draw_id)
        if draw is None:
            raise NotFound("没有这个评标活动，请扫描现场最新的二维码。")
        return Scanned(draw.id, draw.pool)

    async def check_in_scanned(
        self, draw_id: UUID, expert_id: UUID, position: Position | None = None, *, device: str
    ) -> CheckedIn:
        """For a caller that saw a valid code scanned a moment ago.

        Raises NotFound for a person not expected here, Conflict when the phone let another expert in, and what
        ``attendance_rules.check_scan`` raises.
        """
        found = await self.find_awaited(draw_id, expert_id)
        if found is None:
            raise NotFound("您不在本场评标名单中，请向现场工作人员核对。")
        return await self._enter(found, "qr", position, device=self._deps.keys.lookup_hash("device", device))

    async def find_awaited(self, draw_id: UUID, expert_id: UUID) -> UUID | None:
        """The invitation with which this expert has agreed to this draw's panel, if he has."""
        found = await Invitation.get_or_none(draw_id=draw_id, expert_id=expert_id, state=InvitationState.ACCEPTED)
        return found.id if found else None

    async def check_in(
        self, invitation_id: UUID, expert_id: UUID, position: Position | None = None, *, key: str | None = None
    ) -> CheckedIn:
        """By chat or page, without the QR code: a position near the venue counts, anything else is a claim only."""
        invitation = await Invitation.get_or_none(id=invitation_id, expert_id=expert_id)
        if invitation is None:
            raise NotFound("找不到这个评标活动，请刷新后重试。")
        return await self._enter(invitation_id, "place", position)

    async def check_in_by_code(self, actor: Actor, draw_id: UUID, code: str) -> CheckedIn:
        """The venue's staff type the expert's six-digit code."""
        permissions.check(actor, "attendance.manage")
        await self._access.get(actor, draw_id)
        return await self._enter(await self._by_code(draw_id, code), "desk", by=actor.account_id)

    async def _by_code(self, draw_id: UUID, code: str) -> UUID:
        invitation = await Invitation.get_or_none(draw_id=draw_id, code=code.strip(), state=InvitationState.ACCEPTED)
        if invitation is None:
            raise NotFound("本活动没有这个验证码，请核对后重试。")
        return invitation.id

    async def _enter(
        self,
        invitation_id: UUID,
        method: Method,
        position: Position | None = None,
        *,
        device: str = "",
        by: UUID | None = None,
    ) -> CheckedIn:
        async with transaction():
            known = await Invitation.get(id=invitation_id)
            draw = (await lock(known.draw_id)).draw
            invitation = await Invitation.select_for_update().get(id=invitation_id)
            call_notice = await CallNotice.get(id=invitation.notice_id)
            book, now = self._deps.book(draw.pool), self._deps.now()
            if invitation.state != InvitationState.ACCEPTED:
                raise Conflict("您不在本场评标名单中，无需签到。", code="not_accepted")
            earlier = await Attendance.get_or_none(invitation_id=invitation_id, direction="in")
            if earlier is not None:
                return CheckedIn(False, earlier.at, invitation.code, place(call_notice))
            if draw.ended_at is not None:
                raise Conflict("活动已结束，不能再签到。", code="panel_over")
            attendance_rules.check_time(book, invitation, now)
            if method == "place" and not attendance_rules.is_near(book, call_notice, position):
                return await self._claim(draw, invitation, call_notice)
            if method == "qr":
                attendance_rules.check_scan(book, call_notice, position)
                await _check_device(draw, device)
            await self._add_entry(draw, invitation, method, position, device=device, by=by)
            return CheckedIn(True, now, invitation.code, place(call_notice))

    async def _claim(self, draw: Draw, invitation: Invitation, call_notice: CallNotice) -> CheckedIn:
        """He says that he is there: written down, but reminders, urging and absence go on as if he had not."""
        now = self._deps.now()
        claim, first = await PresenceClaim.get_or_create(invitation_id=invitation.id, defaults={"at": now})
        if first:
            actor = Actor(draw.pool, "expert", expert_id=invitation.expert_id)
            await record(actor, now, "attendance.claimed", "invitation", invitation.id)
        advice = attendance_rules.advice(self._deps.book(draw.pool), call_notice, invitation.code)
        return CheckedIn(first, claim.at, invitation.code, place(call_notice), counted=False, advice=advice)

    async def _add_entry(
        self,
        draw: Draw,
        invitation: Invitation,
        method: Method,
        position: Position | None,
        *,
        device: str,
        by: UUID | None,
    ) -> None:
        now, where = self._deps.now(), to_wgs84(position) if position else None
        await Attendance.create(
            invitation_id=invitation.id,
            draw_id=draw.id,
            direction="in",
            at=now,
            method=method,
            by_id=by,
            latitude=where.latitude if where else None,
            longitude=where.longitude if where else None,
            device=device,
        )
        invitation.next_reminder_at = None
        await invitation.save(update_fields=["next_reminder_at"])
        actor = Actor(draw.pool, "venue" if by else "expert", account_id=by, expert_id=invitation.expert_id)
        await record(actor, now, "attendance.in", "invitation", invitation.id, method=method)
        await self._notify_arrivals(draw, now)

    async def _notify_arrivals(self, draw: Draw, now: datetime) -> None:
        """How many came: once in each interval at most, and when all are there. ``agency_late`` says who stays away."""
        counted = (await rows(_ARRIVED, draw.id))[0]
        every = self._deps.book(draw.pool).draw.progress_every
        interval = (
            "all" if counted["present"] == counted["needed"] else str(int(now.timestamp() // every.total_seconds()))
        )
        await notify_agency(self._notices, draw, "agency_checked_in", interval, **counted)

    # ---- attendance list

    async def list_awaited(self, actor: Actor, draw_id: UUID) -> list[AttendanceRow]:
        """Who is awaited, by code only; agency, venue and offices see it from unsealing on."""
        draw = await self._access.get(actor, draw_id)
        now, book = self._deps.now(), self._deps.book(draw.pool)
        if actor.role != "venue" and now < self._access.unseals_at(draw):
            raise violation(
                book,
                "draw.result_visible_before",
                f"专家进场情况{print_time(self._access.unseals_at(draw))}后可查看。",
            )
        found = await rows(
            "SELECT i.id, i.expert_id, i.code, i.gathering_at, "
            "(SELECT t.at FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'in') AS entered_at, "
            "(SELECT t.at FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'out') AS left_at, "
            "(SELECT c.at FROM presence_claim c WHERE c.invitation_id = i.id) AS claimed_at, "
            "(SELECT count(*)::int FROM urge u WHERE u.invitation_id = i.id AND u.channel = 'voice') AS urges "
            "FROM invitation i WHERE i.draw_id = $1 AND i.state = 'accepted' ORDER BY i.code",
            draw_id,
        )
        calls, offered = await self._calls.log_of(draw_id, "urging"), self._calls.offered(draw.pool)
        most = book.attendance.urging_virtual_max

        def is_missing(row: Mapping[str, Any]) -> bool:
            ends = row["gathering_at"] + book.attendance.urging_window
            return draw.ended_at is None and row["entered_at"] is None and row["gathering_at"] <= now <= ends

        def rung(row: Mapping[str, Any]) -> int:
            return sum(call.rang for call in calls.get(row["expert_id"], ()))

        return [
            AttendanceRow(
                invitation_id=row["id"],
                code=row["code"],
                entered_at=row["entered_at"],
                claimed_at=row["claimed_at"],
                left_at=row["left_at"],
                late=row["entered_at"] is None and now > row["gathering_at"] + book.attendance.late_after,
                voice_urges=row["urges"],
                may_urge=is_missing(row) and row["urges"] < book.attendance.urging_voice_max,
                may_ring=is_missing(row) and offered and (most is None or rung(row) < most),
                calls=calls.get(row["expert_id"], ()),
            )
            for row in found
        ]

    async def register_exit(self, actor: Actor, draw_id: UUID, code: str) -> datetime:
        """The expert leaves. When the last one has left, an on-site activity ends. Twice is harmless."""
        permissions.check(actor, "attendance.manage")
        await self._access.get(actor, draw_id)
        invitation_id = await self._by_code(draw_id, code)
        async with transaction():
            draw = (await lock(draw_id)).draw
            now = self._deps.now()
            if not await has_entered(invitation_id):
                raise Conflict("该专家还没有进场记录，请先登记进场。", code="not_entered")
            earlier = await Attendance.get_or_none(invitation_id=invitation_id, direction="out")
            if earlier is not None:
                return earlier.at
            await Attendance.create(
                invitation_id=invitation_id,
                draw_id=draw_id,
                direction="out",
                at=now,
                method="desk",
                by_id=actor.account_id,
            )
            await record(actor, now, "attendance.out", "invitation", invitation_id)
            if draw.on_site and draw.state in _MET and await self._is_over(draw, now):
                await append_end(draw, now)
                await self._news.notify_ended(draw, by=actor.account_id)
            return now

    async def _is_over(self, draw: Draw, now: datetime) -> bool:
        """All experts have left; from the expected end on also when one never came."""
        missing = await Invitation.filter(draw_id=draw.id, state=InvitationState.ACCEPTED).count()
        found = await rows(
            "SELECT count(*) FILTER (WHERE t.direction = 'in') AS entered, "
            "count(*) FILTER (WHERE t.direction = 'out') AS gone "
            "FROM attendance t JOIN invitation i ON i.id = t.invitation_id "
            "WHERE t.draw_id = $1 AND i.state = 'accepted'",
            draw.id,
        )
        entered, gone = found[0]["entered"], found[0]["gone"]
        all_left = draw.state == DrawState.COMPLETED and gone == missing
        return bool(all_left or (now >= draw.ends_at and gone == entered))


async def _check_device(draw: Draw, device: str) -> None:
    if await Attendance.exists(draw_id=draw.id, direction="in", device=device):
        raise Conflict(
            "这部手机已为本场另一位专家签到。请用您本人的手机扫描，或把验证码告诉现场工作人员登记。", code="device_used"
        )
