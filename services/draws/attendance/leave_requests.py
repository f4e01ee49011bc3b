"""A leave (人工请假) that others register for an expert who has accepted: only his confirmation frees the place."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domain.clock import print_time
from domain.draws.agreed_times import agreed_gathering
from domain.draws.lifecycles import DiscardEvent, DiscardState, InvitationEvent, InvitationState
from domain.errors import Conflict, NotFound
from domain.rulebook.notice_texts import time_params
from models.draws import DiscardRequest, Draw
from models.invitations import Invitation
from services.core.base import Actor, Deps, record, transaction, violation
from services.draws.attendance.discard_requests import (
    DiscardForm,
    DiscardRequests,
    RegisteredAbsence,
    decide_request,
    latest_gathering,
)
from services.draws.calls.invitations import Channel, Invitations
from services.draws.calls.places import Cause
from services.draws.locks import lock
from services.draws.record_log import party_of
from services.notifications import Notices


@dataclass(frozen=True)
class LeaveRequests:
    deps: Deps
    notices: Notices
    invitations: Invitations
    requests: DiscardRequests

    async def register(self, actor: Actor, draw: Draw, invitation: Invitation, form: DiscardForm) -> RegisteredAbsence:
        rule, now = self.deps.book(draw.pool).draw.leave, self.deps.now()
        latest = await latest_gathering(draw, invitation)
        if now >= latest:
            raise Conflict("集合时间已到，不能再登记请假；未到场的请登记缺席。", code="gathered")
        request_count = await DiscardRequest.filter(invitation_id=invitation.id, kind="leave").count()
        if request_count >= rule.requests_max:
            book = self.deps.book(draw.pool)
            message = f"已为该专家登记过{request_count}次请假，请让专家本人请假。"
            raise violation(book, "draw.leave.requests_max", message)
        until = min(now + rule.confirm_within, latest)
        request = await self.requests.create(actor, draw, invitation, form, until)
        params = {**time_params(agreed_gathering(invitation)), "answer_by": print_time(until)}
        await self.requests.notify_expert("leave_asked", invitation, draw, str(request.id), params)
        await self.requests.notify_supervisors(draw, "leave", str(request.id))
        message = f"已登记，并已通知专家本人。专家在{print_time(until)}前确认后名额才会空出。"
        return RegisteredAbsence(invitation.code, "leave", False, until, message)

    async def answer(self, invitation_id: UUID, expert_id: UUID, agrees: bool, *, by: Channel) -> bool:
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
            request = await self._find_open_request(invitation)
            if request is None:
                raise Conflict("没有等待您确认的请假；仍在名单内的请按时到场。", code="nothing_asked")
            now, draw = self.deps.now(), locked.draw
            decide_request(request, DiscardEvent.CONFIRM if agrees else DiscardEvent.REFUSE, "expert", now)
            await request.save()
            actor = Actor(draw.pool, "expert", expert_id=expert_id)
            await record(actor, now, f"discard.{request.state}", "draw", draw.id, code=invitation.code, channel=by)
            if agrees:
                cause = Cause(party_of(request.asked_role), "expert")
                await self.invitations.register_absence(
                    locked, invitation, InvitationEvent.LEAVE, request.reason, cause, via=by, by=request.asked_by_id
                )
                await self.invitations.notify_leave_confirmed(invitation, draw, by)
            else:
                await self.notices.stop(invitation_id=invitation.id, kinds=["leave_asked"])
                await self.requests.notify_expert_stays(draw, request, "专家表示将按时到场")
            return agrees

    async def _find_open_request(self, invitation: Invitation) -> DiscardRequest | None:
        open_requests = DiscardRequest.filter(invitation_id=invitation.id, kind="leave", state=DiscardState.OPEN)
        request = await open_requests.select_for_update().first()
        waits = request is not None and invitation.state == InvitationState.ACCEPTED
        return request if waits and request is not None and self.deps.now() < request.answer_until else None
