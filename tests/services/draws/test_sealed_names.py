"""Every place that reads who an expert of a panel is, and every way to end an activity as held. A new one fails here
until somebody says why it opens no name before unsealing (``docs/reference/threats.md``, Removing experts).

The pages themselves are read in ``tests/web/draws/test_sealed_names.py``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[3]
_EDGES_TOO = ("services", "web", "handlers", "miniapp_api", "platform_api", "jobs", "bot")
_OF_A_PANEL = re.compile(r"\b(invitation|recalled_expert|remuneration)\b")
_OF_EXPERTS = re.compile(r"\b(JOIN|FROM) expert (\w+)")

UNSEALED = "empty until DrawAccess.unseals_at"
OF_THE_ORIGINAL = "an original has ended, and no activity ends as held before its start"
HIMSELF = "the caller himself, who has entered the end of his ID number; no name is read out"
COMPARED = "he is compared with the persons of a recusal list, and shown to nobody"
NAMES: Mapping[str, str] = {
    "services/draws/attendance/absence_queries.py AbsenceQueries._find_rows": UNSEALED,
    "services/draws/attendance/attendance_queries.py _NAMES": UNSEALED,
    "services/draws/attendance/declared_recusals.py DeclaredRecusals._concerns": COMPARED,
    "services/draws/attendance/declared_recusals.py DeclaredRecusals._recuse": COMPARED,
    "services/draws/attendance/declared_recusals.py DeclaredRecusals.recuse": COMPARED,
    "services/draws/calls/incoming_calls.py IncomingCalls._begin_menu": HIMSELF,
    "services/draws/calls/incoming_calls.py IncomingCalls._ends_with": HIMSELF,
    "services/draws/calls/incoming_calls.py IncomingCalls._find_experts": HIMSELF,
    "services/draws/calls/incoming_calls.py IncomingCalls._offer": HIMSELF,
    "services/draws/attendance/discards.py Discards._get_invitation": "a look-up by number, refused until unsealing",
    "services/draws/follow_ups/recall_queries.py _PANEL": OF_THE_ORIGINAL,
    "services/draws/follow_ups/recalls.py Recalls._propose_gathering": OF_THE_ORIGINAL,
    "services/draws/follow_ups/release_queries.py _PANEL": "masked; the panel is no more, a redraw calls others",
    "services/draws/queries.py _FORMER": UNSEALED,
    "services/draws/results/results.py DrawResults._find_rows": UNSEALED,
    "services/draws/virtual_calls.py VirtualCalls.dial": "a number for the gateway, shown to nobody",
    "services/remuneration/proposals.py _CAME": UNSEALED,
    "services/remuneration/sheets.py _ROWS": "the sheet is refused, a month's leaves the draw out",
}
HELD: Mapping[str, str] = {
    "services/draws/activity_end.py ActivityEnd.end": "refused before the expected start",
    "services/draws/activity_end.py ActivityEnd._end_if_due": "after the expected end",
    "services/draws/attendance/check_in.py VenueCheckIn.register_exit": "from the expected start on",
}
GIVEN_UP: Mapping[str, str] = {
    "services/draws/activity_end.py ActivityEnd._terminate_locked": "DrawEvent.TERMINATE",
    "services/draws/follow_ups/releases.py Releases.start": "DrawEvent.RELEASE",
}


def test_every_place_that_reads_names_of_a_panel_has_its_rule() -> None:
    assert {*_places(_reads_names, *_EDGES_TOO), *_places(_reads_experts, *_PANELS)} == set(NAMES)


def test_no_activity_ends_as_held_before_its_start() -> None:
    assert set(_places(_ends, "services")) == set(HELD) | set(GIVEN_UP)
    assert set(_places(_ends_as_held, "services")) == set(HELD)


_PANELS = ("services/draws", "services/remuneration")


def _places(is_meant: Callable[[ast.AST], bool], *folders: str) -> Iterator[str]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node, name in _named_nodes(ast.parse(path.read_text(encoding="utf-8")), ()):
                if is_meant(node):
                    yield f"{path.relative_to(ROOT).as_posix()} {name}"


def _named_nodes(node: ast.AST, names: tuple[str, ...]) -> Iterator[tuple[ast.AST, str]]:
    """Each node with the class and function, or the constant, in which it stands."""
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            names = (*names, name)
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)) if not names:
            names = (name,)
    yield node, ".".join(names)
    for child in ast.iter_child_nodes(node):
        yield from _named_nodes(child, names)


def _reads_names(node: ast.AST) -> bool:
    """SQL that shows columns of a person beside a panel."""
    sql = _text(node)
    people = {alias for _, alias in _OF_EXPERTS.findall(sql)}
    columns = {alias for alias, _ in re.findall(r"\b(\w+)\.(name|id_number_sealed|mobile_sealed)\b", sql)}
    return bool(_OF_A_PANEL.search(sql) and people & columns)


def _text(node: ast.AST) -> str:
    """The text of a string, without what is put into it."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return " ".join(_text(part) for part in parts)
        case _:
            return ""


def _reads_experts(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "Expert" and isinstance(node.ctx, ast.Load)


def _ends(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "append_end"


def _ends_as_held(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and _ends(node) and len(node.args) + len(node.keywords) == 2
