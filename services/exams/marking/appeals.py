"""Appeals against results (成绩复核) within the time of the rules; the office answers once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.errors import Conflict, Forbidden, NotFound
from domain.exams.lifecycles import ExamAttemptState
from domain.exams.marking import print_marks
from domain.exams.purposes import Purpose
from models.exams import Exam, ExamAppeal, ExamAttempt, ExamCandidate, ExamSitting
from services.core.base import Actor, Deps, record, rows, transaction
from services.core.permissions import check
from services.core.short_texts import check_text
from services.exams.marking.marking import regrade
from services.exams.notifications import facts_of
from services.exams.repository import get_exam, get_own_candidate, lock_candidate, rules_of
from services.notifications import Notices

Outcome = Literal["upheld", "rejected"]
TEXT_MAX, ANSWER_MAX = 500, 300
RESULTS: dict[Outcome, str] = {"upheld": "复核成立", "rejected": "维持原成绩"}
_SHOWN = 200
_LIST = """
SELECT p.id, p.attempt_id, p.text, p.state, p.answer, p.created_at, t.number, t.score, t.total, t.candidate_id
  FROM exam_appeal p JOIN exam_attempt t ON t.id = p.attempt_id WHERE t.exam_id = $1
 ORDER BY p.state = 'open' DESC, p.created_at LIMIT $2
"""


@dataclass(frozen=True)
class Appeal:
    """An appeal for the office; the appellant is shown with the paper."""

    id: UUID
    attempt_id: UUID
    text: str
    state: str
    answer: str
    created_at: datetime
    number: int
    score: str
    total: str


@dataclass(frozen=True)
class Appeals:
    deps: Deps
    notices: Notices

    async def appeal(self, actor: Actor, candidate_id: UUID, attempt_id: UUID, text: str) -> None:
        """Raises Conflict when it is too late or an appeal exists already, NotFound for another person's paper."""
        check(actor, "exam.own")
        words = check_text(text.strip(), "text", "复核理由", TEXT_MAX, required=True)
        now = self.deps.now()
        async with transaction():
            _, exam = await get_own_candidate(actor, candidate_id)
            await lock_candidate(candidate_id)
            attempt = await ExamAttempt.get_or_none(id=attempt_id, candidate_id=candidate_id)
            if attempt is None or attempt.state != ExamAttemptState.RELEASED or attempt.released_at is None:
                raise NotFound("这次作答还没有成绩，请刷新后查看。", code="no_result")
            if exam.purpose == Purpose.MOCK or now > attempt.released_at + rules_of(exam).appeal_within:
                raise Conflict("已过申请复核的时间，如有疑问请拨打服务热线。", code="too_late")
            if await ExamAppeal.exists(attempt_id=attempt.id):
                raise Conflict("这次成绩已申请过复核，请等待答复。", code="appealed")
            appeal = await ExamAppeal.create(attempt_id=attempt.id, pool=exam.pool, text=words, created_at=now)
            await record(actor, now, "exam.appeal", "exam_attempt", attempt.id, appeal=str(appeal.id))

    async def list(self, actor: Actor, exam_id: UUID) -> tuple[Appeal, ...]:
        """Open ones first. Raises NotFound."""
        check(actor, "exam.mark")
        exam = await get_exam(actor, exam_id)
        return tuple(
            Appeal(
                row["id"],
                row["attempt_id"],
                row["text"],
                row["state"],
                row["answer"],
                row["created_at"],
                row["number"],
                print_marks(row["score"] or 0),
                print_marks(row["total"] or 0),
            )
            for row in await rows(_LIST, exam.id, _SHOWN)
        )

    async def answer(self, actor: Actor, appeal_id: UUID, outcome: Outcome, answer: str) -> None:
        """Answer an appeal and notify the person; a paper whose appeal is upheld is marked again.

        Raises Conflict for an answered one, Forbidden for one's own, NotFound.
        """
        check(actor, "exam.mark")
        words = check_text(" ".join(answer.split()), "answer", "答复", ANSWER_MAX, required=True)
        now = self.deps.now()
        async with transaction():
            appeal = await ExamAppeal.select_for_update().get_or_none(id=appeal_id, pool=actor.pool)
            if appeal is None:
                raise NotFound("找不到这份复核申请，请刷新后查看。", code="appeal_unknown")
            if appeal.state != "open":
                raise Conflict("这份复核申请已答复，请刷新后查看。", code="answered")
            attempt = await ExamAttempt.get(id=appeal.attempt_id).select_related("exam", "candidate")
            if actor.account_id is not None and attempt.candidate.account_id == actor.account_id:
                raise Forbidden("不能办理自己的复核，请由其他管理员办理。", code="own_exam")
            appeal.state, appeal.answer = outcome, words
            appeal.decided_at, appeal.decided_by = now, actor.account_id
            await appeal.save()
            if outcome == "upheld":
                await regrade(attempt.exam, [attempt.id])
            await record(actor, now, f"exam.appeal_{outcome}", "exam_attempt", attempt.id, answer=words)
            await self._notify(appeal.id, attempt.exam, attempt.candidate, outcome, words, now)

    async def _notify(
        self, appeal_id: UUID, exam: Exam, candidate: ExamCandidate, outcome: Outcome, answer: str, now: datetime
    ) -> None:
        sitting = await ExamSitting.get_or_none(id=candidate.sitting_id)
        await self.notices.notify(
            pool=exam.pool,
            kind="appeal_answered",
            dedupe_key=f"appeal_answered:{appeal_id}",
            params=facts_of(exam, candidate, sitting, now, result=RESULTS[outcome], reason=answer),
            account_id=candidate.account_id,
        )
