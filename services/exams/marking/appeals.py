"""Appeals against results (成绩复核) within the time of the rules; the office answers once.

Who answers reads the paper with its keys and marks, and has not marked it himself. He may give a short answer other
marks, never fewer; all else is marked anew by keys and rulings as they are now. An appeal is upheld only with a higher
score, since the appellant is told that it changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from domain.exams.items import ItemKind
from domain.exams.lifecycles import ExamAttemptState
from domain.exams.marking import print_marks
from domain.exams.purposes import Purpose
from domain.faults import Faults
from models.exams import Exam, ExamAppeal, ExamAttempt, ExamCandidate, ExamMarking, ExamSitting
from services.core.base import Actor, Deps, record, rows, transaction
from services.core.limits import advisory_lock
from services.core.permissions import check
from services.core.short_texts import check_text
from services.exams.bank.item_keys import check_may_see
from services.exams.marking.marked_papers import MarkedPapers, ReviewedQuestion
from services.exams.marking.marking import mark_lock, regrade
from services.exams.marking.short_answers import NOTE_MAX, read_marks
from services.exams.notifications import facts_of
from services.exams.repository import get_exam, get_own_candidate, lock_candidate, rules_of
from services.notifications import Notices

Outcome = Literal["upheld", "rejected"]
TEXT_MAX, ANSWER_MAX = 500, 300
REJECTED = "维持原成绩"
UPHELD = "成绩由{before}分改为{after}分"
UPHELD_OF = "{before}/{total_before}分改为{after}/{total}分"
MARKS_FIELD = "marks-{slot}"
_SHOWN = 200
_COLUMNS = """
SELECT p.id, p.attempt_id, p.text, p.state, p.answer, p.created_at, coalesce(p.score, t.score) AS score, t.number,
       t.score AS present, t.total
  FROM exam_appeal p JOIN exam_attempt t ON t.id = p.attempt_id WHERE t.exam_id = $1
"""
_LIST = f"{_COLUMNS} ORDER BY p.state = 'open' DESC, p.created_at LIMIT $2"
_ONE = f"{_COLUMNS} AND p.id = $2"
_SHORT = f"""
SELECT a.slot, t.marks[a.slot + 1] AS most, a.marks FROM exam_answer a JOIN exam_attempt t ON t.id = a.attempt_id
  JOIN exam_item_version v ON v.id = a.version_id JOIN exam_item i ON i.id = v.item_id
  LEFT JOIN exam_ruling r ON r.exam_id = t.exam_id AND r.version_id = a.version_id
 WHERE a.attempt_id = $1 AND i.kind = '{ItemKind.SHORT}' AND r.id IS NULL AND btrim(coalesce(a.text, '')) <> ''
   AND coalesce(a.marks, 0) < t.marks[a.slot + 1]
"""
"""Answers that people marked below the most that can be given."""


@dataclass(frozen=True)
class Appeal:
    """An appeal for the office. ``score``: against which it is; ``present``: the paper's now."""

    id: UUID
    attempt_id: UUID
    text: str
    state: str
    answer: str
    created_at: datetime
    number: int
    score: str
    present: str
    total: str


@dataclass(frozen=True)
class AppealedQuestion:
    """``markings``: what each marker gave and wrote, earliest first, without names. ``slot``: of an answer that may be
    given other marks; else None."""

    question: ReviewedQuestion
    markings: tuple[str, ...]
    slot: int | None


@dataclass(frozen=True)
class AppealedPaper:
    """``may_answer``: false for who marked the paper, for whom another person answers."""

    appeal: Appeal
    questions: tuple[AppealedQuestion, ...]
    may_answer: bool


@dataclass(frozen=True)
class Appeals:
    deps: Deps
    notices: Notices
    papers: MarkedPapers

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
            appeal = await ExamAppeal.create(
                attempt_id=attempt.id,
                pool=exam.pool,
                text=words,
                score=attempt.score,
                total=attempt.total,
                created_at=now,
            )
            await record(actor, now, "exam.appeal", "exam_attempt", attempt.id, appeal=str(appeal.id))

    async def list(self, actor: Actor, exam_id: UUID) -> tuple[Appeal, ...]:
        """Open ones first. Raises NotFound."""
        check(actor, "exam.mark")
        exam = await get_exam(actor, exam_id)
        return tuple(map(_appeal, await rows(_LIST, exam.id, _SHOWN)))

    async def paper(self, actor: Actor, exam_id: UUID, appeal_id: UUID) -> AppealedPaper:
        """The paper with keys and marks. Each access is logged. Raises NotFound, Forbidden for a person who sits an
        examination."""
        check(actor, "exam.mark")
        await check_may_see(actor)
        exam = await get_exam(actor, exam_id)
        appeal_rows = await rows(_ONE, exam.id, appeal_id)
        if not appeal_rows:
            raise _unknown()
        attempt = await ExamAttempt.get(id=appeal_rows[0]["attempt_id"])
        questions = await self.papers.questions(actor, attempt)
        markings = await ExamMarking.filter(attempt_id=attempt.id).order_by("marked_at", "id")
        changeable = await _changeable(attempt.id)
        await record(actor, self.deps.now(), "exam.appeal_read", "exam_attempt", attempt.id, appeal=str(appeal_id))
        return AppealedPaper(
            _appeal(appeal_rows[0]),
            tuple(
                AppealedQuestion(question, _print_markings(markings, slot), slot if slot in changeable else None)
                for slot, question in enumerate(questions)
            ),
            not any(_is_marker(marking, actor) for marking in markings),
        )

    async def answer(
        self, actor: Actor, appeal_id: UUID, outcome: Outcome, answer: str, marks: Mapping[int, str] | None = None
    ) -> None:
        """Answer an appeal and notify the person; a paper whose appeal is upheld is marked again.

        ``marks``: by slot, other marks for short answers, as typed. Raises Conflict for an answered one,
        InvalidInput also for an upheld one without a higher score, Forbidden for one's own and for who marked the
        paper, NotFound.
        """
        check(actor, "exam.mark")
        faults = Faults()
        words = faults.check(check_text, " ".join(answer.split()), "answer", "答复", ANSWER_MAX, required=True)
        now = self.deps.now()
        async with transaction():
            appeal = await ExamAppeal.select_for_update().get_or_none(id=appeal_id, pool=actor.pool)
            if appeal is None:
                raise _unknown()
            if appeal.state != "open":
                raise Conflict("这份复核申请已答复，请刷新后查看。", code="answered")
            attempt = await ExamAttempt.get(id=appeal.attempt_id).select_related("exam", "candidate")
            await _check_reviewer(actor, attempt)
            await advisory_lock(mark_lock(attempt.exam_id))
            changed = await _read_changes(attempt.id, outcome, marks or {}, faults)
            faults.raise_any()
            appeal.state, appeal.answer = outcome, words
            appeal.decided_at, appeal.decided_by = now, actor.account_id
            await appeal.save()
            result = REJECTED
            if outcome == "upheld":
                await self._change_marks(actor, attempt.id, changed, words, now)
                result = await _raise_score(attempt, appeal)
            await record(
                actor, now, f"exam.appeal_{outcome}", "exam_attempt", attempt.id, answer=words, marks=_log(changed)
            )
            await self._notify(appeal.id, attempt.exam, attempt.candidate, result, words, now)

    async def _change_marks(
        self, actor: Actor, attempt_id: UUID, changed: Mapping[int, int], reason: str, now: datetime
    ) -> None:
        for slot, marks in changed.items():
            await ExamMarking.create(
                attempt_id=attempt_id,
                slot=slot,
                marker_id=actor.account_id,
                marks=marks,
                note=reason[:NOTE_MAX],
                on_appeal=True,
                marked_at=now,
            )

    async def _notify(
        self, appeal_id: UUID, exam: Exam, candidate: ExamCandidate, result: str, answer: str, now: datetime
    ) -> None:
        sitting = await ExamSitting.get_or_none(id=candidate.sitting_id)
        await self.notices.notify(
            pool=exam.pool,
            kind="appeal_answered",
            dedupe_key=f"appeal_answered:{appeal_id}",
            params=facts_of(exam, candidate, sitting, now, result=result, reason=answer),
            account_id=candidate.account_id,
        )


def _unknown() -> NotFound:
    return NotFound("找不到这份复核申请，请刷新后查看。", code="appeal_unknown")


def _appeal(row: Mapping[str, Any]) -> Appeal:
    marks = {name: print_marks(row[name] or 0) for name in ("score", "present", "total")}
    return Appeal(**{**row, **marks})


def _is_marker(marking: ExamMarking, actor: Actor) -> bool:
    return marking.marker_id == actor.account_id and not marking.on_appeal


def _print_markings(markings: Sequence[ExamMarking], slot: int) -> tuple[str, ...]:
    of_answer = [marking for marking in markings if marking.slot == slot]
    names = ("复核" if marking.on_appeal else f"第{at}位评分人" for at, marking in enumerate(of_answer, 1))
    return tuple(
        f"{name}：{print_marks(marking.marks)}分{'，' if marking.note else ''}{marking.note}"
        for name, marking in zip(names, of_answer, strict=True)
    )


async def _check_reviewer(actor: Actor, attempt: ExamAttempt) -> None:
    """Raises Forbidden."""
    if actor.account_id is not None and attempt.candidate.account_id == actor.account_id:
        raise Forbidden("不能办理自己的复核，请由其他管理员办理。", code="own_exam")
    if any(_is_marker(marking, actor) for marking in await ExamMarking.filter(attempt_id=attempt.id)):
        raise Forbidden("您评过这份答卷，请由没有评过的管理员复核。", code="own_marking")


async def _changeable(attempt_id: UUID) -> Mapping[int, tuple[int, int]]:
    """By slot, the most that can be given for an answer and what was given, in tenths."""
    return {row["slot"]: (row["most"], row["marks"] or 0) for row in await rows(_SHORT, attempt_id)}


async def _read_changes(
    attempt_id: UUID, outcome: Outcome, marks: Mapping[int, str], faults: Faults
) -> Mapping[int, int]:
    """Marks in tenths by slot. Raises Conflict for an answer that has none to change."""
    changeable = await _changeable(attempt_id)
    changed = {}
    for slot, typed in marks.items():
        if slot not in changeable:
            raise Conflict("这道题不能改判得分，请刷新后再办理。", code="not_changeable")
        field, (most, given) = MARKS_FIELD.format(slot=slot), changeable[slot]
        changed[slot] = faults.check(_read_change, typed, most, given, field)
        if outcome == "rejected":
            message = "填写了改判得分的，请选“复核成立”；维持原成绩的，请清空。"
            faults.add(InvalidInput(message, code="marks_typed", field=field))
    return changed


def _read_change(typed: str, most: int, given: int, field: str) -> int:
    """Raises InvalidInput."""
    marks = read_marks(typed, most, field)
    if marks <= given:
        message = f"改判只升不降，请填写高于{print_marks(given)}分的得分；这道题不改判的，请清空。"
        raise InvalidInput(message, code="not_higher", field=field)
    return marks


def _log(changed: Mapping[int, int]) -> tuple[str, ...]:
    return tuple(f"{slot + 1}:{print_marks(marks)}" for slot, marks in changed.items())


async def _raise_score(attempt: ExamAttempt, appeal: ExamAppeal) -> str:
    """Mark the paper again; returns what the appellant is told. Raises InvalidInput without a higher share."""
    former = attempt if appeal.score is None else appeal
    before, total_before = former.score or 0, former.total or 0
    await regrade(attempt.exam, [attempt.id])
    await attempt.refresh_from_db(fields=["score", "total"])
    after, total = attempt.score or 0, attempt.total or 0
    # a dropped question (不计分) takes its mark from what can be had
    if attempt.state != ExamAttemptState.RELEASED or after * total_before <= before * total:
        raise InvalidInput(
            "重新评分后成绩没有提高，不能选“复核成立”。请改判简答题得分，或在“考试分析”中改判有误的试题后再选；"
            f"都不需要的请选“{REJECTED}”，并在答复中写明理由。",
            code="unchanged",
        )
    return (UPHELD if total == total_before else UPHELD_OF).format(
        before=print_marks(before),
        total_before=print_marks(total_before),
        after=print_marks(after),
        total=print_marks(total),
    )
