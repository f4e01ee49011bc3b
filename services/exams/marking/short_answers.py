"""Short answers (简答题), marked by two people, who see neither each other's marks nor the candidate.

Where they differ, a third decides. ``marking`` grades the paper once its last answer is marked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

from domain.errors import Conflict, Forbidden, InvalidInput
from domain.exams.marking import FLAG_MARKING, agreed_mark, print_marks
from domain.faults import Faults
from domain.typed_text import half_width
from models.exams import ExamAttempt, ExamMarking
from services.core.base import Actor, Deps, execute, record, rows, transaction
from services.core.permissions import check
from services.core.short_texts import check_text
from services.exams.repository import get_exam

NOTE_MAX = 200
_MARKS = re.compile(r"\d{1,3}(\.\d)?")
_WAITING = f"""
FROM exam_attempt t JOIN exam_answer a ON a.attempt_id = t.id AND a.marks IS NULL
JOIN exam_candidate c ON c.id = t.candidate_id
WHERE t.exam_id = $1 AND t.state = 'sealed' AND '{FLAG_MARKING}' = ANY(t.flags)
"""
_OWN = f"""
{_WAITING} AND c.account_id <> $2 AND NOT EXISTS (SELECT 1 FROM exam_marking m
    WHERE m.attempt_id = a.attempt_id AND m.slot = a.slot AND m.marker_id = $2)
"""
_NEXT = f"""
SELECT a.attempt_id, a.slot, a.text, t.marks[a.slot + 1] AS mark, v.stem, coalesce(k.answer, '') AS answer
FROM (SELECT a.attempt_id, a.slot {_OWN} ORDER BY
    (SELECT count(*) FROM exam_marking m WHERE m.attempt_id = a.attempt_id AND m.slot = a.slot) DESC,
    a.version_id, a.attempt_id LIMIT 1) n
JOIN exam_answer a ON a.attempt_id = n.attempt_id AND a.slot = n.slot JOIN exam_attempt t ON t.id = n.attempt_id
JOIN exam_item_version v ON v.id = a.version_id LEFT JOIN exam_item_key k ON k.version_id = v.id
"""
_COUNTS = f"SELECT (SELECT count(*) {_WAITING}) AS waiting, (SELECT count(*) {_OWN}) AS own"
_ANSWER = """
SELECT t.marks[a.slot + 1] AS mark, a.marks IS NULL AS open, c.account_id FROM exam_answer a
  JOIN exam_attempt t ON t.id = a.attempt_id JOIN exam_candidate c ON c.id = t.candidate_id
 WHERE a.attempt_id = $1 AND a.slot = $2
"""
_SETTLE = "UPDATE exam_answer SET marks = $3 WHERE attempt_id = $1 AND slot = $2"
_READY = f"""
UPDATE exam_attempt SET flags = array_remove(flags, '{FLAG_MARKING}')
 WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM exam_answer WHERE attempt_id = $1 AND marks IS NULL)
"""


@dataclass(frozen=True)
class ShortAnswer:
    """One answer to mark, without the candidate. ``mark``: tenths that can be given."""

    attempt_id: UUID
    slot: int
    stem: str
    answer: str
    """The model answer."""
    text: str
    mark: int


@dataclass(frozen=True)
class MarkingQueue:
    """A marker's queue. ``own`` of the ``waiting`` answers are for this person to mark."""

    next: ShortAnswer | None
    own: int
    waiting: int


@dataclass(frozen=True)
class ShortAnswers:
    deps: Deps

    async def queue(self, actor: Actor, exam_id: UUID) -> MarkingQueue:
        """Raises NotFound."""
        check(actor, "exam.mark")
        exam = await get_exam(actor, exam_id)
        counts = (await rows(_COUNTS, exam.id, actor.account_id))[0]
        next_rows = await rows(_NEXT, exam.id, actor.account_id)
        return MarkingQueue(ShortAnswer(**next_rows[0]) if next_rows else None, counts["own"], counts["waiting"])

    async def mark(self, actor: Actor, attempt_id: UUID, slot: int, typed_marks: str, note: str = "") -> None:
        """Give marks, as ``4`` or ``3.5``. Raises InvalidInput, Conflict for an answer that needs no further marker or
        was marked by this one."""
        check(actor, "exam.mark")
        faults = Faults()
        words = faults.check(check_text, " ".join(note.split()), "note", "评语", NOTE_MAX)
        now = self.deps.now()
        async with transaction():
            attempt = await ExamAttempt.select_for_update().get_or_none(id=attempt_id)
            if attempt is None or actor.account_id is None:
                raise _already_settled()
            await get_exam(actor, attempt.exam_id)
            most = await self._check_markable(actor.account_id, attempt, slot)
            tenths = faults.check(read_marks, typed_marks, most)
            faults.raise_any()
            await ExamMarking.create(
                attempt_id=attempt.id,
                slot=slot,
                marker_id=actor.account_id,
                marks=tenths,
                note=words,
                marked_at=now,
            )
            await record(actor, now, "exam.mark", "exam_attempt", attempt.id, slot=slot, marks=tenths)
            await self._settle_marks(attempt.id, slot)

    async def _check_markable(self, marker: UUID, attempt: ExamAttempt, slot: int) -> int:
        """The highest mark, in tenths. Raises Forbidden, Conflict."""
        answer_rows = await rows(_ANSWER, attempt.id, slot)
        if not answer_rows or not answer_rows[0]["open"] or FLAG_MARKING not in attempt.flags:
            raise _already_settled()
        if answer_rows[0]["account_id"] == marker:
            raise Forbidden("不能评自己的答卷，请由其他人员评分。", code="own_exam")
        if await ExamMarking.exists(attempt_id=attempt.id, slot=slot, marker_id=marker):
            raise Conflict("您已评过这道题，请评下一道。", code="marked")
        return int(answer_rows[0]["mark"])

    async def _settle_marks(self, attempt_id: UUID, slot: int) -> None:
        markings = await ExamMarking.filter(attempt_id=attempt_id, slot=slot).order_by("marked_at", "id")
        settled = agreed_mark([marking.marks for marking in markings])
        if settled is not None:
            await execute(_SETTLE, attempt_id, slot, settled)
            await execute(_READY, attempt_id)


def read_marks(typed_marks: str, most: int, field: str = "marks") -> int:
    """Marks in tenths, at most ``most``. Raises InvalidInput for the field."""
    typed = half_width(typed_marks)
    tenths = round(float(typed) * 10) if _MARKS.fullmatch(typed) else -1
    if not 0 <= tenths <= most:
        message = f"请填写0到{print_marks(most)}之间的分数，最多一位小数，如3.5。"
        raise InvalidInput(message, code="bad_marks", field=field)
    return tenths


def _already_settled() -> Conflict:
    return Conflict("这道题已评完或不在评分中，请刷新后评下一道。", code="settled")
