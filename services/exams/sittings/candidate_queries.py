"""Queries of candidates (考生) for the office: the list and one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.clock import print_span
from domain.exams.lifecycles import CandidateState, ExamAttemptState
from domain.masking import mask_name
from domain.person_names import name_key
from domain.typed_text import half_width
from models.exams import Exam
from services.core.base import Actor, Deps, Page, rows
from services.core.permissions import check
from services.exams.repository import get_candidate, get_exam

_LIST = """
SELECT c.id, c.state, c.sitting_id, c.waiting_id, c.extra_minutes, c.extra_tries, c.extra_devices,
       c.allowance_reason, c.called_at,
       c.face, c.face_at,
       k.real_name, coalesce(p.number, x.number, '') AS number, p.id AS application_id,
       s.starts_at, s.ends_at, s.place, a.used, a.state AS attempt, a.passed, a.score, a.total,
       count(*) OVER () AS total_rows
FROM exam_candidate c JOIN account k ON k.id = c.account_id
LEFT JOIN application p ON p.id = c.application_id LEFT JOIN expert x ON x.id = c.expert_id
LEFT JOIN exam_sitting s ON s.id = c.sitting_id
LEFT JOIN LATERAL (
    SELECT t.state, t.passed, t.score, t.total,
           count(*) FILTER (WHERE t.state NOT IN ('ready', 'void')) OVER () AS used
    FROM exam_attempt t WHERE t.candidate_id = c.id ORDER BY t.number DESC LIMIT 1
) a ON TRUE
WHERE c.exam_id = $1 AND ($2 = '' OR c.state = $2) AND ($3::uuid IS NULL OR c.sitting_id = $3)
  AND ($4 = '' OR person_key(k.real_name) = $8 OR p.number = $4 OR x.number = $4) AND ($5::uuid IS NULL OR c.id = $5)
ORDER BY c.called_at, c.id LIMIT $6 OFFSET $7
"""


@dataclass(frozen=True)
class CandidateLine:
    """A candidate with the newest paper; ``number`` is the application's or the expert's. Marks are tenths."""

    id: UUID
    name: str
    number: str
    application_id: UUID | None
    state: CandidateState
    sitting: str
    waiting: bool
    extra_minutes: int
    extra_tries: int
    extra_devices: int
    reason: str
    used: int
    attempt: ExamAttemptState | None
    passed: bool | None
    score: int | None
    total: int | None
    called_at: datetime
    face: str
    face_at: datetime | None


@dataclass(frozen=True)
class CandidateFilter:
    """Which candidates; empty: all."""

    state: str = ""
    sitting_id: UUID | None = None
    search: str = ""


@dataclass(frozen=True)
class CandidateQueries:
    deps: Deps

    async def page(
        self, actor: Actor, exam_id: UUID, wanted: CandidateFilter, *, page: int = 1, size: int = 20
    ) -> Page[CandidateLine]:
        """In the order of calling. Raises NotFound."""
        check(actor, "exam.manage")
        exam = await get_exam(actor, exam_id)
        candidate_rows = await self._lines(exam, wanted, None, size, (page - 1) * size)
        return Page(
            tuple(self._line(row) for row in candidate_rows), candidate_rows[0]["total_rows"] if candidate_rows else 0
        )

    async def get(self, actor: Actor, candidate_id: UUID) -> tuple[CandidateLine, UUID]:
        """One candidate, and the examination's id. Raises NotFound."""
        check(actor, "exam.manage")
        _, exam = await get_candidate(actor, candidate_id)
        (row,) = await self._lines(exam, CandidateFilter(), candidate_id, 1, 0)
        return self._line(row), exam.id

    async def _lines(
        self, exam: Exam, wanted: CandidateFilter, only: UUID | None, limit: int, offset: int
    ) -> Sequence[Mapping[str, Any]]:
        word = half_width(wanted.search)
        values = (wanted.state, wanted.sitting_id, word, only, limit, offset, name_key(word))
        return await rows(_LIST, exam.id, *values)

    def _line(self, row: Mapping[str, Any]) -> CandidateLine:
        now = self.deps.now()
        span = print_span(row["starts_at"], row["ends_at"], now) if row["sitting_id"] else ""
        return CandidateLine(
            id=row["id"],
            name=mask_name(row["real_name"]),
            number=row["number"],
            application_id=row["application_id"],
            state=CandidateState(row["state"]),
            sitting=span,
            waiting=row["waiting_id"] is not None,
            extra_minutes=row["extra_minutes"],
            extra_tries=row["extra_tries"],
            extra_devices=row["extra_devices"],
            reason=row["allowance_reason"],
            used=row["used"] or 0,
            attempt=ExamAttemptState(row["attempt"]) if row["attempt"] else None,
            passed=row["passed"],
            score=row["score"],
            total=row["total"],
            called_at=row["called_at"],
            face=row["face"],
            face_at=row["face_at"],
        )
