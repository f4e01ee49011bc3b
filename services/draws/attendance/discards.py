"""Removing an expert who has accepted: it needs two parties, and the expert is notified at once.

A leave registered by others needs the expert's confirmation. An absence is registered from the gathering time on, for
an expert who did not come. A recusal at the venue counts when the verifier or a supervisor of the draw confirms it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from domain.clock import print_time
from domain.draws.lifecycles import DiscardEvent, DiscardState, InvitationEvent, InvitationState
from domain.errors import Conflict, InvalidInput, NotFound, TooMany
from domain.faults import Faults
from domain.parsing import mobile_number
from domain.typed_text import half_width
from models.attendance import Attendance
from models.audit import AuditEntry
from models.draws import DiscardRequest, Draw
from models.experts import Expert
from models.invitations import Invitation
from services.core import permissions
from services.core.base import Actor, Deps, record, rows, system, transaction, violation
from services.core.due_rows import process_each
from services.core.permissions import AGENCY
from services.draws.access import DrawAccess
from services.draws.attendance.discard_requests import (
    DiscardForm,
    DiscardRequests,
    RegisteredAbsence,
    decide_request,
    latest_gathering,
)
from services.draws.attendance.leave_requests import LeaveRequests
from services.draws.attendance.venue_recusals import VenueRecusals, check_recusal_cause
from services.draws.calls.invitations import Channel, Invitations
from services.draws.calls.places import Cause
from services.draws.locks import Locked, lock
from services.draws.record_log import party_of
from services.draws.scopes import check_not_of_agency, check_owner, check_scope
from services.notifications import Notices

_GONE = (InvitationState.LEFT, InvitationState.ABSENT, InvitationState.RECUSED)
DISCARDS_DUE = "EXISTS (SELECT 1 FROM discard_request WHERE state = 'open' AND answer_until <= $1)"


@dataclass(frozen=True)
class Discards:
    deps: Deps
    notices: Notices
    invitations: Invitations
    access: DrawAccess
    requests: DiscardRequests
    leaves: LeaveRequests
    recusals: VenueRecusals

    # ---- registering

    async def register(self, actor: Actor, draw_id: UUID, form: DiscardForm) -> RegisteredAbsence:
        """Each look-up, failed or not, counts against an hourly limit.

        Raises InvalidInput with all faults, NotFound, TooMany, RuleViolation, and Conflict once the activity is over.
        """
        permissions.check(actor, "absence.register")
        who = half_width(form.who)
        by_mobile = len(who) != self.deps.book(actor.pool).draw.code_length
        await self._count_lookup(actor, draw_id, by_mobile=by_mobile)
        async with transaction():
            locked = await lock(draw_id)
            await self._check_reach(actor, locked.draw)
            if locked.draw.ended_at is not None:
                raise Conflict(f"活动{locked.state.label}，不能再登记请假、缺席或回避。", code="over")
            book, faults = self.deps.book(actor.pool), Faults()
            with faults.part("who"):
                invitation = await self._get_invitation(locked.draw, who)
            if form.kind not in book.draw.supplement.causes:
                faults.add(InvalidInput("请选择缺席类型。", field="kind"))
            if form.kind == "recusal":
                faults.check(check_recusal_cause, book, form.cause)
            if not form.reason.strip():
                faults.add(InvalidInput("请填写原因。", field="reason"))
            faults.raise_any()
            if await DiscardRequest.exists(invitation_id=invitation.id, state=DiscardState.OPEN, kind=form.kind):
                raise Conflict("该专家已有登记等待确认，请等待结果。", code="already_asked")
            if form.kind == "leave":
                return await self.leaves.register(actor, locked.draw, invitation, form)
            if form.kind == "absence":
                return await self._register_absence(actor, locked, invitation, form)
            return await self.recusals.register(actor, locked.draw, invitation, form)

    async def _count_lookup(self, actor: Actor, draw_id: UUID, *, by_mobile: bool) -> None:
        """In a transaction of its own, so that a failed look-up counts."""
        now = self.deps.now()
        limit = self.deps.book(actor.pool).draw.supplement.lookups_per_hour
        async with transaction():
            tried = await AuditEntry.filter(
                actor_id=actor.account_id, action="absence.looked_up", at__gt=now - timedelta(hours=1)
            ).count()
            if tried >= limit:
                raise TooMany("登记过于频繁，请一小时后再试。", retry_after=3600)
            await record(actor, now, "absence.looked_up", "draw", draw_id, by_mobile=by_mobile)

    async def _check_reach(self, actor: Actor, draw: Draw) -> None:
        if actor.role in AGENCY:
            check_owner(actor, draw)
        elif actor.pool != draw.pool:
            raise NotFound("找不到这个抽取活动，请返回列表后刷新。")
        else:
            await check_scope(actor, draw, self.deps.book(draw.pool))
            await check_not_of_agency(actor, draw)

    async def _get_invitation(self, draw: Draw, who: str) -> Invitation:
        """By code, which doesn't reveal the person, or by mobile number, which might reveal membership: see below."""
        accepted = Invitation.filter(draw_id=draw.id, state=InvitationState.ACCEPTED).select_for_update()
        if len(who) == self.deps.book(draw.pool).draw.code_length:
            invitation = await accepted.get_or_none(code=who)
            await _check_place_held(draw, who)
        else:
            self._check_may_use_mobile(draw)
            hashed = self.deps.keys.lookup_hash("mobile", mobile_number(who))
            expert = await Expert.get_or_none(pool=draw.pool, mobile_hash=hashed, left_at=None)
            invitation = await accepted.get_or_none(expert_id=expert.id) if expert else None
        if invitation is None:
            raise NotFound("本活动没有相符的参评专家，请核对后重试。")
        return invitation

    def _check_may_use_mobile(self, draw: Draw) -> None:
        """The same refusal for every number, so that neither membership in the pool nor in a panel leaks. From
        unsealing on agency and staff know the panel anyway."""
        if self.deps.now() < (at := self.access.unseals_at(draw)):
            book, message = self.deps.book(draw.pool), f"{print_time(at)}解密前只能按数字验证码登记。"
            raise violation(book, "draw.result_visible_before", message, field="who")

    # ---- absence: from the gathering time on, for experts who did not come

    async def _register_absence(
        self, actor: Actor, locked: Locked, invitation: Invitation, form: DiscardForm
    ) -> RegisteredAbsence:
        if await Attendance.exists(invitation_id=invitation.id, direction="in"):
            raise Conflict("该专家已进场，不能登记缺席；需要回避的请登记现场回避。", code="entered")
        if self.deps.now() < (latest := await latest_gathering(draw := locked.draw, invitation)):
            at = print_time(latest)
            raise Conflict(
                f"专家同意或最近一次通知的集合时间{at}未到，不能登记缺席；专家来电请假的请登记人工请假。",
                code="not_gathered",
            )
        self._check_lead(draw, invitation)
        cause = Cause(party_of(actor.role))
        await self.invitations.register_absence(
            locked, invitation, InvitationEvent.MISS, form.reason.strip(), cause, by=actor.account_id
        )
        await record(actor, self.deps.now(), "discard.absence", "draw", draw.id, code=invitation.code)
        params = await self.requests.contact_params(invitation)
        await self.requests.notify_expert("absence_registered", invitation, draw, "once", params)
        await self.requests.notify_supervisors(draw, "absence", str(invitation.id))
        message = "已登记缺席，已通知专家本人和监督人。请启动补抽。"
        return RegisteredAbsence(invitation.code, "absence", True, None, message)

    def _check_lead(self, draw: Draw, invitation: Invitation) -> None:
        """Who agreed a moment ago can't be absent yet. Raises RuleViolation."""
        book = self.deps.book(draw.pool)
        agreed_at = invitation.answered_at or invitation.created_at
        if self.deps.now() < (earliest := agreed_at + book.draw.agreement_lead):
            message = f"该专家{print_time(agreed_at)}才同意参加，{print_time(earliest)}后仍未到场的，才能登记缺席。"
            raise violation(book, "draw.agreement_lead", message)

    # ---- answers

    async def answer_leave(self, invitation_id: UUID, expert_id: UUID, agrees: bool, *, by: Channel) -> bool:
        """The expert confirms or denies a leave that was registered for him; returns whether he is on leave now."""
        return await self.leaves.answer(invitation_id, expert_id, agrees, by=by)

    async def confirm(self, actor: Actor, request_id: UUID) -> None:
        """Confirm a recusal; see ``VenueRecusals.confirm``."""
        await self.recusals.confirm(actor, request_id)

    async def refuse(self, actor: Actor, request_id: UUID, opinion: str) -> None:
        """Refuse a recusal; see ``VenueRecusals.refuse``."""
        await self.recusals.refuse(actor, request_id, opinion)

    # ---- deadlines

    async def lapse_due(self, limit: int = 100) -> int:
        """Requests not confirmed in time lapse; the agency is notified. Returns how many."""
        due = await rows(
            "SELECT id, draw_id FROM discard_request WHERE state = 'open' AND answer_until <= $1 "
            "ORDER BY answer_until LIMIT $2",
            self.deps.now(),
            limit,
        )
        return await process_each("lapse", due, self._lapse_request)

    async def _lapse_request(self, row: Any) -> None:
        async with transaction():
            draw = (await lock(row["draw_id"])).draw
            request = await DiscardRequest.select_for_update().get(id=row["id"])
            if request.state != DiscardState.OPEN:
                return
            now = self.deps.now()
            decide_request(request, DiscardEvent.LAPSE, "system", now)
            await request.save()
            await record(system(draw.pool), now, "discard.lapsed", "draw", draw.id)
            await self.notices.stop(invitation_id=request.invitation_id, kinds=["leave_asked"])
            reason = "专家未在时限内答复" if request.kind == "leave" else "无人确认"
            await self.requests.notify_expert_stays(draw, request, reason)


async def _check_place_held(draw: Draw, code: str) -> None:
    """Raises Conflict for the code of an expert whose place was given up meanwhile, for instance by a colleague."""
    gone = await Invitation.get_or_none(draw_id=draw.id, code=code, state__in=_GONE)
    if gone is not None:
        label = InvitationState(gone.state).label
        raise Conflict(f"该专家{label}，名额已空出，不用再登记。", code="place_given_up")
