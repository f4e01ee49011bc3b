"""A candidate's view of an own paper with the keys (试卷回看), where the examination's rules permit it.

Only when the examination is closed, the result is released, and the person sits no other one at that moment, since the
bank is the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domain.errors import Conflict, NotFound
from domain.exams.lifecycles import ExamAttemptState
from domain.exams.marking import print_marks
from models.exams import Exam, ExamAttempt
from services.core.base import Actor, Deps, record
from services.core.permissions import check
from services.exams.marking.marked_papers import MarkedPapers, ReviewedQuestion
from services.exams.marking.scores import review_of
from services.exams.repository import get_own_candidate


@dataclass(frozen=True)
class ReviewedPaper:
    exam: str
    number: int
    score: str
    total: str
    passed: bool
    questions: tuple[ReviewedQuestion, ...]


@dataclass(frozen=True)
class PaperReview:
    deps: Deps
    papers: MarkedPapers

    async def get(self, actor: Actor, candidate_id: UUID, attempt_id: UUID) -> ReviewedPaper:
        """Each access is logged. Raises NotFound for another person's, Conflict while it can't be seen."""
        check(actor, "exam.own")
        _, exam = await get_own_candidate(actor, candidate_id)
        attempt = await ExamAttempt.get_or_none(id=attempt_id, candidate_id=candidate_id)
        if attempt is None:
            raise NotFound("找不到这次作答，请回到考试页面重新进入。", code="attempt_unknown")
        await self._check_viewable(actor, exam, attempt)
        questions = await self.papers.questions(actor, attempt)
        await record(actor, self.deps.now(), "exam.review", "exam_attempt", attempt.id)
        return ReviewedPaper(
            exam.name,
            attempt.number,
            print_marks(attempt.score or 0),
            print_marks(attempt.total or 0),
            bool(attempt.passed),
            questions,
        )

    async def _check_viewable(self, actor: Actor, exam: Exam, attempt: ExamAttempt) -> None:
        state = review_of(exam)
        if not state:
            raise Conflict("本场考试不公布试题和答案；对成绩有疑问可以申请复核。", code="no_review")
        if attempt.state != ExamAttemptState.RELEASED:
            raise Conflict("这次作答还没有公布成绩，公布后再查看。", code="no_result")
        if state == "later":
            raise Conflict("考试还没有结束，全部结束后可以查看试题和答案。", code="not_over")
        if await ExamAttempt.filter(candidate__account_id=actor.account_id, state="running").exists():
            raise Conflict("您正在参加另一场考试，交卷后再查看。", code="sitting_another")
