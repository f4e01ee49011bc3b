"""Answers of experts from chat, phone keys, mini-program and H5, and their effects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from domain.clock import print_time
from domain.draws.agreed_times import (
    agreed_gathering,
    agreement_until,
    asked_gathering,
    leave_until,
    pending_proposal,
)
from domain.draws.lifecycles import DiscardState, DrawEvent, DrawState, InvitationEvent, InvitationState
from domain.errors import Conflict
from domain.rulebook.notice_texts import time_params
from models.attendance import has_entered
from models.draws import Absence, CallNotice, DiscardRequest, Draw
from models.invitations import Invitation
from services.core.base import Actor, Deps, record, system, transaction, violation
from services.core.crypto import PHONE
from services.core.limits import check_repeats
from services.draws.calls.call_rules import STATES_THAT_TAKE_ANSWERS, print_deadline
from services.draws.calls.expiry import expire_due
from services.draws.calls.invitation_queries import Choice
from services.draws.calls.invitation_views import BY_DECLARATION, ByDeclaration, InvitationView, find_views
from services.draws.calls.lapse_notifications import LAPSED, note_opened, notify_unclear
from services.draws.calls.named_times import check_shown, find_called_gathering
from services.draws.calls.places import Cause, Places
from services.draws.calls.reminders import next_reminder, remind_due
from services.draws.digests import progress_notices
from services.draws.draw_notices import notify_agency
from services.draws.locks import Locked, lock_invitation, move
from services.draws.party_notifications import PartyNotifications
from services.notifications import NoticeRequest, Notices, Recipient

Channel = Literal["chat", "voice", "h5", "mini", "inbound"]
"""``voice``: keys in a call of ours; ``inbound``: keys in a call of the expert."""
_CAUSES = {"leave": "请假", "absence": "缺席", "recusal": "现场回避"}
_DECLARED = "申报回避"
"""What the agency learns of a declared recusal: not which unit it is, nor whose."""
_CAUSES_BY_SOURCE = {"declared": _DECLARED, "late": "临时请假"}
_CLOCKS_DIFFER = timedelta(seconds=2)
"""How much earlier than our clock a message's own time may be than the answer it follows."""


@dataclass(frozen=True)
class Answered:
    """The present state after an answer. ``effective`` false: answered before in the same way, or the invitation was
    closed."""

    effective: bool
    view: InvitationView


@dataclass(frozen=True)
class Invitations:
    deps: Deps
    notices: Notices
    places: Places
    parties: PartyNotifications

    async def note_opened(self, invitation_id: UUID, expert_id: UUID, pool: str) -> None:
        """Record that an open invitation is read by its link: if it lapses, its expert is notified that he needn't
        come."""
        await note_opened(invitation_id, Actor(pool, "expert", expert_id=expert_id), self.deps.now())

    async def _view(self, invitation: Invitation) -> InvitationView:
        return (await find_views(self.deps, "i.id = $1", invitation.id))[0]

    def _may_undo(self, i: Invitation, has_come: bool) -> bool:
        return i.state == InvitationState.ACCEPTED and not has_come and self.deps.now() < i.answer_until

    # ---- answering

    async def answer(
        self,
        invitation_id: UUID,
        expert_id: UUID,
        choice: Choice,
        *,
        by: Channel,
        sent_at: datetime | None = None,
        shown: datetime | None = None,
    ) -> Answered:
        """The first valid answer on any channel decides; a later one gets the present state.

        ``sent_at`` is when the person answered, if known: an answer given before an undo doesn't count after it.
        ``shown`` is the gathering time that the expert read, if known (``named_times.check_shown``). ``key`` is
        accepted for callers that repeat after a crash; the invitation's state makes the call idempotent anyway. To
        agree to a recall after its lead has no effect. Raises NotFound for another person's invitation, Conflict
        (``named_times.MOVED``) when it asks for another time by now.
        """
        async with transaction():
            invitation, locked = await lock_invitation(invitation_id, expert_id)
            effective = invitation.state == InvitationState.OPEN and not _precedes_last_answer(sent_at, invitation)
            if effective and by != "voice":
                await check_shown(invitation, shown)
            if effective and choice == "accept":
                effective = await self._agree_to_named_time(locked, invitation, by)
            if effective:
                return Answered(effective, await self._apply_answer(locked, invitation, choice, by))
            # keys are reported after the call, so no reply can tell the person that they did not count
            if by == "voice" and invitation.state in LAPSED:
                await notify_unclear(self.deps, self.notices, invitation, locked.draw.pool)
            return Answered(effective, await self._view(invitation))

    async def undo(
        self, invitation_id: UUID, expert_id: UUID, *, by: Channel, sent_at: datetime | None = None
    ) -> Answered:
        """Undo an acceptance: the invitation is open again, and its deadline stays.

        Only before the deadline and while the draw still calls. Once its places are full, an expert who can't come asks
        for leave. ``effective`` false: the view shows the present state. Raises NotFound, TooMany.
        """
        async with transaction():
            invitation, locked = await lock_invitation(invitation_id, expert_id)
            may = self._may_undo(invitation, await has_entered(invitation.id)) and _is_calling(locked)
            effective = may and not _precedes_last_answer(sent_at, invitation)
            if effective:
                now = self.deps.now()
                await check_repeats("invitation", invitation.id, ("invitation.undone",), now)
                await self.places.apply(locked, invitation, InvitationEvent.UNDO, now, by=by)
                await self._void_requests(invitation, now)
                actor = Actor(locked.draw.pool, "expert", expert_id=expert_id)
                await record(actor, now, "invitation.undone", "invitation", invitation.id, channel=by)
            view = await self._view(invitation)
        return Answered(effective, view)

    async def _apply_answer(
        self, locked: Locked, invitation: Invitation, choice: Choice, by: Channel
    ) -> InvitationView:
        """Returns the expert's view after the answer."""
        now, draw = self.deps.now(), locked.draw
        event = InvitationEvent.ACCEPT if choice == "accept" else InvitationEvent.DECLINE
        if choice == "accept":
            at = agreed_gathering(invitation)
            invitation.next_reminder_at = next_reminder(self.deps.book(draw.pool), at, now)
        await self.places.apply(locked, invitation, event, now, by=by)
        actor = Actor(draw.pool, "expert", expert_id=invitation.expert_id)
        await record(actor, now, f"invitation.{invitation.state}", "invitation", invitation.id, channel=by)
        view = await self._view(invitation)
        await self._notify_all_answered(locked)
        if choice == "decline":
            await self._notify_expert(invitation, draw, "draw_declined", time_params(view.gathering_at), by)
            return view
        params = {**time_params(view.gathering_at), "place": view.place, "code": invitation.code}
        confirmation = _notice_request(invitation, "draw_accepted", params, by, occasion=f":{draw.log_length}")
        await self.notices.notify_each(draw.pool, [confirmation, *await progress_notices(self.deps, locked)])
        return view

    async def _notify_all_answered(self, locked: Locked) -> None:
        """Of a recall, to its agency."""
        if locked.draw.kind == "recall" and not locked.open:
            await self.parties.notify(locked.draw, "answered", occasion=str(locked.draw.log_length))

    async def _agree_to_named_time(self, locked: Locked, invitation: Invitation, by: Channel) -> bool:
        """Who accepts agrees to the time that was named to him. A call from before the gathering moved named the old
        one, so that the new one waits for his answer.

        In a recall the record states that time, so no other waits; false when it is too near to agree to.
        """
        at = await find_called_gathering(invitation) if by == "voice" else asked_gathering(invitation)
        recall = locked.draw.kind == "recall"
        if recall and self.deps.now() > agreement_until(at, self.deps.book(locked.draw.pool).draw.agreement_lead):
            await self._refuse_late_agreement(locked, invitation, at)
            return False
        if invitation.proposed_gathering_at is not None and (recall or at != agreed_gathering(invitation)):
            invitation.gathering_at, invitation.proposed_gathering_at, invitation.proposed_since = at, None, None
            await invitation.save(update_fields=["gathering_at", "proposed_gathering_at", "proposed_since"])
        return True

    async def _refuse_late_agreement(self, locked: Locked, invitation: Invitation, at: datetime) -> None:
        """An agreement to a time that is over by now leaves the question for a later one open; else there is none."""
        if at == asked_gathering(invitation):
            await self.places.apply(locked, invitation, InvitationEvent.EXPIRE, self.deps.now(), by="system")
        else:
            await self._ask_to_confirm(locked, invitation)

    async def _notify_expert(
        self, invitation: Invitation, draw: Draw, kind: str, params: dict[str, str], by: Channel | None = None
    ) -> None:
        await self.notices.notify_each(draw.pool, [_notice_request(invitation, kind, params, by)])

    async def plan_reminder(self, invitation: Invitation, pool: str, now: datetime) -> None:
        """Set the time of the next reminder before gathering."""
        invitation.next_reminder_at = next_reminder(self.deps.book(pool), agreed_gathering(invitation), now)
        await invitation.save(update_fields=["next_reminder_at"])

    # ---- deadlines

    async def expire_due(self, limit: int = 100) -> int:
        """Close invitations whose deadline has passed and whose expert isn't on the phone; returns how many."""
        return await expire_due(self.deps, self.notices, limit)

    async def notify_answer_unclear(self, invitation_id: UUID) -> None:
        """Keys were pressed but not confirmed. While the invitation is open, its end sends the notice."""
        async with transaction():
            invitation, locked = await lock_invitation(invitation_id, None)
            if invitation.state in LAPSED:
                await notify_unclear(self.deps, self.notices, invitation, locked.draw.pool)

    async def notify_unconfirmed(self, invitation_id: UUID) -> None:
        """A key was pressed only once before the call ended: if there is time, send an SMS with the link."""
        async with transaction():
            invitation, locked = await lock_invitation(invitation_id, None)
            if invitation.state == InvitationState.OPEN:
                await self._ask_to_confirm(locked, invitation)

    async def _ask_to_confirm(self, locked: Locked, invitation: Invitation) -> None:
        now, until = self.deps.now(), invitation.answer_until
        if now < until:
            params = {**time_params(asked_gathering(invitation)), "answer_by": print_deadline(until, now)}
            await self._notify_expert(invitation, locked.draw, "draw_unconfirmed", params)

    async def remind_due(self, limit: int = 100) -> int:
        """Remind experts whose gathering is near; returns how many."""
        return await remind_due(self.deps, self.notices, limit)

    # ---- leave

    async def leave(
        self,
        invitation_id: UUID,
        expert_id: UUID,
        reason: str,
        *,
        late: bool = False,
        by: Channel = "mini",
    ) -> InvitationView:
        """Ask for leave after accepting (人工请假).

        While the draw still calls, the place is vacant again; afterwards the agency gets a pending supplementary draw.
        While moved times wait for his answer, it has no deadline, and nothing is held against him. Idempotent.
        ``late``: he knows that the time for it is over, and what follows from that.

        Raises RuleViolation past the deadline unless ``late``, and past the end of the evaluation; Conflict for an
        invitation that is not accepted, and for an expert who has entered.
        """
        async with transaction():
            invitation, locked = await lock_invitation(invitation_id, expert_id)
            if invitation.state == InvitationState.LEFT:
                return await self._view(invitation)
            if invitation.state != InvitationState.ACCEPTED:
                raise Conflict("您目前没有参加这场评标，无需请假。", code="not_accepted")
            now, book = self.deps.now(), self.deps.book(locked.draw.pool)
            until = leave_until(invitation, book.draw.leave)
            entered = await has_entered(invitation.id)
            pending = pending_proposal(invitation, now, has_entered=entered)
            overdue = now > until and pending is None
            if overdue and entered:
                raise Conflict("您已签到。要离场，请直接告诉现场工作人员。", code="entered")
            if overdue and (not late or now > locked.draw.ends_at):
                raise violation(
                    book,
                    "draw.leave.allowed_until",
                    f"请假截止时间{print_time(until)}已过。确实不能到场，请重新请假并再次确认，也可以致电"
                    f"{await self._contact(invitation)}说明情况。",
                )
            source = "moved" if pending else "late" if overdue else ""
            await self.register_absence(
                locked, invitation, InvitationEvent.LEAVE, reason, Cause("expert"), via=by, source=source
            )
            await self.notify_leave_confirmed(invitation, locked.draw, by)
            return await self._view(invitation)

    # ---- recusal by declaration

    async def recuse(self, locked: Locked, invitation: Invitation) -> None:
        """The expert declared a unit that is a party: an open call ends, a place that he holds is vacant, whatever the
        deadlines. Under the caller's lock.

        In the record it is his own answer or leave.
        """
        now, draw = self.deps.now(), locked.draw
        at = asked_gathering(invitation)
        if invitation.state == InvitationState.OPEN:
            await self.places.apply(locked, invitation, InvitationEvent.DECLINE, now, by=BY_DECLARATION)
            await self._notify_all_answered(locked)
        else:
            at = agreed_gathering(invitation)
            await self.register_absence(
                locked,
                invitation,
                InvitationEvent.LEAVE,
                _DECLARED,
                Cause("expert"),
                via=BY_DECLARATION,
                source="declared",
            )
        actor = Actor(draw.pool, "expert", expert_id=invitation.expert_id)
        await record(actor, now, "invitation.recused", "invitation", invitation.id, state=str(invitation.state))
        await self._notify_expert(invitation, draw, "recusal_declared", time_params(at))

    async def notify_leave_confirmed(self, invitation: Invitation, draw: Draw, by: Channel) -> None:
        await self._notify_expert(invitation, draw, "leave_confirmed", time_params(agreed_gathering(invitation)), by)

    async def _contact(self, invitation: Invitation) -> str:
        call_notice = await CallNotice.get(id=invitation.notice_id)
        return self.deps.keys.read(call_notice.contact_phone_sealed, PHONE)

    async def register_absence(
        self,
        locked: Locked,
        invitation: Invitation,
        event: InvitationEvent,
        reason: str,
        cause: Cause,
        *,
        via: Channel | ByDeclaration | None = None,
        by: UUID | None = None,
        source: str = "",
    ) -> None:
        """An accepted expert loses the place: leave, absence or recusal at the venue. Under the caller's lock.

        ``via`` is the channel on which the expert asked or confirmed; ``by`` is another person who registered it.
        ``source`` "moved": the agency moved the time, "declared": he declared a recusal unit; so that nothing is held
        against him. "late": his own leave past its time.
        """
        now, draw = self.deps.now(), locked.draw
        calling = locked.state in STATES_THAT_TAKE_ANSWERS
        await self.places.apply(locked, invitation, event, now, by=via or "system", cause=cause)
        await self._void_requests(invitation, now)
        kind = {InvitationEvent.LEAVE: "leave", InvitationEvent.MISS: "absence"}.get(event, "recusal")
        source = source or ("expert" if cause.by == "expert" else "manual")
        absence = await Absence.create(
            draw_id=draw.id,
            invitation_id=invitation.id,
            condition_id=invitation.condition_id,
            kind=kind,
            reason=reason,
            source=source,
            registered_by_id=by,
            registered_at=now,
            handled_at=now if calling or draw.kind == "recall" else None,
        )
        facts = {"source": source, "channel": via or "", "by": cause.by, "confirmed_by": cause.confirmed_by}
        await record(system(draw.pool), now, f"absence.{kind}", "invitation", invitation.id, **facts)
        if calling:
            return
        # the current round goes on, its start fills this place too; a recall that is not confirmed goes on as well
        if locked.state not in (DrawState.COMMITTING, DrawState.VERIFIED):
            await move(draw, DrawEvent.REGISTER_ABSENCE)
        await self._notify_missing(locked, absence)

    async def _notify_missing(self, locked: Locked, absence: Absence) -> None:
        draw, by = locked.draw, absence.registered_by_id
        missing = sum(condition.needed - condition.accepted for condition in locked.conditions)
        cause = _CAUSES_BY_SOURCE.get(absence.source) or _CAUSES[absence.kind]
        params: dict[str, str | int] = {"missing": missing, "cause": cause}
        if draw.kind == "recall":
            await self.parties.notify(draw, "gone", params, by=by, occasion=str(absence.id))
            return
        await notify_agency(self.notices, draw, "agency_leave", str(absence.id), **params)
        if by and absence.kind == "recusal":  # its outcome is told to all who were asked, or registered it
            return
        await self.parties.notify(draw, "missing" if by else "left", params, by=by, occasion=str(absence.id))

    async def _void_requests(self, invitation: Invitation, now: datetime) -> None:
        """Cancel other pending requests about this place."""
        await self.notices.stop(invitation_id=invitation.id, kinds=["leave_asked"])
        await DiscardRequest.filter(invitation_id=invitation.id, state=DiscardState.OPEN).update(
            state=DiscardState.VOID, decided_at=now
        )


def _notice_request(
    invitation: Invitation, kind: str, params: dict[str, str], by: Channel | None, occasion: str = ""
) -> NoticeRequest:
    """``by`` is the channel on which the person acted: a conversation replies there itself. ``occasion`` distinguishes
    events that can happen to an invitation twice."""
    to = Recipient(
        f"{kind}:{invitation.id}{occasion}",
        params,
        expert_id=invitation.expert_id,
        invitation_id=invitation.id,
    )
    return NoticeRequest(kind, to, notified_channel="wechat" if by == "chat" else "")


def _is_calling(locked: Locked) -> bool:
    """Whether the draw still calls or waits for answers. Once the last place is taken it counts as closed."""
    full = all(c.accepted == c.needed for c in locked.conditions)
    return locked.state in STATES_THAT_TAKE_ANSWERS and not full


def _precedes_last_answer(sent_at: datetime | None, invitation: Invitation) -> bool:
    """Whether it was said before the last answer or its undo, as in a repeated copy of an old message."""
    changed = invitation.answered_at
    return sent_at is not None and changed is not None and sent_at < changed - _CLOCKS_DIFFER
