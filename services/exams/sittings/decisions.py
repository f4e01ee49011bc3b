"""The office's decisions on a single candidate, so that none is stuck: a result, or removal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.errors import Forbidden
from domain.exams.lifecycles import CandidateEvent, CandidateState
from models.applications import Application
from models.exams import Exam, ExamCandidate, ExamSitting
from services.applications import lock
from services.core.base import Actor, Deps, record
from services.core.idempotency import once
from services.core.permissions import check
from services.core.short_texts import check_text
from services.entry import Conclusions, ExamResult
from services.exams.notifications import facts_of
from services.exams.repository import get_candidate, lock_candidate, lock_sittings, move_candidate, void_open_attempts
from services.exams.sittings.seating import Seating
from services.notifications import Notices

REASON_MAX = 200
_Act = Callable[[ExamCandidate, Application | None, datetime], Awaitable[None]]
_EVENTS: dict[ExamResult, CandidateEvent] = {"passed": CandidateEvent.PASS, "failed": CandidateEvent.FAIL}


@dataclass(frozen=True)
class ExamDecisions:
    deps: Deps
    notices: Notices
    conclusions: Conclusions
    seating: Seating

    async def record_result(
        self, actor: Actor, candidate_id: UUID, result: ExamResult, reason: str, *, key: str | None = None
    ) -> None:
        """Passed or failed by decision; an application moves on, or ends, and the person is notified of the reason.

        A running paper is void. Raises Conflict for a candidate with a final verdict, Forbidden for oneself.
        """
        check(actor, "exam.manage")
        words = check_text(" ".join(reason.split()), "reason", "成绩或原因", REASON_MAX, required=True)

        async def act(candidate: ExamCandidate, application: Application | None, now: datetime) -> None:
            await move_candidate(candidate, _EVENTS[result], now)
            await record(actor, now, f"exam.record_{result}", "exam_candidate", candidate.id, reason=words)
            if application is not None and application.state == "exam":
                await self.conclusions.apply_exam(actor, application, result, words, now)
            else:
                await self._notify(candidate, f"登记结果为{CandidateState(candidate.state).label}（{words}）", now)

        await self._apply_decision(actor, candidate_id, f"{result} {words}", words, key, act)

    async def release(self, actor: Actor, candidate_id: UUID, reason: str, *, key: str | None = None) -> None:
        """Remove the candidate; an application keeps waiting, and the next examination calls it.

        Raises Conflict for a candidate with a final verdict, Forbidden for oneself.
        """
        check(actor, "exam.manage")
        words = check_text(" ".join(reason.split()), "reason", "原因", REASON_MAX, required=True)

        async def act(candidate: ExamCandidate, _: Application | None, now: datetime) -> None:
            await move_candidate(candidate, CandidateEvent.LEAVE, now)
            await record(actor, now, "exam.release", "exam_candidate", candidate.id, reason=words)
            await self._notify(candidate, f"您不再参加这场考试（{words}）", now)

        await self._apply_decision(actor, candidate_id, f"release {words}", words, key, act)

    async def _notify(self, candidate: ExamCandidate, decision: str, now: datetime) -> None:
        """For an application the next stage's notice reports the result; all others are reported here.

        There is nothing left to get ready for, so the time is not told as in an invitation.
        """
        exam = await Exam.get(id=candidate.exam_id)
        sitting = await ExamSitting.get_or_none(id=candidate.sitting_id)
        await self.notices.notify(
            pool=exam.pool,
            kind="exam_decided",
            dedupe_key=f"exam_decided:{candidate.id}:{now.isoformat()}",
            params=facts_of(exam, candidate, sitting, now, reason=decision),
            account_id=candidate.account_id,
        )

    async def _apply_decision(
        self, actor: Actor, candidate_id: UUID, request: str, reason: str, key: str | None, act: _Act
    ) -> None:
        now = self.deps.now()

        async def run() -> None:
            unlocked_candidate, exam = await get_candidate(actor, candidate_id)
            if actor.account_id is not None and unlocked_candidate.account_id == actor.account_id:
                raise Forbidden("不能办理自己的考试，请由其他管理员办理。", code="own_exam")
            application = await lock(unlocked_candidate.application_id) if unlocked_candidate.application_id else None
            sittings = await lock_sittings(exam.id)
            candidate = await lock_candidate(candidate_id)
            was_called = candidate.state == CandidateState.CALLED
            await act(candidate, application, now)
            candidate.waiting_id = candidate.waiting_since = None
            await candidate.save(update_fields=["waiting_id", "waiting_since"])
            booked = sittings.get(candidate.sitting_id) if candidate.sitting_id else None
            if was_called and exam.state == "published" and booked is not None and booked.starts_at > now:
                await self.seating.unseat(exam, candidate, sittings, now)
            await void_open_attempts(candidate.id, reason)

        await once(
            owner=f"exam_decide:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=type(None),
            run=run,
            request=f"{candidate_id} {request}",
        )
