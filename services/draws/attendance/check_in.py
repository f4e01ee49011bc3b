"""Coming and going at the venue: check-in by phone or by the venue's staff, and exits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.clock import local
from domain.draws.lifecycles import DrawState, InvitationState
from domain.errors import Conflict, GatewayError, NotFound, Unavailable
from domain.positions import Position, to_wgs84
from domain.rulebook.notice_texts import time_params
from domain.typed_text import half_width
from models.attendance import Attendance, PresenceClaim, has_entered
from models.draws import CallNotice, Draw
from models.invitations import Invitation
from services.core import permissions
from services.core.base import Actor, Deps, record, rows, transaction
from services.core.crypto import PHONE
from services.core.limits import check_repeats
from services.core.signed_links import Links
from services.draws.access import DrawAccess
from services.draws.attendance import attendance_rules
from services.draws.attendance.attendance_queries import VENUE_PURPOSE, AttendanceQueries
from services.draws.calls.call_rules import address_and_room
from services.draws.draw_notices import notify_agency
from services.draws.endings import append_end
from services.draws.locks import lock
from services.draws.party_notifications import PartyNotifications
from services.notifications import Notices
from services.ports import OfficialAccountSender
from services.reports import ContactQuestions

Method = Literal["qr", "place", "desk"]
VENUE_SCENE = "venue:"
"""Prefix of the scenes that check in."""
_ARRIVED = """
SELECT count(*)::int AS needed, count(*) FILTER (WHERE EXISTS (
 SELECT 1 FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'in'))::int AS present
FROM invitation i WHERE i.draw_id = $1 AND i.state = 'accepted'
"""
"""Awaited and present experts, as listed on the attendance page (应到, 已到)."""
_MET = (DrawState.COMPLETED, DrawState.SHORT, DrawState.SUPPLEMENT_PENDING)
_UNDONE = "attendance.out_undone"
_GONE = {
    InvitationState.RECUSED: "该专家已现场回避",
    InvitationState.LEFT: "该专家已请假",
    InvitationState.ABSENT: "该专家已登记缺席",
}
"""Whose code the desk may still be told."""
_CODED = [InvitationState.ACCEPTED, *_GONE]


@dataclass(frozen=True)
class CheckedIn:
    """`first` false: checked in earlier, at `at`. `counted` false: only a claim of presence (自报到场); show `advice`,
    which says how to be counted."""

    first: bool
    at: datetime
    code: str
    place: str
    counted: bool = True
    advice: str = ""


@dataclass(frozen=True)
class Exit:
    """`first` false: registered earlier, at `at`."""

    first: bool
    at: datetime


@dataclass(frozen=True)
class VenueCheckIn:
    """Check-in by the expert's phone or by the venue's staff, exits, and the end of an on-site activity."""

    deps: Deps
    notices: Notices
    links: Links
    access: DrawAccess
    official: OfficialAccountSender
    queries: AttendanceQueries
    parties: PartyNotifications
    questions: ContactQuestions

    # ---- the venue's QR code

    async def venue_token(self, actor: Actor, draw_id: UUID) -> tuple[str, datetime]:
        """Present content and expiry of the venue's QR code; too short-lived to send a photo of it elsewhere."""
        permissions.check(actor, "attendance.manage")
        draw = await self.access.get(actor, draw_id)
        until = self.deps.now() + self.deps.book(draw.pool).attendance.qr_valid
        return self.links.sign(VENUE_PURPOSE, draw.id, draw.id, until), until

    async def venue_scene(self, actor: Actor, draw_id: UUID) -> tuple[str, datetime]:
        """The same as a scene code of the official account: scanning it with WeChat checks in by chat.

        Returns the text of the QR code. Raises Unavailable when WeChat creates none: use ``venue_token``.
        """
        token, until = await self.venue_token(actor, draw_id)
        lifetime = max(60, int((until - self.deps.now()).total_seconds()))
        try:
            return await self.official.create_scene(actor.pool, f"{VENUE_SCENE}{token}", lifetime), until
        except GatewayError as error:
            raise Unavailable("暂时生成不了微信场景码，请使用普通签到码。", code="no_scene_code") from error

    async def check_in_by_qr(
        self, expert_id: UUID, token: str, position: Position | None = None, *, device: str
    ) -> CheckedIn:
        """``device`` identifies the phone. Raises as ``check_in_scanned``, and Forbidden for an expired code."""
        link = self.links.check(token, VENUE_PURPOSE)
        return await self.check_in_scanned(link.subject_id, expert_id, position, device=device)

    async def check_in_scanned(
        self, draw_id: UUID, expert_id: UUID, position: Position | None = None, *, device: str
    ) -> CheckedIn:
        """For a caller that has just verified a scanned code.

        Raises NotFound for a person not awaited here, Conflict when the phone checked in another expert, and the errors
        of ``attendance_rules.check_scan``.
        """
        awaited_id = await self.queries.find_awaited(draw_id, expert_id)
        if awaited_id is None:
            raise NotFound(await self.queries.not_awaited(expert_id))
        return await self._register_entry(
            awaited_id, "qr", position, device=self.deps.keys.lookup_hash("device", device)
        )

    async def check_in(self, invitation_id: UUID, expert_id: UUID, position: Position | None = None) -> CheckedIn:
        """Without the QR code, in chat or on a page: a position near the venue counts, anything else is only a
        claim."""
        invitation = await Invitation.get_or_none(id=invitation_id, expert_id=expert_id)
        if invitation is None:
            raise NotFound("找不到这个评标活动，请刷新后重试。")
        return await self._register_entry(invitation_id, "place", position)

    async def check_in_by_code(self, actor: Actor, draw_id: UUID, code: str) -> CheckedIn:
        """The venue's staff type the expert's six-digit code."""
        permissions.check(actor, "attendance.manage")
        await self.access.get(actor, draw_id)
        return await self._register_entry(await self._get_by_code(draw_id, code), "desk", by=actor.account_id)

    async def _get_by_code(self, draw_id: UUID, code: str) -> UUID:
        invitation = await Invitation.get_or_none(draw_id=draw_id, code=half_width(code), state__in=_CODED)
        if invitation is None:
            raise NotFound("本活动没有这个验证码，请核对后重试。")
        if gone := _GONE.get(InvitationState(invitation.state)):
            raise Conflict(f"{gone}，不在名单中，不用再登记进场、离场。", code="not_on_the_list")
        return invitation.id

    async def _register_entry(
        self,
        invitation_id: UUID,
        method: Method,
        position: Position | None = None,
        *,
        device: str = "",
        by: UUID | None = None,
    ) -> CheckedIn:
        async with transaction():
            # read without a lock to find its draw, which is locked before its invitations
            known = await Invitation.get(id=invitation_id)
            draw = (await lock(known.draw_id)).draw
            invitation = await Invitation.select_for_update().get(id=invitation_id)
            call_notice = await CallNotice.get(id=invitation.notice_id)
            book, now = self.deps.book(draw.pool), self.deps.now()
            if invitation.state != InvitationState.ACCEPTED:
                raise Conflict("您不在本场评标名单中，无需签到。", code="not_accepted")
            earlier = await Attendance.get_or_none(invitation_id=invitation_id, direction="in")
            if earlier is not None:
                return CheckedIn(False, earlier.at, invitation.code, address_and_room(call_notice))
            if draw.ended_at is not None:
                raise Conflict("活动已结束，不能再签到。", code="panel_over")
            attendance_rules.check_time(book, invitation, now)
            if method == "place" and not attendance_rules.is_near(book, call_notice, position):
                return await self._record_claim(draw, invitation, call_notice)
            if method == "qr":
                attendance_rules.check_scan(book, call_notice, position)
                await _check_device(draw, device)
            await self._add_entry(draw, invitation, method, position, device=device, by=by)
            return CheckedIn(True, now, invitation.code, address_and_room(call_notice))

    async def _record_claim(self, draw: Draw, invitation: Invitation, call_notice: CallNotice) -> CheckedIn:
        """Record a claim of presence; reminders, urging and absence continue regardless."""
        now = self.deps.now()
        claim, first = await PresenceClaim.get_or_create(invitation_id=invitation.id, defaults={"at": now})
        if first:
            actor = Actor(draw.pool, "expert", expert_id=invitation.expert_id)
            await record(actor, now, "attendance.claimed", "invitation", invitation.id)
        advice = attendance_rules.advice(self.deps.book(draw.pool), call_notice, invitation.code)
        return CheckedIn(first, claim.at, invitation.code, address_and_room(call_notice), counted=False, advice=advice)

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
        now, where = self.deps.now(), to_wgs84(position) if position else None
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
        await self.notices.stop(invitation_id=invitation.id, kinds=["check_in_reminder"])
        actor = Actor(draw.pool, "venue" if by else "expert", account_id=by, expert_id=invitation.expert_id)
        await record(actor, now, "attendance.in", "invitation", invitation.id, method=method)
        if by is not None:
            await self._notify_registered(draw, invitation, "已签到进场", now)
        await self._notify_arrivals(draw, now)

    async def _notify_registered(self, draw: Draw, invitation: Invitation, what: str, now: datetime) -> None:
        """Tell the expert what the venue registered about him, and whom to ring if it is not true."""
        call_notice = await CallNotice.get(id=invitation.notice_id)
        phone = self.deps.keys.read(call_notice.contact_phone_sealed, PHONE)
        await self.notices.notify(
            pool=draw.pool,
            kind="desk_registered",
            dedupe_key=f"desk_registered:{invitation.id}:{what}:{now.isoformat()}",
            params={
                **time_params(invitation.gathering_at),
                "at": f"{local(now):%H:%M}",
                "what": what,
                "contact_phone": phone,
            },
            expert_id=invitation.expert_id,
            invitation_id=invitation.id,
        )

    async def _notify_arrivals(self, draw: Draw, now: datetime) -> None:
        """Notify how many have arrived: at most once per interval, and when all have. ``agency_late`` names who is
        missing."""
        counted = (await rows(_ARRIVED, draw.id))[0]
        every = self.deps.book(draw.pool).draw.progress_every
        interval = (
            "all" if counted["present"] == counted["needed"] else str(int(now.timestamp() // every.total_seconds()))
        )
        await notify_agency(self.notices, draw, "agency_checked_in", interval, **counted)

    # ---- exits

    async def register_exit(self, actor: Actor, draw_id: UUID, code: str) -> Exit:
        """Record an exit. When the last expert has left an on-site draw ends, but not before its expected start. A
        repetition is harmless."""
        permissions.check(actor, "attendance.manage")
        await self.access.get(actor, draw_id)
        invitation_id = await self._get_by_code(draw_id, code)
        async with transaction():
            draw = (await lock(draw_id)).draw
            now = self.deps.now()
            if not await has_entered(invitation_id):
                raise _not_entered(draw, await Invitation.get(id=invitation_id), now)
            earlier = await Attendance.get_or_none(invitation_id=invitation_id, direction="out")
            if earlier is not None:
                return Exit(False, earlier.at)
            await Attendance.create(
                invitation_id=invitation_id,
                draw_id=draw_id,
                direction="out",
                at=now,
                method="desk",
                by_id=actor.account_id,
            )
            await record(actor, now, "attendance.out", "invitation", invitation_id)
            await self._notify_registered(draw, await Invitation.get(id=invitation_id), "已离场", now)
            begun = now >= draw.starts_at  # before, nothing was evaluated, and the end would open names and lists
            if begun and draw.on_site and draw.state in _MET and await self._have_all_left(draw, now):
                await append_end(draw, now)
                await self.parties.notify_ended(draw, by=actor.account_id)
                await self.questions.schedule(draw, now)
            return Exit(True, now)

    async def undo_exit(self, actor: Actor, draw_id: UUID, invitation_id: UUID) -> None:
        """Take back an exit that was registered by mistake; the expert is told. A repetition is harmless.

        Raises NotFound for an expert of another draw, Conflict once the activity has ended: what is paid follows the
        exits then; TooMany for one exit again and again.
        """
        permissions.check(actor, "attendance.manage")
        await self.access.get(actor, draw_id)
        async with transaction():
            draw, now = (await lock(draw_id)).draw, self.deps.now()
            invitation = await Invitation.get_or_none(id=invitation_id, draw_id=draw_id)
            if invitation is None:
                raise NotFound("名单中没有这位专家，请刷新后重试。")
            if draw.ended_at is not None:
                raise Conflict("活动已结束，不能再撤销离场。离场时间有误的，在提出酬劳时说明。", code="activity_ended")
            await check_repeats("invitation", invitation_id, [_UNDONE], now)
            if not await Attendance.filter(invitation_id=invitation_id, direction="out").delete():
                return
            await record(actor, now, _UNDONE, "invitation", invitation_id)
            await self._notify_registered(draw, invitation, "仍在现场（离场登记已撤销）", now)

    async def _have_all_left(self, draw: Draw, now: datetime) -> bool:
        """Whether all experts have left; from the expected end on also when one never came."""
        missing = await Invitation.filter(draw_id=draw.id, state=InvitationState.ACCEPTED).count()
        [counted] = await rows(
            "SELECT count(*) FILTER (WHERE t.direction = 'in') AS entered, "
            "count(*) FILTER (WHERE t.direction = 'out') AS gone "
            "FROM attendance t JOIN invitation i ON i.id = t.invitation_id "
            "WHERE t.draw_id = $1 AND i.state = 'accepted'",
            draw.id,
        )
        entered, gone = counted["entered"], counted["gone"]
        all_left = draw.state == DrawState.COMPLETED and gone == missing
        return bool(all_left or (now >= draw.ends_at and gone == entered))


def _not_entered(draw: Draw, invitation: Invitation, now: datetime) -> Conflict:
    """The refusal of an exit without an entry, with the way that remains."""
    over = draw.ended_at is not None or now > invitation.ends_at
    way = "评标已结束，进场也不能再补登，按缺席显示。" if over else "请先登记进场。"
    return Conflict(f"该专家没有进场记录，不能登记离场。{way}", code="not_entered")


async def _check_device(draw: Draw, device: str) -> None:
    if await Attendance.exists(draw_id=draw.id, direction="in", device=device):
        raise Conflict(
            "这部手机已为本场另一位专家签到。请用您本人的手机扫描，或把验证码告诉现场工作人员登记。", code="device_used"
        )
