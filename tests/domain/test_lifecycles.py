"""The tables: every state reachable, every refusal a sentence, delivery reports in any order end the same."""

import importlib
import importlib.util
import itertools
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest

import domain
from domain.draws.lifecycles import (
    DRAW,
    INVITATION,
    DrawEvent,
    DrawState,
    InvitationEvent,
    InvitationState,
)
from domain.errors import Conflict
from domain.lifecycle import Labelled, Lifecycle
from domain.lifecycle_docs import render_docs
from domain.notifications.lifecycles import ATTEMPT, ContactAttemptEvent, ContactAttemptState

ROOT = Path(__file__).parents[2]


def lifecycles() -> dict[str, Lifecycle[Any, Any]]:
    """Every table of moves that stands in a ``lifecycles`` module, by its module and name."""
    cycles_by_name = {}
    for package in pkgutil.iter_modules(domain.__path__, "domain."):
        if not package.ispkg or importlib.util.find_spec(f"{package.name}.lifecycles") is None:
            continue
        module = importlib.import_module(f"{package.name}.lifecycles")
        for name, value in vars(module).items():
            if isinstance(value, Lifecycle):
                cycles_by_name[f"{package.name.removeprefix('domain.')}.{name}"] = value
    return cycles_by_name


def events_of(cycle: Lifecycle[Any, Any]) -> type[Labelled]:
    """The enum class of a lifecycle's events."""
    return type(next(iter(cycle.moves[cycle.initial])))


LIFECYCLES = lifecycles()
ILLEGAL = [
    (name, state, event)
    for name, cycle in LIFECYCLES.items()
    for state in type(cycle.initial)
    for event in events_of(cycle)
    if not cycle.can(state, event)
]


def test_no_lifecycle_stands_anywhere_else():
    """Another place would be missing here and on the reference page."""
    made = [
        path.relative_to(ROOT).as_posix()
        for folder in ("domain", "services", "models", "web", "miniapp_api", "platform_api", "handlers", "bot")
        for path in (ROOT / folder).rglob("*.py")
        for _ in re.findall(r"= Lifecycle\(", path.read_text(encoding="utf-8"))
    ]
    assert len(made) == len(LIFECYCLES) == render_docs().count("stateDiagram-v2")
    assert {path.rpartition("/")[2] for path in made} == {"lifecycles.py"}


@pytest.mark.parametrize("name", LIFECYCLES)
def test_every_state_and_event_of_a_lifecycle_is_used(name):
    cycle = LIFECYCLES[name]
    reached = {cycle.initial}
    events = set()
    for moves in cycle.moves.values():
        reached |= set(moves.values())
        events |= set(moves)
    assert reached == set(type(cycle.initial))
    assert events == set(events_of(cycle))


def test_every_illegal_move_is_refused_with_its_state_and_event():
    assert len({name for name, _, _ in ILLEGAL}) == len(LIFECYCLES)
    for name, state, event in ILLEGAL:
        cycle = LIFECYCLES[name]
        with pytest.raises(Conflict) as refusal:
            cycle.next(state, event)
        assert refusal.value.code == "illegal_move"
        assert refusal.value.params == {"state": state.value, "event": event.value}, name
        for words in (cycle.noun, state.label, event.label):
            assert words, f"{name}: {state!r} or {event!r} has no label"
            assert words in refusal.value.message


def walk(*events: DrawEvent) -> DrawState:
    state = DRAW.initial
    for event in events:
        state = DRAW.next(state, event)
    return state


READY = (DrawEvent.SUBMIT, DrawEvent.VERIFY, DrawEvent.OPEN_ROUND, DrawEvent.START)


def test_a_draw_goes_from_new_to_ended():
    assert walk(*READY, DrawEvent.FILL, DrawEvent.END) is DrawState.ENDED


def test_a_refused_draw_is_edited_and_submitted_again():
    assert walk(DrawEvent.SUBMIT, DrawEvent.REFUSE, DrawEvent.EDIT, DrawEvent.SUBMIT) is DrawState.SUBMITTED


def test_open_calls_still_fill_a_draw_that_was_paused_or_force_ended():
    assert walk(*READY, DrawEvent.PAUSE, DrawEvent.FILL) is DrawState.COMPLETED
    assert walk(*READY, DrawEvent.FORCE_END, DrawEvent.FILL) is DrawState.COMPLETED
    assert walk(*READY, DrawEvent.FORCE_END, DrawEvent.SETTLE) is DrawState.SHORT


def test_a_supplementary_draw_goes_on_or_opens_a_new_round():
    pending = (*READY, DrawEvent.FILL, DrawEvent.REGISTER_ABSENCE, DrawEvent.REGISTER_ABSENCE)
    assert walk(*pending) is DrawState.SUPPLEMENT_PENDING
    assert walk(*pending, DrawEvent.START_SUPPLEMENT) is DrawState.DRAWING
    changed = (*pending, DrawEvent.WIDEN)
    assert walk(*changed, DrawEvent.START) is DrawState.DRAWING
    assert walk(*changed, DrawEvent.ABORT_SUPPLEMENT) is DrawState.SUPPLEMENT_PENDING


def test_an_application_can_be_withdrawn_only_until_it_is_verified():
    with pytest.raises(Conflict) as refusal:
        walk(DrawEvent.SUBMIT, DrawEvent.VERIFY, DrawEvent.WITHDRAW)
    assert refusal.value.message == "该抽取活动现在是“未抽取”，不能撤回。请刷新，按最新状态操作。"
    assert refusal.value.params == {"state": "verified", "event": "withdraw"}


@pytest.mark.parametrize("event", list(DrawEvent))
def test_nothing_happens_to_a_draw_that_has_ended(event):
    assert DRAW.is_final(DrawState.ENDED)
    assert not DRAW.can(DrawState.ENDED, event)


@pytest.mark.parametrize("state", [s for s in InvitationState if s is not InvitationState.OPEN])
def test_an_answer_counts_only_while_the_invitation_is_open(state):
    for answer in (InvitationEvent.ACCEPT, InvitationEvent.DECLINE, InvitationEvent.EXPIRE):
        assert not INVITATION.can(state, answer)


REPORTS = [event for event in ContactAttemptEvent if event is not ContactAttemptEvent.RETRY]
"""Events that vendors report about an attempt; retries are our own decision."""


@pytest.mark.parametrize("first", REPORTS)
def test_receipts_of_an_attempt_end_the_same_in_any_order_and_twice(first):
    rest = [event for event in REPORTS if event is not first]
    for picked in itertools.combinations(rest, 2):
        ends = {state_after(order) for order in itertools.permutations((first, first, *picked))}
        assert len(ends) == 1


def state_after(order: tuple[ContactAttemptEvent, ...]) -> ContactAttemptState:
    state = ATTEMPT.initial
    for event in order:
        if ATTEMPT.can(state, event):
            state = ATTEMPT.next(state, event)
    return state


def test_the_reference_page_is_what_the_tables_say():
    assert (ROOT / "docs/reference/lifecycles.md").read_text(encoding="utf-8") == render_docs()
