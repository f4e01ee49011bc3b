"""Marks sealed papers (评分): choices by key and rulings, short answers by their markers.

Some hundred papers of one examination at a time, each batch by two statements in a transaction, so that a crash leaves
complete batches. A paper with an unmarked short answer stays sealed under a flag until the last one is marked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.exams.marking import FLAG_MARKING, MARKERS
from models.exams import Exam
from services.core.base import Deps, execute, rows, transaction
from services.core.due_rows import not_paused, process_each
from services.core.limits import advisory_lock
from services.exams.repository import rules_of

BATCH = 500
ROUNDS = 50
"""Batches of one examination before others get their turn."""
_SEALED = f"t.state = 'sealed' AND t.digest <> '' AND NOT '{FLAG_MARKING}' = ANY(t.flags)"
_DUE = f"FROM exam_attempt t WHERE {_SEALED} AND t.sealed_at <= $1 AND {not_paused('exam_mark', 't.exam_id')}"
MARKS_DUE = f"EXISTS (SELECT 1 {_DUE})"
_EXAMS = f"SELECT DISTINCT t.exam_id AS id {_DUE}"
_NEXT = f"""
SELECT t.id FROM exam_attempt t WHERE t.exam_id = $1 AND {_SEALED} ORDER BY t.id LIMIT $2 FOR UPDATE
"""


def _choice(key: str) -> str:
    """``domain.exams.marking.mark_choice`` in SQL; ``$3`` is the rule for partial credit, ``$4`` its share."""
    return f"""CASE WHEN a.mask = 0 THEN 0 WHEN a.mask = {key} THEN t.marks[a.slot + 1]
        WHEN a.mask & ~{key} <> 0 OR k.kind <> 'multiple' OR $3 = 'none' THEN 0
        WHEN $3 = 'half' THEN t.marks[a.slot + 1] / 2
        ELSE least(t.marks[a.slot + 1], t.marks[a.slot + 1] * $4::int * bit_count(a.mask::bit(32))::int / 100) END"""


_SETTLED = f"""(SELECT CASE
        WHEN bool_or(m.on_appeal) THEN max(m.marks) FILTER (WHERE m.on_appeal)
        WHEN count(*) > {MARKERS} THEN (array_agg(m.marks ORDER BY m.marked_at, m.id))[{MARKERS + 1}]
        WHEN count(*) = {MARKERS} AND min(m.marks) = max(m.marks) THEN min(m.marks) END
    FROM exam_marking m WHERE m.attempt_id = a.attempt_id AND m.slot = a.slot)"""
_PLAN_ANEW = "SET LOCAL plan_cache_mode = force_custom_plan"
"""For this transaction: a generic plan would read all answers for each batch."""
_OF_BATCH = """a.attempt_id = ANY($2::uuid[])
   AND a.attempt_id BETWEEN ($2::uuid[])[1] AND ($2::uuid[])[cardinality($2::uuid[])]"""
"""``$2`` is sorted. The range keeps the planner from reading every answer of a table that has just grown."""
_MARK = f"""
WITH k AS MATERIALIZED (
    SELECT v.id, i.kind, coalesce(y.mask, 0) AS key, r.kind AS ruling, coalesce(r.mask, 0) AS other
      FROM exam_item_version v JOIN exam_item i ON i.id = v.item_id
      LEFT JOIN exam_item_key y ON y.version_id = v.id
      LEFT JOIN exam_ruling r ON r.version_id = v.id AND r.exam_id = $1
     WHERE v.id IN (SELECT unnest(versions) FROM exam_attempt WHERE id = ANY($2::uuid[])))
UPDATE exam_answer a SET marks = CASE
    WHEN k.ruling = 'drop' THEN 0
    WHEN k.ruling = 'full_credit' THEN t.marks[a.slot + 1]
    WHEN k.kind = 'short' AND coalesce(btrim(a.text), '') = '' THEN 0
    WHEN k.kind = 'short' THEN {_SETTLED}
    WHEN k.ruling = 'also_accept' THEN greatest({_choice("k.key")}, {_choice("k.other")})
    ELSE {_choice("k.key")} END
  FROM exam_attempt t, k
 WHERE {_OF_BATCH} AND t.id = ANY($2::uuid[]) AND t.id = a.attempt_id AND k.id = a.version_id
"""
_SUMS = f"""
SELECT t.id, sum(a.marks) AS score, bool_or(a.marks IS NULL) AS open,
       sum(CASE WHEN r.id IS NULL THEN t.marks[a.slot + 1] ELSE 0 END) AS total
  FROM exam_attempt t JOIN exam_answer a ON a.attempt_id = t.id
  LEFT JOIN exam_ruling r ON r.exam_id = $1 AND r.version_id = a.version_id AND r.kind = 'drop'
 WHERE t.id = ANY($2::uuid[]) AND {_OF_BATCH} GROUP BY t.id
"""
_GRADE = f"""
UPDATE exam_attempt t
   SET flags = CASE WHEN s.open THEN array_append(t.flags, '{FLAG_MARKING}') ELSE t.flags END,
       state = CASE WHEN s.open THEN 'sealed' ELSE 'graded' END,
       graded_at = CASE WHEN NOT s.open THEN $4::timestamptz END,
       score = CASE WHEN NOT s.open THEN s.score END, total = CASE WHEN NOT s.open THEN s.total END,
       passed = CASE WHEN NOT s.open THEN s.score * 100 >= $3 * s.total END
  FROM ({_SUMS}) s WHERE t.id = s.id
"""
"""Papers that wait for markers stay sealed under their flag."""
_REGRADE = f"""
UPDATE exam_attempt t SET score = s.score, total = s.total, passed = t.passed OR s.score * 100 >= $3 * s.total
  FROM ({_SUMS}) s WHERE t.id = s.id AND NOT s.open
"""
_TURNED = """
UPDATE exam_candidate c SET state = 'called', concluded_at = NULL FROM exam_attempt t
 WHERE t.id = ANY($1::uuid[]) AND t.candidate_id = c.id AND c.state = 'failed' AND t.state = 'released' AND t.passed
"""
"""Lets the next run of results process them, with all consequences."""


@dataclass(frozen=True)
class Marking:
    deps: Deps

    async def mark_due(self) -> int:
        """Mark all sealed papers; returns the number of examinations."""
        return await process_each(
            "exam_mark", await rows(_EXAMS, self.deps.now()), lambda row: self._mark_all(row["id"])
        )

    async def _mark_all(self, exam_id: UUID) -> None:
        for _ in range(ROUNDS):
            if await self.mark_batch(exam_id) < BATCH:
                return

    async def mark_batch(self, exam_id: UUID, limit: int = BATCH) -> int:
        """At most ``limit`` papers; returns the number marked."""
        async with transaction():
            await execute(_PLAN_ANEW)
            await advisory_lock(mark_lock(exam_id))
            exam = await Exam.get(id=exam_id)
            due = [row["id"] for row in await rows(_NEXT, exam_id, limit)]
            if due:
                rules = rules_of(exam)
                await execute(_MARK, exam_id, due, rules.partial_credit, rules.partial_share)
                await execute(_GRADE, exam_id, due, rules.pass_percent, self.deps.now())
        return len(due)


def mark_lock(exam_id: UUID) -> str:
    """Serialises marking of an examination, so that a concurrent ruling misses no paper."""
    return f"exam_mark:{exam_id}"


async def regrade(exam: Exam, attempts: Sequence[UUID]) -> None:
    """Mark again from the stored answers, in the caller's transaction; a candidate who passed is never failed by it."""
    rules = rules_of(exam)
    ordered = sorted(attempts)
    await execute(_MARK, exam.id, ordered, rules.partial_credit, rules.partial_share)
    await execute(_REGRADE, exam.id, ordered, rules.pass_percent)
    await execute(_TURNED, ordered)
