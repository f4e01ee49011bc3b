"""Ends attempts (收卷): all whose time is over by one statement, then prepares the answers of each for marking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.core.base import Deps, entry, execute, record_many, rows, system, transaction
from services.core.due_rows import not_paused, process_each
from services.exams.attempts.sealed_answers import read_given_answers, write_sealed_answers

SEALS_DUE = "EXISTS (SELECT 1 FROM exam_attempt WHERE state = 'running' AND grace_until < $1)"
_SEAL = """
UPDATE exam_attempt SET state = 'sealed', sealed_at = $1 WHERE id IN (
    SELECT id FROM exam_attempt WHERE state = 'running' AND grace_until < $1
     ORDER BY grace_until LIMIT 20000 FOR UPDATE SKIP LOCKED)
"""
"""Attempts that a save or a submission holds are left to the next run."""
_UNFILLED = "state = 'sealed' AND digest = ''"
FILLS_DUE = (
    f"EXISTS (SELECT 1 FROM exam_attempt WHERE {_UNFILLED} AND sealed_at <= $1 AND {not_paused('exam_fill', 'id')})"
)
_NEXT_FILL = f"""
SELECT id FROM exam_attempt WHERE {_UNFILLED} AND {not_paused("exam_fill", "id")} ORDER BY sealed_at, id LIMIT $1
"""
_HOLD = f"""
SELECT t.id, e.pool FROM exam_attempt t JOIN exam e ON e.id = t.exam_id
 WHERE t.id = ANY($1::uuid[]) AND t.{_UNFILLED} ORDER BY t.id FOR UPDATE OF t
"""
_FILL_BATCH = 200
_FILL_ROUNDS = 50


@dataclass(frozen=True)
class _Batch:
    """``id`` is that of its first attempt."""

    id: UUID
    attempts: tuple[UUID, ...]


@dataclass(frozen=True)
class Sealing:
    deps: Deps

    async def seal_due(self) -> None:
        """Seal every attempt whose grace is over, by one statement; marking and results come later."""
        await execute(_SEAL, self.deps.now())

    async def fill_due(self) -> int:
        """Compute the answers of sealed attempts, some hundred at a time; returns the number of batches.

        If a batch fails, each of its attempts is tried alone, so that a bad one delays no other.
        """
        batches = 0
        while batches < _FILL_ROUNDS and (due := await rows(_NEXT_FILL, _FILL_BATCH)):
            batch = _Batch(due[0]["id"], tuple(row["id"] for row in due))
            if not await process_each("exam_fill_batch", [batch], lambda batch: self._fill_answers(batch.attempts)):
                await process_each("exam_fill", due, lambda row: self._fill_answers([row["id"]]))
            batches += 1
        return batches

    async def _fill_answers(self, ids: Sequence[UUID]) -> None:
        now = self.deps.now()
        async with transaction():
            held = {row["id"]: row["pool"] for row in await rows(_HOLD, list(ids))}
            digests = await write_sealed_answers(await read_given_answers(held))
            await record_many(
                entry(system(held[attempt_id]), now, "exam.seal", "exam_attempt", attempt_id, digest=digest)
                for attempt_id, digest in digests.items()
            )
