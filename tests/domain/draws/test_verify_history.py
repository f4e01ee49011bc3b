"""A record's first entry: what was on its lots before, what it must follow for that, and the records of those draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.draws import record as acts
from domain.draws.record import DrawKind, EarlierFacts, History, PanelEnd
from domain.draws.verify_draw import compare, examine, verify
from tests.factories.draw_records import (
    FIRST,
    LIMITS,
    LOT,
    START,
    Script,
    chained,
    changed,
    condition,
    follower,
    whole_draw,
)

OTHER_LOT = b"\2" * 32
NUMBERS = ("CQSQ202611210001", "CQSQ202611220001", "CQSQ202611230001")


def earlier(no: int = 1, panel: PanelEnd = "met", hours: float = 48, **facts: Any) -> EarlierFacts:
    number = f"CQSQ20261120000{no}"
    stated = EarlierFacts(number, "ab" * 32, (LOT,), (START - timedelta(hours=hours),), (), 0, panel)
    return replace(stated, **facts)


def first_entry(kind: DrawKind, original: str, *before: EarlierFacts, lots: tuple[bytes, ...] = (LOT,)) -> History:
    return History(kind, original, lots, before, 0)


def codes(history: acts.Act, *others: acts.Act) -> list[str]:
    return [finding.code for finding in verify(chained([history, *others], {}))]


MET, RELEASED, UNSEEDED = earlier(1), earlier(2, "released"), earlier(3, "terminated", seeds=(), given_up=1)
RECALLED = earlier(4, seeds=())
LOGLESS = earlier(5, "not_met", head="", seeds=())
ELSEWHERE = earlier(6, lots=(OTHER_LOT,))
BOTH = (LOT, OTHER_LOT)
HOLDS = [
    FIRST,
    first_entry("normal", "", UNSEEDED),
    first_entry("redraw", MET.number, MET),
    first_entry("recall", MET.number, MET),
    first_entry("redraw", "CQSQ202611190001"),  # its time passed before it was drawn
    first_entry("redraw", LOGLESS.number, LOGLESS),
    first_entry("redraw", MET.number, MET, UNSEEDED),
    first_entry("redraw", UNSEEDED.number, MET, UNSEEDED),
    first_entry("redraw", MET.number, MET, RECALLED),
    first_entry("recall", RECALLED.number, MET, RECALLED),
    first_entry("redraw", RELEASED.number, MET, RELEASED),
    first_entry("redraw", ELSEWHERE.number, ELSEWHERE, lots=BOTH),
]
WRONG = [
    (first_entry("normal", "", MET), "follows"),
    (first_entry("normal", "", RELEASED, UNSEEDED), "follows"),
    (first_entry("redraw", MET.number, MET, RELEASED), "follows"),
    (first_entry("redraw", "CQSQ202611190001", MET), "follows"),
    (first_entry("recall", MET.number, MET, RELEASED), "follows"),
    (first_entry("redraw", MET.number, MET, ELSEWHERE, lots=BOTH), "follows"),
    (first_entry("normal", MET.number), "follows_nothing"),
    (first_entry("redraw", ""), "follows_nothing"),
    (first_entry("redraw", NUMBERS[0]), "follows_nothing"),
    (first_entry("recall", RELEASED.number, RELEASED), "follows_unmet"),
    (first_entry("recall", "CQSQ202611190001"), "follows_unmet"),
    (first_entry("redraw", MET.number, MET, MET), "history"),
    (first_entry("redraw", MET.number, replace(MET, number=NUMBERS[0])), "history"),
    (first_entry("redraw", MET.number, replace(MET, lots=(OTHER_LOT,))), "history"),
    (first_entry("redraw", MET.number, replace(MET, lots=())), "history"),
    (first_entry("redraw", MET.number, replace(MET, head="")), "history"),
    (first_entry("redraw", MET.number, replace(MET, seeds=(START, START - timedelta(hours=1)))), "history"),
    (first_entry("redraw", MET.number, replace(MET, seeds=(START + timedelta(hours=1),))), "history"),
    (first_entry("redraw", MET.number, replace(MET, panel="")), "history"),  # type: ignore[arg-type]
    (first_entry("redraw", MET.number, replace(MET, given_up=-1)), "history"),
    (first_entry("normal", "", lots=()), "shape"),
    (first_entry("normal", "", lots=(OTHER_LOT, LOT)), "shape"),
    (replace(FIRST, elsewhere=-1), "shape"),
    (first_entry("other", ""), "shape"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("history", HOLDS)
def test_a_draw_that_its_lots_allow_holds(history: History) -> None:
    assert codes(history) == []


@pytest.mark.parametrize(("history", "code"), WRONG)
def test_a_draw_that_its_lots_forbid_is_an_error(history: History, code: str) -> None:
    assert codes(history)[-1:] == [code]


def test_the_history_is_the_first_entry_and_no_other() -> None:
    assert codes(*Script().open_round().acts[1:]) == ["history_first"]
    assert codes(FIRST, FIRST) == ["history_first"]


def test_an_order_that_was_known_and_never_used_is_pointed_out() -> None:
    assert codes(first_entry("redraw", MET.number, replace(MET, panel="terminated"))) == ["order_unused"]
    assert codes(first_entry("redraw", MET.number, replace(MET, panel="not_met"))) == ["order_unused"]


def test_the_orders_of_a_lot_within_a_day_are_limited() -> None:
    """Seeds, and rounds given up after a reveal; those of more than a day ago don't count."""
    hours = [timedelta(hours=hours) for hours in (3, 2, 1)]
    seeds = tuple(START - before for before in hours)

    def opened(*before: EarlierFacts, limit: int = 3) -> list[str]:
        script = Script(acts=[first_entry("redraw", before[-1].number, *before)])
        script.limits = changed(LIMITS, lot_orders=limit)
        return [finding.code for finding in verify(script.open_round().record())]

    assert opened(earlier(seeds=seeds[:2])) == []
    assert opened(earlier(seeds=seeds)) == ["lot_orders"]
    assert opened(earlier(seeds=seeds), limit=4) == []
    assert opened(earlier(seeds=seeds[:1], withheld=seeds[1:])) == ["lot_orders"]
    assert opened(earlier(1, seeds=seeds[:2]), earlier(2, seeds=seeds[2:])) == ["lot_orders"]
    assert opened(earlier(seeds=(START - timedelta(hours=25), *seeds[:2]))) == []


# Whole chains of records


def chain(*kinds: DrawKind) -> list[dict[str, Any]]:
    """A draw and those that followed it on its lot, a day apart."""
    records: list[dict[str, Any]] = []
    for place, kind in enumerate(("normal", *kinds)):
        script = Script((condition(planned=1),), {"main": 3, "alternative": 0}, number=NUMBERS[place])
        script.begins = START + timedelta(days=place)
        script.acts = [follower(kind, *records)]
        script.seeded().need().fill()
        records.append(script.then(acts.Completed()).end().record())
    return records


def test_the_records_of_a_chain_bear_each_other_out() -> None:
    first, second, third = chain("redraw", "redraw")
    for record, originals in ((second, [first]), (third, [first, second]), (third, [second, first])):
        assert [f for f in verify(record) if f.severity == "error"] == []
        assert compare(record, originals) == []
    assert "earlier seeds 此前的种子: 2" in "\n".join(examine(third)[1])
    missing = compare(third, [second])
    assert [(finding.severity, finding.code) for finding in missing] == [("warning", "original_missing")]
    assert NUMBERS[0] in missing[0].chinese


def restate(record: dict[str, Any], change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """The same record with another first entry, all hashes computed again, as the owner of the log can."""
    log = [dict(entry) for entry in record["log"]]
    change(log[0])
    prev = acts.empty_head(record["pool"], record["draw"]).hash
    for entry in log:
        entry["prev"] = prev.hex()
        prev = acts.entry_hash(prev, entry)
        entry["hash"] = prev.hex()
    return {**record, "log": log, "head": prev.hex()}


LIES: list[tuple[Callable[[dict[str, Any]], object], set[str]]] = [
    (lambda entry: entry["earlier"].pop(0), {"original", "original_history"}),
    (lambda entry: entry["earlier"][0].update(seeds=[]), {"original_changed", "original_history"}),
    (lambda entry: entry["earlier"][0].update(given_up=1), {"original_changed", "original_history"}),
    (lambda entry: entry["earlier"][1].update(panel="released"), {"original_changed"}),
    (lambda entry: entry["earlier"][1].update(head="cd" * 32), {"original_changed"}),
    (lambda entry: entry["earlier"].reverse(), {"original_history", "follows"}),
]


@pytest.mark.parametrize(("lie", "expected"), LIES)
def test_a_lie_about_an_earlier_draw_is_told_by_its_record(lie: Callable[..., object], expected: set[str]) -> None:
    first, second, third = chain("redraw", "redraw")
    lying = restate(third, lie)
    told = {finding.code for finding in (*verify(lying), *compare(lying, [second, first]), *compare(lying, [first]))}
    assert expected & told


def test_a_record_that_is_wrong_or_of_another_lot_is_no_original() -> None:
    first, second, _ = chain("redraw", "redraw")
    assert [f.code for f in compare(second, [{**first, "head": "cd" * 32}])] == ["original_wrong"]
    other = Script(number="CQSQ202611190001").seeded().record()
    assert [f.code for f in compare(second, [other])] == ["original"]
    assert [f.code for f in compare(second, [whole_draw().record()])] == ["original_changed"]
