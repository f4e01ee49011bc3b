"""Honest draws to be recorded, and then tampered with.

``Script`` writes the acts of a draw as the service would; ``record`` chains them. A cheat changes the acts, the
lists or the secrets before chaining, as the owner of the log can, who computes every hash again.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from domain.draws import random_draw
from domain.draws import record as draw_record
from domain.draws.record import (
    Act,
    ConditionFacts,
    DrawKind,
    EarlierFacts,
    History,
    LimitFacts,
    ListFacts,
    SupervisorFacts,
)

Facts = TypeVar("Facts", Act, ConditionFacts, LimitFacts)
POOL, DRAW = "demo", "CQSQ202611210001"
START = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)


GATHERING = START + timedelta(hours=5)
LIMITS = LimitFacts(lead=3600, start_within=1800, aborts=3, widenings=2, lot_orders=3)
WIDER = ("440100", "440300")
LOT = b"\1" * 32
FIRST = draw_record.History("normal", "", (LOT,), (), 0)
"""The first entry of a draw whose lot had none before."""


def condition(
    no: int = 1, planned: int = 3, alternative: str = "", regions: tuple[str, ...] = ("440100",), emergency: str = ""
) -> ConditionFacts:
    return ConditionFacts(no, planned, "permanent", regions, "A08", 1, GATHERING, alternative, emergency=emergency)


_CAUSES = {"silent": ("system", ""), "absent": ("agency", ""), "recused": ("agency", "supervisor")}
"""Roles that cause and confirm an outcome in an honest draw; by default the expert alone."""


@dataclass
class Script:
    """A draw being written. ``sizes`` are candidates per tier; randomness comes from ``rng`` alone."""

    conditions: tuple[ConditionFacts, ...] = (condition(),)
    sizes: dict[str, int] = field(default_factory=lambda: {"main": 12, "alternative": 6})
    rng: random.Random = field(default_factory=lambda: random.Random(7))
    number: str = DRAW
    acts: list[Act] = field(default_factory=lambda: [FIRST])
    lists: dict[str, tuple[bytes, list[bytes]]] = field(default_factory=dict)
    orders: dict[tuple[int, str], list[bytes]] = field(default_factory=dict)
    cursors: dict[tuple[int, str], int] = field(default_factory=dict)
    open: dict[int, list[bytes]] = field(default_factory=dict)
    accepted: dict[int, list[bytes]] = field(default_factory=dict)
    needed: dict[int, int] = field(default_factory=dict)
    rounds: int = 0
    gaps: dict[int, timedelta] = field(default_factory=dict)
    """Time that passes before an act, by its place; a second where none is given."""
    begins: datetime = START
    seeds: int = 0
    gathering: datetime = GATHERING
    limits: LimitFacts = LIMITS
    secret: bytes = b""
    values: dict[str, bytes] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        return chained(self.acts, self.lists, self.gaps, self.number, self.begins)

    # Fixing the order

    def wait(self, time: timedelta) -> Script:
        """Let time pass before the next act."""
        self.gaps[len(self.acts)] = time
        return self

    def open_round(
        self, reason: str = "first", conditions: tuple[ConditionFacts, ...] | None = None, cause: str | None = None
    ) -> Script:
        self.rounds += 1
        cause = ("exhausted" if self.seeds else "") if cause is None else cause
        self.current = conditions or self.conditions
        self.secret = self.rng.randbytes(32)
        self.values = {role: self.rng.randbytes(16) for role in random_draw.ROLES}
        supervisors = SupervisorFacts("register", 1)
        self.acts.append(
            draw_record.RoundOpened(
                self.rounds, reason, cause, self.limits, random_draw.ROLES, self.current, supervisors
            )
        )
        commitment = random_draw.system_commitment(self.secret, self.number, self.rounds)
        self.acts.append(draw_record.SystemCommitted(self.rounds, commitment))
        self.acts.append(draw_record.RecusalsCommitted(self.rounds, random_draw.recusals_root([])))
        return self

    def freeze(self) -> Script:
        facts = []
        for condition_facts in self.current:
            for tier in random_draw.TIERS[: 2 if condition_facts.alternative else 1]:
                leaves = [
                    random_draw.leaf(self.rng.randbytes(32), uuid.UUID(bytes=self.rng.randbytes(16)))
                    for _ in range(self.sizes[tier])
                ]
                blind, snapshot = self.rng.randbytes(32), self.rng.randbytes(32)
                self.lists[draw_record.list_key(condition_facts.no, tier, self.rounds)] = blind, leaves
                facts.append(
                    ListFacts(
                        condition_facts.no,
                        tier,
                        random_draw.list_root(condition_facts.no, tier, blind, leaves),
                        snapshot,
                    )
                )
        self.frozen = tuple(facts)
        self.acts.append(draw_record.ListsFrozen(self.rounds, self.frozen))
        return self

    def commit(self, *roles: str) -> Script:
        for role in roles or random_draw.ROLES:
            value = random_draw.participant_commitment(role, self.values[role], self.number, self.rounds)
            self.acts.append(draw_record.ParticipantCommitted(self.rounds, role, value))
        return self

    def reveal(self, *roles: str) -> Script:
        for role in roles or random_draw.ROLES:
            self.acts.append(draw_record.ParticipantRevealed(self.rounds, role, self.values[role]))
        return self

    def abort(self, *missing: str) -> Script:
        self.acts.append(draw_record.RoundAborted(self.rounds, "timeout", missing))
        return self

    def fix(self) -> Script:
        roots = [(frozen.condition, frozen.tier, frozen.root) for frozen in self.frozen]
        seed = random_draw.seed(self.number, self.rounds, self.secret, roots, self.values)
        self.acts.append(draw_record.SeedFixed(self.rounds, self.secret, seed))
        self.seeds += 1
        for frozen in self.frozen:
            _, leaves = self.lists[draw_record.list_key(frozen.condition, frozen.tier, self.rounds)]
            self.orders[frozen.condition, frozen.tier] = called_order(seed, frozen.condition, frozen.tier, leaves)
            self.cursors[frozen.condition, frozen.tier] = 0
        return self

    def seeded(self, reason: str = "first", conditions: tuple[ConditionFacts, ...] | None = None) -> Script:
        return self.open_round(reason, conditions).freeze().commit().reveal().fix()

    # Calling experts

    def move_gathering(self, at: datetime) -> Script:
        self.acts.append(draw_record.GatheringMoved(1, self.gathering, at))
        self.gathering = at
        return self

    def need(self, no: int = 1, needed: int | None = None) -> Script:
        needed = needed or next(facts.planned for facts in self.conditions if facts.no == no)
        self.needed[no] = needed
        self.acts.append(draw_record.Need(no, needed))
        return self

    def missing(self, no: int) -> int:
        return self.needed[no] - len(self.open.get(no, [])) - len(self.accepted.get(no, []))

    def step(self, no: int = 1, tier: str = "main", skip: str = "") -> bytes:
        """Call or skip the next in order."""
        leaf = self.orders[no, tier][self.cursors[no, tier]]
        self.cursors[no, tier] += 1
        if skip:
            self.acts.append(draw_record.Skipped(no, tier, leaf, skip, self.rng.randbytes(32)))
        else:
            self.acts.append(draw_record.Called(no, tier, leaf))
            self.open.setdefault(no, []).append(leaf)
        return leaf

    def outcome(
        self, leaf: bytes, outcome: str, no: int = 1, *, by: str | None = None, confirmed_by: str | None = None
    ) -> Script:
        """Record an outcome by the usual role, confirmed as required."""
        usual, confirmer = _CAUSES.get(outcome, ("expert", ""))
        by, confirmed_by = by or usual, confirmer if confirmed_by is None else confirmed_by
        if outcome == "absent":
            self.gaps[len(self.acts)] = GATHERING - START
        self.acts.append(draw_record.CallOutcome(no, leaf, outcome, by, confirmed_by))
        if outcome in ("accepted", "declined", "silent"):
            self.open[no].remove(leaf)
        if outcome == "accepted":
            self.accepted.setdefault(no, []).append(leaf)
        elif leaf in self.accepted.get(no, []):
            self.accepted[no].remove(leaf)
        if outcome == "undone":
            self.open[no].append(leaf)
        return self

    def fill(self, no: int = 1) -> Script:
        """Call as many as are missing; all accept."""
        for _ in range(self.missing(no)):
            self.outcome(self.step(no), "accepted", no)
        return self

    def exhaust(self, no: int = 1, tier: str = "main") -> Script:
        """Call as many as are missing of those who are left, one after the other; no one accepts."""
        while self.cursors[no, tier] < len(self.orders[no, tier]):
            self.outcome(self.step(no, tier), "declined", no)
        return self.then(draw_record.Exhausted(no, tier))

    def end(self) -> Script:
        """The last entry, with what became of the panel."""
        comes = any(isinstance(act, draw_record.Confirmed) and act.answer == "comes" for act in self.acts)
        if any(isinstance(act, draw_record.Terminated) for act in self.acts):
            return self.then(draw_record.Ended("terminated"))
        return self.then(draw_record.Ended("met" if comes or any(self.accepted.values()) else "not_met"))

    def then(self, *acts: Act) -> Script:
        self.acts += acts
        return self


def whole_draw() -> Script:
    """One condition of three: a refusal, a silence, a skip, a pause, then complete and ended."""
    script = Script().seeded().need()
    first, second, third = script.step(), script.step(), script.step()
    script.outcome(first, "accepted").outcome(second, "declined")
    script.step(skip="leave")
    fourth = script.step()
    script.then(draw_record.Paused("gathering_time"), draw_record.Resumed())
    script.outcome(third, "silent").outcome(fourth, "accepted")
    script.outcome(script.step(), "accepted")
    return script.then(draw_record.Completed()).end()


def follower(kind: DrawKind, *originals: dict[str, Any]) -> History:
    """The first entry of a draw on the lot of earlier ones, oldest first; it follows the newest."""
    earlier = tuple(earlier_facts(record) for record in originals)
    return History(kind, earlier[-1].number if kind != "normal" else "", (LOT,), earlier, 0)


def earlier_facts(record: dict[str, Any]) -> EarlierFacts:
    """What a later draw's first entry tells of this one."""
    log = record["log"]
    aborts = [entry for entry in log if entry["act"] == "round_aborted"]
    return EarlierFacts(
        record["draw"],
        record["head"],
        (LOT,),
        tuple(datetime.fromisoformat(entry["at"]) for entry in log if entry["act"] == "seed_fixed"),
        tuple(datetime.fromisoformat(entry["at"]) for entry in aborts if entry["missing"]),
        sum(not entry["missing"] for entry in aborts),
        log[-1].get("panel", "met"),
    )


def chained(
    acts: list[Act],
    lists: dict[str, tuple[bytes, list[bytes]]],
    gaps: dict[int, timedelta] | None = None,
    number: str = DRAW,
    begins: datetime = START,
) -> dict[str, Any]:
    head, at = draw_record.empty_head(POOL, number), begins
    log = []
    for place, act in enumerate(acts):
        at += (gaps or {}).get(place, timedelta(seconds=1))
        entry = draw_record.write_entry(head, at, act)
        log.append(entry.facts)
        head = entry.head
    return draw_record.draw_document(POOL, number, log, lists)


def index_of(acts: list[Act], kind: type[Act], nth: int = 0) -> int:
    return [number for number, act in enumerate(acts) if isinstance(act, kind)][nth]


def changed(act: Facts, **facts: Any) -> Facts:
    return replace(act, **facts)


def called_order(seed: bytes, condition: int, tier: str, leaves: Sequence[bytes]) -> list[bytes]:
    """The leaves in the order in which they are to be called."""
    return [leaves[index] for index in random_draw.order_indices(seed, condition, tier, leaves)]
