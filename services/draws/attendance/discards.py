"""Removing an expert who has accepted: it needs two parties, and the expert is notified at once.

A leave registered by others needs the expert's confirmation. An absence is registered from the gathering time on, for
an expert who did not come. A recusal at the venue counts when the verifier or a supervisor of the draw confirms it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from domain.clock import print_time
from domain.draws.lifecycles import DISCARD, DiscardEvent, DiscardState, InvitationEvent, InvitationState
from domain.draws.record import GatheringMoved, Party
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, TooMany
from domain.parsing import mobile_number
from domain.rulebook.notice_texts import time_params
from models.attendance import Attendance
from models.audit import AuditEntry
from models.draws import CallNotice, DiscardRequest, Draw, DrawApplication, LogEntry
from models.experts import Expert
from models.invitations import Invitation
from services.core import permissions
from services.core.base import Actor, Deps, record, rows, system, transaction, violation
from services.core.crypto import PHONE
from services.core.due_rows import process_each
from services.core.permissions import AGENCY
from services.draws.access import DrawAccess
from services.draws.attendance.discard_queries import DiscardQueries
from services.draws.calls.invitations import Channel, Invitations
from services.draws.calls.places import Cause
from services.draws.repository import (
    Locked,
    check_not_of_agency,
    check_owner,
    check_scope,
    lock,
    notify_agency,
    notify_supervisors,
    notify_verifiers,
    party_of,
)
from services.notifications import Notices

DiscardKind = Literal["leave", "absence", "recusal"]
_WHAT = {"leave": "人工请假，待本人确认", "absence": "缺席", "recusal": "现场回避，待确认"}
_GONE = (InvitationState.LEFT, InvitationState.ABSENT, InvitationState.RECUSED)
DISCARDS_DUE = "EXISTS (SELECT 1 FROM discard_request WHERE state = 'open' AND answer_until <= $1)"


@dataclass(frozen=True)
class DiscardForm:
    """``who``: six-digit code; for venue staff after unsealing also a mobile number. ``cause`` classes a recusal."""

    who: str
    kind: DiscardKind
    reason: str
    cause: str = ""


@dataclass(frozen=True)
class RegisteredAbsence:
    """``counts`` is false while the expert (leave), verifier or supervisor (recusal) must confirm, until ``until``."""

    code: str
    kind: DiscardKind
    counts: bool
    until: datetime | None
    message: Annotated[str, Field(description="What to show", examples=["已登记，并已通知专家本人。"])]


class Discards:
    def __init__(
        self, deps: Deps, notices: Notices, invitations: Invitations, access: DrawAccess, queries: DiscardQueries
    ) -> None:
        self._deps = deps
        self._notices = notices
        self._invitations = invitations
        self._access = access
        self._queries = queries

    # ---- registering

    async def register(self, actor: Actor, draw_id: UUID, form: DiscardForm) -> RegisteredAbsence:
        """Each look-up, failed or not, counts against an hourly limit.

        Raises NotFound, TooMany, RuleViolation, and Conflict once the activity is over.
        """
        permissions.check(actor, "absence.register")
        await self._count_lookup(actor, draw_id, by_mobile=len(form.who.strip()) == 11)
        async with transaction():
            locked = await lock(draw_id)
            await self._check_reach(actor, locked.draw)
            if locked.draw.ended_at is not None:
                raise Conflict(f"活动{locked.state.label}，不能再登记请假、缺席或回避。", code="over")
            book = self._deps.book(actor.pool)
            if form.kind not in book.draw.supplement.causes:
                raise InvalidInput("请选择缺席类型。", field="kind")
            if not form.reason.strip():
                raise InvalidInput("请填写原因。", field="reason")
            invitation = await self._find(actor, locked.draw, form.who.strip())
            if await DiscardRequest.exists(invitation_id=invitation.id, state=DiscardState.OPEN, kind=form.kind):
                raise Conflict("该专家已有登记等待确认，请等待结果。", code="already_asked")
            if form.kind == "leave":
                return await self._ask_leave(actor, locked.draw, invitation, form)
            if form.kind == "absence":
                return await self._miss(actor, locked, invitation, form)
            return await self._ask_recusal(actor, locked.draw, invitation, form)

    async def _count_lookup(self, actor: Actor, draw_id: UUID, *, by_mobile: bool) -> None:
        """In a transaction of its own, so that a failed look-up counts."""
        now = self._deps.now()
        limit = self._deps.book(actor.pool).draw.supplement.lookups_per_hour
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
            await check_scope(actor, draw, self._deps.book(draw.pool))
            await check_not_of_agency(actor, draw)

    async def _find(self, actor: Actor, draw: Draw, who: str) -> Invitation:
        """By code, which doesn't reveal the person, or by mobile number, which might reveal membership: see below."""
        accepted = Invitation.filter(draw_id=draw.id, state=InvitationState.ACCEPTED).select_for_update()
        if len(who) == self._deps.book(draw.pool).draw.code_length:
            invitation = await accepted.get_or_none(code=who)
            await _check_still_in(draw, who)
        else:
            self._check_may_use_mobile(actor, draw)
            hashed = self._deps.keys.lookup_hash("mobile", mobile_number(who))
            expert = await Expert.get_or_none(pool=draw.pool, mobile_hash=hashed, left_at=None)
            invitation = await accepted.get_or_none(expert_id=expert.id) if expert else None
        if invitation is None:
            raise NotFound("本活动没有相符的参评专家，请核对后重试。")
        return invitation

    def _check_may_use_mobile(self, actor: Actor, draw: Draw) -> None:
        """The same refusal for every number, so that neither membership in the pool nor in a panel leaks."""
        if actor.role in AGENCY:
            length = self._deps.book(draw.pool).draw.code_length
            raise InvalidInput(f"代理机构按{length}位数字验证码登记，验证码见“抽取结果”。", field="who")
        if self._deps.now() < (at := self._access.unseals_at(draw)):
            book, message = self._deps.book(draw.pool), f"{print_time(at)}解密前只能按数字验证码登记。"
            raise violation(book, "draw.result_visible_before", message, field="who")

    # ---- leave: only the expert frees the place

    async def _ask_leave(
        self, actor: Actor, draw: Draw, invitation: Invitation, form: DiscardForm
    ) -> RegisteredAbsence:
        rule, now = self._deps.book(draw.pool).draw.leave, self._deps.now()
        agreed = await _agreed_gathering(draw, invitation)
        if now >= agreed:
            raise Conflict("集合时间已到，不能再登记请假；未到场的请登记缺席。", code="gathered")
        asked = await DiscardRequest.filter(invitation_id=invitation.id, kind="leave").count()
        if asked >= rule.requests_max:
            book = self._deps.book(draw.pool)
            message = f"已为该专家登记过{asked}次请假，请让专家本人请假。"
            raise violation(book, "draw.leave.requests_max", message)
        until = min(now + rule.confirm_within, agreed)
        request = await self._ask(actor, draw, invitation, form, until)
        params = {**time_params(invitation.gathering_at), "answer_by": print_time(until)}
        await self._notify_expert("leave_asked", invitation, draw, str(request.id), params)
        await self._notify_supervisors(draw, "leave", str(request.id))
        message = f"已登记，并已通知专家本人。专家在{print_time(until)}前确认后名额才会空出。"
        return RegisteredAbsence(invitation.code, "leave", False, until, message)

    async def _ask(
        self, actor: Actor, draw: Draw, invitation: Invitation, form: DiscardForm, until: datetime
    ) -> DiscardRequest:
        now = self._deps.now()
        request = await DiscardRequest.create(
            draw_id=draw.id,
            invitation_id=invitation.id,
            kind=form.kind,
            cause=form.cause,
            reason=form.reason.strip(),
            asked_by_id=actor.account_id,
            asked_role=actor.role,
            asked_at=now,
            answer_until=until,
        )
        await record(actor, now, f"discard.asked_{form.kind}", "draw", draw.id, code=invitation.code, cause=form.cause)
        return request

    async def answer_leave(
        self, invitation_id: UUID, expert_id: UUID, agrees: bool, *, by: Channel, key: str | None = None
    ) -> bool:
        """The expert confirms or denies a leave that was registered for him; returns whether he is on leave now.

        ``key`` is accepted for callers that repeat after a crash; the request's state makes the call idempotent anyway.
        Raises NotFound for another expert's invitation, Conflict when nothing is pending.
        """
        known = await Invitation.get_or_none(id=invitation_id, expert_id=expert_id)
        if known is None:
            raise NotFound("找不到这个评标邀请，请查看最新一条通知。")
        async with transaction():
            locked = await lock(known.draw_id)
            invitation = await Invitation.select_for_update().get(id=invitation_id)
            if invitation.state == InvitationState.LEFT:
                return True
            request = await self._open_leave(invitation)
            if request is None:
                raise Conflict("没有等待您确认的请假；仍在名单内的请按时到场。", code="nothing_asked")
            now, draw = self._deps.now(), locked.draw
            self._decide(request, DiscardEvent.CONFIRM if agrees else DiscardEvent.REFUSE, "expert", now)
            await request.save()
            actor = Actor(draw.pool, "expert", expert_id=expert_id)
            await record(actor, now, f"discard.{request.state}", "draw", draw.id, code=invitation.code, channel=by)
            if agrees:
                cause = Cause(party_of(request.asked_role), "expert")
                await self._invitations.lose(
                    locked, invitation, InvitationEvent.LEAVE, request.reason, cause, via=by, by=request.asked_by_id
                )
                await self._invitations.notify_left(invitation, draw, by)
            else:
                await self._notices.stop(invitation_id=invitation.id, kinds=["leave_asked"])
                await self._notify_kept(draw, request, "专家表示将按时到场")
            return agrees

    async def _open_leave(self, invitation: Invitation) -> DiscardRequest | None:
        found = DiscardRequest.filter(invitation_id=invitation.id, kind="leave", state=DiscardState.OPEN)
        request = await found.select_for_update().first()
        waits = request is not None and invitation.state == InvitationState.ACCEPTED
        return request if waits and request is not None and self._deps.now() < request.answer_until else None

    def _decide(
        self, request: DiscardRequest, event: DiscardEvent, role: str, now: datetime, by: UUID | None = None
    ) -> None:
        request.state = DISCARD.next(DiscardState(request.state), event)
        request.decided_role, request.decided_at, request.decided_by_id = role, now, by

    # ---- absence: from the gathering time on, for experts who did not come

    async def _miss(self, actor: Actor, locked: Locked, invitation: Invitation, form: DiscardForm) -> RegisteredAbsence:
        if await Attendance.exists(invitation_id=invitation.id, direction="in"):
            raise Conflict("该专家已进场，不能登记缺席；需要回避的请登记现场回避。", code="entered")
        if self._deps.now() < (agreed := await _agreed_gathering(draw := locked.draw, invitation)):
            at = print_time(agreed)
            raise Conflict(
                f"专家同意的集合时间{at}未到，不能登记缺席；专家来电请假的请登记人工请假。", code="not_gathered"
            )
        cause = Cause(party_of(actor.role))
        await self._invitations.lose(
            locked, invitation, InvitationEvent.MISS, form.reason.strip(), cause, by=actor.account_id
        )
        await record(actor, self._deps.now(), "discard.absence", "draw", draw.id, code=invitation.code)
        await self._notify_expert("absence_registered", invitation, draw, "once", await self._contact(invitation))
        await self._notify_supervisors(draw, "absence", str(invitation.id))
        message = "已登记缺席，已通知专家本人和监督人。请启动补抽。"
        return RegisteredAbsence(invitation.code, "absence", True, None, message)

    # ---- recusal on the spot: the verifier or a supervisor confirms it

    async def _ask_recusal(
        self, actor: Actor, draw: Draw, invitation: Invitation, form: DiscardForm
    ) -> RegisteredAbsence:
        book, now = self._deps.book(draw.pool), self._deps.now()
        if form.cause not in book.draw.recusal_reasons:
            reasons = "、".join(book.draw.recusal_reasons)
            raise InvalidInput(f"请从列表中选择回避原因：{reasons}。", field="cause")
        opens = invitation.gathering_at - book.attendance.check_in_opens
        if now < opens:
            message = f"现场回避在{print_time(opens)}签到开始后才能登记；此前需要回避的，请专家本人请假。"
            raise violation(book, "attendance.check_in_opens", message)
        request = await self._ask(actor, draw, invitation, form, draw.ends_at)
        await self._notify_expert("recusal_asked", invitation, draw, str(request.id), await self._contact(invitation))
        await self._ask_to_confirm(draw, request)
        message = "已登记，等待核验人员或监督人确认，确认后名额才会空出。专家本人已收到通知。"
        return RegisteredAbsence(invitation.code, "recusal", False, request.answer_until, message)

    async def _ask_to_confirm(self, draw: Draw, request: DiscardRequest) -> None:
        """Notify every supervisor of the draw and every verifier of its terminal, except the author."""
        await notify_supervisors(self._deps, self._notices, draw, "recusal_waiting", str(request.id))
        terminals = await DrawApplication.filter(draw_id=draw.id).values_list("terminal", flat=True)
        asker = {request.asked_by_id}
        await notify_verifiers(self._notices, draw, terminals, "recusal_waiting", str(request.id), but=asker)

    async def confirm(self, actor: Actor, request_id: UUID) -> None:
        """The recusal takes effect: the place is vacant. Raises Forbidden for its author, Conflict when it was
        decided."""
        await self._decide_recusal(actor, request_id, DiscardEvent.CONFIRM, "")

    async def refuse(self, actor: Actor, request_id: UUID, opinion: str) -> None:
        """The expert stays. Raises InvalidInput without a reason."""
        if not opinion.strip():
            raise InvalidInput("请填写不予确认的原因。", field="opinion")
        await self._decide_recusal(actor, request_id, DiscardEvent.REFUSE, opinion.strip())

    async def _decide_recusal(self, actor: Actor, request_id: UUID, event: DiscardEvent, opinion: str) -> None:
        permissions.check(actor, "discard.decide")
        known = await DiscardRequest.get_or_none(id=request_id, kind="recusal")
        if known is None:
            raise NotFound("找不到这条登记，请刷新后重试。")
        draw = await self._access.get(actor, known.draw_id)
        if not await self._queries.decides_in(actor, draw):
            raise Forbidden("您不是本活动的监督人，请由本活动的监督人或核验人员确认。", code="not_named")
        async with transaction():
            locked = await lock(known.draw_id)
            await check_not_of_agency(actor, locked.draw)
            request = await DiscardRequest.select_for_update().get(id=request_id)
            if actor.account_id == request.asked_by_id:
                raise Forbidden("不能确认自己的登记，请由其他核验人员或监督人办理。", code="own_request")
            now = self._deps.now()
            self._decide(request, event, actor.role, now, actor.account_id)
            request.opinion = opinion
            await request.save()
            invitation = await Invitation.select_for_update().get(id=request.invitation_id)
            await record(
                actor, now, f"discard.{request.state}", "draw", locked.draw.id, code=invitation.code, reason=opinion
            )
            await self._apply(locked, invitation, request, party_of(actor.role))

    async def _apply(
        self, locked: Locked, invitation: Invitation, request: DiscardRequest, confirmed_by: Party
    ) -> None:
        confirmed = request.state == DiscardState.CONFIRMED
        params = await self._contact(invitation)
        kind = "recusal_confirmed" if confirmed else "recusal_refused"
        await self._notify_expert(kind, invitation, locked.draw, str(request.id), params)
        if not confirmed:
            await self._notify_kept(locked.draw, request, request.opinion)
            return
        cause = Cause(party_of(request.asked_role), confirmed_by)
        reason = f"{request.cause}：{request.reason}"[:200]
        await self._invitations.lose(locked, invitation, InvitationEvent.RECUSE, reason, cause, by=request.asked_by_id)

    # ---- deadlines

    async def lapse_due(self, limit: int = 100) -> int:
        """Requests not confirmed in time lapse; the agency is notified. Returns how many."""
        due = await rows(
            "SELECT id, draw_id FROM discard_request WHERE state = 'open' AND answer_until <= $1 "
            "ORDER BY answer_until LIMIT $2",
            self._deps.now(),
            limit,
        )
        return await process_each("lapse", due, self._lapse)

    async def _lapse(self, row: Any) -> None:
        async with transaction():
            draw = (await lock(row["draw_id"])).draw
            request = await DiscardRequest.select_for_update().get(id=row["id"])
            if request.state != DiscardState.OPEN:
                return
            now = self._deps.now()
            self._decide(request, DiscardEvent.LAPSE, "system", now)
            await request.save()
            await record(system(draw.pool), now, "discard.lapsed", "draw", draw.id)
            await self._notices.stop(invitation_id=request.invitation_id, kinds=["leave_asked"])
            await self._notify_kept(draw, request, "专家未在时限内答复" if request.kind == "leave" else "无人确认")

    # ---- notices

    async def _notify_expert(
        self, kind: str, invitation: Invitation, draw: Draw, occasion: str, params: dict[str, str]
    ) -> None:
        await self._notices.notify(
            pool=draw.pool,
            kind=kind,
            dedupe_key=f"{kind}:{invitation.id}:{occasion}",
            params=params,
            expert_id=invitation.expert_id,
            invitation_id=invitation.id,
        )

    async def _contact(self, invitation: Invitation) -> dict[str, str]:
        call_notice = await CallNotice.get(id=invitation.notice_id)
        phone = self._deps.keys.read(call_notice.contact_phone_sealed, PHONE)
        return {**time_params(invitation.gathering_at), "contact_phone": phone}

    async def _notify_supervisors(self, draw: Draw, kind: DiscardKind, occasion: str) -> None:
        await notify_supervisors(
            self._deps, self._notices, draw, "supervisor_discard", f"{kind}:{occasion}", what=_WHAT[kind]
        )

    async def _notify_kept(self, draw: Draw, request: DiscardRequest, reason: str) -> None:
        await notify_agency(self._notices, draw, "agency_kept", str(request.id), reason=reason)


async def _check_still_in(draw: Draw, code: str) -> None:
    """Raises Conflict for the code of an expert whose place was given up meanwhile, for instance by a colleague."""
    gone = await Invitation.get_or_none(draw_id=draw.id, code=code, state__in=_GONE)
    if gone is not None:
        label = InvitationState(gone.state).label
        raise Conflict(f"该专家{label}，名额已空出，不用再登记。", code="place_given_up")


async def _agreed_gathering(draw: Draw, invitation: Invitation) -> datetime:
    """The latest gathering time in force since the expert was called. An earlier time set afterwards doesn't bind an
    expert who accepted the later one: otherwise moving it to the next minute would make all absent."""
    call_notice = await CallNotice.get(id=invitation.notice_id)
    moves = LogEntry.filter(draw_id=draw.id, act=GatheringMoved.name, at__gte=invitation.created_at)
    earlier = [
        datetime.fromisoformat(one.facts["old"]) for one in await moves if one.facts["notice"] == call_notice.position
    ]
    return max([invitation.gathering_at, *earlier])
