"""What a new activity on a lot must be, by what the activities before it did."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.draws.lot_history import EarlierActivity, next_activity, orders_since
from domain.draws.record import DrawKind

START = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)


def activity(no: int, panel: str = "met", seeds: int = 1) -> EarlierActivity:
    times = tuple(START + timedelta(hours=no, minutes=minutes) for minutes in range(seeds))
    return EarlierActivity(UUID(int=no), f"CQSQ20261121000{no}", START, f"{no:064x}", times, (), 0, panel)  # type: ignore[arg-type]


MET, RELEASED, TERMINATED = activity(1), activity(2, "released"), activity(3, "terminated")
UNSEEDED, RECALL, OPEN = activity(4, "terminated", 0), activity(5, "met", 0), activity(6, "", 0)
CASES: list[tuple[list[EarlierActivity], set[tuple[str, int]], set[int]]] = [
    ([], {("normal", 0), ("redraw", 9)}, set()),
    ([UNSEEDED], {("normal", 0), ("redraw", 4), ("redraw", 9)}, set()),
    ([MET], {("redraw", 1), ("recall", 1)}, {1}),
    ([RELEASED], {("redraw", 2)}, {2}),
    ([TERMINATED], {("redraw", 3)}, set()),
    ([MET, UNSEEDED], {("redraw", 1), ("recall", 1), ("redraw", 4)}, {1}),
    ([MET, RECALL], {("redraw", 1), ("recall", 1), ("redraw", 5), ("recall", 5)}, {1, 5}),
    ([MET, RELEASED], {("redraw", 2)}, {1, 2}),
    ([MET, TERMINATED], {("redraw", 3)}, {1}),
    ([MET, OPEN], set(), {1}),
    ([OPEN], set(), set()),
]
"""History, allowed kinds with the number of the original (9: of another lot), and the recused."""


@pytest.mark.parametrize(("history", "allowed", "recused"), CASES)
def test_the_history_decides_what_follows(
    history: list[EarlierActivity], allowed: set[tuple[str, int]], recused: set[int]
) -> None:
    following = next_activity(history)
    kinds: list[DrawKind] = ["normal", "redraw", "recall"]
    tried = [(kind, no) for kind in kinds for no in ((0,) if kind == "normal" else (*range(1, 7), 9))]
    assert {(kind, no) for kind, no in tried if following.allows(kind, UUID(int=no) if no else None)} >= allowed
    forbidden = {(kind, no) for kind, no in tried if kind == "normal" or following.followed} - allowed
    assert not [pair for pair in forbidden if following.allows(pair[0], UUID(int=pair[1]) if pair[1] else None)]
    assert {activity.int for activity in following.recused} == recused


def test_seeds_and_withheld_rounds_are_known_orders() -> None:
    withheld = replace(UNSEEDED, withheld=(START + timedelta(hours=9),))
    assert len(orders_since([MET, RELEASED, withheld], START)) == 3
    assert orders_since([MET, withheld], START + timedelta(hours=2)) == [START + timedelta(hours=9)]
