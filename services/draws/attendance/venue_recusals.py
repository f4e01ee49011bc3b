"""A recusal at the venue (现场回避): it counts when the verifier or a supervisor of the draw confirms it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domain.clock import print_time
from domain.draws.agreed_times import check_in_opens
from domain.draws.lifecycles import DiscardEvent, DiscardState, InvitationEvent
from domain.draws.record import Party
from domain.errors import Forbidden, InvalidInput, NotFound
from domain.rulebook.book import Rulebook
from models.draws import DiscardRequest, Draw, DrawApplication
from models.invitations import Invitation
from services.core import permissions
from services.core.base import Actor, Deps, record, transaction, violation
from services.draws.access import DrawAccess
from services.draws.attendance.discard_queries import DiscardQueries
from services.draws.attendance.discard_requests import DiscardForm, DiscardRequests, RegisteredAbsence, decide_request
from services.draws.calls.invitations import Invitations
from services.draws.calls.places import Cause
from services.draws.draw_notices import notify_supervisors, notify_verifiers
from services.draws.locks import Locked, lock
from services.draws.party_notifications import Event, PartyNotifications
from services.draws.record_log import party_of
from services.draws.scopes import check_not_of_agency
from services.notifications import Notices


@dataclass(frozen=True)
class VenueRecusals:
    deps: Deps
    notices: Notices
    invitations: Invitations
    access: DrawAccess
    queries: DiscardQueries
    requests: DiscardRequests
    parties: PartyNotifications

    async def register(self, actor: Actor, draw: Draw, invitation: Invitation, form: DiscardForm) -> RegisteredAbsence:
        book, now = self.deps.book(draw.pool), self.deps.now()
        opens = check_in_opens(invitation, book.attendance)
        if now < opens:
            message = f"现场回避在{print_time(opens)}签到开始后才能登记；此前需要回避的，请专家本人请假。"
            raise violation(book, "attendance.check_in_opens", message)
        request = await self.requests.create(actor, draw, invitation, form, draw.ends_at)
        params = await self.requests.contact_params(invitation)
        await self.requests.notify_expert("recusal_asked", invitation, draw, str(request.id), params)
        await self._ask_to_confirm(draw, request)
        message = "已登记，等待核验人员或监督人确认，确认后名额才会空出。专家本人已收到通知。"
        return RegisteredAbsence(invitation.code, "recusal", False, request.answer_until, message)

    async def request_own(self, actor: Actor, draw: Draw, invitation: Invitation) -> None:
        """An expert who has entered declared a unit that is a party: verifier or supervisor confirm that he goes.

        A request that waits already is enough.
        """
        if await DiscardRequest.exists(invitation_id=invitation.id, kind="recusal", state=DiscardState.OPEN):
            return
        form = DiscardForm(invitation.code, "recusal", "专家申报的回避单位与本活动有关", "专家本人申报")
        request = await self.requests.create(actor, draw, invitation, form, draw.ends_at)
        await self._ask_to_confirm(draw, request)

    async def _ask_to_confirm(self, draw: Draw, request: DiscardRequest) -> None:
        """Notify every supervisor of the draw and every verifier of its terminal, except the author."""
        await notify_supervisors(self.deps, self.notices, draw, "recusal_waiting", str(request.id))
        terminals = await DrawApplication.filter(draw_id=draw.id).values_list("terminal", flat=True)
        asker = {request.asked_by_id}
        await notify_verifiers(self.notices, draw, terminals, "recusal_waiting", str(request.id), but=asker)

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
        draw = await self.access.get(actor, known.draw_id)
        if not await self.queries.may_decide_in(actor, draw):
            raise Forbidden("您不是本活动的监督人，请由本活动的监督人或核验人员确认。", code="not_named")
        async with transaction():
            locked = await lock(known.draw_id)
            await check_not_of_agency(actor, locked.draw)
            request = await DiscardRequest.select_for_update().get(id=request_id)
            if actor.account_id == request.asked_by_id:
                raise Forbidden("不能确认自己的登记，请由其他核验人员或监督人办理。", code="own_request")
            now = self.deps.now()
            decide_request(request, event, actor.role, now, actor.account_id)
            request.opinion = opinion
            await request.save()
            invitation = await Invitation.select_for_update().get(id=request.invitation_id)
            await record(
                actor, now, f"discard.{request.state}", "draw", locked.draw.id, code=invitation.code, reason=opinion
            )
            await self._apply_decision(locked, invitation, request, party_of(actor.role))

    async def _apply_decision(
        self, locked: Locked, invitation: Invitation, request: DiscardRequest, confirmed_by: Party
    ) -> None:
        confirmed = request.state == DiscardState.CONFIRMED
        params = await self.requests.contact_params(invitation)
        kind = "recusal_confirmed" if confirmed else "recusal_refused"
        await self.requests.notify_expert(kind, invitation, locked.draw, str(request.id), params)
        if not confirmed:
            await self.requests.notify_expert_stays(locked.draw, request, request.opinion)
            await self._notify_outcome("kept", locked.draw, request)
            return
        cause = Cause(party_of(request.asked_role), confirmed_by)
        reason = f"{request.cause}：{request.reason}"[:200]
        # the register names who registered it, but never an expert
        by = None if cause.by == "expert" else request.asked_by_id
        await self.invitations.register_absence(locked, invitation, InvitationEvent.RECUSE, reason, cause, by=by)
        if by is not None and locked.draw.kind != "recall":  # else told already, as a leave is
            await self._notify_outcome("recused", locked.draw, request)

    async def _notify_outcome(self, event: Event, draw: Draw, request: DiscardRequest) -> None:
        await self.parties.notify(draw, event, by=request.decided_by_id, occasion=str(request.id))


def check_recusal_cause(book: Rulebook, cause: str) -> None:
    if cause not in book.draw.recusal_reasons:
        reasons = "、".join(book.draw.recusal_reasons)
        raise InvalidInput(f"请从列表中选择回避原因：{reasons}。", field="cause")
