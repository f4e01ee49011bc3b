"""Answers that could not be sent before the end (离线作答): the candidate uploads a file, the office decides.

A file is accepted for a paper that ended by time, within ``exam.evidence_within`` of its end, unless another file is
open or was accepted. A paper submitted by hand was confirmed complete by its digest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from domain.errors import Conflict, InvalidInput, NotFound
from domain.exams.answers import ExamAnswer
from domain.exams.lifecycles import ExamAttemptState
from domain.exams.purposes import Purpose
from domain.faults import Faults
from models.exams import Exam, ExamAttempt, ExamEvidence
from services.core.base import Actor, Deps, record, transaction
from services.core.permissions import check
from services.core.short_texts import check_text
from services.exams.attempts.answer_files import AnswerFile, AnswerFiles
from services.exams.attempts.sealed_answers import read_given_answers
from services.exams.repository import get_own_candidate, lock_candidate, rules_of

SEAL = "exam_evidence"
EXPLANATION_MAX = 300
_ENDED = (ExamAttemptState.SEALED, ExamAttemptState.GRADED, ExamAttemptState.RELEASED)


@dataclass(frozen=True)
class OwnEvidence:
    """What can be uploaded, or was, for one try. ``until`` is None where nothing can be uploaded."""

    attempt_id: UUID
    number: int
    state: Annotated[str, Field(description="open, accepted, rejected; empty: nothing was handed in")]
    answer: Annotated[str, Field(description="The office's word")]
    until: datetime | None
    seal_to: Annotated[str, Field(description="P-256 point in base64url that answer files are sealed to")]


@dataclass(frozen=True)
class Evidence:
    deps: Deps
    files: AnswerFiles

    async def own(self, actor: Actor, candidate_id: UUID) -> tuple[OwnEvidence, ...]:
        """For tries that ended by time, in order. Raises NotFound for another person's."""
        check(actor, "exam.own")
        candidate, exam = await get_own_candidate(actor, candidate_id)
        tries = await ExamAttempt.filter(candidate_id=candidate.id, state__in=_ENDED).order_by("number")
        evidence_rows = await ExamEvidence.filter(attempt_id__in=[attempt.id for attempt in tries]).order_by(
            "received_at", "id"
        )
        newest = {evidence.attempt_id: evidence for evidence in evidence_rows}
        seen = [
            self._own_evidence(attempt, exam, newest.get(attempt.id))
            for attempt in tries
            if attempt.submitted_at is None
        ]
        return tuple(evidence for evidence in seen if evidence.until or evidence.state)

    def _own_evidence(self, attempt: ExamAttempt, exam: Exam, last: ExamEvidence | None) -> OwnEvidence:
        until = _upload_deadline(attempt, exam)
        may = until is not None and self.deps.now() <= until and (last is None or last.state == "rejected")
        state, answer = (last.state, last.answer) if last else ("", "")
        return OwnEvidence(attempt.id, attempt.number, state, answer, until if may else None, self.files.public_key)

    async def hand_in(self, actor: Actor, candidate_id: UUID, code: str, explanation: str) -> UUID:
        """Upload a file for the try that it names; returns the attempt's id.

        Raises InvalidInput for an invalid file or another paper's, Conflict when it is too late, one was uploaded
        already, or all its answers had arrived.
        """
        check(actor, "exam.own")
        await get_own_candidate(actor, candidate_id)
        text, faults = " ".join(explanation.split()), Faults()
        opened = faults.check(self._open_file, code)
        words = faults.check(check_text, text, "explanation", "情况说明", EXPLANATION_MAX, required=True)
        faults.raise_any()
        attempt_id, content, file = opened
        now = self.deps.now()
        async with transaction():
            _, exam = await get_own_candidate(actor, candidate_id)
            await lock_candidate(candidate_id)
            attempt = await ExamAttempt.select_for_update().get_or_none(id=attempt_id, candidate_id=candidate_id)
            if attempt is None:
                raise InvalidInput("这份作答文件不是这场考试的，请核对后重新粘贴。", code="others_file", field="code")
            await self._check_uploadable(attempt, exam, file, now)
            evidence = await ExamEvidence.create(
                attempt_id=attempt.id,
                pool=exam.pool,
                content_sealed=self.deps.keys.seal(content, SEAL),
                explanation=words,
                received_at=now,
            )
            await record(actor, now, "exam.evidence", "exam_attempt", attempt.id, evidence=str(evidence.id))
        return attempt_id

    def _open_file(self, code: str) -> tuple[UUID, bytes, AnswerFile]:
        """Attempt, sealed content, and answers. Raises InvalidInput."""
        attempt_id, content = self.files.unseal(code)
        return attempt_id, content, self.files.read(attempt_id, content)

    async def _check_uploadable(self, attempt: ExamAttempt, exam: Exam, file: AnswerFile, now: datetime) -> None:
        if attempt.state not in _ENDED or not attempt.digest:
            raise Conflict("这次作答还没有收卷，请稍后再提交。", code="not_sealed")
        until = _upload_deadline(attempt, exam)
        if attempt.submitted_at is not None or until is None:
            raise Conflict("这次作答已由您本人交卷，交卷时的作答都已收到，不能再补交。", code="handed_in")
        if now > until:
            raise Conflict("已过提交离线作答的时间，如有疑问请拨打服务热线。", code="too_late")
        if await ExamEvidence.exists(attempt_id=attempt.id, state__in=["open", "accepted"]):
            raise Conflict("这次作答的离线作答已提交过，请等待管理机构核实。", code="handed_in_before")
        if not changed_answers(
            file, (await read_given_answers([attempt.id]))[attempt.id].answers, len(attempt.versions)
        ):
            raise Conflict("文件里的作答系统都已收到，不用再提交。", code="nothing_new")


def changed_answers(file: AnswerFile, held: Mapping[int, ExamAnswer], slots: int) -> dict[int, ExamAnswer]:
    """Answers of the file that differ from those held, by slot; an empty one removes none."""
    filed_answers = {slot: filed.answer for slot, filed in file.answers.items() if slot < slots and filed.answer.given}
    return {slot: answer for slot, answer in sorted(filed_answers.items()) if answer != held.get(slot)}


async def get_attempt(evidence: ExamEvidence) -> ExamAttempt:
    attempt = await ExamAttempt.get_or_none(id=evidence.attempt_id).select_related("exam", "candidate")
    if attempt is None:
        raise NotFound("找不到这份离线作答，请刷新后查看。", code="evidence_unknown")
    return attempt


def _upload_deadline(attempt: ExamAttempt, exam: Exam) -> datetime | None:
    """Until when a file is accepted; None where none ever is."""
    if attempt.deadline is None or exam.purpose == Purpose.MOCK:
        return None
    return attempt.deadline + rules_of(exam).evidence_within
