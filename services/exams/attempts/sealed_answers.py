"""The answers of sealed attempts in the form that is marked, with their digests. No query here reads a key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from domain.exams.answers import AnswerEvent, ExamAnswer, digest, merge
from domain.exams.papers import to_canonical
from domain.rulebook.exams import ExamRules
from models.exams import Exam
from services.core.base import execute, rows
from services.exams.repository import rules_of

_EVENTS = """
SELECT e.* FROM unnest($1::uuid[]) AS w (id) CROSS JOIN LATERAL (
    SELECT DISTINCT ON (slot) attempt_id, device, seq, slot, mask, text,
           bool_or(timing = 1) OVER (PARTITION BY slot) AS late
      FROM exam_answer_event WHERE attempt_id = w.id AND timing < 2
     ORDER BY slot, device DESC, seq DESC OFFSET 0) e
"""
"""The newest event of each slot, chosen here: the others, with their texts, never come into this process. Attempt by
attempt (OFFSET 0): during a sitting the table grows faster than the planner's statistics, and it would read the whole
table for a few attempts."""
_SEALED = """
SELECT t.id, t.exam_id, t.versions, t.orders, t.leaves, t.device,
       CASE WHEN t.device > 1 THEN (
            SELECT count(*) FROM exam_answer_event e WHERE e.attempt_id = t.id AND e.timing = 2
               AND e.received_at <= t.deadline AND e.slot < cardinality(t.versions)) ELSE 0 END AS replaced
  FROM exam_attempt t WHERE t.id = ANY($1::uuid[]) ORDER BY t.id
"""
_COUNTS = "SELECT id, cardinality(options) AS n FROM exam_item_version WHERE id = ANY($1::uuid[])"
_PUT = """
INSERT INTO exam_answer (attempt_id, slot, version_id, mask, text, late)
SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::int[], $5::text[], $6::boolean[])
ON CONFLICT DO NOTHING
"""
_DIGESTS = """
UPDATE exam_attempt a SET digest = d.digest, flags = d.flags FROM (
    SELECT id, digest, array_remove(string_to_array(flags, ','), '') AS flags
      FROM unnest($1::uuid[], $2::text[], $3::text[]) AS d (id, digest, flags)) d
 WHERE a.id = d.id AND a.state = 'sealed' AND a.digest = ''
"""
DEVICES_MAX = 3
"""Number of devices of one attempt above which it is flagged for an official."""
LATE_CHANGES_MAX = 5
"""Number of answers changed within the grace from which the attempt is flagged for an official."""
REPLACED_CHANGES_MAX = 5
"""Number of answers made on replaced devices above which the attempt is flagged."""
_NOTHING = ExamAnswer()


@dataclass
class GivenAnswers:
    """The answers that count, from all devices of an attempt. ``late``: slots changed within the grace."""

    answers: dict[int, ExamAnswer] = field(default_factory=dict)
    late: set[int] = field(default_factory=set)


async def read_given_answers(ids: Iterable[UUID]) -> dict[UUID, GivenAnswers]:
    """By attempt, including those without answers. Without events received or made after the end."""
    events_by_attempt: dict[UUID, list[Any]] = {attempt_id: [] for attempt_id in ids}
    for row in await rows(_EVENTS, list(events_by_attempt)):
        events_by_attempt[row["attempt_id"]].append(row)
    return {attempt_id: _merge_events(events) for attempt_id, events in events_by_attempt.items()}


def _merge_events(event_rows: Sequence[Any]) -> GivenAnswers:
    events = [
        AnswerEvent(row["device"], row["seq"], row["slot"], ExamAnswer(row["mask"], row["text"] or ""))
        for row in event_rows
    ]
    return GivenAnswers(merge(events), {row["slot"] for row in event_rows if row["late"]})


async def write_sealed_answers(given: Mapping[UUID, GivenAnswers]) -> dict[UUID, str]:
    """Store the answers of sealed attempts in the caller's transaction; returns their digests."""
    attempts = await rows(_SEALED, list(given))
    counts = await _option_counts(attempts)
    rules = {exam.id: rules_of(exam) for exam in await Exam.filter(id__in={attempt["exam_id"] for attempt in attempts})}
    table = _Table()
    digests: dict[UUID, str] = {}
    flags: list[str] = []
    for attempt in attempts:
        own = given[attempt["id"]]
        table.add(attempt, own, counts)
        digests[attempt["id"]] = digest(own.answers)
        flags.append(",".join(_flags(attempt, rules[attempt["exam_id"]], len(own.late))))
    if digests:
        await execute(_PUT, table.attempts, table.slots, table.versions, table.masks, table.texts, table.late)
        await execute(_DIGESTS, list(digests), list(digests.values()), flags)
    return digests


async def _option_counts(attempts: Sequence[Any]) -> dict[UUID, int]:
    versions = {version for attempt in attempts for version in attempt["versions"]}
    return {row["id"]: row["n"] for row in await rows(_COUNTS, list(versions))}


@dataclass
class _Table:
    """Columns of the rows to insert, one row for each slot of each attempt."""

    attempts: list[UUID] = field(default_factory=list)
    slots: list[int] = field(default_factory=list)
    versions: list[UUID] = field(default_factory=list)
    masks: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    late: list[bool] = field(default_factory=list)

    def add(self, attempt: Any, given: GivenAnswers, counts: Mapping[UUID, int]) -> None:
        versions, orders = attempt["versions"], attempt["orders"]
        answers = [given.answers.get(slot, _NOTHING) for slot in range(len(versions))]
        self.attempts += [attempt["id"]] * len(versions)
        self.slots += range(len(versions))
        self.versions += versions
        self.masks += [
            _canonical_mask(answer.mask, order, counts[version]) if answer.mask else 0
            for answer, order, version in zip(answers, orders, versions, strict=True)
        ]
        self.texts += [answer.text for answer in answers]
        self.late += [slot in given.late for slot in range(len(versions))]


def _canonical_mask(mask: int, order: int, options: int) -> int:
    """Bits beyond the options make an answer empty."""
    return to_canonical(mask & ((1 << options) - 1), order, options) if options else 0


def _flags(attempt: Any, rules: ExamRules, late: int) -> list[str]:
    """Flags for an official before the result is released."""
    flags = {
        "leaves": attempt["leaves"] >= rules.leave_flag,
        "device": attempt["device"] > DEVICES_MAX,
        "late": late > LATE_CHANGES_MAX,
        "replaced": attempt["replaced"] > REPLACED_CHANGES_MAX,
    }
    return [name for name, raised in flags.items() if raised]
