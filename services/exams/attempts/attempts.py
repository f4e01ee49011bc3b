"""Attempts (答题): the notice, the start, continuing on another device, submission.

The rules of time and of merging answers: ``docs/algorithms/exam.md``. No query here touches a key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from domain.errors import AppError, Conflict
from domain.exams.lifecycles import ATTEMPT, AttemptEvent, ExamAttemptState
from domain.exams.timing import times_of
from models.exams import ExamAttempt, ExamCandidate
from services.core.base import Actor, Deps, record, transaction
from services.core.permissions import check
from services.exams.attempts.answer_files import AnswerFiles
from services.exams.attempts.paper_view import ExamPaper, show_paper
from services.exams.attempts.receipts import Receipts, SubmissionReceipt
from services.exams.attempts.submissions import PaperSubmission, ShownAnswer, Submissions
from services.exams.attempts.tickets import KnownDevice, Tickets
from services.exams.bank.item_pictures import ItemPictures
from services.exams.notifications import times_of as span_of
from services.exams.papers.papers import Papers
from services.exams.repository import check_called, lock_own_candidate, rules_of

STARTS_AT_ONCE = 6
"""Concurrent starts per process, so that connections are left for saving."""


@dataclass(frozen=True)
class Attempts:
    deps: Deps
    papers: Papers
    pictures: ItemPictures
    receipts: Receipts
    tickets: Tickets
    files: AnswerFiles
    submissions: Submissions
    _turns: asyncio.Semaphore = field(init=False, default_factory=lambda: asyncio.Semaphore(STARTS_AT_ONCE))

    async def accept_notice(self, actor: Actor, candidate_id: UUID) -> None:
        """Record that the rules were read and the risks accepted; a repetition changes nothing. Raises NotFound,
        Conflict."""
        check(actor, "exam.own")
        now = self.deps.now()
        async with transaction():
            candidate = await lock_own_candidate(actor, candidate_id)
            if candidate.notice_read_at is None:
                candidate.notice_read_at = now
                await candidate.save(update_fields=["notice_read_at"])
                await record(actor, now, "exam.notice_read", "exam_candidate", candidate.id)

    async def start(self, actor: Actor, candidate_id: UUID, device: KnownDevice | None = None) -> ExamPaper:
        """Begin a try, or resume the one under way, with all its answers.

        ``device`` is this device as its ticket proves it; any other than the active one takes over: it gets the next
        number, and the previous one is refused when it saves. Raises Conflict when it can't begin now, NotFound.
        """
        check(actor, "exam.own")
        async with self._turns:
            return await self._start(actor, candidate_id, device)

    async def _start(self, actor: Actor, candidate_id: UUID, device: KnownDevice | None) -> ExamPaper:
        now = self.deps.now()
        async with transaction():
            candidate = await lock_own_candidate(actor, candidate_id)
            tries = await ExamAttempt.filter(candidate_id=candidate.id).order_by("number")
            running = next((attempt for attempt in tries if attempt.state == ExamAttemptState.RUNNING), None)
            if running is not None:
                await self._resume(actor, candidate, running, device, now)
            attempt = running or await self._begin_attempt(actor, candidate, tries, now)
        resumed = running is not None
        return await show_paper(
            self.deps,
            self.pictures,
            candidate,
            attempt,
            self.tickets,
            now,
            self.files.public_key,
            resumed=resumed,
        )

    async def _resume(
        self, actor: Actor, candidate: ExamCandidate, attempt: ExamAttempt, device: KnownDevice | None, now: datetime
    ) -> None:
        """Resume. Raises Conflict when the time is over, or after too many take-overs; the row is not locked, so it may
        just be being sealed."""
        taken_over = device != KnownDevice(attempt.id, attempt.device)
        if taken_over:
            _check_devices(attempt, rules_of(candidate.exam).devices_max + candidate.extra_devices)
            attempt.device, attempt.replaced_at = attempt.device + 1, [*attempt.replaced_at, now]
        attempt.seen_at = now
        running_attempt = ExamAttempt.filter(id=attempt.id, state=ExamAttemptState.RUNNING, deadline__gt=now)
        columns = {"device": attempt.device, "replaced_at": attempt.replaced_at, "seen_at": now}
        if not await running_attempt.update(**columns):
            raise Conflict("答题时间已到，系统正在收卷。", code="time_over")
        if taken_over:
            await record(actor, now, "exam.device", "exam_attempt", attempt.id, device=attempt.device)

    async def _begin_attempt(
        self, actor: Actor, candidate: ExamCandidate, tries: Sequence[ExamAttempt], now: datetime
    ) -> ExamAttempt:
        exam, sitting = candidate.exam, candidate.sitting
        check_called(candidate, exam)
        rules = rules_of(exam)
        if rules.booking and sitting is None:
            raise Conflict("请先预约考试场次。", code="not_booked")
        opens, closes = span_of(exam, sitting)
        if now < opens:
            raise Conflict("还没有到考试开始时间，请稍候。", code="too_early")
        if now >= closes:
            raise Conflict("本场考试已结束，不能再开始答题。", code="too_late")
        if candidate.notice_read_at is None:
            raise Conflict("请先阅读考试须知。", code="notice_first")
        if rules.face_check != "none" and not candidate.face:
            raise Conflict(f"请先核验身份。{rules.face_other_way}", code="face_first")
        _check_tries(tries, rules.tries + candidate.extra_tries, rules.rest, now)
        ready = next((attempt for attempt in tries if attempt.state == ExamAttemptState.READY), None)
        attempt = ready or await self.papers.make_paper(candidate)
        times = times_of(now, rules.length, closes, timedelta(minutes=candidate.extra_minutes), rules.grace)
        attempt.state = ATTEMPT.next(ExamAttemptState(attempt.state), AttemptEvent.START)
        attempt.started_at, attempt.deadline, attempt.grace_until = times.started_at, times.deadline, times.grace_until
        attempt.device, attempt.seen_at = 1, now
        await attempt.save(update_fields=["state", "started_at", "deadline", "grace_until", "device", "seen_at"])
        await record(actor, now, "exam.start", "exam_attempt", attempt.id, number=attempt.number, device=attempt.device)
        return attempt

    async def submit(
        self,
        actor: Actor,
        attempt_id: UUID,
        device: int,
        seen: str,
        answers: Sequence[ShownAnswer] | None = None,
    ) -> SubmissionReceipt:
        """Submit (交卷); a repetition returns the same receipt. ``seen`` is the digest of the displayed answers.

        If ours differs, because answers are still on their way, Conflict ``answers_differ`` asks for ``answers``, the
        complete map, which then counts as this device's last input; within the grace only answers made in time. Raises
        Conflict ``taken_over`` on a device that is not the active one, NotFound.
        """
        check(actor, "exam.own")
        return await self.submissions.submit(PaperSubmission(actor, attempt_id, device, seen, answers))

    async def receipt(self, actor: Actor, attempt_id: UUID) -> SubmissionReceipt:
        """The receipt of a sealed attempt. Raises Conflict while it is under way, NotFound."""
        check(actor, "exam.own")
        (receipt,) = await self.receipts.find_receipts([(attempt_id, actor.account_id)])
        if isinstance(receipt, AppError):
            raise receipt
        return receipt


def _check_devices(attempt: ExamAttempt, most: int) -> None:
    """The device that is active goes on in any case."""
    if attempt.device >= most:
        raise Conflict(
            f"这份试卷已换过{most - 1}次设备，不能再换。请回到正在答题的那台设备继续；"
            "确实需要换的，请马上告诉监考人员或拨打服务热线，由管理机构允许后重试。计时不停，作答都已保存。",
            code="devices_used",
        )


def _check_tries(tries: Sequence[ExamAttempt], most: int, rest: timedelta, now: datetime) -> None:
    """A try counts from the first paper that was begun; a voided one doesn't count."""
    begun = [attempt for attempt in tries if attempt.state not in (ExamAttemptState.READY, ExamAttemptState.VOID)]
    if len(begun) >= most:
        raise Conflict("考试次数已用完，请等待成绩或管理机构通知。", code="no_try_left")
    ended = max((attempt.sealed_at or attempt.grace_until or now for attempt in begun), default=None)
    if ended is not None and now < ended + rest:
        raise Conflict("两次考试之间需要间隔，请稍后再考。", code="rest_first")
