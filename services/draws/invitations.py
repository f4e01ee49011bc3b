"""Answers of experts: one truth for chat, phone key, mini-program and H5, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from domain.clock import print_time
from domain.draws.lifecycles import DiscardState, DrawEvent, DrawState, InvitationEvent, InvitationState
from domain.errors import Conflict, NotFound
from domain.rulebook.texts import time_params
from models.attendance import has_entered
from models.draws import Absence, CallNotice, Condition, DiscardRequest, Draw
from models.invitations import Invitation
from services.core.base import Actor, Deps, record, rows, system, transaction, violation
from services.core.batches import not_paused, process_each
from services.core.crypto import PHONE
from services.draws.calling import Calling, Cause, place
from services.draws.lapsed import LAPSED, note_opened, notify_lapsed, notify_unclear
from services.draws.repository import Locked, lock, move, notify_agency
from services.notifications import Notices

Choice = Literal["accept", "decline"]
Channel = Literal["chat", "voice", "h5", "mini"]
_LINK_OUTLIVES = timedelta(hours=12)
"""How long an invitation's page can be opened after the panel's expected end."""
_CALL_GRACE = timedelta(seconds=90)
"""How long an invitation outlives its time to answer while a call to its expert has no outcome yet: a key pressed in
time counts, however late the vendor reports and confirms it, but not for ever."""
_EXPIRED = f"""
SELECT i.id FROM invitation i WHERE i.state = 'open' AND i.answer_until <= $1 AND (i.answer_until <= $2 OR NOT EXISTS (
    SELECT 1 FROM notice n JOIN attempt a ON a.notice_id = n.id WHERE n.invitation_id = i.id
    AND a.channel = 'voice' AND (a.state IN ('sent', 'unknown') OR a.check_at IS NOT NULL)))
AND {not_paused("expire", "i.id")}
ORDER BY i.answer_until LIMIT $3
"""
_CALLING = (DrawState.DRAWING, DrawState.PAUSED, DrawState.ENDING)
_CLOCKS_DIFFER = timedelta(seconds=2)
"""How much earlier than our clock a message may say that it was sent after what it answers."""


@dataclass(frozen=True)
class InvitationView:
    """What its expert may know: time, place, contact, state; never project or parties. ``code`` once accepted."""

    id: UUID
    state: InvitationState
    gathering_at: datetime
    ends_at: datetime
    place: str
    venue: str
    contact: str
    contact_phone: str
    remark: str
    answer_until: datetime
    menu_id: int
    code: str
    checked_in_at: datetime | None = None
    claimed_at: datetime | None = None
    """When the expert said that he is there (自报到场), which is no entry."""
    checked_out_at: datetime | None = None
    leave_until: datetime | None = None
    leave_asked_until: datetime | None = None
    """Until when he may confirm or deny a leave that another registered for him; None: there is none."""
    undo_until: datetime | None = None
    """Until when an acceptance can be taken back; None: it can't, or not any more."""


@dataclass(frozen=True)
class Answered:
    """What holds after an answer. ``effective`` false: it held already, or the invitation was closed before."""

    effective: bool
    view: InvitationView


class Invitations:
    def __init__(self, deps: Deps, notices: Notices, run: Calling) -> None:
        self._deps = deps
        self._notices = notices
        self._run = run

    # ---- reading

    async def view(self, invitation_id: UUID, expert_id: UUID) -> InvitationView:
        """Raises NotFound unless it is this expert's."""
        invitation = await Invitation.get_or_none(id=invitation_id, expert_id=expert_id)
        if invitation is None:
            raise NotFound("找不到这个评标邀请，请查看最新一条通知。")
        return (await self._views([invitation]))[0]

    async def by_link(self, link: str) -> tuple[UUID, UUID, str]:
        """Invitation, expert and pool behind a link that we sent. Raises NotFound for a wrong or an old one."""
        found = await rows(
            "SELECT i.id, i.expert_id, i.ends_at, d.pool FROM invitation i JOIN draw d ON d.id = i.draw_id "
            "WHERE i.link = $1",
            link,
        )
        if not found or self._deps.now() > found[0]["ends_at"] + _LINK_OUTLIVES:
            about = {"pool": found[0]["pool"]} if found else {}
            raise NotFound("链接无效或已过期，请使用最新一条通知中的链接。", code="link_invalid", params=about)
        return found[0]["id"], found[0]["expert_id"], found[0]["pool"]

    async def note_opened(self, invitation_id: UUID, expert_id: UUID, pool: str) -> None:
        """An open invitation is read by its link: if it lapses, its expert is notified that he needn't come."""
        await note_opened(invitation_id, Actor(pool, "expert", expert_id=expert_id), self._deps.now())

    async def find_by_menu_id(self, menu_id: int, expert_id: UUID) -> tuple[InvitationView, Choice] | None:
        """The invitation and choice behind a tapped answer; None for another's or an unknown id."""
        invitation = await Invitation.get_or_none(menu_id=menu_id - (1 - menu_id % 2), expert_id=expert_id)
        if invitation is None:
            return None
        choice: Choice = "accept" if menu_id == invitation.menu_id else "decline"
        return (await self._views([invitation]))[0], choice

    async def list_open(self, expert_id: UUID) -> list[InvitationView]:
        """Invitations that wait for an answer, oldest first."""
        found = await Invitation.filter(expert_id=expert_id, state=InvitationState.OPEN).order_by("created_at")
        return await self._views(found)

    async def list_panels(self, expert_id: UUID, *, past: bool = False) -> list[InvitationView]:
        """Panels that the expert has agreed to; upcoming and running ones, or past ones newest first."""
        now = self._deps.now()
        panels = Invitation.filter(expert_id=expert_id, state=InvitationState.ACCEPTED)
        found = (
            panels.filter(ends_at__lt=now).order_by("-gathering_at").limit(20)
            if past
            else panels.filter(ends_at__gte=now).order_by("gathering_at")
        )
        return await self._views(await found)

    async def _views(self, invitations: Sequence[Invitation]) -> list[InvitationView]:
        notices = {n.id: n for n in await CallNotice.filter(id__in=[i.notice_id for i in invitations])}
        draws = {d.id: d for d in await Draw.filter(id__in=[i.draw_id for i in invitations])}
        calling = await self._still_calling(draws.values(), invitations)
        came = {
            (row["invitation_id"], row["direction"]): row["at"]
            for row in await rows(
                "SELECT invitation_id, direction, at FROM attendance WHERE invitation_id = ANY($1::uuid[]) "
                "UNION ALL SELECT invitation_id, 'claim', at FROM presence_claim WHERE invitation_id = ANY($1::uuid[])",
                [i.id for i in invitations],
            )
        }
        requests = DiscardRequest.filter(
            invitation_id__in=[i.id for i in invitations],
            kind="leave",
            state=DiscardState.OPEN,
            answer_until__gt=self._deps.now(),
        )
        asked = {request.invitation_id: request.answer_until for request in await requests}
        return [
            replace(
                self._view(i, notices[i.notice_id], draws[i.draw_id].pool),
                checked_in_at=came.get((i.id, "in")),
                claimed_at=came.get((i.id, "claim")),
                checked_out_at=came.get((i.id, "out")),
                leave_asked_until=None if (i.id, "in") in came else asked.get(i.id),
                undo_until=i.answer_until if i.draw_id in calling and self._may_undo(i, (i.id, "in") in came) else None,
            )
            for i in invitations
        ]

    async def _still_calling(self, draws: Iterable[Draw], invitations: Sequence[Invitation]) -> set[UUID]:
        """Draws of these invitations that still call, so that an acceptance can be undone."""
        recent = {i.draw_id for i in invitations if self._may_undo(i, has_come=False)}
        candidates = [d for d in draws if d.id in recent]
        conditions = await Condition.filter(draw_id__in=[d.id for d in candidates]) if candidates else []
        return {d.id for d in candidates if _calls(Locked(d, [c for c in conditions if c.draw_id == d.id]))}

    def _may_undo(self, i: Invitation, has_come: bool) -> bool:
        return i.state == InvitationState.ACCEPTED and not has_come and self._deps.now() < i.answer_until

    def _view(self, i: Invitation, notice: CallNotice, pool: str) -> InvitationView:
        accepted = i.state == InvitationState.ACCEPTED
        return InvitationView(
            id=i.id,
            state=InvitationState(i.state),
            gathering_at=i.gathering_at,
            ends_at=i.ends_at,
            place=place(notice),
            venue=notice.venue,
            contact=notice.contact,
            contact_phone=self._deps.keys.read(notice.contact_phone_sealed, PHONE),
            remark=notice.remark,
            answer_until=i.answer_until,
            menu_id=i.menu_id,
            code=i.code if accepted else "",
            leave_until=i.gathering_at - self._deps.book(pool).draw.leave.allowed_until if accepted else None,
        )

    # ---- answering

    async def answer(
        self,
        invitation_id: UUID,
        expert_id: UUID,
        choice: Choice,
        *,
        by: Channel,
        said_at: datetime | None = None,
        key: str | None = None,
    ) -> Answered:
        """The first valid answer on any channel decides; a later one gets the state that holds.

        ``said_at`` is when the person said so, where that is known: what was said before an answer was undone doesn't
        count after it. ``key`` is accepted for callers that repeat after a crash: an answer is idempotent by the
        invitation's state. Raises NotFound for another person's invitation.
        """
        async with transaction():
            invitation, locked = await self._lock(invitation_id, expert_id)
            effective = invitation.state == InvitationState.OPEN and not _is_older(said_at, invitation)
            if effective:
                await self._take(locked, invitation, choice, by)
            elif by == "voice" and invitation.state in LAPSED:
                await notify_unclear(self._deps, self._notices, invitation, locked.draw.pool)
            view = (await self._views([invitation]))[0]
        return Answered(effective, view)

    async def undo(
        self, invitation_id: UUID, expert_id: UUID, *, by: Channel, said_at: datetime | None = None
    ) -> Answered:
        """Take an acceptance back: the call is open again, and its time to answer runs on.

        Only while that time runs and the draw still calls. As soon as its places are full the draw is over, and
        an expert who can't come asks for leave. ``effective`` false: the view shows what holds. Raises NotFound.
        """
        async with transaction():
            invitation, locked = await self._lock(invitation_id, expert_id)
            may = self._may_undo(invitation, await has_entered(invitation.id)) and _calls(locked)
            effective = may and not _is_older(said_at, invitation)
            if effective:
                now = self._deps.now()
                await self._run.close_place(locked, invitation, InvitationEvent.UNDO, now, by=by)
                await self._void_requests(invitation, now)
                actor = Actor(locked.draw.pool, "expert", expert_id=expert_id)
                await record(actor, now, "invitation.undone", "invitation", invitation.id, channel=by)
            view = (await self._views([invitation]))[0]
        return Answered(effective, view)

    async def _lock(self, invitation_id: UUID, expert_id: UUID | None) -> tuple[Invitation, Locked]:
        known = await Invitation.get_or_none(id=invitation_id)
        if known is None or (expert_id is not None and known.expert_id != expert_id):
            raise NotFound("找不到这个评标邀请，请查看最新一条通知。")
        locked = await lock(known.draw_id)
        return await Invitation.select_for_update().get(id=invitation_id), locked

    async def _take(self, locked: Locked, invitation: Invitation, choice: Choice, by: Channel) -> None:
        now = self._deps.now()
        event = InvitationEvent.ACCEPT if choice == "accept" else InvitationEvent.DECLINE
        await self._run.close_place(locked, invitation, event, now, by=by)
        draw = locked.draw
        notice = await CallNotice.get(id=invitation.notice_id)
        actor = Actor(draw.pool, "expert", expert_id=invitation.expert_id)
        await record(actor, now, f"invitation.{invitation.state}", "invitation", invitation.id, channel=by)
        if choice == "decline":
            await self._notify(invitation, draw, "draw_declined", time_params(notice.gathering_at), by)
            return
        await self.plan_reminder(invitation, draw.pool, now)
        params = {**time_params(notice.gathering_at), "place": place(notice), "code": invitation.code}
        await self._notify(invitation, draw, "draw_accepted", params, by, occasion=f":{draw.log_length}")
        await notify_agency(
            self._notices, draw, "agency_agreed", str(draw.log_length), agreed=locked.accepted, needed=draw.needed
        )

    async def _notify(
        self,
        invitation: Invitation,
        draw: Draw,
        kind: str,
        params: dict[str, str],
        by: Channel | None = None,
        occasion: str = "",
    ) -> None:
        """``by`` is where the person acted: a conversation answers there itself. ``occasion`` tells from one another
        what can happen to an invitation twice."""
        await self._notices.notify(
            pool=draw.pool,
            kind=kind,
            dedupe_key=f"{kind}:{invitation.id}{occasion}",
            params=params,
            expert_id=invitation.expert_id,
            invitation_id=invitation.id,
            told_on="wechat" if by == "chat" else "",
        )

    async def plan_reminder(self, invitation: Invitation, pool: str, now: datetime) -> None:
        """Set when the next reminder before gathering is due; those already past are left out."""
        leads = sorted(self._deps.book(pool).attendance.reminders, reverse=True)
        due = [invitation.gathering_at - lead for lead in leads]
        upcoming = [at for at in due if at > now]
        invitation.next_reminder_at = min(upcoming, default=None)
        await invitation.save(update_fields=["next_reminder_at"])

    # ---- deadlines

    async def expire_due(self, limit: int = 100) -> int:
        """Close invitations whose time to answer is over and whose expert isn't on the phone; returns how many."""
        now = self._deps.now()
        due = await rows(_EXPIRED, now, now - _CALL_GRACE, limit)
        await process_each("expire", due, lambda row: self.expire(row["id"]))
        return len(due)

    async def expire(self, invitation_id: UUID) -> None:
        """No answer in time: the place is free again, and the person is notified that he needn't come."""
        async with transaction():
            invitation, locked = await self._lock(invitation_id, None)
            now = self._deps.now()
            if invitation.state != InvitationState.OPEN or now < invitation.answer_until:
                return
            await self._run.close_place(locked, invitation, InvitationEvent.EXPIRE, now, by="system")
            await notify_lapsed(self._deps, self._notices, invitation, locked.draw.pool)

    async def notify_unheard(self, invitation_id: UUID) -> None:
        """Keys were pressed but not confirmed. While the invitation is open, its end sends the notice."""
        async with transaction():
            invitation, locked = await self._lock(invitation_id, None)
            if invitation.state in LAPSED:
                await notify_unclear(self._deps, self._notices, invitation, locked.draw.pool)

    async def notify_unconfirmed(self, invitation_id: UUID) -> None:
        """A key was pressed once and the call ended: while there is time, an SMS says so, with the link."""
        async with transaction():
            invitation, locked = await self._lock(invitation_id, None)
            if invitation.state == InvitationState.OPEN and self._deps.now() < invitation.answer_until:
                params = {**time_params(invitation.gathering_at), "answer_by": print_time(invitation.answer_until)[-5:]}
                await self._notify(invitation, locked.draw, "draw_unconfirmed", params)

    async def remind_due(self, limit: int = 100) -> int:
        """Remind those whose gathering comes near; returns how many."""
        due = await rows(
            "SELECT id FROM invitation WHERE next_reminder_at <= $1 AND state = 'accepted' "
            f"AND {not_paused('remind', 'id')} ORDER BY next_reminder_at LIMIT $2",
            self._deps.now(),
            limit,
        )
        await process_each("remind", due, lambda row: self.remind(row["id"]))
        return len(due)

    async def remind(self, invitation_id: UUID) -> None:
        """Remind one person and set when the next reminder is due."""
        async with transaction():
            invitation, locked = await self._lock(invitation_id, None)
            await self._remind(invitation, locked.draw)

    async def _remind(self, invitation: Invitation, draw: Draw) -> None:
        now = self._deps.now()
        if invitation.next_reminder_at is None or invitation.next_reminder_at > now:
            return
        notice = await CallNotice.get(id=invitation.notice_id)
        occasion = invitation.reminders_sent + 1
        if not await has_entered(invitation.id) and now < invitation.gathering_at + timedelta(minutes=1):
            await self._notices.notify(
                pool=draw.pool,
                kind="check_in_reminder",
                dedupe_key=f"check_in_reminder:{invitation.id}:{occasion}",
                params={**time_params(invitation.gathering_at), "place": place(notice), "code": invitation.code},
                expert_id=invitation.expert_id,
                invitation_id=invitation.id,
            )
        invitation.reminders_sent = occasion
        await invitation.save(update_fields=["reminders_sent"])
        await self.plan_reminder(invitation, draw.pool, now)

    # ---- leave

    async def leave(
        self, invitation_id: UUID, expert_id: UUID, reason: str, *, by: Channel = "mini", key: str | None = None
    ) -> InvitationView:
        """Ask for leave after accepting (人工请假).

        While the draw still calls, the place is simply free again; afterwards the agency gets a pending supplementary
        item. Idempotent. Raises RuleViolation past the deadline, Conflict for an invitation that is not accepted.
        """
        async with transaction():
            invitation, locked = await self._lock(invitation_id, expert_id)
            if invitation.state == InvitationState.LEFT:
                return (await self._views([invitation]))[0]
            if invitation.state != InvitationState.ACCEPTED:
                raise Conflict("您目前没有参加这场评标，无需请假。", code="not_accepted")
            now, book = self._deps.now(), self._deps.book(locked.draw.pool)
            until = invitation.gathering_at - book.draw.leave.allowed_until
            if now > until:
                raise violation(
                    book,
                    "draw.leave.allowed_until",
                    f"请假截止时间{print_time(until)}已过，请直接致电{await self._contact(invitation)}说明情况。",
                )
            await self.lose(locked, invitation, InvitationEvent.LEAVE, reason, Cause("expert"), via=by)
            await self.notify_left(invitation, locked.draw, by)
            return (await self._views([invitation]))[0]

    async def notify_left(self, invitation: Invitation, draw: Draw, by: Channel) -> None:
        await self._notify(invitation, draw, "leave_confirmed", time_params(invitation.gathering_at), by)

    async def _contact(self, invitation: Invitation) -> str:
        notice = await CallNotice.get(id=invitation.notice_id)
        return self._deps.keys.read(notice.contact_phone_sealed, PHONE)

    async def lose(
        self,
        locked: Locked,
        invitation: Invitation,
        event: InvitationEvent,
        reason: str,
        cause: Cause,
        *,
        via: Channel | None = None,
        by: UUID | None = None,
    ) -> None:
        """An accepted expert will not sit on the panel: leave, absence or recusal on the spot. In the caller's lock.

        ``via`` is the channel on which the expert asked or confirmed; ``by`` is who else has registered it.
        """
        now, draw = self._deps.now(), locked.draw
        calling = locked.state in _CALLING
        await self._run.close_place(locked, invitation, event, now, by=via or "system", cause=cause)
        await self._void_requests(invitation, now)
        kind = {InvitationEvent.LEAVE: "leave", InvitationEvent.MISS: "absence"}.get(event, "recusal")
        source = "expert" if cause.by == "expert" else "manual"
        absence = await Absence.create(
            draw_id=draw.id,
            invitation_id=invitation.id,
            condition_id=invitation.condition_id,
            kind=kind,
            reason=reason,
            source=source,
            registered_by_id=by,
            registered_at=now,
            handled_at=now if calling else None,
        )
        await record(
            system(draw.pool),
            now,
            f"absence.{kind}",
            "invitation",
            invitation.id,
            source=source,
            channel=via or "",
            by=cause.by,
            confirmed_by=cause.confirmed_by,
        )
        if calling:
            return
        if locked.state != DrawState.COMMITTING:  # else the round under way goes on; its start fills this place too
            await move(draw, DrawEvent.REGISTER_ABSENCE)
        missing = sum(condition.needed - condition.accepted for condition in locked.conditions)
        await notify_agency(self._notices, draw, "agency_leave", str(absence.id), missing=missing)

    async def _void_requests(self, invitation: Invitation, now: datetime) -> None:
        """Whatever else was asked about this place has become pointless."""
        await self._notices.stop(invitation_id=invitation.id, kinds=["leave_asked"])
        await DiscardRequest.filter(invitation_id=invitation.id, state=DiscardState.OPEN).update(
            state=DiscardState.VOID, decided_at=now
        )


def _calls(locked: Locked) -> bool:
    """Whether the draw still calls or waits for answers. Once the last place is taken it is as good as closed."""
    full = all(c.accepted == c.needed for c in locked.conditions)
    return locked.state in _CALLING and not full


def _is_older(said_at: datetime | None, invitation: Invitation) -> bool:
    """Said before the last answer or its undoing, as a repeated copy of an old message is."""
    changed = invitation.answered_at
    return said_at is not None and changed is not None and said_at < changed - _CLOCKS_DIFFER
