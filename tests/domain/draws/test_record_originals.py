"""Redraws and recalls beside the record of their original: the browser's check agrees with the program."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from domain.draws import record as acts
from domain.draws.verify_draw import compare
from tests.domain.draws.test_record_fuzz import honest, plain
from tests.drivers.record_judge import Verdict, judge_of
from tests.factories.draw_records import GATHERING, Script, chained
from tests.factories.record_forgery import Facts, Forgery, forgery_of, mutate


def test_both_agree_whether_a_record_follows_its_original(tmp_path: Path) -> None:
    """The panel of a recall, or the origin of a redraw, beside the true original, another one, and changed ones."""
    dice, seen, told = random.Random(20261123), Counter[str](), list[Verdict]()
    with judge_of(tmp_path) as judge:
        for number in range(60):
            original = forgery_of(honest(random.Random(number)))
            for record, beside in follow_ups(original, dice):
                judge.ask_beside(record, beside)
                told.append(plain(compare(record, beside)))
                seen[str(told[-1][0][1]) if told[-1] else "holds"] += 1
        answers = judge.answers()
    assert answers == told
    assert {"holds", "original", "original_panel", "original_wrong", "format", "shape"} <= set(seen)


def follow_ups(original: Forgery, dice: random.Random) -> Iterator[tuple[Facts, object]]:
    """Follow-ups of one original, honest and not, each with what it is compared with."""
    record = original.record()
    follows = [kind(record, dice) for kind in (_recalled, _short_recalled, _redrawn)]
    changed = original.copy()
    mutate(changed, dice)
    for follow_up in follows:
        yield from ((follow_up, beside) for beside in (record, changed.record(), {**record, "format": "x"}, {}, []))
    garbled = forgery_of(Script(acts=_recall_acts(record, dice)))
    mutate(garbled, dice)
    yield garbled.record(), record
    yield record, record


def _recall_acts(original: Facts, dice: random.Random, left_out: int = 0) -> list[acts.Act]:
    panel = _panel(original)[left_out:] or [acts.SeatFacts(1, dice.randbytes(32))]
    confirmed = [acts.Confirmed(seat.condition, seat.leaf, "comes", GATHERING) for seat in panel]
    follows = acts.Follows("recall", str(original["draw"]), str(original["head"]), 0)
    return [follows, acts.Recalled(tuple(panel)), *confirmed, acts.Completed(), acts.Ended("met")]


def _panel(record: Facts) -> list[acts.SeatFacts]:
    """The experts who took part in the end, by the log's last outcomes."""
    last: dict[tuple[int, str], str] = {}
    for entry in record["log"]:  # type: ignore[attr-defined]
        if entry["act"] == "confirmed":
            last[entry["condition"], entry["leaf"]] = "accepted" if entry["answer"] == "comes" else "declined"
        elif entry["act"] == "outcome":
            last[entry["condition"], entry["leaf"]] = entry["outcome"]
    return sorted(acts.SeatFacts(no, bytes.fromhex(leaf)) for (no, leaf), state in last.items() if state == "accepted")


def _recalled(original: Facts, dice: random.Random) -> Facts:
    return chained(_recall_acts(original, dice), {})


def _short_recalled(original: Facts, dice: random.Random) -> Facts:
    """The first of the panel is left out."""
    return chained(_recall_acts(original, dice, left_out=1), {})


def _redrawn(original: Facts, dice: random.Random) -> Facts:
    script = Script(rng=dice)
    script.then(acts.Follows("redraw", str(original["draw"]), str(original["head"]), 1))
    return script.seeded().record()
