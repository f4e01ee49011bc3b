"""Chains of draws on one lot, the later ones redraws and recalls: the browser's check agrees with the program.

Each change is to one record of a chain, with all its hashes computed again. It is detected beside the other records, or
it changes nothing that they tell.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from domain.draws import record as acts
from domain.draws.verify_draw import Finding, compare, verify
from tests.domain.draws.test_record_fuzz import honest, plain
from tests.drivers.record_judge import Verdict, judge_of
from tests.factories.draw_records import GATHERING, START, chained, follower
from tests.factories.record_forgery import Body, forgery_of_record, mutate

Record = dict[str, Any]
CODES = {
    "original",
    "original_changed",
    "original_history",
    "original_lost",
    "original_missing",
    "original_panel",
    "original_wrong",
}


def test_both_agree_on_the_chains_of_records(tmp_path: Path) -> None:
    seen = judge_chains(chains=8, changes=280, folder=tmp_path)
    assert {"holds", "shape", *CODES} <= set(seen)


def judge_chains(chains: int, changes: int, folder: Path) -> Counter[str]:
    """Judge this number of changed chains by both; returns how often each finding came first."""
    dice, seen, told = random.Random(20261126), Counter[str](), list[Verdict]()
    with judge_of(folder) as judge:
        for number in range(chains):
            chain = honest_chain(random.Random(number))
            for _ in range(changes // chains):
                record, originals = forged(chain, dice)
                judge.ask_beside(record, originals)
                findings = compare(record, originals)
                told.append(plain(findings))
                seen[findings[0].code if findings else "holds"] += 1
                assert findings or bears_out(record, originals), record
        answers = judge.answers()
    assert [pair for pair in zip(answers, told, strict=True) if pair[0] != pair[1]][:3] == []
    return seen


def honest_chain(dice: random.Random) -> list[Record]:
    """Two to five activities on one lot, a day apart, oldest first: draws, of whose last a panel met, then a redraw or
    a recall of it, mostly with a recall of the recall, which may have lost somebody.
    """
    chain: list[Record] = []
    count = dice.randint(1, 3)
    for place in range(count):
        chain.append(_draw(place, chain, dice))
        while place == count - 1 and not _panel(chain[-1]):
            chain[-1] = _draw(place, chain[:-1], dice)
    if dice.random() < 0.3:
        chain.append(_draw(count, chain, dice))
    else:
        chain.append(_recall(chain, declining=dice.randint(0, len(_panel(chain[-1])) - 1)))
        if dice.random() < 0.7:
            chain.append(_recall(chain, lost=_lost(chain[-1])))
    for place, record in enumerate(chain):
        assert not errors_of([*verify(record), *compare(record, chain[:place])])
    return chain


def _draw(place: int, chain: Sequence[Record], dice: random.Random) -> Record:
    """A number and a time of its own, since both are in what it commits to."""
    script = honest(dice, follower("redraw" if chain else "normal", *chain), _number(place))
    script.begins = START - timedelta(days=5 - place)
    return script.record()


def _number(place: int) -> str:
    return f"CQSQ2026112{place}0001"


def _panel(record: Record) -> list[acts.SeatFacts]:
    """The experts who took part in the end, by the log's last outcomes and what a recall's experts answered."""
    last = {
        (e["condition"], e["leaf"]): e.get("outcome") or _BECAME[e["answer"]]
        for e in record["log"]
        if e["act"] in ("outcome", "confirmed")
    }
    return sorted(acts.SeatFacts(no, bytes.fromhex(leaf)) for (no, leaf), state in last.items() if state == "accepted")


_BECAME = {"comes": "accepted", "declines": "declined"}


def _recall(
    chain: Sequence[Record], left_out: int = 0, declining: int = 0, lost: tuple[acts.LostFacts, ...] = ()
) -> Record:
    panel = _panel(chain[-1])[left_out:] or [acts.SeatFacts(1, bytes(32))]
    confirmed = [acts.Confirmed(seat.condition, seat.leaf, "declines", "", "expert", "") for seat in panel[:declining]]
    confirmed += [
        acts.Confirmed(seat.condition, seat.leaf, "comes", GATHERING, "expert", "") for seat in panel[declining:]
    ]
    opening = follower("recall", *chain), acts.Recalled(tuple(panel), 1800, lost)
    end = acts.Short("declined") if declining else acts.Completed()
    return chained([*opening, *confirmed, end, acts.Ended("met")], {}, number=_number(len(chain)))


def _lost(recall: Record) -> tuple[acts.LostFacts, ...]:
    """What a recall of this one, which is the first of its panel, should tell of it."""
    count = sum(entry.get("answer") == "declines" for entry in recall["log"])
    return (acts.LostFacts("declined", count),) if count else ()


def errors_of(findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity == "error"]


def forged(chain: Sequence[Record], dice: random.Random) -> tuple[Record, Sequence[object]]:
    """The newest record beside the others, one of which or which itself was changed, left out, or is no record."""
    *originals, record = chain
    at, way = dice.randrange(len(chain)), dice.random()
    if way < 0.02:
        return record, [*originals[1:], dice.choice([{}, [], None, {**originals[0], "format": "x"}])]
    if way < 0.04:
        return record, dice.sample(originals, dice.randrange(len(originals) + 1))
    if way < 0.08:
        return _recall(originals, left_out=1), originals
    if way < 0.12 and originals[-1]["log"][0]["kind"] == "recall":
        lost = dice.choice([(), (acts.LostFacts("declined", dice.randint(1, 3)),), (acts.LostFacts("left", 1),)])
        return _recall(originals, lost=lost), originals
    if way < 0.34:
        return retold(record, dice), dice.sample(originals, dice.randint(1, len(originals)))
    forgery = forgery_of_record(chain[at])
    mutate(forgery, dice)
    changed = [*chain[:at], forgery.record(), *chain[at + 1 :]]
    return changed[-1], [*changed[:-1]]


def retold(record: Record, dice: random.Random) -> Record:
    """Another account of what was on the lot before, by a forger who keeps to the form."""
    forgery = forgery_of_record(record)
    facts = dict(forgery.bodies[0].facts)
    earlier = [dict(item) for item in facts["earlier"]]  # type: ignore[attr-defined]
    item = dice.choice(earlier)
    way = dice.choice(["leave out", "seeds", "given_up", "withheld", "panel", "head", "number", "order", "elsewhere"])
    if way == "leave out":
        earlier.remove(item)
    elif way == "order":
        dice.shuffle(earlier)
    elif way == "elsewhere":
        facts["elsewhere"] = dice.randint(0, 3)
    else:
        item[way] = {
            "seeds": [*item["seeds"], *item["seeds"][:1]] if dice.random() < 0.5 else item["seeds"][1:],
            "given_up": dice.randint(0, 2),
            "withheld": item["seeds"][:1],
            "panel": dice.choice(["met", "not_met", "released", "terminated"]),
            "head": dice.randbytes(32).hex(),
            "number": "CQSQ202611190001",
        }[way]
    forgery.bodies[0] = Body({**facts, "earlier": earlier})
    return forgery.record()


def bears_out(record: Record, originals: Sequence[object]) -> bool:
    """Whether what the record's first entry tells is what these records are, so that no finding is right."""
    log = record["log"]
    told = {facts["number"]: facts for facts in log[0].get("earlier", [])} if log else {}
    return all(isinstance(item, dict) and told[item["draw"]]["head"] == item["head"] for item in originals)
