"""Results (成绩): shown at once or released by the office, the verdict over all tries, and its consequences.

A candidate stays called until the verdict: passed as soon as one released result passes, failed when no try is left or
the examination is over. Rows are locked application first, then sittings, the candidate, his attempts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.clock import print_full, print_time
from domain.errors import Conflict, Forbidden
from domain.exams.lifecycles import ATTEMPT, AttemptEvent, CandidateEvent, CandidateState, ExamAttemptState
from domain.exams.marking import print_marks
from domain.exams.purposes import Purpose
from domain.rulebook.exams import ExamRules
from models.applications import Application
from models.exams import Exam, ExamAttempt, ExamCandidate, ExamSitting
from services.applications import lock
from services.certificates import CertificateSubject, Issuing
from services.core.base import Actor, Deps, record, rows, system, transaction
from services.core.due_rows import not_paused, process_each
from services.core.permissions import check
from services.core.short_texts import check_text
from services.entry import Conclusions
from services.exams.marking.scores import line_of
from services.exams.notifications import facts_of, invitation_of
from services.exams.repository import (
    get_candidate,
    get_exam,
    lock_candidate,
    lock_sittings,
    move_candidate,
    qualifies,
    rules_of,
    void_open_attempts,
)
from services.exams.sittings.seating import Seating
from services.notifications import Notices

REASON_MAX = 200
_RELEASABLE = "a.state = 'graded' AND (a.released_at IS NOT NULL OR e.rules ->> 'result' = 'at_once')"
_DUE = f"""
FROM exam_candidate c JOIN exam e ON e.id = c.exam_id WHERE {not_paused("exam_result", "c.id")} AND (
    EXISTS (SELECT 1 FROM exam_attempt a WHERE a.candidate_id = c.id AND a.graded_at <= $1 AND {_RELEASABLE})
    OR c.state = 'called' AND (
        (e.purpose <> 'mock' AND EXISTS (SELECT 1 FROM exam_attempt a
            WHERE a.candidate_id = c.id AND a.state = 'released' AND a.passed))
        OR (e.state = 'closed' AND NOT EXISTS (SELECT 1 FROM exam_attempt a
            WHERE a.candidate_id = c.id AND a.state IN ('running', 'sealed', 'graded')))))
"""
RESULTS_DUE = f"EXISTS (SELECT 1 {_DUE})"
_NEXT = f"SELECT c.id {_DUE} ORDER BY c.id LIMIT 500"
_RELEASE = """
UPDATE exam_attempt SET released_at = $2
 WHERE exam_id = $1 AND state = 'graded' AND released_at IS NULL AND ($3 OR cardinality(flags) = 0)
RETURNING id
"""
_OPEN = (ExamAttemptState.RUNNING, ExamAttemptState.SEALED, ExamAttemptState.GRADED)
_APPLICATION_ENDED, _APPLICATION_WAITS = "本次申请已结束，可在征集期内重新申报", "您的申请保留，请等待下一次考试通知"
_NOTICE_FOLLOWS, _APPLICATION_CLOSED = "请留意后续通知", "原申请已办结，请在征集期内重新申报"


@dataclass(frozen=True)
class Results:
    deps: Deps
    notices: Notices
    conclusions: Conclusions
    seating: Seating
    certificates: Issuing

    # ---- by time

    async def conclude_due(self) -> int:
        """Release due results and apply the consequences, candidate by candidate; returns how many."""
        due = await rows(_NEXT, self.deps.now())
        return await process_each("exam_result", due, lambda row: self.conclude(row["id"]))

    async def conclude(self, candidate_id: UUID) -> None:
        """The verdict of one candidate from the released results; a repetition changes nothing."""
        now = self.deps.now()
        async with transaction():
            unlocked_candidate = await ExamCandidate.get(id=candidate_id)
            application = await lock(unlocked_candidate.application_id) if unlocked_candidate.application_id else None
            exam = await Exam.get(id=unlocked_candidate.exam_id)
            sittings = await lock_sittings(exam.id)
            candidate = await lock_candidate(candidate_id)
            tries = await self._release_results(candidate, exam, now)
            if candidate.state == CandidateState.CALLED:
                await self._reach_verdict(candidate, exam, application, tries, now)
            if candidate.state != CandidateState.CALLED and candidate.sitting_id is not None:
                await self._free_place(exam, candidate, sittings[candidate.sitting_id], now)

    async def _release_results(self, candidate: ExamCandidate, exam: Exam, now: datetime) -> list[ExamAttempt]:
        """All tries that count; results that may be seen are released."""
        tries = await ExamAttempt.filter(candidate_id=candidate.id).order_by("number").select_for_update()
        at_once = rules_of(exam).result == "at_once"
        for attempt in tries:
            if attempt.state == ExamAttemptState.GRADED and (at_once or attempt.released_at is not None):
                attempt.state = ATTEMPT.next(ExamAttemptState.GRADED, AttemptEvent.RELEASE)
                attempt.released_at = attempt.released_at or now
                await attempt.save(update_fields=["state", "released_at"])
        return [attempt for attempt in tries if attempt.state not in (ExamAttemptState.READY, ExamAttemptState.VOID)]

    async def _reach_verdict(
        self,
        candidate: ExamCandidate,
        exam: Exam,
        application: Application | None,
        tries: Sequence[ExamAttempt],
        now: datetime,
    ) -> None:
        over = exam.state == "closed"
        released = [attempt for attempt in tries if attempt.state == ExamAttemptState.RELEASED]
        best = max(released, key=lambda attempt: (bool(attempt.passed), attempt.score or 0), default=None)
        if exam.purpose == Purpose.MOCK:
            if over:
                await move_candidate(candidate, CandidateEvent.LEAVE, now)
        elif best is not None and best.passed:
            await self._pass_candidate(candidate, exam, application, best, now)
        elif any(attempt.state in _OPEN for attempt in tries):
            return
        elif best is None:
            if over:
                await move_candidate(candidate, CandidateEvent.LEAVE, now)
        elif (
            over
            or exam.closes_at <= now
            or _tries_left(candidate, rules_of(exam), tries) <= 0
            or not await qualifies(candidate)
        ):
            await self._fail_candidate(candidate, exam, application, best, now)
        else:
            await self._offer_next_try(
                candidate, exam, released[-1], _tries_left(candidate, rules_of(exam), tries), now
            )

    async def _pass_candidate(
        self, candidate: ExamCandidate, exam: Exam, application: Application | None, best: ExamAttempt, now: datetime
    ) -> None:
        await move_candidate(candidate, CandidateEvent.PASS, now)
        await void_open_attempts(candidate.id, "已合格")
        await record(system(exam.pool), now, "exam.passed", "exam_candidate", candidate.id, score=best.score)
        waits = application is not None and application.state == "exam"
        advice = _NOTICE_FOLLOWS if waits or application is None else _APPLICATION_CLOSED
        await self._notify("exam_passed", candidate, exam, best, now, advice=advice)
        if waits and application is not None:
            words = f"{exam.name}{_score(best)}"
            await self.conclusions.apply_exam(system(exam.pool), application, "passed", words, now)
        await self._issue_certificate(candidate, exam, application, best, now)

    async def _issue_certificate(
        self, candidate: ExamCandidate, exam: Exam, application: Application | None, best: ExamAttempt, now: datetime
    ) -> None:
        """Where the pool issues certificates of examinations."""
        expert_id = (application.expert_id if application else None) or candidate.expert_id
        facts = (("考试", exam.name), ("成绩", _score(best)))
        subject = CertificateSubject("exam", candidate.account_id, expert_id, candidate.id, facts)
        await self.certificates.issue(exam.pool, subject, now)

    async def _fail_candidate(
        self, candidate: ExamCandidate, exam: Exam, application: Application | None, best: ExamAttempt, now: datetime
    ) -> None:
        rules = rules_of(exam)
        await move_candidate(candidate, CandidateEvent.FAIL, now)
        await void_open_attempts(candidate.id, "考试次数已用完")
        await record(system(exam.pool), now, "exam.failed", "exam_candidate", candidate.id, score=best.score)
        waiting = application is not None and application.state == "exam"
        ends = waiting and rules.failed == "refused"
        line = line_of(best.total or 0, rules.pass_percent)
        advice = _APPLICATION_ENDED if ends else _APPLICATION_WAITS if waiting else _NOTICE_FOLLOWS
        await self._notify("exam_failed", candidate, exam, best, now, advice=advice, line=line)
        if ends and application is not None:
            words = f"{exam.name}{_score(best)}，未达到{line}分"
            await self.conclusions.apply_exam(system(exam.pool), application, "failed", words, now, notify=False)

    async def _offer_next_try(
        self, candidate: ExamCandidate, exam: Exam, last: ExamAttempt, tries_left: int, now: datetime
    ) -> None:
        """Tries are left: notify when the next may begin."""
        rules = rules_of(exam)
        again = max(now, (last.sealed_at or now) + rules.rest)
        more = {
            "line": line_of(last.total or 0, rules.pass_percent),
            "left": str(tries_left),
            "again": print_time(again),
        }
        await self._notify("exam_again", candidate, exam, last, now, **more, again_full=print_full(again))

    async def _notify(
        self, kind: str, candidate: ExamCandidate, exam: Exam, attempt: ExamAttempt, now: datetime, **more: str
    ) -> None:
        sitting = await ExamSitting.get_or_none(id=candidate.sitting_id)
        facts = facts_of(exam, candidate, sitting, now)
        facts |= {"score": print_marks(attempt.score or 0), "total": print_marks(attempt.total or 0), **more}
        await self.notices.notify(
            pool=exam.pool,
            kind=kind,
            dedupe_key=f"{kind}:{attempt.id}:{candidate.extra_tries}",
            params=facts,
            account_id=candidate.account_id,
        )

    async def _free_place(self, exam: Exam, candidate: ExamCandidate, booked: ExamSitting, now: datetime) -> None:
        """A place booked for a further try goes to the waiting list."""
        if exam.state == "published" and booked.starts_at > now:
            await self.seating.unseat(exam, candidate, await lock_sittings(exam.id), now)

    # ---- by the office

    async def release(self, actor: Actor, exam_id: UUID, *, flagged: bool) -> int:
        """Release all marked results, or only the unflagged ones; returns how many.

        The worker notifies the candidates. Raises Conflict where results are shown at once, or none is ready.
        """
        check(actor, "exam.mark")
        now = self.deps.now()
        async with transaction():
            exam = await get_exam(actor, exam_id, locked=True)
            if rules_of(exam).result == "at_once":
                raise Conflict("这场考试的成绩评分后立即公布，不用再公布。", code="at_once")
            released = await rows(_RELEASE, exam.id, now, flagged)
            if not released:
                raise Conflict("没有可以公布的成绩：请等评分完成，或先核实有提示的答卷。", code="none_ready")
            exam.released_at = now
            await exam.save(update_fields=["released_at"])
            await record(actor, now, "exam.let_out", "exam", exam.id, count=len(released), flagged=flagged)
        return len(released)

    async def clear_flags(self, actor: Actor, attempt_id: UUID, reason: str) -> None:
        """Clear the flags, so that the result is released with the others. Raises Conflict, Forbidden."""
        check(actor, "exam.mark")
        words = check_text(" ".join(reason.split()), "reason", "核实情况", REASON_MAX, required=True)
        now = self.deps.now()
        async with transaction():
            attempt, _, _ = await self._lock_attempt(actor, attempt_id)
            if attempt.state != ExamAttemptState.GRADED or not attempt.flags:
                raise Conflict("这份答卷没有待核实的提示，请刷新后查看。", code="nothing_to_clear")
            was, attempt.flags = attempt.flags, []
            await attempt.save(update_fields=["flags"])
            await record(actor, now, "exam.cleared", "exam_attempt", attempt.id, reason=words, flags=tuple(was))

    async def void(self, actor: Actor, attempt_id: UUID, reason: str) -> None:
        """Void a paper (作废) with a reason; it uses up no try.

        Raises Conflict for a candidate with a final verdict, Forbidden for oneself.
        """
        check(actor, "exam.mark")
        words = check_text(" ".join(reason.split()), "reason", "作废原因", REASON_MAX, required=True)
        now = self.deps.now()
        async with transaction():
            attempt, candidate, exam = await self._lock_attempt(actor, attempt_id)
            if candidate.state != CandidateState.CALLED:
                label = CandidateState(candidate.state).label
                raise Conflict(f"这位考生已是“{label}”，不能再作废答卷。", code="decided")
            attempt.state = ATTEMPT.next(ExamAttemptState(attempt.state), AttemptEvent.VOID)
            attempt.void_reason = words
            await attempt.save(update_fields=["state", "void_reason"])
            await record(actor, now, "exam.void", "exam_attempt", attempt.id, reason=words)
            if exam.purpose != Purpose.MOCK:
                await self._notify_void(exam, candidate, attempt, words, now)

    async def _notify_void(
        self, exam: Exam, candidate: ExamCandidate, attempt: ExamAttempt, reason: str, now: datetime
    ) -> None:
        sitting = await ExamSitting.get_or_none(id=candidate.sitting_id)
        await self.notices.notify(
            pool=exam.pool,
            kind="exam_changed",
            dedupe_key=f"exam_void:{attempt.id}",
            params=invitation_of(exam, candidate, sitting, now, reason=f"第{attempt.number}次答卷作废（{reason}）"),
            account_id=candidate.account_id,
        )

    async def _lock_attempt(self, actor: Actor, attempt_id: UUID) -> tuple[ExamAttempt, ExamCandidate, Exam]:
        """Candidate first, as everywhere. Raises NotFound, Forbidden for one's own."""
        unlocked_attempt = await ExamAttempt.get_or_none(id=attempt_id)
        candidate, exam = await get_candidate(actor, unlocked_attempt.candidate_id if unlocked_attempt else attempt_id)
        if actor.account_id is not None and candidate.account_id == actor.account_id:
            raise Forbidden("不能办理自己的考试，请由其他管理员办理。", code="own_exam")
        locked = await lock_candidate(candidate.id)
        return await ExamAttempt.select_for_update().get(id=attempt_id), locked, exam


def _tries_left(candidate: ExamCandidate, rules: ExamRules, tries: Sequence[ExamAttempt]) -> int:
    return rules.tries + int(candidate.extra_tries) - len(tries)


def _score(attempt: ExamAttempt) -> str:
    return f"{print_marks(attempt.score or 0)}分"
