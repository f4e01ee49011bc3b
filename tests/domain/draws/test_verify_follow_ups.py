"""Records of recalls: what the verifier accepts, and every cheat in one."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from domain.draws import record as acts
from domain.draws.record import Act, Confirmed, Ended, LostFacts, Recalled, SeatFacts
from domain.draws.verify_draw import compare, examine, main, verify
from tests.factories.draw_records import FIRST, GATHERING, LOT, START, Script, chained, follower

NUMBER = "CQSQ202611300001"
ONE, OTHER = b"\1" * 32, b"\2" * 32
SEATS = (SeatFacts(1, ONE), SeatFacts(1, OTHER))
LEAD = 1800
RECALLED = Recalled(SEATS, LEAD)
LOST = LostFacts("declined", 1)
EARLIER = acts.EarlierFacts("CQSQ202611200001", "ab" * 32, (LOT,), (START - timedelta(days=1),), (), 0, "met")
ORIGIN = acts.History("recall", EARLIER.number, (LOT,), (EARLIER,), 0)
COME = (Confirmed(1, ONE, "comes", GATHERING, "expert", ""), Confirmed(1, OTHER, "comes", GATHERING, "expert", ""))

BY_CALL = Confirmed(1, OTHER, "declines", "", "call", "declines")
SILENT = Confirmed(1, OTHER, "silent", "", "system", "")
HINDERED = Confirmed(1, OTHER, "hindered", "", "system", "")
OVER = (acts.Terminated("agency", "no_experts"), acts.CallOutcome(1, OTHER, "cancelled", "agency"), Ended("terminated"))
MET = Ended("met")
HOLDS: list[tuple[Act, ...]] = [
    (ORIGIN, RECALLED, *COME, acts.Completed(), MET),
    (ORIGIN, Recalled(SEATS, LEAD, (LOST, LostFacts("silent", 2))), *COME, acts.Completed(), MET),
    (ORIGIN, RECALLED, COME[0], Confirmed(1, OTHER, "declines", "", "expert", ""), acts.Short("declined"), MET),
    (ORIGIN, RECALLED, *COME, acts.Completed(), acts.CallOutcome(1, ONE, "left", "expert"), *OVER),
    *((ORIGIN, RECALLED, COME[0], answer, acts.Short("declined"), MET) for answer in (BY_CALL, SILENT, HINDERED)),
    (ORIGIN, RECALLED, *COME, acts.CallOutcome(1, ONE, "left", "expert"), acts.Short("declined"), MET),
    (
        *(ORIGIN, RECALLED, COME[0], acts.Terminated("agency", "no_experts")),
        *(acts.CallOutcome(1, leaf, "cancelled", "agency") for leaf in (ONE, OTHER)),
        Ended("terminated"),
    ),
]
"""All experts come; one doesn't, by his own word or in an answered call, or is silent, or hindered; one takes leave."""
WRONG: list[tuple[tuple[Act, ...], str]] = [
    ((ORIGIN, RECALLED, COME[0], acts.Completed()), "not_all_confirmed"),
    ((ORIGIN, RECALLED, COME[0], acts.Short("declined")), "not_all_confirmed"),
    ((ORIGIN, acts.Completed()), "not_all_confirmed"),
    ((ORIGIN, RECALLED, *COME, acts.Short("declined")), "not_short"),
    (
        (ORIGIN, RECALLED, *COME[:1], Confirmed(1, OTHER, "declines", "", "expert", ""), acts.Short("exhausted")),
        "short_reason",
    ),
    ((ORIGIN, RECALLED, COME[0], COME[0]), "confirmed"),
    ((ORIGIN, RECALLED, Confirmed(1, b"\3" * 32, "comes", GATHERING, "expert", "")), "confirmed"),
    ((ORIGIN, RECALLED, Confirmed(2, ONE, "comes", GATHERING, "expert", "")), "confirmed"),
    ((ORIGIN, RECALLED, Confirmed(1, ONE, "comes", "", "expert", "")), "confirmed"),
    ((ORIGIN, COME[0]), "confirmed"),
    ((ORIGIN, RECALLED, Confirmed(1, ONE, "comes", GATHERING, "call", "comes")), "answer_source"),
    ((ORIGIN, RECALLED, Confirmed(1, ONE, "declines", "", "system", "declines")), "answer_source"),
    ((ORIGIN, RECALLED, Confirmed(1, ONE, "silent", "", "expert", "")), "answer_source"),
    ((ORIGIN, Recalled(SEATS, 10**6), COME[0]), "agreed_late"),
    ((ORIGIN, Recalled(SEATS, -1)), "recalled"),
    ((ORIGIN, Recalled((), LEAD)), "recalled"),
    ((ORIGIN, Recalled((SEATS[0], SEATS[0]), LEAD)), "recalled"),
    ((ORIGIN, RECALLED, RECALLED), "recalled"),
    ((ORIGIN, Recalled(SEATS, LEAD, (LOST, LOST))), "shape"),
    ((ORIGIN, Recalled(SEATS, LEAD, (LostFacts("left", 1), LOST))), "shape"),
    ((ORIGIN, Recalled(SEATS, LEAD, (LostFacts("declined", 0),))), "shape"),
    ((ORIGIN, Recalled(SEATS, LEAD, (LostFacts("accepted", 1),))), "shape"),  # type: ignore[arg-type]
    ((RECALLED,), "history_first"),
    ((FIRST, RECALLED), "recalled"),
    ((ORIGIN, ORIGIN), "history_first"),
    ((ORIGIN, RECALLED, *COME, acts.Completed(), acts.Need(1, 2)), "recall"),
    ((ORIGIN, Script().open_round().acts[1]), "recall"),
    ((ORIGIN, RECALLED, acts.Called(1, "main", ONE)), "phase"),
    ((ORIGIN, RECALLED, acts.CallOutcome(1, ONE, "accepted", "expert")), "outcome"),
]
"""Scripts of invalid recalls, each with the code of its error."""


def codes(*script: Act) -> list[str]:
    return [finding.code for finding in verify(chained(list(script), {}, {}, NUMBER))]


@pytest.mark.parametrize("script", HOLDS)
def test_an_honest_recall_holds_whatever_comes_of_it(script: tuple[Act, ...]) -> None:
    assert codes(*script) == []


def test_what_the_agency_said_of_a_person_stands_beside_what_came_true() -> None:
    """The attack: "comes" or 不参评 for a person who said nothing; no source of an answer is the agency."""
    for answer, source, stated in (("silent", "system", "declines"), ("comes", "expert", "declines")):
        gathering = GATHERING if answer == "comes" else ""
        told = Confirmed(1, OTHER, answer, gathering, source, stated)  # type: ignore[arg-type]
        assert codes(ORIGIN, RECALLED, COME[0], told) == ["stated"]
    for source in ("agency", "venue", "verifier", ""):
        statement = Confirmed(1, OTHER, "declines", "", source, "declines")  # type: ignore[arg-type]
        assert codes(ORIGIN, RECALLED, COME[0], statement)[-1:] == ["answer_source"]


@pytest.mark.parametrize(("script", "code"), WRONG)
def test_what_does_not_fit_a_recall_is_named(script: tuple[Act, ...], code: str) -> None:
    assert codes(*script)[-1:] == [code]


def finished() -> dict[str, object]:
    """A draw whose panel of one has met."""
    script = Script(sizes={"main": 3, "alternative": 0}).seeded().need()
    for _ in range(3):
        script.step(1, "main")
    for leaf in list(script.open[1]):
        script.outcome(leaf, "accepted")
    return script.then(acts.Completed(), Ended("met")).record()


def recall_of(original: dict[str, object], panel: list[bytes], *lost: LostFacts) -> dict[str, object]:
    origin = follower("recall", original)
    seats = tuple(sorted(SeatFacts(1, leaf) for leaf in panel))
    come = [Confirmed(1, leaf, "comes", GATHERING + timedelta(days=9), "expert", "") for leaf in panel]
    return chained([origin, Recalled(seats, LEAD, lost), *come, acts.Completed(), Ended("met")], {}, {}, NUMBER)


def panel_of(original: dict[str, object]) -> list[bytes]:
    log = original["log"]
    assert isinstance(log, list)
    return [bytes.fromhex(entry["leaf"]) for entry in log if entry.get("outcome") == "accepted"]


def test_the_recalled_are_those_who_took_part_in_the_original(tmp_path: Path) -> None:
    original = finished()
    panel = panel_of(original)
    assert compare(recall_of(original, panel), [original]) == []
    assert [finding.code for finding in compare(recall_of(original, panel[1:]), [original])] == ["original_panel"]
    files = [tmp_path / "recall.json", tmp_path / "original.json"]
    for file, content in zip(files, (recall_of(original, panel[1:]), original), strict=True):
        file.write_text(json.dumps(content), encoding="utf-8")
    assert main([str(files[0])]) == 0
    assert main([str(files[0]), "--original", str(files[1])]) == 1


# ---- a recall of a recall for which somebody was lost


def short_recall(original: dict[str, object]) -> dict[str, object]:
    """Of the panel of the original all come but the last, who declines; then the first takes leave."""
    panel = panel_of(original)
    seats = tuple(sorted(SeatFacts(1, leaf) for leaf in panel))
    come = [Confirmed(1, leaf, "comes", GATHERING + timedelta(days=9), "expert", "") for leaf in panel[:-1]]
    declines = Confirmed(1, panel[-1], "declines", "", "expert", "")
    leave = acts.CallOutcome(1, panel[0], "left", "expert")
    script = [follower("recall", original), Recalled(seats, LEAD), *come, declines, acts.Short("declined"), leave, MET]
    return chained(script, {}, {}, NUMBER)


def second_recall(original: dict[str, object], short: dict[str, object], *lost: LostFacts) -> dict[str, object]:
    leaves = panel_of(original)[1:-1]
    seats = tuple(sorted(SeatFacts(1, leaf) for leaf in leaves))
    come = [Confirmed(1, leaf, "comes", GATHERING + timedelta(days=9), "expert", "") for leaf in leaves]
    script = [follower("recall", original, short), Recalled(seats, LEAD, lost), *come, acts.Completed(), MET]
    return chained(script, {}, {}, "CQSQ202612010001")


def test_a_recall_of_a_short_recall_says_how_many_of_the_first_panel_it_does_not_ask() -> None:
    """The attack: the newest record looks complete, though the panel that was drawn had more experts."""
    original = finished()
    short = short_recall(original)
    honest = LostFacts("declined", 1), LostFacts("left", 1)
    assert compare(second_recall(original, short, *honest), [original, short]) == []
    summary = examine(second_recall(original, short, *honest))[1]
    assert "panel that was drawn 首次专家组: 3, lost in earlier recalls 此前复评中减少: declined 1, left 1" in summary
    for told in ((), honest[:1], (LostFacts("declined", 2),), (LostFacts("declined", 2), honest[1])):
        record = second_recall(original, short, *told)
        assert verify(record) == [], "one record alone can't be contradicted"
        assert [finding.code for finding in compare(record, [original, short])] == ["original_lost"]


def test_a_recall_of_a_panel_that_was_just_drawn_lost_nobody() -> None:
    original = finished()
    record = recall_of(original, panel_of(original), LostFacts("declined", 1))
    assert [finding.code for finding in compare(record, [original])] == ["original_lost"]
