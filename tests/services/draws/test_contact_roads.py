"""Every road by which a person can reach an expert of a draw, and the rule that guards it. A new one fails here until
somebody says who may take it, when, and why it opens no sealed panel (``docs/reference/threats.md``, Contact).
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[3]
_DRAWS = "services/draws/"
_TALK = frozenset({"request_call", "connect"})
"""Calls of the gateway of virtual numbers, and of the service before it: two people speak."""
_MESSAGES = frozenset({"notify", "Recipient", "NoticeRequest"})
_NUMBER = "mobile_sealed"

OF_THE_WINDOW = "CallWindow: unsealed, and within the window of the agreed gathering; own or registered phone"
BY_THE_SYSTEM = (
    "fixed text of the rulebook, sent by the system; names no project and no person but the notice's contact"
)
OF_STAFF = "a number of staff, not of an expert"

TALKS: Mapping[str, str] = {
    "services/draws/attendance/urging.py Urging.ring": OF_THE_WINDOW,
    "services/draws/follow_ups/recalls.py Recalls.ring": OF_THE_WINDOW,
    "services/draws/follow_ups/releases.py Releases.ring": OF_THE_WINDOW,
    "services/draws/virtual_calls.py VirtualCalls.dial": "only rows that request_call made",
}
MESSAGES: Mapping[str, str] = {
    "services/draws/activity_end.py ActivityEnd._cancel_invitations": BY_THE_SYSTEM,
    "services/draws/attendance/check_in.py VenueCheckIn._notify_registered": BY_THE_SYSTEM,
    "services/draws/attendance/discard_requests.py DiscardRequests.notify_expert": BY_THE_SYSTEM,
    "services/draws/attendance/late_arrivals.py LateArrivals._report_call": BY_THE_SYSTEM,
    "services/draws/attendance/time_changes.py TimeChanges._ask": BY_THE_SYSTEM,
    "services/draws/attendance/unanswered_moves.py UnansweredMoves._notify": BY_THE_SYSTEM,
    "services/draws/attendance/urging.py Urging.urge": f"{BY_THE_SYSTEM}; window, number and pause of urging",
    "services/draws/calls/completion.py DrawCompletion._notify_panel": BY_THE_SYSTEM,
    "services/draws/calls/invitations.py _notice_request": BY_THE_SYSTEM,
    "services/draws/calls/lapse_notifications.py _recipient": BY_THE_SYSTEM,
    "services/draws/calls/next_calls.py NextCalls._call_expert": BY_THE_SYSTEM,
    "services/draws/calls/reminders.py _recipient": BY_THE_SYSTEM,
    "services/draws/follow_ups/recalls.py Recalls.ask_to_call_back": f"{OF_THE_WINDOW}; number and pause of asking",
    "services/draws/follow_ups/recalls.py Recalls._close_refused": BY_THE_SYSTEM,
    "services/draws/follow_ups/recalls.py Recalls._invite_expert": BY_THE_SYSTEM,
    "services/draws/follow_ups/recalls.py Recalls._notify_accepted": BY_THE_SYSTEM,
    "services/draws/follow_ups/recalls.py Recalls._notify_of_statement": BY_THE_SYSTEM,
    "services/draws/follow_ups/recalls.py Recalls._pass_over": BY_THE_SYSTEM,
    "services/draws/follow_ups/releases.py _recipient": BY_THE_SYSTEM,
}
NUMBERS: Mapping[str, str] = {
    "services/draws/follow_ups/release_queries.py ReleaseQueries._row": "masked",
    "services/draws/results/results.py DrawResults._show_row": "after unsealing, and logged",
    "services/draws/setup/call_notices_and_conditions.py CallNoticesAndConditions._check_contact": OF_STAFF,
    "services/draws/setup/operators.py Operators.remembered_operator": OF_STAFF,
    "services/draws/setup/supervisor_queries.py supervisor_view": OF_STAFF,
    "services/draws/supervisor_choice.py choose_supervisors": OF_STAFF,
    "services/draws/virtual_calls.py VirtualCalls.dial": "given to the gateway, shown to nobody",
    "services/draws/virtual_calls.py VirtualCalls.own_mobile": OF_STAFF,
}


def test_every_talk_with_an_expert_is_guarded_by_the_window() -> None:
    assert _places(_is_talk, "services/") == set(TALKS)


def test_every_message_to_an_expert_of_a_draw_has_its_rule() -> None:
    assert _places(_is_message, _DRAWS) == set(MESSAGES)


def test_every_look_at_a_number_in_a_draw_has_its_rule() -> None:
    assert _places(_is_number, _DRAWS) == set(NUMBERS)


def _places(is_road: Callable[[ast.AST], bool], folder: str) -> set[str]:
    return {
        f"{path.relative_to(ROOT).as_posix()} {name}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for node, name in _named_nodes(ast.parse(path.read_text(encoding="utf-8")), ())
        if is_road(node)
    }


def _named_nodes(node: ast.AST, names: tuple[str, ...]) -> Iterator[tuple[ast.AST, str]]:
    """Each node with the class and function in which it stands."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        names = (*names, node.name)
    yield node, ".".join(names)
    for child in ast.iter_child_nodes(node):
        yield from _named_nodes(child, names)


def _is_talk(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and _called(node) in _TALK


def _is_message(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and _called(node) in _MESSAGES
        and any(keyword.arg == "expert_id" for keyword in node.keywords)
    )


def _is_number(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(attr=name, ctx=ast.Load()):
            return name == _NUMBER
        case ast.Constant(value=str(text)):
            return text == _NUMBER
        case _:
            return False


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""
