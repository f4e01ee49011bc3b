"""The published record of a draw: its possible entries, and how they are chained.

A draw keeps an append-only log. Each entry is one JSON object ``{"seq", "at", "act", …facts, "prev", "hash"}``: ``seq``
counts from 1, ``at`` is RFC 3339 UTC, ``prev`` the hash before it, ``hash`` that of the entry itself. The classes below
are the acts and their facts; there are no others. Facts hold leaves, codes and counts, never a name, a number of a
person, or free text from which a person could be recognised.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import ClassVar, Literal
from uuid import UUID

from domain.draws.random_draw import digest

FORMAT = "pbt-draw-record-v1"

WITHHELD_MAX = 2
"""Rounds that may be given up after a reveal (``missing`` not empty); then no other round may be opened."""

Json = str | int | bool | list["Json"] | dict[str, "Json"]
RoundReason = Literal["first", "aborted", "widened"]
RoundCause = Literal["", "exhausted"]
SkipReason = Literal[
    "leave", "overlap", "called_before", "inactive", "unreachable", "left_pool", "recused_late", "term_over", "over_age"
]
SupervisorSource = Literal["register", "none"]
OutcomeKind = Literal["accepted", "declined", "silent", "undone", "left", "absent", "recused", "released", "cancelled"]
ShortReason = Literal["exhausted", "too_late", "force_ended", "declined"]
PanelEnd = Literal["met", "not_met", "released", "terminated"]
DrawKind = Literal["normal", "redraw", "recall"]
Answer = Literal["comes", "declines", "silent", "hindered"]
AnswerSource = Literal["expert", "call", "system"]
Stated = Literal["", "comes", "declines"]
LostOutcome = Literal[
    "absent", "cancelled", "declined", "hindered", "left", "recalled", "recused", "released", "silent"
]
Party = Literal["expert", "agency", "venue", "verifier", "supervisor", "system"]
"""The role that caused or confirmed something; never a person."""
TerminationReason = Literal["project_stopped", "replanned", "no_experts", "mistaken", "other"]

TERMINATION_REASONS: Mapping[TerminationReason, str] = {
    "project_stopped": "招标项目终止",
    "replanned": "评标时间或地点变更",
    "no_experts": "专家不足",
    "mistaken": "填写有误",
    "other": "其他",
}

LOST_OUTCOMES: Mapping[LostOutcome, str] = {
    "absent": "缺席",
    "cancelled": "被取消",
    "declined": "不参评",
    "hindered": "不能参评",
    "left": "请假",
    "recalled": "未确认",
    "recused": "现场回避",
    "released": "退选",
    "silent": "逾期未答复",
}

SKIP_REASONS: Mapping[SkipReason, str] = {
    "leave": "该时段已请假",
    "overlap": "该时段已有其他评标",
    "called_before": "本次抽取中已通知过",
    "inactive": "已停用",
    "unreachable": "无有效手机号",
    "left_pool": "已退库",
    "recused_late": "名单冻结后发现须回避",
    "term_over": "聘期已满",
    "over_age": "已超过在库年龄",
}


@dataclass(frozen=True)
class Act:
    """Base of the acts: a frozen dataclass whose fields are the facts."""

    name: ClassVar[str]

    def facts(self) -> dict[str, Json]:
        """Facts as JSON values; bytes become lower-case hex."""
        return {each.name: _to_json(getattr(self, each.name)) for each in fields(self)}


@dataclass(frozen=True)
class ConditionFacts:
    """A condition as published. ``no`` counts from 1; codes, not names; empty text: no requirement.

    ``notice`` is the number of the notice with which its experts are called, ``gathering`` the gathering time in it at
    that moment. ``emergency``: "only", for emergency experts alone; else it is left out.
    """

    no: int
    planned: int
    mode: str
    regions: tuple[str, ...]
    specialty: str
    notice: int
    gathering: datetime
    alternative: str = ""
    title_level: str = ""
    qualification: str = ""
    department: str = ""
    emergency: str = field(default="", metadata={"optional": True})


@dataclass(frozen=True)
class LimitFacts:
    """The rulebook's limits that the verifier applies. Times in seconds.

    ``lead``: no call is begun later than this before gathering. ``start_within``: from a seed to the latest beginning
    of calling. ``aborts``: rounds that may be given up before a reveal. ``widenings``: further seeds.
    ``lot_orders``: seeds, and rounds given up after a reveal, of earlier activities on a lot within the day before.
    """

    lead: int
    start_within: int
    aborts: int
    widenings: int
    lot_orders: int


@dataclass(frozen=True)
class ListFacts:
    """The number of candidates of a list is published only after the end, with the list itself.

    ``snapshot``: digest of the sealed facts by which each candidate was judged, see ``draws.sealed_digest``.
    """

    condition: int
    tier: str
    root: bytes
    snapshot: bytes


@dataclass(frozen=True)
class SupervisorFacts:
    """Source of the supervisors: the office's register, or none."""

    source: SupervisorSource
    count: int


@dataclass(frozen=True, order=True)
class SeatFacts:
    """A place of a recalled panel: its condition, and its expert's leaf in the original's record."""

    condition: int
    leaf: bytes


@dataclass(frozen=True)
class EarlierFacts:
    """An activity that was on one of the lots before. ``head`` is its record's last hash, empty without a record.

    ``lots``: those that it shares with this one, see ``lot_mark``. ``seeds``: when each was fixed. ``withheld``: when
    each round was given up after a reveal, ``given_up``: number of those before a reveal.
    """

    number: str
    head: str
    lots: tuple[bytes, ...]
    seeds: tuple[datetime, ...]
    withheld: tuple[datetime, ...]
    given_up: int
    panel: PanelEnd


@dataclass(frozen=True)
class History(Act):
    """The first entry of every record: the lots, and all activities that were on them before, oldest first.

    ``original`` is the number of the activity that a redraw (重新抽取) or a recall of the original experts (通知原专家)
    follows, else empty; which one that may be, ``earlier`` tells. ``elsewhere``: seeds that the same tender got under
    other projects of the same number or name, by any organisation.
    """

    name = "history"
    kind: DrawKind
    original: str
    lots: tuple[bytes, ...]
    earlier: tuple[EarlierFacts, ...]
    elsewhere: int


@dataclass(frozen=True, order=True)
class LostFacts:
    """Experts of the panel that was drawn whom an earlier recall lost: what became of them there, and how many."""

    outcome: LostOutcome
    count: int


@dataclass(frozen=True)
class Recalled(Act):
    """The panel of a recall: the participants at the end of the original. No expert is drawn, and no round follows.

    Each of them is notified now. ``lead`` in seconds: who comes must have agreed that long before the gathering.
    ``lost``: those of the panel that was drawn who are not asked any more, since the original is a recall, too.
    """

    name = "recalled"
    panel: tuple[SeatFacts, ...]
    lead: int
    lost: tuple[LostFacts, ...] = ()


@dataclass(frozen=True)
class Confirmed(Act):
    """What is known of one of these experts; once for each, then ``completed`` or ``short``.

    ``source`` is whose word it is: the expert's own act, an answered call of the platform (for a refusal only), or the
    system's (no answer in time, or hindered). What the agency said, ``stated``, counts for nothing by itself and stands
    beside. ``gathering`` is the time that the expert agreed to, else empty.
    """

    name = "confirmed"
    condition: int
    leaf: bytes
    answer: Answer
    gathering: datetime | Literal[""]
    source: AnswerSource
    stated: Stated


@dataclass(frozen=True)
class RoundOpened(Act):
    """A fixing of the order begins. ``conditions``: those that it orders; all of them until a first seed is fixed.

    A draw has one seed for its life. ``cause`` is empty until it is fixed; after that another seed needs the cause
    ``exhausted``: every order of the conditions is exhausted, and their regions are widened.
    """

    name = "round_opened"
    round: int
    reason: RoundReason
    cause: RoundCause
    limits: LimitFacts
    roles: tuple[str, ...]
    conditions: tuple[ConditionFacts, ...]
    supervisors: SupervisorFacts


@dataclass(frozen=True)
class SystemCommitted(Act):
    name = "system_committed"
    round: int
    commitment: bytes


@dataclass(frozen=True)
class RecusalsCommitted(Act):
    """Commitment to the recusals, as the root of salted hashes; before the lists are frozen, once in each round."""

    name = "recusals_committed"
    round: int
    root: bytes


@dataclass(frozen=True)
class ListsFrozen(Act):
    """One main list per condition of the round, and one alternative where the condition names an alternative."""

    name = "lists_frozen"
    round: int
    lists: tuple[ListFacts, ...]


@dataclass(frozen=True)
class ParticipantCommitted(Act):
    """Valid only after ``lists_frozen``. The hash of this entry is the receipt that the participant's device keeps."""

    name = "participant_committed"
    round: int
    role: str
    commitment: bytes


@dataclass(frozen=True)
class ParticipantRevealed(Act):
    """Valid only when every role has committed."""

    name = "participant_revealed"
    round: int
    role: str
    value: bytes


@dataclass(frozen=True)
class SeedFixed(Act):
    """Valid only when every role has revealed. Opens the system's secret."""

    name = "seed_fixed"
    round: int
    secret: bytes
    seed: bytes


@dataclass(frozen=True)
class RoundAborted(Act):
    """``missing``: the roles that had not revealed although another had; empty before the first reveal.

    Not allowed once all have revealed: then the seed exists and must be opened.
    """

    name = "round_aborted"
    round: int
    reason: str
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class GatheringMoved(Act):
    """The gathering time of a notice changes from now on; experts who were called are notified."""

    name = "gathering_moved"
    notice: int
    old: datetime
    new: datetime


@dataclass(frozen=True)
class Need(Act):
    """From now on the condition holds ``needed`` places (open and accepted together), and calling is open.

    At first the planned number; in a supplementary draw the number to fill up to, never above the planned one.
    """

    name = "need"
    condition: int
    needed: int


@dataclass(frozen=True)
class Called(Act):
    name = "called"
    condition: int
    tier: str
    leaf: bytes


@dataclass(frozen=True)
class Skipped(Act):
    """``fact`` is the digest of the secret facts behind the reason: which leave, which other panel."""

    name = "skipped"
    condition: int
    tier: str
    leaf: bytes
    reason: SkipReason
    fact: bytes


@dataclass(frozen=True)
class CallOutcome(Act):
    """The outcome of a call: an open one becomes accepted, declined, silent or cancelled; an accepted one takes any
    other outcome or cancelled.

    ``undone``: the expert withdrew his acceptance in time, while the draw was calling; the call is open again. ``by``
    is the role that caused it; ``confirmed_by`` is empty where no confirmation is needed.
    """

    name = "outcome"
    condition: int
    leaf: bytes
    outcome: OutcomeKind
    by: Party
    confirmed_by: Party | Literal[""] = ""


@dataclass(frozen=True)
class Exhausted(Act):
    """The order of this condition and tier is exhausted. Must come before the first call of the alternative."""

    name = "exhausted"
    condition: int
    tier: str


@dataclass(frozen=True)
class Paused(Act):
    name = "paused"
    reason: str


@dataclass(frozen=True)
class Resumed(Act):
    name = "resumed"


@dataclass(frozen=True)
class ForceEnded(Act):
    """No new calls begin; open ones are waited for, then ``completed`` or ``short`` follows."""

    name = "force_ended"
    reason: str


@dataclass(frozen=True)
class Completed(Act):
    """Every condition has as many acceptances as needed. Calling is closed until a next ``need``."""

    name = "completed"


@dataclass(frozen=True)
class Short(Act):
    """No call is open and places are missing.

    ``exhausted``: every tier of each such condition is exhausted. ``too_late``: for each that isn't, the gathering is
    too near. ``declined``: a member of a recalled panel doesn't come.
    """

    name = "short"
    reason: ShortReason


@dataclass(frozen=True)
class Terminated(Act):
    """The draw is given up. Every open and accepted call is ``cancelled`` next, then it has ``ended``."""

    name = "terminated"
    by: Party
    reason: TerminationReason


@dataclass(frozen=True)
class Ended(Act):
    """The last entry. ``panel``: what became of the panel, by which its lots may be drawn again or not.

    ``met``: it was complete, or one of its experts came. ``not_met``: the time was over and nobody had come to a panel
    that was not complete.
    """

    name = "ended"
    panel: PanelEnd


ACTS: Mapping[str, frozenset[str]] = {
    act.name: frozenset(each.name for each in fields(act)) for act in Act.__subclasses__()
}
"""Facts by act: the keys of each entry besides seq, at, act, prev and hash."""


@dataclass(frozen=True)
class Head:
    """The end of a log: number of entries, and hash of the last one."""

    length: int
    hash: bytes


@dataclass(frozen=True)
class RecordEntry:
    """``facts`` is the whole published object, ``hash`` included."""

    seq: int
    at: datetime
    act: str
    facts: dict[str, Json]
    hash: bytes

    @property
    def head(self) -> Head:
        return Head(self.seq, self.hash)


def empty_head(pool: str, draw_number: str) -> Head:
    """The head of an empty log, bound to pool and draw, so that a log can't be moved to another draw."""
    return Head(0, digest("genesis", pool.encode(), draw_number.encode()))


def write_entry(head: Head, at: datetime, act: Act) -> RecordEntry:
    """The entry that follows ``head``. ``at`` is aware; microseconds are kept."""
    body: dict[str, Json] = {
        "seq": head.length + 1,
        "at": print_moment(at),
        "act": act.name,
        "prev": head.hash.hex(),
        **act.facts(),
    }
    digest = entry_hash(head.hash, body)
    return RecordEntry(head.length + 1, at, act.name, {**body, "hash": digest.hex()}, digest)


def print_moment(at: datetime) -> str:
    """RFC 3339 in UTC, with microseconds: the only spelling of times in a record."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def write_entries(head: Head, at: datetime, acts: Iterable[Act]) -> list[RecordEntry]:
    """Several entries with the same time."""
    entries: list[RecordEntry] = []
    for act in acts:
        entry = write_entry(head, at, act)
        entries.append(entry)
        head = entry.head
    return entries


def entry_hash(prev: bytes, entry: Mapping[str, Json]) -> bytes:
    """Hash of an entry: the fields TAG, ``entry``, ``prev``, canonical JSON of all but its own hash.

    Canonical: keys sorted by code point, no spaces, UTF-8 without escapes, integers only.
    """
    body = {key: value for key, value in entry.items() if key != "hash"}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return digest("entry", prev, text.encode())


def lot_mark(lot_id: UUID) -> bytes:
    """32 bytes that stand for a lot in all records. ``lot_id`` is the project's where it is drawn as one lot."""
    return digest("lot", lot_id.bytes)


def list_key(condition: int, tier: str, round_number: int) -> str:
    """Name of a candidate list in the record: ``1/main/1``."""
    return f"{condition}/{tier}/{round_number}"


def draw_document(
    pool: str,
    draw_number: str,
    log: Sequence[Mapping[str, Json]],
    lists: Mapping[str, tuple[bytes, Iterable[bytes]]],
) -> dict[str, Json]:
    """The record as published: ``log`` are the entries' facts, ``lists`` blind and leaves (any order) by ``list_key``.

    Once the draw has ended, all frozen lists are published; before that only their roots in the log.
    """
    head = log[-1]["hash"] if log else empty_head(pool, draw_number).hash.hex()
    return {
        "format": FORMAT,
        "pool": pool,
        "draw": draw_number,
        "head": head,
        "lists": {
            key: {"blind": blind.hex(), "leaves": [leaf.hex() for leaf in sorted(leaves)]}
            for key, (blind, leaves) in sorted(lists.items())
        },
        "log": [dict(entry) for entry in log],
    }


_FACTS = ConditionFacts | EarlierFacts | LimitFacts | ListFacts | LostFacts | SeatFacts | SupervisorFacts


def _to_json(value: object) -> Json:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return print_moment(value)
    if isinstance(value, str | int):
        return value
    if isinstance(value, tuple):
        return [_to_json(item) for item in value]
    if isinstance(value, _FACTS):
        named = ((each, getattr(value, each.name)) for each in fields(value))
        return {each.name: _to_json(fact) for each, fact in named if fact or not each.metadata.get("optional")}
    raise TypeError(f"a draw's record can't hold {value!r}")
