"""Results for the office and the candidate: papers with scores, flags and outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from domain.errors import NotFound
from domain.exams.lifecycles import ExamAttemptState
from domain.exams.marking import FLAG_LABELS, FLAG_MARKING, print_marks
from domain.exams.purposes import Purpose
from domain.masking import mask_name
from models.exams import Exam, ExamAppeal, ExamAttempt
from services.core.base import Actor, Deps, Page, rows
from services.core.permissions import check
from services.exams.repository import get_exam, get_own_candidate, rules_of

Show = Literal["", "flagged", "waiting", "passed", "failed"]
_FROM = """
FROM exam_attempt t JOIN exam_candidate c ON c.id = t.candidate_id JOIN account k ON k.id = c.account_id
LEFT JOIN application p ON p.id = c.application_id LEFT JOIN expert x ON x.id = c.expert_id
WHERE t.exam_id = $1 AND t.state IN ('sealed', 'graded', 'released', 'void') AND t.started_at IS NOT NULL
"""
_WHERE: Mapping[Show, str] = {
    "": "",
    "flagged": "AND t.state <> 'void' AND cardinality(t.flags) > 0",
    "waiting": "AND t.state IN ('sealed', 'graded')",
    "passed": "AND t.passed AND t.state <> 'void'",
    "failed": "AND NOT t.passed AND t.state <> 'void'",
}
_COLUMNS = f"""
SELECT t.*, k.real_name, coalesce(p.number, x.number, '') AS number_of {_FROM}
"""
_COUNTS = """
SELECT count(*) FILTER (WHERE state = 'sealed') AS sealed,
       count(*) FILTER (WHERE state = 'graded' AND released_at IS NULL) AS waiting,
       count(*) FILTER (WHERE state = 'graded' AND released_at IS NULL AND cardinality(flags) > 0) AS flagged,
       count(*) FILTER (WHERE state = 'released' OR released_at IS NOT NULL AND state <> 'void') AS out,
       count(*) FILTER (WHERE passed AND state IN ('graded', 'released')) AS passed,
       count(*) FILTER (WHERE '{flag}' = ANY(flags) AND state = 'sealed') AS marking
  FROM exam_attempt WHERE exam_id = $1
""".replace("{flag}", FLAG_MARKING)
Review = Literal["", "later", "now"]


@dataclass(frozen=True)
class ScoreCounts:
    """Number of papers by state. ``waiting`` can be released; ``flagged`` of them need an official first."""

    sealed: int
    waiting: int
    flagged: int
    out: int
    passed: int
    marking: int


@dataclass(frozen=True)
class Paper:
    """A submitted paper. ``score`` and ``total`` as display texts; empty before it is marked."""

    id: UUID
    exam_id: UUID
    candidate_id: UUID
    name: str
    reference: str
    """Number of the application or the expert."""
    number: int
    state: ExamAttemptState
    score: str
    total: str
    passed: bool | None
    flags: tuple[str, ...]
    started_at: datetime
    sealed_at: datetime | None
    by_hand: bool
    devices: int
    leaves: int
    hidden_seconds: int
    void_reason: str


@dataclass(frozen=True)
class OwnResult:
    """A released result. ``line``: the pass mark. ``review``: whether the paper can be seen with its keys.

    ``appeal``: open, upheld, rejected, or empty; ``appeal_until``: null when none can be made any more;
    ``appealed_score``: the score against which an upheld one was, or empty.
    """

    attempt_id: UUID
    number: int
    score: Annotated[str, Field(examples=["85.5"])]
    total: str
    line: str
    passed: bool
    released_at: datetime
    appeal: str
    answer: str
    appealed_score: str
    appeal_until: datetime | None
    review: Annotated[Review, Field(description="now, later (when the examination is over), or empty: never")]


@dataclass(frozen=True)
class Scores:
    deps: Deps

    async def counts(self, actor: Actor, exam_id: UUID) -> ScoreCounts:
        """Raises NotFound."""
        check(actor, "exam.mark")
        exam = await get_exam(actor, exam_id)
        return ScoreCounts(**(await rows(_COUNTS, exam.id))[0])

    async def page(self, actor: Actor, exam_id: UUID, show: Show, *, page: int, size: int) -> Page[Paper]:
        """Best first. Raises NotFound."""
        check(actor, "exam.mark")
        exam = await get_exam(actor, exam_id)
        total = (await rows(f"SELECT count(*) AS n {_FROM} {_WHERE[show]}", exam.id))[0]["n"]
        order = "ORDER BY t.score DESC NULLS LAST, t.id LIMIT $2 OFFSET $3"
        paper_rows = await rows(f"{_COLUMNS} {_WHERE[show]} {order}", exam.id, size, (page - 1) * size)
        return Page(tuple(_paper(row) for row in paper_rows), total)

    async def get(self, actor: Actor, exam_id: UUID, attempt_id: UUID) -> Paper:
        """Raises NotFound."""
        check(actor, "exam.mark")
        exam = await get_exam(actor, exam_id)
        paper_rows = await rows(f"{_COLUMNS} AND t.id = $2", exam.id, attempt_id)
        if not paper_rows:
            raise NotFound("找不到这份答卷，请返回列表后刷新。", code="attempt_unknown")
        return _paper(paper_rows[0])

    async def own(self, actor: Actor, candidate_id: UUID) -> tuple[OwnResult, ...]:
        """Released results of a person's own tries, in order. Raises NotFound for another person's."""
        check(actor, "exam.own")
        candidate, exam = await get_own_candidate(actor, candidate_id)
        attempts = await ExamAttempt.filter(candidate_id=candidate.id, state="released").order_by("number")
        own_appeals = ExamAppeal.filter(attempt_id__in=[attempt.id for attempt in attempts])
        appeals = {appeal.attempt_id: appeal for appeal in await own_appeals}
        now = self.deps.now()
        return tuple(_own_result(attempt, exam, appeals.get(attempt.id), now) for attempt in attempts)


def review_of(exam: Exam) -> Review:
    """Whether papers can be seen with their keys: never, after the examination, or now."""
    if not rules_of(exam).review_after or exam.state not in ("published", "closed"):
        return ""
    return "now" if exam.state == "closed" else "later"


def line_of(total: int, percent: int) -> str:
    """The pass mark."""
    return print_marks(-(-percent * total // 100))


def _own_result(attempt: ExamAttempt, exam: Exam, appeal: ExamAppeal | None, now: datetime) -> OwnResult:
    rules, total = rules_of(exam), attempt.total or 0
    at = attempt.released_at or attempt.made_at
    until = at + rules.appeal_within
    may_appeal = appeal is None and exam.purpose != Purpose.MOCK and now <= until
    return OwnResult(
        attempt_id=attempt.id,
        number=attempt.number,
        score=print_marks(attempt.score or 0),
        total=print_marks(total),
        line=line_of(total, rules.pass_percent),
        passed=bool(attempt.passed),
        released_at=at,
        appeal=appeal.state if appeal else "",
        answer=appeal.answer if appeal else "",
        appealed_score=print_marks(appeal.score)
        if appeal and appeal.state == "upheld" and appeal.score is not None
        else "",
        appeal_until=until if may_appeal else None,
        review=review_of(exam),
    )


def _paper(row: Mapping[str, Any]) -> Paper:
    return Paper(
        id=row["id"],
        exam_id=row["exam_id"],
        candidate_id=row["candidate_id"],
        name=mask_name(row["real_name"]),
        reference=row["number_of"],
        number=row["number"],
        state=ExamAttemptState(row["state"]),
        score="" if row["score"] is None else print_marks(row["score"]),
        total="" if row["total"] is None else print_marks(row["total"]),
        passed=row["passed"],
        flags=tuple(FLAG_LABELS.get(flag, flag) for flag in row["flags"]),
        started_at=row["started_at"],
        sealed_at=row["sealed_at"],
        by_hand=row["submitted_at"] is not None,
        devices=row["device"],
        leaves=row["leaves"],
        hidden_seconds=row["hidden_seconds"],
        void_reason=row["void_reason"],
    )
