"""Submission (交卷): concurrent submissions share one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from domain.errors import AppError, Conflict
from domain.exams.answers import ExamAnswer, digest
from domain.exams.lifecycles import ATTEMPT, AttemptEvent, ExamAttemptState
from domain.exams.timing import timing_of
from services.core.base import Actor, Deps, entry, execute, record_many, rows, transaction
from services.core.request_batcher import RequestBatcher
from services.exams.attempts.receipts import Receipts, SubmissionReceipt
from services.exams.attempts.save_backlog import SaveBacklog
from services.exams.attempts.sealed_answers import GivenAnswers, read_given_answers, write_sealed_answers

BATCH_MAX = 50
LANES = 2
_RUNNING = """
SELECT t.id, t.device, t.deadline, t.grace_until, cardinality(t.versions) AS questions, c.account_id
  FROM exam_attempt t JOIN exam_candidate c ON c.id = t.candidate_id
 WHERE t.id = ANY($1::uuid[]) AND t.state = 'running' ORDER BY t.id FOR UPDATE OF t
"""
_TEXTS = """
SELECT t.id, p.slot - 1 AS slot
  FROM exam_attempt t CROSS JOIN LATERAL unnest(t.versions) WITH ORDINALITY AS p (version, slot)
  JOIN exam_item_version v ON v.id = p.version WHERE t.id = ANY($1::uuid[]) AND cardinality(v.options) = 0
"""
"""Slots of the questions that are answered by a text."""
_SEAL = "UPDATE exam_attempt SET state = $3, submitted_at = $2, sealed_at = $2 WHERE id = ANY($1::uuid[])"
_STORE = """
INSERT INTO exam_answer_event (attempt_id, device, seq, slot, mask, text, client_at, received_at, timing)
SELECT e.attempt_id, e.device, e.seq, e.slot, e.mask, e.text, e.client_at, $9, e.timing
  FROM unnest($1::uuid[], $2::smallint[], $3::int[], $4::smallint[], $5::int[], $6::text[], $7::timestamptz[],
              $8::smallint[]) AS e (attempt_id, device, seq, slot, mask, text, client_at, timing)
"""


@dataclass(frozen=True)
class ShownAnswer:
    """A displayed answer, with its time by the device's clock, corrected to ours.

    An empty one means that the slot was cleared.
    """

    slot: int
    answer: ExamAnswer
    made_at: datetime | None = None


@dataclass(frozen=True)
class PaperSubmission:
    """``seen`` is the digest of the displayed answers; ``answers`` all of them, if requested."""

    actor: Actor
    attempt_id: UUID
    device: int
    seen: str
    answers: Sequence[ShownAnswer] | None = None


@dataclass(frozen=True)
class Submissions:
    deps: Deps
    receipts: Receipts
    _waiting: SaveBacklog = field(
        init=False,
        default_factory=lambda: SaveBacklog("交卷的人较多，请过几秒再次交卷；作答都保留着，到时会自动交卷。"),
    )

    @cached_property
    def _batcher(self) -> RequestBatcher[PaperSubmission, SubmissionReceipt | AppError]:
        return RequestBatcher(self._submit_batch, lanes=LANES, most=BATCH_MAX)

    async def submit(self, submission: PaperSubmission) -> SubmissionReceipt:
        """Raises the errors of ``Attempts.submit``, and TooMany when too many wait."""
        with self._waiting.reserve_place(submission.attempt_id):
            answer = await self._batcher.ask(submission)
        if isinstance(answer, AppError):
            raise answer
        return answer

    async def _submit_batch(self, submissions: Sequence[PaperSubmission]) -> list[SubmissionReceipt | AppError]:
        """In the order of ``submissions``; an attempt that no longer runs yields its receipt, if there is one."""
        now = self.deps.now()
        refused: dict[int, Conflict] = {}
        sealing: dict[UUID, PaperSubmission] = {}
        async with transaction():
            running = {
                row["id"]: row for row in await rows(_RUNNING, [submission.attempt_id for submission in submissions])
            }
            given = await read_given_answers(running)
            for at, submission in enumerate(submissions):
                row = running.get(submission.attempt_id)
                # a second submission of an attempt in this batch gets the receipt of the first
                if row is None or row["account_id"] != submission.actor.account_id or submission.attempt_id in sealing:
                    continue
                if refusal := _refusal(row, submission, given[submission.attempt_id], now):
                    refused[at] = refusal
                else:
                    sealing[submission.attempt_id] = submission
            if sealing:
                await self._seal_attempts(sealing, given, running, now)
        receipts = await self.receipts.find_receipts(
            (submission.attempt_id, submission.actor.account_id) for submission in submissions
        )
        return [refused.get(at, receipt) for at, receipt in enumerate(receipts)]

    async def _seal_attempts(
        self,
        sealing: Mapping[UUID, PaperSubmission],
        given: dict[UUID, GivenAnswers],
        running: Mapping[UUID, Any],
        now: datetime,
    ) -> None:
        differing = [
            submission
            for submission in sealing.values()
            if digest(given[submission.attempt_id].answers) != submission.seen
        ]
        if differing:
            await _store_maps(differing, given, running, now)
            given |= await read_given_answers(submission.attempt_id for submission in differing)
        sealed = ATTEMPT.next(ExamAttemptState.RUNNING, AttemptEvent.SEAL)
        await execute(_SEAL, list(sealing), now, sealed.value)
        digests = await write_sealed_answers({attempt_id: given[attempt_id] for attempt_id in sealing})
        await record_many(
            entry(
                submission.actor,
                now,
                "exam.submit",
                "exam_attempt",
                submission.attempt_id,
                digest=digests[submission.attempt_id],
            )
            for submission in sealing.values()
        )


def _refusal(row: Any, submission: PaperSubmission, given: GivenAnswers, now: datetime) -> Conflict | None:
    """Why a running attempt can't be submitted in this way."""
    if submission.device != row["device"]:
        return Conflict("考试已在另一台设备上继续，本机不能交卷。", code="taken_over")
    if now > row["grace_until"]:
        return Conflict("答题时间已到，系统正在收卷。", code="time_over")
    if submission.answers is None and digest(given.answers) != submission.seen:
        return Conflict("部分作答还没有上传，正在重新提交。", code="answers_differ")
    return None


async def _store_maps(
    differing: Sequence[PaperSubmission], given: Mapping[UUID, GivenAnswers], running: Mapping[UUID, Any], now: datetime
) -> None:
    """Store the differences between stored answers and complete maps as events of one more device, which take
    precedence.

    A number of the device itself would acknowledge an answer that the device later sends under it. A text where the
    question has options is left out.
    """
    text_rows = await rows(_TEXTS, [submission.attempt_id for submission in differing])
    texts = {(row["id"], row["slot"]) for row in text_rows}
    events = []
    for submission in differing:
        row = running[submission.attempt_id]
        for seq, shown in enumerate(
            _changes(submission.answers or (), given[submission.attempt_id].answers, row["questions"]), 1
        ):
            answer, timing = shown.answer, timing_of(now, row["deadline"], shown.made_at)
            text = answer.text if (submission.attempt_id, shown.slot) in texts else ""
            events.append(
                (
                    *(submission.attempt_id, submission.device + 1, seq, shown.slot),
                    *(answer.mask, text or None, shown.made_at, timing),
                )
            )
    if events:
        await execute(_STORE, *map(list, zip(*events, strict=True)), now)


def _changes(answers: Sequence[ShownAnswer], held: Mapping[int, ExamAnswer], questions: int) -> list[ShownAnswer]:
    """Slots whose answer differs from ours; one that the map lacks was cleared."""
    shown = {answer.slot: answer for answer in answers if answer.slot < questions}
    emptied = [ShownAnswer(slot, ExamAnswer()) for slot in held if slot not in shown]
    changed = [answer for slot, answer in shown.items() if answer.answer != held.get(slot, ExamAnswer())]
    return sorted([*changed, *emptied], key=lambda answer: answer.slot)
