"""Ends attempts (收卷): all whose time is over by one statement, then the answers of each as they will be marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.exams.answers import Answer, AnswerEvent, digest, merge
from domain.exams.papers import to_canonical
from domain.exams.timing import Timing
from models.exams import ExamAttempt
from services.core.base import Deps, execute, record, rows, system, transaction
from services.core.batches import not_paused, process_each
from services.exams.repository import rules_of

SEALS_DUE = "EXISTS (SELECT 1 FROM exam_attempt WHERE state = 'running' AND grace_until < $1)"
_SEAL = """
UPDATE exam_attempt SET state = 'sealed', sealed_at = $1 WHERE id IN (
    SELECT id FROM exam_attempt WHERE state = 'running' AND grace_until < $1
     ORDER BY grace_until LIMIT 20000 FOR UPDATE SKIP LOCKED)
"""
_UNFILLED = "state = 'sealed' AND digest = ''"
FILLS_DUE = (
    f"EXISTS (SELECT 1 FROM exam_attempt WHERE {_UNFILLED} AND sealed_at <= $1 AND {not_paused('exam_fill', 'id')})"
)
_NEXT_FILL = f"""
SELECT id FROM exam_attempt WHERE {_UNFILLED} AND {not_paused("exam_fill", "id")} ORDER BY sealed_at LIMIT $1
"""
_FILL_BATCH = 200
_FILL_ROUNDS = 50
_EVENTS = """
SELECT attempt_id, device, seq, slot, mask, text, timing FROM exam_answer_event
 WHERE attempt_id = ANY($1::uuid[]) AND timing < 2
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
"""Devices of one attempt beyond which a person looks at it."""
LATE_CHANGES_MAX = 5
"""Answers changed within the grace from which on a person looks at the attempt."""


@dataclass(frozen=True)
class _Batch:
    """``id`` is that of its first attempt."""

    id: UUID
    attempts: tuple[UUID, ...]


class Sealing:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def seal_due(self) -> None:
        """Seal every attempt whose grace is over, by one statement; marking and results come later."""
        await execute(_SEAL, self._deps.now())

    async def fill_due(self) -> int:
        """Work out the answers of what is sealed, some hundred attempts at a time; returns how many batches.

        Where a batch fails, each of its attempts is tried alone, so that a bad one holds nobody up.
        """
        batches = 0
        while batches < _FILL_ROUNDS and (due := await rows(_NEXT_FILL, _FILL_BATCH)):
            batch = _Batch(due[0]["id"], tuple(row["id"] for row in due))
            if not await process_each("exam_fill_batch", [batch], lambda one: self._fill(one.attempts)):
                await process_each("exam_fill", due, lambda row: self._fill([row["id"]]))
            batches += 1
        return batches

    async def _fill(self, ids: Sequence[UUID]) -> None:
        now = self._deps.now()
        async with transaction():
            held = await ExamAttempt.filter(id__in=ids, state="sealed", digest="").order_by("id").select_for_update()
            await fill([one.id for one in held])
            sealed = await ExamAttempt.filter(id__in=[one.id for one in held]).select_related("exam")
            for one in sealed:
                await record(system(one.exam.pool), now, "exam.seal", "exam_attempt", one.id, digest=one.digest)


async def read_events(ids: Sequence[UUID]) -> dict[UUID, list[AnswerEvent]]:
    """What counts of what devices sent, by attempt."""
    return _events(await rows(_EVENTS, list(ids)))


async def fill(ids: Sequence[UUID]) -> None:
    """Write the answers of sealed attempts as they will be marked, with their digests; in the caller's transaction."""
    attempts = await ExamAttempt.filter(id__in=ids).select_related("exam")
    found = await rows(_EVENTS, list(ids))
    events, late = _events(found), _late_slots(found)
    versions = sorted({version for attempt in attempts for version in attempt.versions})
    counts = {row["id"]: row["n"] for row in await rows(_COUNTS, versions)}
    put: list[tuple[UUID, int, UUID, int, str, bool]] = []
    digests: list[tuple[UUID, str, str]] = []
    for attempt in attempts:
        answers = merge(events.get(attempt.id, ()))
        own_late = late.get(attempt.id, set())
        for slot, (version, order) in enumerate(zip(attempt.versions, attempt.orders, strict=True)):
            answer = answers.get(slot, Answer())
            mask = _canonical(answer.mask, order, counts[version])
            put.append((attempt.id, slot, version, mask, answer.text, slot in own_late))
        digests.append((attempt.id, digest(answers), ",".join(_flags(attempt, len(own_late)))))
    if put:
        await execute(_PUT, *map(list, zip(*put, strict=True)))
        await execute(_DIGESTS, *map(list, zip(*digests, strict=True)))


def _canonical(mask: int, order: int, options: int) -> int:
    """A device that sends bits beyond the options has answered nothing by them."""
    return to_canonical(mask & ((1 << options) - 1), order, options) if options else 0


def _late_slots(found: Sequence[Any]) -> dict[UUID, set[int]]:
    slots: dict[UUID, set[int]] = {}
    for row in found:
        if row["timing"] == Timing.LATE:
            slots.setdefault(row["attempt_id"], set()).add(row["slot"])
    return slots


def _flags(attempt: ExamAttempt, late: int) -> list[str]:
    """What a person should look at before the result goes out."""
    rules = rules_of(attempt.exam)
    flags = {
        "leaves": attempt.leaves >= rules.leave_flag,
        "device": attempt.device > DEVICES_MAX,
        "late": late > LATE_CHANGES_MAX,
    }
    return [name for name, raised in flags.items() if raised]


def _events(found: Sequence[Any]) -> dict[UUID, list[AnswerEvent]]:
    """By attempt; what came after the end is left out by the query."""
    events: dict[UUID, list[AnswerEvent]] = {}
    for row in found:
        answer = Answer(row["mask"], row["text"] or "")
        events.setdefault(row["attempt_id"], []).append(AnswerEvent(row["device"], row["seq"], row["slot"], answer))
    return events
