"""The office's review of answer files (离线作答): their changes, the effect on the score, and the decision with its
reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from domain.errors import Conflict, Forbidden, NotFound
from domain.exams.answers import ExamAnswer
from domain.exams.items import letters_of
from domain.exams.lifecycles import ExamAttemptState
from domain.exams.marking import print_marks
from domain.exams.papers import to_canonical, to_display
from domain.masking import mask_name
from models.exams import ExamAttempt, ExamEvidence, ExamSitting
from services.core.base import Actor, Deps, execute, record, rows, transaction
from services.core.limits import advisory_lock
from services.core.permissions import check
from services.core.short_texts import check_text
from services.exams.attempts.answer_files import AnswerFile, AnswerFiles
from services.exams.attempts.evidence import SEAL, changed_answers, get_attempt
from services.exams.marking.marking import mark_lock, regrade
from services.exams.notifications import facts_of
from services.exams.repository import get_exam
from services.notifications import Notices

Outcome = Literal["accepted", "rejected"]
ANSWER_MAX = 300
RESULTS: dict[Outcome, str] = {"accepted": "已采纳", "rejected": "未采纳"}
_SHOWN = 200
_LIST = """
SELECT v.id, v.state, v.explanation, v.received_at, t.id AS attempt_id, t.number, t.deadline, k.real_name
  FROM exam_evidence v JOIN exam_attempt t ON t.id = v.attempt_id
  JOIN exam_candidate c ON c.id = t.candidate_id JOIN account k ON k.id = c.account_id
 WHERE t.exam_id = $1 ORDER BY v.state = 'open' DESC, v.received_at LIMIT $2
"""
_PAPER = """
SELECT a.slot, a.mask, a.text, v.stem, cardinality(v.options) AS n FROM exam_answer a
  JOIN exam_item_version v ON v.id = a.version_id WHERE a.attempt_id = $1 ORDER BY a.slot
"""
_LATE = """
SELECT e.slot, e.mask, coalesce(e.text, '') AS text, e.client_at, e.received_at, v.stem, cardinality(v.options) AS n
  FROM exam_answer_event e JOIN exam_attempt t ON t.id = e.attempt_id
  JOIN exam_item_version v ON v.id = t.versions[e.slot + 1]
 WHERE e.attempt_id = $1 AND e.timing = 2 ORDER BY e.device, e.seq LIMIT 400
"""
_REPLACE = """
UPDATE exam_answer a SET mask = n.mask, late = TRUE FROM unnest($2::smallint[], $3::int[]) AS n (slot, mask)
 WHERE a.attempt_id = $1 AND a.slot = n.slot
"""


@dataclass(frozen=True)
class EvidenceLine:
    id: UUID
    attempt_id: UUID
    name: str
    number: int
    state: str
    explanation: str
    received_at: datetime
    deadline: datetime


@dataclass(frozen=True)
class LateAnswer:
    """An answer that arrived too late to count, or only in a file: letters as displayed to the candidate, or the text.

    ``was`` is the answer that counts now; ``by_hand``: a short answer, which accepting a file does not change.
    """

    number: int
    stem: str
    was: str
    now: str
    made_at: datetime | None
    received_at: datetime
    by_hand: bool = False


@dataclass(frozen=True)
class EvidenceView:
    """``before`` and ``after`` are scores, printed; both empty while the paper is not marked."""

    line: EvidenceLine
    made_at: datetime
    answers: tuple[LateAnswer, ...]
    late: tuple[LateAnswer, ...]
    answer: str
    before: str
    after: str


class _Rollback(Exception):
    """Raised to roll back the transaction of a trial."""


@dataclass(frozen=True)
class EvidenceReview:
    deps: Deps
    notices: Notices

    async def list(self, actor: Actor, exam_id: UUID) -> tuple[EvidenceLine, ...]:
        """Open ones first. Raises NotFound."""
        check(actor, "exam.mark")
        exam = await get_exam(actor, exam_id)
        return tuple(_line(row) for row in await rows(_LIST, exam.id, _SHOWN))

    async def get(self, actor: Actor, exam_id: UUID, evidence_id: UUID) -> EvidenceView:
        """The file's content beside the answers that count, and the effect of accepting it. Raises NotFound."""
        line = next((line for line in await self.list(actor, exam_id) if line.id == evidence_id), None)
        if line is None:
            raise _evidence_unknown()
        evidence = await ExamEvidence.get(id=evidence_id)
        attempt, file = await get_attempt(evidence), self._open_file(evidence)
        before, after = await self._preview_scores(attempt, file) if evidence.state == "open" else ("", "")
        shown = await _compare_answers(attempt, file, evidence.received_at)
        late = await self.late_answers(actor, exam_id, attempt.id)
        return EvidenceView(line, file.made_at, shown, late, evidence.answer, before, after)

    async def late_answers(self, actor: Actor, exam_id: UUID, attempt_id: UUID) -> tuple[LateAnswer, ...]:
        """Answers made after the end, or on a device after it was replaced: stored, never scored. Raises NotFound."""
        check(actor, "exam.mark")
        exam = await get_exam(actor, exam_id)
        attempt = await ExamAttempt.get_or_none(id=attempt_id, exam_id=exam.id)
        if attempt is None:
            raise NotFound("找不到这份答卷，请返回列表后刷新。", code="attempt_unknown")
        held = {row["slot"]: row for row in await rows(_PAPER, attempt.id)}
        return tuple(_late_answer(attempt, row, held) for row in await rows(_LATE, attempt.id))

    async def decide(self, actor: Actor, evidence_id: UUID, outcome: Outcome, answer: str) -> None:
        """Accept, so that the answers count unless they lower the score; or reject. The person is notified.

        Raises Conflict for a decided file or a paper that is not marked yet, Forbidden for one's own, NotFound.
        """
        check(actor, "exam.mark")
        words = check_text(" ".join(answer.split()), "answer", "理由", ANSWER_MAX, required=True)
        now = self.deps.now()
        async with transaction():
            evidence = await ExamEvidence.select_for_update().get_or_none(id=evidence_id, pool=actor.pool)
            if evidence is None:
                raise _evidence_unknown()
            if evidence.state != "open":
                raise Conflict("这份离线作答已处理，请刷新后查看。", code="decided")
            attempt = await get_attempt(evidence)
            if actor.account_id is not None and attempt.candidate.account_id == actor.account_id:
                raise Forbidden("不能处理自己的离线作答，请由其他管理员办理。", code="own_exam")
            if outcome == "accepted":
                await self._accept_file(attempt, self._open_file(evidence))
            evidence.state, evidence.answer = outcome, words
            evidence.decided_at, evidence.decided_by = now, actor.account_id
            await evidence.save()
            await record(actor, now, f"exam.evidence_{outcome}", "exam_attempt", attempt.id, reason=words)
            await self._notify(evidence, attempt, outcome, now)

    def _open_file(self, evidence: ExamEvidence) -> AnswerFile:
        return AnswerFiles.read(evidence.attempt_id, self.deps.keys.open(evidence.content_sealed, SEAL))

    async def _accept_file(self, attempt: ExamAttempt, file: AnswerFile) -> None:
        """The file's answers count if they don't lower the score."""
        if attempt.state not in (ExamAttemptState.GRADED, ExamAttemptState.RELEASED):
            raise Conflict("这份答卷还没有评完分或已作废，请评分完成后再采纳。", code="not_graded")
        # a nested transaction, so that only the replacement is rolled back and the decision stays
        try:
            async with transaction():
                if await self._replace_answers(attempt, file) < (attempt.score or 0):
                    raise _Rollback
        except _Rollback:
            return

    async def _preview_scores(self, attempt: ExamAttempt, file: AnswerFile) -> tuple[str, str]:
        """The present score and the score with the file; nothing changes."""
        if attempt.state not in (ExamAttemptState.GRADED, ExamAttemptState.RELEASED):
            return "", ""
        before, after = attempt.score or 0, 0
        try:
            async with transaction():
                after = await self._replace_answers(attempt, file)
                raise _Rollback
        except _Rollback:
            return print_marks(before), print_marks(max(before, after))

    async def _replace_answers(self, attempt: ExamAttempt, file: AnswerFile) -> int:
        """Replace the counting choices by the file's and mark again; returns the score."""
        await advisory_lock(mark_lock(attempt.exam_id))
        held = await rows(_PAPER, attempt.id)
        sizes = {row["slot"]: row["n"] for row in held}
        changed = changed_answers(file, _shown_answers(attempt, held), len(attempt.versions))
        masks = {
            slot: _canonical_mask(attempt, slot, answer.mask, sizes[slot])
            for slot, answer in changed.items()
            if sizes[slot]
        }
        await execute(_REPLACE, attempt.id, list(masks), list(masks.values()))
        await regrade(attempt.exam, [attempt.id])
        return int((await ExamAttempt.get(id=attempt.id)).score or 0)

    async def _notify(self, evidence: ExamEvidence, attempt: ExamAttempt, outcome: Outcome, now: datetime) -> None:
        sitting = await ExamSitting.get_or_none(id=attempt.candidate.sitting_id)
        facts = facts_of(attempt.exam, attempt.candidate, sitting, now, result=RESULTS[outcome], reason=evidence.answer)
        await self.notices.notify(
            pool=attempt.exam.pool,
            kind="evidence_answered",
            dedupe_key=f"evidence_answered:{evidence.id}",
            params=facts,
            account_id=attempt.candidate.account_id,
        )


async def _compare_answers(attempt: ExamAttempt, file: AnswerFile, received_at: datetime) -> tuple[LateAnswer, ...]:
    """Answers of the file that differ from those that count."""
    held = await rows(_PAPER, attempt.id)
    by_slot, shown = {row["slot"]: row for row in held}, _shown_answers(attempt, held)
    changed = changed_answers(file, shown, len(attempt.versions))
    return tuple(
        LateAnswer(
            slot + 1,
            by_slot[slot]["stem"],
            _print_answer(shown.get(slot, ExamAnswer())),
            _print_answer(answer),
            file.answers[slot].at,
            received_at,
            not by_slot[slot]["n"],
        )
        for slot, answer in changed.items()
    )


def _shown_answers(attempt: ExamAttempt, held: Sequence[Any]) -> dict[int, ExamAnswer]:
    """The answers that count, with options as displayed on this paper."""
    return {row["slot"]: ExamAnswer(_displayed_mask(attempt, row), row["text"] or "") for row in held}


def _late_answer(attempt: ExamAttempt, row: Any, held: dict[int, Any]) -> LateAnswer:
    was = held.get(row["slot"])
    counts = ExamAnswer(_displayed_mask(attempt, was), was["text"] or "") if was else ExamAnswer()
    now = _print_answer(ExamAnswer(row["mask"], row["text"]))
    return LateAnswer(
        row["slot"] + 1, row["stem"], _print_answer(counts), now, row["client_at"], row["received_at"], not row["n"]
    )


def _displayed_mask(attempt: ExamAttempt, row: Any) -> int:
    return to_display(row["mask"], attempt.orders[row["slot"]], row["n"]) if row["n"] else 0


def _canonical_mask(attempt: ExamAttempt, slot: int, mask: int, options: int) -> int:
    return to_canonical(mask & ((1 << options) - 1), attempt.orders[slot], options)


def _print_answer(answer: ExamAnswer) -> str:
    return answer.text or letters_of(answer.mask) or "未作答"


def _line(row: Any) -> EvidenceLine:
    return EvidenceLine(
        row["id"],
        row["attempt_id"],
        mask_name(row["real_name"]),
        row["number"],
        row["state"],
        row["explanation"],
        row["received_at"],
        row["deadline"],
    )


def _evidence_unknown() -> NotFound:
    return NotFound("找不到这份离线作答，请返回列表后刷新。", code="evidence_unknown")
