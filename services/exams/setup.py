"""Life cycle of an examination: draft, check list, publishing with frozen rules, rescheduling, cancelling, end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.clock import print_span
from domain.errors import Conflict, InvalidInput, NotFound
from domain.exams.lifecycles import EXAM, CandidateState, ExamEvent, ExamState
from domain.exams.purposes import Purpose, rules_for
from domain.exams.reminders import steps_behind
from domain.faults import Faults, check_given
from domain.rulebook.exams import ExamRules
from domain.rulebook.types import dump_rules
from models.campaigns import Campaign
from models.exams import Exam, ExamAttempt, ExamBlueprint, ExamCandidate, ExamSitting
from services.core.base import Actor, Deps, execute, record, rows, system, transaction
from services.core.due_rows import not_paused, process_each
from services.core.idempotency import once
from services.core.limits import advisory_lock
from services.core.permissions import check
from services.core.short_texts import check_text
from services.exams.notifications import recipient
from services.exams.papers.check_list import Check, check_list
from services.exams.repository import get_exam, lock_sittings, rules_of
from services.exams.sittings.candidate_calls import CandidateCalls
from services.exams.sittings.candidates import check_exam_reason
from services.notifications import Notices

NAME_MAX = 40
WINDOW_MAX = timedelta(days=366)
_OVER = """
FROM exam e WHERE e.state = 'published' AND e.closes_at <= $1
AND NOT EXISTS (SELECT 1 FROM exam_attempt a WHERE a.exam_id = e.id AND a.state = 'running')
"""
CLOSES_DUE = f"EXISTS (SELECT 1 {_OVER} AND {not_paused('exam_close', 'e.id')})"
_NEXT = f"SELECT e.id {_OVER} AND {not_paused('exam_close', 'e.id')}"
_LEAVE = """
UPDATE exam_candidate c SET state = 'left', concluded_at = $2, waiting_id = NULL, waiting_since = NULL
WHERE c.exam_id = $1 AND c.state = 'called'
"""
_ABSENT = f"""{_LEAVE} AND NOT EXISTS (SELECT 1 FROM exam_attempt a
    WHERE a.candidate_id = c.id AND a.state NOT IN ('ready', 'void'))
"""
"""Candidates who never began: an application keeps waiting, and the next examination calls it."""
_UNUSED = "UPDATE exam_attempt SET state = 'void', void_reason = $2 WHERE exam_id = $1 AND state = 'ready'"
_OPEN = """
UPDATE exam_attempt SET state = 'void', void_reason = $2 WHERE id IN (
    SELECT id FROM exam_attempt WHERE exam_id = $1 AND state <> 'void' ORDER BY id FOR UPDATE)
"""
"""Locked in the same order as by saving and submitting."""
_HOLD_CALLED = "SELECT id FROM exam_candidate WHERE exam_id = $1 AND state = 'called' ORDER BY id FOR NO KEY UPDATE"
"""Locks candidates before checking who has begun, since a candidate who begins locks the row."""


@dataclass(frozen=True)
class ExamForm:
    """The form of an examination as typed."""

    name: str
    purpose: Purpose
    opens_at: datetime | None
    closes_at: datetime | None
    campaign_id: UUID | None = None
    blueprint_id: UUID | None = None


@dataclass(frozen=True)
class ExamData(ExamForm):
    """A form that is complete."""

    opens_at: datetime
    closes_at: datetime


@dataclass(frozen=True)
class ExamSetup:
    deps: Deps
    notices: Notices
    candidate_calls: CandidateCalls

    # ---- the draft

    async def create(self, actor: Actor, form: ExamForm, *, key: str | None = None) -> UUID:
        """A draft without candidates yet. Raises InvalidInput that names the field."""
        check(actor, "exam.manage")
        clean = await self._check_references(actor, form)
        now = self.deps.now()

        async def run() -> UUID:
            exam = await Exam.create(pool=actor.pool, created_at=now, created_by=actor.account_id, **_columns(clean))
            await record(actor, now, "exam.create", "exam", exam.id, purpose=clean.purpose.value)
            return exam.id

        return await once(
            owner=f"exam.create:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=UUID,
            run=run,
            request=repr(form),
        )

    async def edit(self, actor: Actor, exam_id: UUID, form: ExamForm) -> None:
        """Edit a draft. Raises InvalidInput, Conflict for a published one: only its time may change then."""
        check(actor, "exam.manage")
        clean = await self._check_references(actor, form)
        now = self.deps.now()
        async with transaction():
            exam = await get_exam(actor, exam_id, locked=True)
            if exam.state != ExamState.DRAFT:
                raise Conflict("考试已发布，只能修改考试时间。", code="exam_published")
            if exam.purpose != clean.purpose and await ExamCandidate.exists(exam_id=exam.id):
                raise Conflict("已添加考生，不能再更改考试用途；请另建一场考试。", code="has_candidates")
            exam.update_from_dict(_columns(clean))
            await exam.save()
            await self._check_sittings(exam, now)
            await record(actor, now, "exam.edit", "exam", exam.id)

    async def delete(self, actor: Actor, exam_id: UUID) -> None:
        """Delete a draft. Raises Conflict."""
        check(actor, "exam.manage")
        now = self.deps.now()
        async with transaction():
            exam = await get_exam(actor, exam_id, locked=True)
            if exam.state != ExamState.DRAFT:
                raise Conflict("已发布的考试不能删除，如不再举行请取消考试。", code="exam_published")
            await ExamCandidate.filter(exam_id=exam.id).delete()
            await exam.delete()
            await record(actor, now, "exam.delete", "exam", exam_id)

    async def check_list(self, actor: Actor, exam_id: UUID) -> tuple[Check, ...]:
        """Problems that prevent publishing."""
        check(actor, "exam.manage")
        exam = await get_exam(actor, exam_id)
        return await check_list(exam, self._applicable_rules(exam), self.deps.now())

    # ---- publishing

    async def publish(self, actor: Actor, exam_id: UUID) -> None:
        """Freeze cells and rules, and call candidates. A repetition is harmless. Raises Conflict that lists what is
        missing."""
        check(actor, "exam.manage")
        now = self.deps.now()
        async with transaction():
            # nobody is added meanwhile: the single sitting counts the candidates of this moment
            await advisory_lock(f"exam_call:{exam_id}")
            exam = await get_exam(actor, exam_id, locked=True)
            if exam.state == ExamState.PUBLISHED:
                return
            exam.state = EXAM.next(ExamState(exam.state), ExamEvent.PUBLISH)
            rules = self._applicable_rules(exam)
            if missing := [
                requirement.text for requirement in await check_list(exam, rules, now) if requirement.level == "bad"
            ]:
                raise Conflict("还不能发布：" + "；".join(missing), code="not_ready")
            blueprint = await ExamBlueprint.get(id=exam.blueprint_id)
            exam.rules, exam.cells, exam.published_at = dump_rules(rules), blueprint.cells, now
            await exam.save()
            await self._seat_all(exam, rules, now)
            await record(actor, now, "exam.publish", "exam", exam.id)

    async def _seat_all(self, exam: Exam, rules: ExamRules, now: datetime) -> None:
        """Notify persons added while it was a draft; all others are called by a due task."""
        sitting = None
        candidates = await ExamCandidate.filter(exam_id=exam.id).order_by("id").select_for_update(no_key=True)
        if not rules.booking:
            sitting = await ExamSitting.create(
                exam_id=exam.id, starts_at=exam.opens_at, ends_at=exam.closes_at, booked=len(candidates)
            )
        behind = steps_behind(rules.reminders, exam.opens_at, now)
        await ExamCandidate.filter(exam_id=exam.id).update(
            sitting_id=sitting.id if sitting else None, reminders=behind, called_at=now
        )
        await self.candidate_calls.notify_candidates(exam, candidates, sitting, now)

    # ---- after publishing

    async def reschedule(
        self, actor: Actor, exam_id: UUID, opens_at: datetime | None, closes_at: datetime | None, reason: str
    ) -> None:
        """Change the time of a published examination; candidates are notified.

        Raises Conflict once papers are under way and the beginning would change, InvalidInput for a past time or one
        that leaves out a sitting.
        """
        check(actor, "exam.manage")
        faults = Faults()
        opens = faults.check(check_given, opens_at, "opens_at", "开始时间")
        closes = faults.check(check_given, closes_at, "closes_at", "结束时间")
        words = faults.check(check_exam_reason, reason)
        now = self.deps.now()
        async with transaction():
            exam = await get_exam(actor, exam_id, locked=True)
            if exam.state != ExamState.PUBLISHED:
                raise Conflict("只有已发布的考试可以这样改期，请刷新后核对。", code="exam_not_open")
            unchanged = (opens, closes) == (exam.opens_at, exam.closes_at)
            with faults.part():
                if opens_at and closes_at and not unchanged:
                    await self._check_new_time(exam, opens_at, closes_at, now)
            faults.raise_any()
            if unchanged:
                return
            exam.opens_at, exam.closes_at = opens, closes
            await exam.save(update_fields=["opens_at", "closes_at"])
            sitting = await self._move_window(exam, now)
            await self._check_sittings(exam, now)
            await self._notify_changed(exam, sitting, words, now)
            await record(actor, now, "exam.reschedule", "exam", exam.id, reason=words)

    async def _check_new_time(self, exam: Exam, opens: datetime, closes: datetime, now: datetime) -> None:
        _check_window(opens, closes)
        begun = await ExamAttempt.filter(exam_id=exam.id, started_at__not_isnull=True).exists()
        if opens != exam.opens_at and (begun or exam.opens_at <= now):
            raise Conflict("考试已经开始，不能再改开始时间；可以延长结束时间。", code="exam_begun")
        if closes <= now:
            raise InvalidInput("结束时间应晚于现在；要立即结束请用“结束考试”。", code="past", field="closes_at")
        if closes - opens < rules_of(exam).length:
            raise InvalidInput("考试时间短于答题时长，请延长。", code="too_short", field="closes_at")

    async def _move_window(self, exam: Exam, now: datetime) -> ExamSitting | None:
        """Without booking, the single sitting is the window."""
        if rules_of(exam).booking:
            return None
        (sitting,) = (await lock_sittings(exam.id)).values()
        sitting.starts_at, sitting.ends_at = exam.opens_at, exam.closes_at
        await sitting.save(update_fields=["starts_at", "ends_at"])
        behind = steps_behind(rules_of(exam).reminders, exam.opens_at, now)
        await ExamCandidate.filter(exam_id=exam.id).update(reminders=behind)
        return sitting

    async def _notify_changed(self, exam: Exam, sitting: ExamSitting | None, reason: str, now: datetime) -> None:
        """With booking, notify only candidates without a booked sitting: the others go by their sitting's time."""
        if exam.purpose == Purpose.MOCK:
            return
        candidates = ExamCandidate.filter(exam_id=exam.id, state=CandidateState.CALLED)
        recipients_query = candidates if sitting is not None else candidates.filter(sitting_id=None)
        await self.notices.notify_many(
            pool=exam.pool,
            kind="exam_changed",
            recipients=[
                recipient("exam_changed", exam, candidate, sitting, now, reason=reason, occasion=now.isoformat())
                for candidate in await recipients_query.order_by("id")
            ],
        )

    async def cancel(self, actor: Actor, exam_id: UUID, reason: str) -> int:
        """Cancel: its candidates wait for another one, papers are void. Returns the number of candidates.

        Raises Conflict when a candidate has a result already.
        """
        check(actor, "exam.manage")
        words = check_exam_reason(reason)
        now = self.deps.now()
        async with transaction():
            exam = await get_exam(actor, exam_id, locked=True)
            if exam.state == ExamState.CANCELLED:
                return 0
            was, exam.state = exam.state, EXAM.next(ExamState(exam.state), ExamEvent.CANCEL)
            if await ExamCandidate.filter(exam_id=exam.id, state__in=["passed", "failed"]).exists():
                raise Conflict("已有考生出了成绩，不能取消；可以结束考试。", code="has_results")
            exam.closed_at = now
            await exam.save(update_fields=["state", "closed_at"])
            await lock_sittings(exam.id)
            waiting = ExamCandidate.filter(exam_id=exam.id, state="called").order_by("id")
            called = await waiting.select_for_update(no_key=True)
            await execute(_LEAVE, exam.id, now)
            await execute(_OPEN, exam.id, f"考试取消：{words}")
            if was == ExamState.PUBLISHED and exam.purpose != Purpose.MOCK:
                await self._notify_cancelled(exam, called, words, now)
            await record(actor, now, "exam.cancel", "exam", exam.id, reason=words, candidates=len(called))
        return len(called)

    async def _notify_cancelled(self, exam: Exam, called: list[ExamCandidate], reason: str, now: datetime) -> None:
        sittings = {sitting.id: sitting for sitting in await ExamSitting.filter(exam_id=exam.id)}
        await self.notices.notify_many(
            pool=exam.pool,
            kind="exam_cancelled",
            recipients=[
                recipient(
                    "exam_cancelled",
                    exam,
                    candidate,
                    sittings.get(candidate.sitting_id) if candidate.sitting_id else None,
                    now,
                    reason=reason,
                )
                for candidate in called
            ],
        )

    async def end_admission(self, actor: Actor, exam_id: UUID) -> None:
        """No paper begins any more; running ones continue to their end, then it closes automatically.

        A repetition is harmless. Raises Conflict for one that is not published.
        """
        check(actor, "exam.manage")
        now = self.deps.now()
        async with transaction():
            exam = await get_exam(actor, exam_id, locked=True)
            if exam.state == ExamState.CLOSED:
                return
            if exam.state != ExamState.PUBLISHED or exam.opens_at >= now:
                raise Conflict("考试还没有开始，不能结束；不再举行请取消考试。", code="exam_not_open")
            if exam.closes_at > now:
                exam.closes_at = now
                await exam.save(update_fields=["closes_at"])
                await ExamSitting.filter(exam_id=exam.id, starts_at__lt=now, ends_at__gt=now).update(ends_at=now)
                await record(actor, now, "exam.end_admission", "exam", exam.id)

    async def close_due(self) -> int:
        """Close examinations that are over and have no running paper."""
        now = self.deps.now()
        return await process_each("exam_close", await rows(_NEXT, now), lambda row: self._close_exam(row["id"], now))

    async def _close_exam(self, exam_id: UUID, now: datetime) -> None:
        async with transaction():
            await advisory_lock(f"exam_call:{exam_id}")
            exam = await Exam.select_for_update(no_key=True).get(id=exam_id)
            if exam.state != ExamState.PUBLISHED or exam.closes_at > now:
                return
            await lock_sittings(exam_id)
            await execute(_HOLD_CALLED, exam_id)
            if await ExamAttempt.filter(exam_id=exam_id, state="running").exists():
                return
            exam.state, exam.closed_at = EXAM.next(ExamState(exam.state), ExamEvent.CLOSE), now
            await exam.save(update_fields=["state", "closed_at"])
            await execute(_ABSENT, exam_id, now)
            await execute(_UNUSED, exam_id, "未参加考试")
            await record(system(exam.pool), now, "exam.close", "exam", exam.id)

    # ---- helpers

    def _applicable_rules(self, exam: Exam) -> ExamRules:
        return rules_of(exam) if exam.rules else rules_for(Purpose(exam.purpose), self.deps.book(exam.pool).exam)

    async def _check_references(self, actor: Actor, form: ExamForm) -> ExamData:
        data = _check_form(form)
        if data.campaign_id is not None and not await Campaign.exists(id=data.campaign_id, pool=actor.pool):
            raise NotFound("找不到这次征集，请刷新后重新选择。", code="campaign_unknown")
        live = ExamBlueprint.filter(id=data.blueprint_id, pool=actor.pool, retired_at=None)
        if data.blueprint_id is not None and not await live.exists():
            raise NotFound("找不到这个组卷方案，请刷新后重新选择。", code="blueprint_unknown")
        return data

    async def _check_sittings(self, exam: Exam, now: datetime) -> None:
        outside = ExamSitting.filter(exam_id=exam.id)
        for sitting in await outside.order_by("starts_at", "id"):
            if sitting.starts_at < exam.opens_at or sitting.ends_at > exam.closes_at:
                span = print_span(sitting.starts_at, sitting.ends_at, now)
                raise InvalidInput(f"{span}的场次在考试时间之外，请先调整场次。", code="outside", field="closes_at")


def _check_form(form: ExamForm) -> ExamData:
    """The form with its name on one line. Raises InvalidInput with all its faults."""
    faults = Faults()
    name = faults.check(check_text, " ".join(form.name.split()), "name", "考试名称", NAME_MAX, required=True)
    opens = faults.check(check_given, form.opens_at, "opens_at", "开始时间")
    closes = faults.check(check_given, form.closes_at, "closes_at", "结束时间")
    if form.opens_at and form.closes_at:
        faults.check(_check_window, form.opens_at, form.closes_at)
    faults.check(_check_campaign, form)
    faults.raise_any()
    campaign_id = None if form.purpose == Purpose.SINGLE else form.campaign_id
    return ExamData(name, form.purpose, opens, closes, campaign_id, form.blueprint_id)


def _check_campaign(form: ExamForm) -> None:
    if form.purpose == Purpose.CAMPAIGN and form.campaign_id is None:
        raise InvalidInput("请选择这场考试面向哪次征集的专家。", code="missing", field="campaign_id")


def _check_window(opens: datetime, closes: datetime) -> None:
    if opens >= closes:
        raise InvalidInput("结束时间应晚于开始时间。", code="window_turned", field="closes_at")
    if closes - opens > WINDOW_MAX:
        raise InvalidInput("考试时间最长一年，请核对年份。", code="too_long", field="closes_at")


def _columns(data: ExamData) -> dict[str, Any]:
    return {
        "name": data.name,
        "purpose": data.purpose.value,
        "campaign_id": data.campaign_id,
        "blueprint_id": data.blueprint_id,
        "opens_at": data.opens_at,
        "closes_at": data.closes_at,
    }
