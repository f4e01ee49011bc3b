"""A hundred thousand different changes to honest records, and a thousand scripted cheats.

Each is detected, changes nothing relevant, or is one that ``docs/reference/threats.md`` names as not provable
from the record.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest

from domain.draws import random_draw
from domain.draws import record as acts
from domain.draws.verify_draw import Finding, read, verify
from tests.drivers.record_judge import Judge, Verdict, judge_of
from tests.factories.draw_records import DRAW, GATHERING, LOT, START, WIDER, Script, called_order, changed, condition
from tests.factories.record_forgery import Facts, Forgery, Written, forgery_of, garble, mutate, verdict

FILES = 40
"""One change in this number is to the file."""
THREATS = (Path(__file__).parents[3] / "docs" / "reference" / "threats.md").read_text(encoding="utf-8")


# Honest draws of every kind, small so that many can be tampered with


def honest(dice: random.Random, history: acts.History | None = None, number: str = DRAW) -> Script:
    """A small draw with rounds given up, refusals, leaves, supplements and a widened order, as chance has it.

    Without a ``history`` of its lot that is up to chance, too.
    """
    if history is None and dice.random() < 0.05:
        return _recall(dice)
    several = dice.random() < 0.1
    conditions = tuple(
        condition(no, dice.choice([1, 1, 2]), dice.choice(["", "", "A09"]), emergency=dice.choice(["", "only"]))
        for no in range(1, 2 + several)
    )
    script = Script(conditions, {"main": dice.randint(1, 3), "alternative": dice.randint(0, 1)}, dice, number=number)
    if history is not None or dice.random() < 0.1:
        script.acts = [history or _history("redraw", dice)]
    if dice.random() < 0.1:
        script.open_round().freeze().abort()
    script.seeded("aborted" if script.rounds else "first")
    if dice.random() < 0.2:
        script.move_gathering(GATHERING + timedelta(minutes=20))
    _call(script, conditions, dice)
    if dice.random() < 0.3:
        _lose_and_fill(script, dice)
    if dice.random() < 0.15:
        _widen(script, dice)
    if dice.random() < 0.1:
        _terminate(script, dice)
    return script.end()


def _history(kind: acts.DrawKind, dice: random.Random) -> acts.History:
    """One or two activities were on the lot before; the newest had an order and met."""
    ends: list[acts.PanelEnd] = [dice.choice(["met", "not_met", "released"]) for _ in range(dice.randint(0, 1))]
    earlier = tuple(
        acts.EarlierFacts(
            f"CQSQ20261120000{no}",
            dice.randbytes(32).hex(),
            (LOT,),
            (START - timedelta(days=dice.randint(2, 4) - no),),
            (START - timedelta(days=5),) * dice.randint(0, 1),
            dice.randint(0, 2),
            end,
        )
        for no, end in enumerate([*ends, "met"], 1)
    )
    return acts.History(kind, earlier[-1].number, (LOT,), earlier, dice.randint(0, 2))


_REFUSALS: tuple[tuple[acts.Answer, Literal[""], acts.AnswerSource], ...] = (
    ("declines", "", "expert"),
    ("declines", "", "call"),
    ("silent", "", "system"),
    ("hindered", "", "system"),
)


def _lost(dice: random.Random) -> tuple[acts.LostFacts, ...]:
    """Of an earlier recall of the same panel; mostly there was none."""
    outcomes = dice.sample(sorted(acts.LOST_OUTCOMES), dice.choice([0, 0, 1, 2]))
    return tuple(acts.LostFacts(outcome, dice.randint(1, 3)) for outcome in sorted(outcomes))


def _recall(dice: random.Random) -> Script:
    """The original experts are notified; no one is drawn."""
    seats = tuple(sorted(acts.SeatFacts(1, dice.randbytes(32)) for _ in range(dice.randint(1, 3))))
    script = Script(rng=dice, acts=[_history("recall", dice)]).then(acts.Recalled(seats, 1800, _lost(dice)))
    come = [dice.random() < 0.8 for _ in seats]
    for seat, comes in zip(seats, come, strict=True):
        stated: acts.Stated = dice.choice(("", "comes", "declines"))
        script.then(
            acts.Confirmed(1, seat.leaf, "comes", GATHERING, "expert", stated)
            if comes
            else acts.Confirmed(1, seat.leaf, *dice.choice(_REFUSALS), stated)
        )
    return script.then(acts.Completed() if all(come) else acts.Short("declined")).end()


def _terminate(script: Script, dice: random.Random) -> None:
    script.then(acts.Terminated("agency", dice.choice(sorted(acts.TERMINATION_REASONS))))
    for no, accepted in script.accepted.items():
        for leaf in list(accepted):
            script.outcome(leaf, "cancelled", no, by="agency")


def _call(script: Script, conditions: tuple[acts.ConditionFacts, ...], dice: random.Random) -> None:
    for facts in conditions:
        script.need(facts.no)
    for facts in conditions:
        for tier in [tier for tier in random_draw.TIERS if (facts.no, tier) in script.orders]:
            _walk(script, facts.no, tier, dice)
    _close(script)


def _walk(script: Script, no: int, tier: str, dice: random.Random) -> None:
    order = script.orders[no, tier]
    while script.missing(no) or script.open.get(no):
        if script.missing(no) and script.cursors[no, tier] < len(order) and dice.random() < 0.6:
            script.step(no, tier, skip=dice.choice(["", "", "", "leave"]))
        elif waiting := script.open.get(no):
            script.outcome(dice.choice(waiting), dice.choice(["accepted", "declined"]), no)
            _undo_some(script, no, dice)
        elif script.cursors[no, tier] == len(order):
            break
        if dice.random() < 0.05:
            script.then(acts.Paused("agency"), acts.Resumed())
    if script.missing(no):
        script.then(acts.Exhausted(no, tier))


def _undo_some(script: Script, no: int, dice: random.Random) -> None:
    if (agreed := script.accepted.get(no)) and dice.random() < 0.2:
        script.outcome(dice.choice(agreed), "undone", no)


def _close(script: Script) -> None:
    lacking = any(script.missing(facts.no) for facts in script.conditions)
    script.then(acts.Short("exhausted") if lacking else acts.Completed())


def _lose_and_fill(script: Script, dice: random.Random) -> None:
    """A person who accepted leaves; the places are filled along the same order."""
    for no, accepted in script.accepted.items():
        if accepted and not _spent(script, no):
            script.outcome(accepted[0], "left", no)
            script.need(no)
            for tier in [tier for tier in random_draw.TIERS if (no, tier) in script.orders]:
                if acts.Exhausted(no, tier) not in script.acts:
                    _walk(script, no, tier, dice)
            _close(script)
            return


def _spent(script: Script, no: int) -> bool:
    tiers = [tier for tier in random_draw.TIERS if (no, tier) in script.orders]
    return all(acts.Exhausted(no, tier) in script.acts for tier in tiers)


def _widen(script: Script, dice: random.Random) -> None:
    lacking = [facts for facts in script.conditions if script.missing(facts.no) and _spent(script, facts.no)]
    if lacking:
        widened = changed(lacking[0], regions=WIDER, gathering=script.gathering)
        script.seeded("widened", (widened,)).need(widened.no)
        for tier in [tier for tier in random_draw.TIERS if (widened.no, tier) in script.orders]:
            _walk(script, widened.no, tier, dice)
        _close(script)


@pytest.fixture(scope="module")
def honest_draws() -> list[Script]:
    return [honest(random.Random(number)) for number in range(150)]


def test_the_honest_draws_hold_and_are_of_every_kind(honest_draws: list[Script]) -> None:
    seen: Counter[str] = Counter()
    for script in honest_draws:
        assert [finding for finding in verify(script.record()) if finding.severity == "error"] == []
        seen.update({type(act).name for act in script.acts})
        seen["widened"] += script.seeds > 1
    assert set(acts.ACTS) - {"force_ended"} <= set(seen)
    assert seen["widened"] >= 5


# The meaning of a change that neither the verifier nor a receipt detects

FIXING = frozenset(
    ("round_opened", "system_committed", "lists_frozen", "participant_committed", "participant_revealed", "seed_fixed")
)
NAMED = (
    "ending-cut",
    "times-retold",
    "words-retold",
    "outcome-retold",
    "reason-retold",
    "course-retold",
    "history-retold",
    "agreed-retold",
)
"""Forgeries that ``threats.md`` names as not provable from the record alone, all after the last kept receipt."""


def meaning(before: list[Facts], after: list[Facts]) -> str:
    """How an undetected forgery differs, as one of ``NAMED``; "" without a difference, ``unknown`` for a hole."""
    old, new = [_told(entry) for entry in before], [_told(entry) for entry in after]
    if old == new:
        return "times-retold" if before != after else ""
    if new == old[: len(new)]:
        return "ending-cut"
    differing = [entry for entry in old if entry not in new] + [entry for entry in new if entry not in old]
    if any(entry["act"] in FIXING for entry in differing):
        return "unknown"
    if len(old) == len(new) and len(differing) == 2:
        return _retold(*differing)
    return "course-retold"


_NAMED_ACTS = {"history": "history-retold", "confirmed": "agreed-retold"}


def _told(facts: Facts) -> Facts:
    return {key: value for key, value in facts.items() if key != "at"}


def _retold(entry: Facts, other: Facts) -> str:
    fields = [key for key in entry.keys() | other.keys() if entry.get(key) != other.get(key)]
    if fields == ["reason"]:
        return "reason-retold" if entry["act"] == "skipped" else "words-retold"
    if entry["act"] in _NAMED_ACTS:
        return _NAMED_ACTS[str(entry["act"])]
    told = entry["act"] == "outcome" and set(fields) <= {"outcome", "by", "confirmed_by"}
    return "outcome-retold" if told else "course-retold"


def steered(original: Forgery, forged: Forgery, script: Script) -> str:
    """Whether an undetected forgery calls an expert out of the true order, which the script knows."""
    orders = {leaf: (key, place) for key, order in _all_orders(script).items() for place, leaf in enumerate(order)}
    walked: Counter[str] = Counter()
    for body in forged.bodies:
        if body.facts["act"] in ("called", "skipped"):
            key, place = orders[str(body.facts["leaf"])]
            if place != walked[key]:
                return f"{key} at {place}"
            walked[key] += 1
    seeds = [body.facts for body in forged.bodies if body.facts["act"] == "seed_fixed"]
    true = [body.facts for body in original.bodies if body.facts["act"] == "seed_fixed"]
    return (
        "" if [facts["seed"] for facts in seeds] == [facts["seed"] for facts in true][: len(seeds)] else "another seed"
    )


def _all_orders(script: Script) -> dict[str, list[str]]:
    """Every order of the draw, by list; the script keeps only the newest of a condition."""
    orders: dict[str, list[str]] = {}
    for act in script.acts:
        if isinstance(act, acts.SeedFixed):
            for key, (_, leaves) in script.lists.items():
                no, tier, number = key.split("/")
                if int(number) == act.round:
                    orders[key] = [leaf.hex() for leaf in called_order(act.seed, int(no), tier, leaves)]
    return orders


# Both verifiers, over the same records


def test_some_changes_are_detected_or_named_as_a_threat(honest_draws: list[Script], tmp_path: Path) -> None:
    judge_changes(honest_draws[:100], 2_000, tmp_path)


def judge_changes(scripts: list[Script], count: int, folder: Path) -> Counter[str]:
    """Judge this number of different records: each forgery is detected or named, and the browser's check agrees.

    Each counts once, even if it is made several times.
    """
    dice, seen, told = random.Random(20261122), Counter[str](), list[Verdict]()
    with judge_of(folder) as judge:
        for left, script in zip(range(len(scripts), 0, -1), scripts, strict=True):
            judge_script(script, -(-(count - len(told)) // left), dice, Bench(judge, seen, told))
        answers = judge.answers()
    assert len(answers) == len(told) == count
    assert [pair for pair in zip(answers, told, strict=True) if pair[0] != pair[1]][:3] == []
    return seen


@dataclass
class Bench:
    """Collects verdicts: their counts, and the program's findings for each question to the browser's check."""

    judge: Judge
    seen: Counter[str]
    told: list[Verdict]


def judge_script(script: Script, share: int, dice: random.Random, bench: Bench) -> None:
    """Judge this number of different changes; later records make up for short ones."""
    original = forgery_of(script)
    record = original.record()
    findings = verify(record, original.receipts)
    known = frozenset((finding.code, finding.entry) for finding in findings)
    assert all(code not in ("receipt", "chain_gap") for code, _ in known)
    bench.judge.compare_with(record, original.receipts)
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    before = set[object]()
    for number in range(3 * share):
        if len(before) == share:
            return
        if not number % FILES:
            content = garble(text, dice)
            if content not in before:
                bench.seen[judge_file(content, text, findings, bench)] += 1
            before.add(content)
        else:
            forged = original.copy()
            mutate(forged, dice)
            written = forged.write()
            key = (written.record["head"], repr(forged.lists) if forged.lists != original.lists else "")
            if key not in before:
                bench.seen[judge_forgery(original, forged, written, known, script, bench)] += 1
            before.add(key)


def judge_forgery(
    original: Forgery,
    forged: Forgery,
    written: Written,
    known: frozenset[tuple[str, int | None]],
    script: Script,
    bench: Bench,
) -> str:
    """The owner of the log changed it and computed all hashes again."""
    lists = None if forged.lists == original.lists else forged.lists
    bench.judge.ask(written.keep, written.rest, str(written.record["head"]), lists)
    findings = verify(written.record, forged.receipts)
    bench.told.append(plain(findings))
    if judgement := verdict(findings, known):
        return judgement
    assert not (hole := steered(original, forged, script)), hole
    judgement = meaning([b.facts for b in original.bodies], [b.facts for b in forged.bodies])
    assert judgement in ("", *NAMED), written.record
    assert not judgement or f"`{judgement}`" in THREATS
    return judgement


def judge_file(content: bytes, text: str, honest: list[Finding], bench: Bench) -> str:
    """The file was changed: that is detected, it can't be read, or its contents are the same."""
    bench.judge.ask_file(content)
    try:
        other = read(content.decode())
    except ValueError:
        bench.told.append("unreadable")
        return "unreadable"
    findings = verify(other)
    bench.told.append(plain(findings))
    if plain(findings) != plain(honest):
        return "error"
    assert json.dumps(other, sort_keys=True) == json.dumps(read(text), sort_keys=True)
    return ""


def plain(findings: list[Finding]) -> Verdict:
    return [[finding.severity, finding.code, finding.entry] for finding in findings]


# Scripted cheats: an honest beginning, a cheat at a random place, and an honest end by the owner of the log


def _opening(dice: random.Random) -> Script:
    """The order is fixed and calling has begun; some were called already."""
    script = Script((condition(planned=3),), {"main": 8, "alternative": 0}, dice).seeded().need()
    for _ in range(dice.randint(0, 2)):
        script.outcome(script.step(), dice.choice(["accepted", "declined"]))
    return script


def _ended(script: Script) -> Script:
    script.fill()
    return script.then(acts.Completed()).end()


def reroll(dice: random.Random) -> Script:
    """Another seed although the order has candidates left: at once, after a forced end, after a leave, after a cut."""
    script = _opening(dice)
    occasion = dice.choice(["plain", "forced", "left", "cut"])
    if occasion == "forced":
        script.then(acts.ForceEnded("agency"), acts.Short("force_ended"))
    elif occasion == "left":
        script.fill().then(acts.Completed()).outcome(script.accepted[1][0], dice.choice(["left", "absent", "recused"]))
    elif occasion == "cut":
        script.then(acts.Exhausted(1, "main"), acts.Short("exhausted"))
    regions = dice.choice([("440100",), ("440300",), WIDER])
    return script.seeded("widened", (condition(planned=3, regions=regions),))


def region_trick(dice: random.Random) -> Script:
    """The order is at its end; the next one is for the same, other, fewer or too often wider regions."""
    script = _opening(dice).exhaust().then(acts.Short("exhausted"))
    regions = WIDER
    for number in range(dice.randint(0, script.limits.widenings)):
        regions = (*regions, str(number))
        script.seeded("widened", (condition(planned=3, regions=regions),)).need().exhaust().then(
            acts.Short("exhausted")
        )
    if script.seeds <= script.limits.widenings:
        regions = dice.choice(
            [regions[:1], ("440200",), regions] if script.seeds > 1 else [("440100",), ("440200",), ()]
        )
    else:
        regions = (*regions, "more")
    return script.seeded("widened", (condition(planned=3, regions=regions),)).need()


def skip(dice: random.Random) -> Script:
    """An expert is skipped without an entry, for one further down the order."""
    script = _opening(dice)
    script.cursors[1, "main"] += dice.randint(1, 2)
    return _ended(script)


def reorder(dice: random.Random) -> Script:
    """Two of the order change places."""
    script = _opening(dice)
    order, at = script.orders[1, "main"], script.cursors[1, "main"]
    other = dice.randrange(at + 1, len(order))
    order[at], order[other] = order[other], order[at]
    return _ended(script)


def outsider(dice: random.Random) -> Script:
    """A person from outside the list, or who was called before, is called."""
    script = _opening(dice)
    leaf = dice.choice([dice.randbytes(32), *script.accepted.get(1, [])])
    return script.then(acts.Called(1, "main", leaf))


def extra_call(dice: random.Random) -> Script:
    """More are called than places are missing, in place or after the end."""
    script = _opening(dice)
    if dice.random() < 0.5:
        for _ in range(script.missing(1) + 1):
            script.step()
    else:
        script.fill().then(acts.Completed())
        script.step()
    return script


def place_trick(dice: random.Random) -> Script:
    """Places are raised above the plan, or lowered below what is held."""
    script = _opening(dice)
    if dice.random() < 0.5:
        return script.need(needed=dice.choice([1, 2, 4, 9]))
    script.fill().then(acts.Completed()).outcome(script.accepted[1][0], "left")
    return script.need(needed=dice.choice([1, 4, 9]))


def early_end(dice: random.Random) -> Script:
    """The order is recorded as exhausted, the gathering as too near or the panel as full, when it isn't."""
    script = _opening(dice)
    end = dice.choice([acts.Exhausted(1, "main"), acts.Short("exhausted"), acts.Short("too_late"), acts.Completed()])
    return script.then(end)


def early_alternative(dice: random.Random) -> Script:
    """The alternative specialty before the main one is at its end."""
    script = Script((condition(planned=2, alternative="A09"),), {"main": 4, "alternative": 3}, dice).seeded().need()
    script.step(tier="alternative")
    return script


def early_reveal(dice: random.Random) -> Script:
    """A reveal before both have committed, a second commitment, one before the freeze, a freeze before the secret."""
    script, early = Script(rng=dice).open_round(), dice.choice(random_draw.ROLES)
    other = next(role for role in random_draw.ROLES if role != early)
    way = dice.choice(["reveal", "twice", "before", "value"])
    if way == "before":
        return script.commit(early).freeze().commit(other).reveal().fix()
    script.freeze().commit(early)
    if way == "reveal":
        return script.reveal(early).commit(other).reveal(other).fix()
    if way == "twice":
        return script.commit(early).commit(other).reveal().fix()
    script.commit(other).reveal(other)
    script.values[early] = dice.randbytes(16)
    return script.reveal(early).fix()


def ground_secret(dice: random.Random) -> Script:
    """The system tries secrets, salts or candidates once the reveals are known."""
    script = Script(rng=dice).open_round().freeze().commit().reveal()
    _, leaves = script.lists["1/main/1"]
    way = dice.choice(["secret", "salt", "candidate", "blind", "freeze"])
    if way == "secret":
        script.secret = dice.randbytes(32)
    elif way == "salt":
        leaves[dice.randrange(len(leaves))] = dice.randbytes(32)
    elif way == "candidate":
        leaves.append(dice.randbytes(32))
    elif way == "blind":
        script.lists["1/main/1"] = dice.randbytes(32), leaves
    else:
        script.freeze()
    return _ended(script.fix().need())


def abort_trick(dice: random.Random) -> Script:
    """A round is given up once the seed exists, without naming the party that withheld, or once too often."""
    script = Script(rng=dice)
    way = dice.choice(["late", "unnamed", "withheld", "often"])
    if way == "late":
        return script.open_round().freeze().commit().reveal().abort().seeded("aborted")
    if way == "unnamed":
        return script.open_round().freeze().commit().reveal(dice.choice(random_draw.ROLES)).abort().seeded("aborted")
    times = acts.WITHHELD_MAX if way == "withheld" else script.limits.aborts
    for _ in range(times):
        script.open_round("aborted" if script.rounds else "first").freeze()
        if way == "withheld":
            script.commit().reveal("agency").abort("supervisor")
        else:
            script.abort()
    return script.seeded("aborted")


def hidden_abort(dice: random.Random) -> Script:
    """A round is opened again without an entry on the one before, or that one is erased."""
    script = Script(rng=dice).open_round().freeze()
    if dice.random() < 0.5:
        return script.seeded("aborted")
    del script.acts[1:], script.lists["1/main/1"]
    return _ended(script.seeded("first").need())


def answer_trick(dice: random.Random) -> Script:
    """An answer after the answer, or of a person who was never called."""
    script = _opening(dice)
    leaf = script.step()
    script.outcome(leaf, dice.choice(["declined", "silent"]))
    return script.then(acts.CallOutcome(1, dice.choice([leaf, dice.randbytes(32)]), "accepted", "expert"))


def silent_move(dice: random.Random) -> Script:
    """The gathering is moved without an entry so that it seems too late, or with a false one."""
    script = _opening(dice)
    if dice.random() < 0.5:
        return script.then(acts.GatheringMoved(1, GATHERING + timedelta(hours=1), GATHERING))
    return script.wait(timedelta(minutes=dice.randint(1, 200))).then(acts.Short("too_late"))


def forged_skip(dice: random.Random) -> Script:
    script = _opening(dice)
    script.step(skip=dice.choice(["", "unreachable-today", "friend"]) or "x")
    return _ended(script)


ERRORS = {
    reroll: ("round_restarted", "exhausted"),
    region_trick: ("not_wider", "widenings"),
    skip: ("order",),
    reorder: ("order",),
    outsider: ("unknown_leaf", "called_twice"),
    extra_call: ("too_many", "phase"),
    place_trick: ("need",),
    early_end: ("exhausted", "short_reason", "not_full"),
    early_alternative: ("alternative_early",),
    early_reveal: ("reveal_order", "commit_order", "reveal"),
    ground_secret: ("secret", "list_changed"),
    abort_trick: ("abort_late", "abort_missing", "round_withheld", "round_aborts"),
    hidden_abort: ("round_open", "round_gap"),
    answer_trick: ("outcome", "not_called"),
    silent_move: ("gathering", "short_reason"),
    forged_skip: ("skip_reason",),
}
"""Cheats, and the errors that detect them."""


def slow_start(dice: random.Random) -> Script:
    """The party that knows the seed waits for a better moment."""
    limit = timedelta(seconds=Script().limits.start_within)
    script = Script(rng=dice).seeded().wait(limit + timedelta(minutes=dice.randint(2, 90)))
    return _ended(script.need())


def late_move(dice: random.Random) -> Script:
    """The gathering is moved after the seed until it is too late to call anybody."""
    script = _opening(dice).move_gathering(GATHERING - timedelta(hours=3, minutes=dice.randint(0, 40)))
    return script.wait(timedelta(minutes=70)).then(acts.Short("too_late")).end()


def chosen_freeze(dice: random.Random) -> Script:
    """Rounds are given up until the list is frozen at a good moment."""
    script = Script(rng=dice)
    for _ in range(dice.randint(2, script.limits.aborts - 1)):
        script.open_round("aborted" if script.rounds else "first").freeze().abort()
    return _ended(script.seeded("aborted").need())


def withheld(dice: random.Random) -> Script:
    """The party that reveals last dislikes the seed and does not reveal."""
    script = Script(rng=dice).open_round().freeze().commit()
    revealer, other = dice.choice([random_draw.ROLES, random_draw.ROLES[::-1]])
    return _ended(script.reveal(revealer).abort(other).seeded("aborted").need())


def loosened(dice: random.Random) -> Script:
    """A limit grows from one round to the next."""
    script = Script(rng=dice).open_round().abort()
    limit = dice.choice(["lead", "start_within", "aborts", "widenings", "lot_orders"])
    script.limits = changed(script.limits, **{limit: 9999})
    return _ended(script.seeded("aborted").need())


def unused_seed(dice: random.Random) -> Script:
    """The activity is ended because of the seed; another one is applied for."""
    return Script(rng=dice).seeded().end()


WARNINGS = (slow_start, late_move, chosen_freeze, withheld, loosened, unused_seed)


def rewritten(dice: random.Random) -> tuple[Script, Script]:
    """A whole other draw, or a hidden round, in place of the true one: all hashes anew, numbers too."""
    true = Script(rng=dice).open_round().freeze().commit().abort().seeded("aborted") if dice.random() < 0.5 else None
    true = _ended((true or Script(rng=dice).seeded()).need())
    return true, _ended(Script(rng=dice).seeded().need())


def hidden_reveal(dice: random.Random) -> tuple[Script, Script]:
    """After both revealed, the reveals are erased and the round is recorded as given up before."""
    true = Script(rng=dice).open_round().freeze().commit().reveal("supervisor")
    told = Script(rng=dice, acts=list(true.acts[:-1]), lists=dict(true.lists), rounds=1)
    return true, _ended(told.abort().seeded("aborted").need())


BY_RECEIPT = (rewritten, hidden_reveal)


def retold_answer(dice: random.Random) -> tuple[str, Script]:
    """An acceptance is recorded as a refusal, so that the next expert is called."""
    script = _opening(dice)
    script.outcome(script.step(), "declined")
    return "outcome-retold", _ended(script)


def retold_call(dice: random.Random) -> tuple[str, Script]:
    """A call is recorded as a skip for a coded reason."""
    script = _opening(dice)
    script.step(skip=dice.choice(sorted(acts.SKIP_REASONS)))
    return "reason-retold", _ended(script)


NOT_PROVABLE = (retold_answer, retold_call)


@pytest.mark.parametrize("cheat", ERRORS, ids=lambda cheat: cheat.__name__)
def test_a_scripted_cheat_is_an_error(cheat) -> None:
    seen = set()
    for number in range(50):
        findings = verify(cheat(random.Random(number)).record())
        errors = [finding.code for finding in findings if finding.severity == "error"]
        assert errors, number
        seen.add(errors[0])
    assert seen == set(ERRORS[cheat])


@pytest.mark.parametrize("cheat", WARNINGS, ids=lambda cheat: cheat.__name__)
def test_a_scripted_delay_or_dodge_is_a_warning(cheat) -> None:
    for number in range(20):
        findings = verify(cheat(random.Random(number)).record())
        assert findings, number
        assert all(finding.severity == "warning" for finding in findings)


@pytest.mark.parametrize("cheat", BY_RECEIPT, ids=lambda cheat: cheat.__name__)
def test_a_rewritten_beginning_is_detected_by_one_honest_device(cheat) -> None:
    for number in range(20):
        true, told = cheat(random.Random(number))
        receipts = forgery_of(true).receipts
        assert [finding for finding in verify(told.record()) if finding.severity == "error"] == []
        assert {finding.code for finding in verify(told.record(), receipts) if finding.severity == "error"} == {
            "receipt"
        }


@pytest.mark.parametrize("cheat", NOT_PROVABLE, ids=lambda cheat: cheat.__name__)
def test_what_the_record_cannot_prove_is_named_among_the_threats(cheat) -> None:
    for number in range(20):
        name, script = cheat(random.Random(number))
        assert verify(script.record()) == []
        assert f"| `{name}` |" in THREATS
