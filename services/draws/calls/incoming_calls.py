"""An expert calls back the number from which the pool calls: he hears what waits for him, answers, or asks for leave.

A caller's number can be forged, so by itself it opens nothing: who is called for which panel is sealed. Every caller,
known or not, hears the same words and enters the last four characters of his ID number; only where a mobile of the pool
and its owner's number fit together does the call go on. Each act is confirmed by pressing its key twice, and told to
the registered phone as after a call of ours.

The vendor repeats events whose answer was lost: an event that follows another prompt than the newest gets that prompt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from domain.draws.lifecycles import InvitationState
from domain.errors import Conflict, RuleViolation
from domain.ids import new_id
from domain.rulebook.book import Rulebook
from models.experts import Expert
from models.incoming_calls import IncomingCall
from services.core.base import Deps, execute, rows, transaction
from services.core.limits import DAY, advisory_lock
from services.draws.calls import incoming_call_texts as texts
from services.draws.calls.invitation_queries import InvitationQueries
from services.draws.calls.invitation_views import InvitationView
from services.draws.calls.invitations import Invitations
from services.ports import CallPrompt, IncomingCallEvent, PhoneNumbers

INCOMING_CALL_TTL = timedelta(days=30)
"""How long a call is kept, to find out about an act that its expert denies."""
_LONGEST_CALL = timedelta(minutes=30)
"""An event of a call that began earlier is late: nothing is answered by it."""
_ID_DIGITS = 4
_TRIES = 2
"""How often the digits may be entered in one call."""
_WRONG_MAX = 5
"""Wrong digits of one caller's number within a day; further ones are not compared. The words stay the same."""
_ITEMS_MAX = 6
_REASON = "电话按键请假"
_WRONG = "SELECT coalesce(sum(wrong), 0) AS wrong FROM incoming_call WHERE caller_hash = $1 AND began_at > $2"
_BEGIN = """
INSERT INTO incoming_call (id, call_id, called, caller_hash, began_at, heard_at, turn, text, keys, wrong, state)
VALUES ($1, $2, $3, $4, $5, $5, 0, '', 0, 0, '{}') ON CONFLICT (call_id) DO NOTHING
"""

Stage = Literal["identify", "menu", "confirm"]


@dataclass(frozen=True)
class CallState:
    """Where a caller is in the menu. ``items`` are his invitations, each with its expert: who is in two pools under one
    number hears both. ``offered`` and ``shown`` are the state and the gathering time that he heard of the present
    item, ``choice`` what he has to confirm."""

    stage: Stage = "identify"
    tries: int = 0
    silent: int = 0
    pool: str = ""
    items: Sequence[tuple[str, str]] = field(default=())
    position: int = 0
    offered: str = ""
    shown: str = ""
    choice: str = ""
    late: bool = False

    @property
    def invitation_id(self) -> UUID:
        return UUID(self.items[self.position][0])

    @property
    def expert_id(self) -> UUID:
        return UUID(self.items[self.position][1])

    @property
    def has_more(self) -> bool:
        return self.position + 1 < len(self.items)


@dataclass(frozen=True)
class _Step:
    """What is said next, and where that leaves the caller. ``keys`` 0: the call ends."""

    text: str
    keys: int
    state: CallState


@dataclass(frozen=True)
class IncomingCalls:
    deps: Deps
    numbers: PhoneNumbers
    invitations: Invitations
    queries: InvitationQueries

    def number_of(self, pool: str) -> str:
        """The number that experts of the pool can call back; empty: nobody answers there."""
        return self.numbers.number_of(pool) if self.numbers.takes_calls(pool) else ""

    async def handle(self, event: IncomingCallEvent) -> CallPrompt:
        """The next prompt; for an event that comes twice, or late, the newest one again."""
        now = self.deps.now()
        caller = self.deps.keys.lookup_hash("mobile", event.caller) if event.caller else ""
        async with transaction():
            await execute(_BEGIN, new_id(), event.call_id, event.called[:20], caller, now)
            call = await IncomingCall.select_for_update().get(call_id=event.call_id)
            if call.ended_at is not None:
                return CallPrompt(call.turn, call.text, 0)
            state = _read_state(call.state)
            if event.what == "ended" or now > call.began_at + _LONGEST_CALL:
                return await self._end(call, state, now)
            if call.turn == 0:
                step = self._greet(call)
            elif event.turn == call.turn and event.what in ("pressed", "silent"):
                step = await self._go_on(call, state, event, now)
            else:
                return CallPrompt(call.turn, call.text, call.keys)
            return await self._store(call, step, now)

    async def _store(self, call: IncomingCall, step: _Step, now: datetime) -> CallPrompt:
        call.turn, call.text, call.keys, call.heard_at = call.turn + 1, step.text, step.keys, now
        call.state = {**asdict(step.state), "items": [list(item) for item in step.state.items]}
        if not step.keys:
            await self._end(call, step.state, now)
        await call.save()
        return CallPrompt(call.turn, call.text, call.keys)

    async def _end(self, call: IncomingCall, state: CallState, now: datetime) -> CallPrompt:
        """The call is over. A key that was not pressed again doesn't count; its expert gets the link by SMS."""
        call.ended_at, call.heard_at = now, now
        await call.save()
        if state.stage == "confirm" and state.choice in ("accept", "decline"):
            await self.deps.jobs.defer("invitations.notify_unconfirmed", invitation_id=str(state.invitation_id))
        return CallPrompt(call.turn, call.text, 0)

    # ---- who calls

    def _greet(self, call: IncomingCall) -> _Step:
        pools = self.numbers.pools_of(call.called)
        if not pools:
            return _hang_up(texts.NOT_IN_SERVICE, CallState())
        return _Step(texts.GREETING, _ID_DIGITS, CallState(pool=pools[0]))

    async def _go_on(self, call: IncomingCall, state: CallState, event: IncomingCallEvent, now: datetime) -> _Step:
        if event.what == "silent":
            again = replace(state, silent=state.silent + 1)
            if again.silent >= self._book(state).voice.play_times:
                return _hang_up(texts.SILENT, again)
            return _Step(call.text, call.keys, again)
        state = replace(state, silent=0)
        if state.stage == "identify":
            return await self._identify(call, state, event.keys, now)
        if state.stage == "menu":
            return await self._choose(state, event.keys, now)
        return await self._confirm(state, event.keys, now)

    async def _identify(self, call: IncomingCall, state: CallState, keys: str, now: datetime) -> _Step:
        """Known and unknown callers hear the same, whatever was wrong."""
        experts = await self._find_experts(call, keys, now)
        if experts:
            return await self._begin_menu(replace(state, pool=experts[0].pool), experts, now)
        state = replace(state, tries=state.tries + 1)
        if state.tries < _TRIES:
            return _Step(texts.DIGITS_AGAIN, _ID_DIGITS, state)
        return _hang_up(texts.NOT_FOUND + texts.help_text(self._book(state)), state)

    async def _find_experts(self, call: IncomingCall, keys: str, now: datetime) -> list[Expert]:
        """Experts of the caller's mobile whose ID number ends so; none after too many wrong tries of a day."""
        if not call.caller_hash:
            return []
        await advisory_lock(f"incoming_call:{call.caller_hash}")
        tried = (await rows(_WRONG, call.caller_hash, now - DAY))[0]["wrong"]
        if tried >= _WRONG_MAX:
            return []
        pools = self.numbers.pools_of(call.called)
        listed = Expert.filter(pool__in=list(pools), mobile_hash=call.caller_hash, left_at=None)
        experts = [expert for expert in await listed.order_by("pool", "id") if self._ends_with(expert, keys)]
        call.wrong += not experts
        await call.save(update_fields=["wrong"])
        return experts

    def _ends_with(self, expert: Expert, keys: str) -> bool:
        number = self.deps.keys.open_text(expert.id_number_sealed, "id_number")
        return number[-_ID_DIGITS:].upper().replace("X", "*") == keys

    # ---- what waits for him

    async def _begin_menu(self, state: CallState, experts: Sequence[Expert], now: datetime) -> _Step:
        open_items: list[tuple[str, str]] = []
        panels: list[tuple[str, str]] = []
        for expert in experts:
            current = await self.queries.list_current(expert.id)
            open_items += [(str(view.id), str(expert.id)) for view in current.open]
            panels += [(str(view.id), str(expert.id)) for view in current.panels]
        items = tuple([*open_items, *panels][:_ITEMS_MAX])
        if items:
            return await self._offer(replace(state, stage="menu", items=items), now)
        recent = [view for expert in experts for view in await self.queries.list_recent(expert.id)][:1]
        ended = "".join(texts.state_text(view, now) for view in recent)
        return _hang_up(ended + texts.NOTHING + texts.help_text(self._book(state)), state)

    async def _offer(self, state: CallState, now: datetime, first: str = "") -> _Step:
        """Say the present item with its keys after ``first``; an item that is over is said in a sentence and passed."""
        while state.position < len(state.items):
            view = await self._view(state)
            if view.state in (InvitationState.OPEN, InvitationState.ACCEPTED):
                pool = (await Expert.get(id=state.expert_id).only("id", "pool")).pool
                state = replace(
                    state,
                    stage="menu",
                    pool=pool,
                    offered=view.state.value,
                    shown=view.gathering_at.isoformat(),
                    choice="",
                    late=view.leave_is_late(now),
                )
                write = texts.invitation_text if view.state is InvitationState.OPEN else texts.panel_text
                return _Step(first + write(self._book(state), view, now, more=state.has_more), 1, state)
            first += texts.state_text(view, now)
            state = replace(state, position=state.position + 1)
        return _hang_up(first, replace(state, stage="menu"))

    async def _view(self, state: CallState) -> InvitationView:
        return await self.queries.view(state.invitation_id, state.expert_id)

    async def _choose(self, state: CallState, keys: str, now: datetime) -> _Step:
        voice, view = self._book(state).voice, await self._view(state)
        if keys == voice.repeat or view.state.value != state.offered:
            return await self._offer(state, now)
        if keys == texts.next_key(voice) and state.has_more:
            return await self._offer(replace(state, position=state.position + 1), now)
        if view.state is InvitationState.OPEN and keys in (voice.attend, voice.decline):
            choice = "accept" if keys == voice.attend else "decline"
            if choice == "accept" and not voice.confirm_twice:
                return await self._answer(replace(state, choice=choice), now)
            return self._ask_again(state, choice)
        if keys == voice.decline and texts.may_leave_by_key(view, now):
            return self._ask_again(replace(state, late=view.leave_is_late(now)), "leave")
        return await self._offer(state, now, texts.INVALID_KEY)

    def _ask_again(self, state: CallState, choice: str) -> _Step:
        text = texts.confirmation_text(self._book(state), choice, late=state.late)
        return _Step(text, 1, replace(state, stage="confirm", choice=choice))

    async def _confirm(self, state: CallState, keys: str, now: datetime) -> _Step:
        """The same key once more; the other answer's key is read back in its turn."""
        voice = self._book(state).voice
        if keys == (voice.attend if state.choice == "accept" else voice.decline):
            act = self._leave if state.choice == "leave" else self._answer
            return await act(state, now)
        if state.choice != "leave" and keys in (voice.attend, voice.decline):
            return self._ask_again(state, "accept" if keys == voice.attend else "decline")
        return await self._offer(state, now, "" if keys == voice.repeat else texts.NOT_CONFIRMED)

    # ---- acts

    async def _answer(self, state: CallState, now: datetime) -> _Step:
        choice: Literal["accept", "decline"] = "accept" if state.choice == "accept" else "decline"
        shown = datetime.fromisoformat(state.shown)
        try:
            answered = await self.invitations.answer(
                state.invitation_id, state.expert_id, choice, by="inbound", shown=shown
            )
        except Conflict as refusal:  # the time has moved since it was read
            return await self._offer(state, now, refusal.message)
        outcome = texts.outcome_text(answered.view, now, effective=answered.effective)
        return await self._pass_on(state, now, outcome)

    async def _leave(self, state: CallState, now: datetime) -> _Step:
        try:
            view = await self.invitations.leave(
                state.invitation_id, state.expert_id, _REASON, late=state.late, by="inbound"
            )
        except (Conflict, RuleViolation) as refusal:  # too late since it was read, or entered meanwhile
            return await self._offer(state, now, refusal.message)
        return await self._pass_on(state, now, texts.outcome_text(view, now, effective=True))

    async def _pass_on(self, state: CallState, now: datetime, outcome: str) -> _Step:
        return await self._offer(replace(state, position=state.position + 1, choice=""), now, outcome)

    def _book(self, state: CallState) -> Rulebook:
        return self.deps.book(state.pool)


def _hang_up(text: str, state: CallState) -> _Step:
    return _Step(text + texts.BYE, 0, state)


def _read_state(stored: Mapping[str, Any]) -> CallState:
    items = tuple((invitation, expert) for invitation, expert in stored.get("items", ()))
    return CallState(**{**stored, "items": items})
