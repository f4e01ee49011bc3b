"""Sitting an examination (答题): the notice, the start, taking over on another device, handing in.

The rules of time and of merging answers: ``docs/algorithms/exam.md``. No query here touches a key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field

from domain.errors import Conflict, NotFound
from domain.exams.answers import Answer, AnswerEvent, digest, merge
from domain.exams.lifecycles import ATTEMPT, AttemptEvent, AttemptState
from domain.exams.timing import Timing, times_of
from models.exams import Exam, ExamAttempt, ExamCandidate, ExamSitting
from services.core.base import Actor, Deps, execute, record, rows, transaction
from services.core.permissions import check
from services.exams.item_pictures import ItemPictures
from services.exams.notifications import times_of as span_of
from services.exams.paper_view import ExamPaper, GivenAnswer, show_paper
from services.exams.papers import Papers
from services.exams.receipts import Receipts
from services.exams.repository import check_called, get_own, lock_candidate, rules_of
from services.exams.sealing import fill, read_events
from services.exams.tickets import Tickets

_STORE = """
INSERT INTO exam_answer_event (attempt_id, device, seq, slot, mask, text, client_at, received_at, timing)
SELECT $1, $2, e.seq, e.slot, e.mask, e.text, $7, $7, $8
  FROM unnest($3::int[], $4::smallint[], $5::int[], $6::text[]) AS e (seq, slot, mask, text)
"""


@dataclass(frozen=True)
class SubmissionReceipt:
    """What was handed in. ``digest``: SHA-256 of the answers as shown, which the candidate can compute as well.

    ``by_hand`` is false when the time ran out.
    """

    attempt_id: UUID
    number: int
    answered: int
    questions: int
    digest: str
    handed_in_at: datetime
    by_hand: bool
    check_url: Annotated[str, Field(description="A page that anybody can compare it with")]


class Attempts:
    def __init__(
        self, deps: Deps, papers: Papers, pictures: ItemPictures, receipts: Receipts, tickets: Tickets
    ) -> None:
        self._deps = deps
        self._papers = papers
        self._pictures = pictures
        self._receipts = receipts
        self._tickets = tickets

    async def accept_notice(self, actor: Actor, candidate_id: UUID) -> None:
        """The rules were read and the risks accepted; again, nothing changes. Raises NotFound, Conflict."""
        check(actor, "exam.own")
        now = self._deps.now()
        async with transaction():
            await get_own(actor, candidate_id)
            candidate = await lock_candidate(candidate_id)
            if candidate.notice_read_at is None:
                candidate.notice_read_at = now
                await candidate.save(update_fields=["notice_read_at"])
                await record(actor, now, "exam.notice_read", "exam_candidate", candidate.id)

    async def start(self, actor: Actor, candidate_id: UUID, device: int = 0) -> ExamPaper:
        """Begin a try, or go on with the one under way, with everything that was answered.

        ``device`` is the number this device was given before; any other one takes over: it gets the next number, and
        the one before is told when it saves. Raises Conflict when it can't begin now, NotFound.
        """
        check(actor, "exam.own")
        now = self._deps.now()
        async with transaction():
            await get_own(actor, candidate_id)
            candidate = await lock_candidate(candidate_id)
            exam = await Exam.get(id=candidate.exam_id)
            attempt = await ExamAttempt.filter(candidate_id=candidate.id, state="running").select_for_update().first()
            if attempt is None:
                attempt = await self._begin(actor, candidate, exam, now)
            elif attempt.deadline is not None and attempt.deadline <= now:
                raise Conflict("答题时间已到，系统正在收卷。", code="time_over")
            if device != attempt.device or not device:
                attempt.device += 1
                await record(actor, now, "exam.device", "exam_attempt", attempt.id, device=attempt.device)
            attempt.seen_at = now
            await attempt.save()
        return await show_paper(self._deps, self._pictures, candidate, exam, attempt, self._tickets, now)

    async def _begin(self, actor: Actor, candidate: ExamCandidate, exam: Exam, now: datetime) -> ExamAttempt:
        check_called(candidate, exam)
        rules = rules_of(exam)
        sitting = await ExamSitting.get_or_none(id=candidate.sitting_id) if candidate.sitting_id else None
        if rules.booking and sitting is None:
            raise Conflict("请先预约考试场次。", code="not_booked")
        opens, closes = span_of(exam, sitting)
        allowance = timedelta(minutes=candidate.extra_minutes)
        if now < opens:
            raise Conflict("还没有到考试开始时间，请稍候。", code="too_early")
        if now >= closes:
            raise Conflict("本场考试已结束，不能再开始答题。", code="too_late")
        if candidate.notice_read_at is None:
            raise Conflict("请先阅读考试须知。", code="notice_first")
        if rules.face_check != "none" and not candidate.face:
            raise Conflict(f"请先核验身份。{rules.face_other_way}", code="face_first")
        await self._check_tries(candidate, rules.tries, rules.rest, now)
        attempt = await self._papers.make_paper(candidate)
        times = times_of(now, rules.length, closes, allowance, rules.grace)
        attempt.state = ATTEMPT.next(AttemptState(attempt.state), AttemptEvent.START)
        attempt.started_at, attempt.deadline, attempt.grace_until = times.started_at, times.deadline, times.grace_until
        await record(actor, now, "exam.start", "exam_attempt", attempt.id, number=attempt.number)
        return attempt

    async def _check_tries(self, candidate: ExamCandidate, tries: int, rest: timedelta, now: datetime) -> None:
        """A try counts from the first paper that was handed out; what the office voided gives it back."""
        begun = await ExamAttempt.filter(candidate_id=candidate.id).exclude(state__in=["ready", "void"])
        if len(begun) >= tries + candidate.extra_tries:
            raise Conflict("考试次数已用完，请等待成绩或管理机构通知。", code="no_try_left")
        ended = max((one.sealed_at or one.grace_until or now for one in begun), default=None)
        if ended is not None and now < ended + rest:
            raise Conflict("两次考试之间需要间隔，请稍后再考。", code="rest_first")

    async def submit(
        self,
        actor: Actor,
        attempt_id: UUID,
        device: int,
        seen: str,
        answers: Sequence[GivenAnswer] | None = None,
    ) -> SubmissionReceipt:
        """Hand in (交卷); a second time gives the same receipt. ``seen`` is the digest of the answers that were shown.

        Where ours differs, because answers are still on their way, Conflict ``answers_differ`` asks for ``answers``,
        the whole map: what it holds counts, as this device's last word.
        Raises Conflict ``taken_over`` on a device that is not the active one, NotFound.
        """
        check(actor, "exam.own")
        now = self._deps.now()
        async with transaction():
            attempt = await self._lock_own(actor, attempt_id)
            if attempt.state == AttemptState.RUNNING:
                await self._hand_in(actor, attempt, device, seen, answers, now)
        return await self.receipt(actor, attempt_id)

    async def _hand_in(
        self,
        actor: Actor,
        attempt: ExamAttempt,
        device: int,
        seen: str,
        answers: Sequence[GivenAnswer] | None,
        now: datetime,
    ) -> None:
        if device != attempt.device:
            raise Conflict("考试已在另一台设备上继续，本机不能交卷。", code="taken_over")
        if attempt.grace_until is None or now > attempt.grace_until:
            raise Conflict("答题时间已到，系统正在收卷。", code="time_over")
        events = (await read_events([attempt.id])).get(attempt.id, [])
        if digest(merge(events)) != seen:
            if answers is None:
                raise Conflict("部分作答还没有上传，正在重新提交。", code="answers_differ")
            await _store_map(attempt, events, answers, now)
        attempt.state = ATTEMPT.next(AttemptState(attempt.state), AttemptEvent.SEAL)
        attempt.submitted_at = attempt.sealed_at = now
        await attempt.save(update_fields=["state", "submitted_at", "sealed_at"])
        await fill([attempt.id])
        sealed = await ExamAttempt.get(id=attempt.id)
        await record(actor, now, "exam.submit", "exam_attempt", attempt.id, digest=sealed.digest)

    async def receipt(self, actor: Actor, attempt_id: UUID) -> SubmissionReceipt:
        """Of a sealed attempt. Raises Conflict while it is under way, NotFound."""
        check(actor, "exam.own")
        attempt = await ExamAttempt.get_or_none(id=attempt_id).select_related("candidate")
        if attempt is None or attempt.candidate.account_id != actor.account_id:
            raise _unknown()
        if not attempt.digest:
            raise Conflict("还没有交卷或正在收卷，请稍后再看。", code="not_sealed")
        return await self._receipt(attempt)

    async def _receipt(self, attempt: ExamAttempt) -> SubmissionReceipt:
        found = await rows(
            "SELECT count(*) AS n FROM exam_answer WHERE attempt_id = $1 AND (mask <> 0 OR text <> '')", attempt.id
        )
        return SubmissionReceipt(
            attempt.id,
            attempt.number,
            found[0]["n"],
            len(attempt.versions),
            attempt.digest,
            attempt.submitted_at or attempt.deadline or self._deps.now(),
            attempt.submitted_at is not None,
            self._receipts.url(attempt),
        )

    async def _lock_own(self, actor: Actor, attempt_id: UUID) -> ExamAttempt:
        attempt = await ExamAttempt.select_for_update().get_or_none(id=attempt_id)
        if attempt is None:
            raise _unknown()
        candidate = await ExamCandidate.get(id=attempt.candidate_id)
        if candidate.account_id != actor.account_id:
            raise _unknown()
        return attempt


def _unknown() -> NotFound:
    return NotFound("找不到这次作答，请回到考试页面重新进入。", code="attempt_unknown")


async def _store_map(
    attempt: ExamAttempt, events: Sequence[AnswerEvent], answers: Sequence[GivenAnswer], now: datetime
) -> None:
    """The differences between what is stored and the whole map, as further events of the active device."""
    held, given = merge(events), {one.slot: Answer(one.mask, one.text) for one in answers}
    changed = {slot: given.get(slot, Answer()) for slot in sorted({*held, *given}) if given.get(slot) != held.get(slot)}
    last = max((one.seq for one in events if one.device == attempt.device), default=0)
    late = attempt.deadline is not None and now > attempt.deadline
    await execute(
        _STORE,
        attempt.id,
        attempt.device,
        [last + at for at in range(1, len(changed) + 1)],
        list(changed),
        [one.mask for one in changed.values()],
        [one.text or None for one in changed.values()],
        now,
        Timing.LATE if late else Timing.IN_TIME,
    )
