"""A reviewer corrects an own decision (更正决定) while nobody has built on it: its task is open again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.applications.lifecycles import TASK, ApplicationEvent, ApplicationState, TaskEvent, TaskState
from domain.errors import AppError, Conflict
from domain.rulebook.book import Rulebook
from models.applications import Application, ApplicationSection, ApplicationSpecialty, Attachment
from models.reviews import ReviewTask
from services.applications import (
    EVERYTHING,
    SPECIALTIES,
    cancel_open_tasks,
    key_of,
    lock,
    lock_open_tasks,
    log,
    move,
    notify_applicant,
    returned_places,
)
from services.core.base import Actor, Deps, record
from services.core.idempotency import once
from services.core.limits import check_repeats
from services.core.permissions import check
from services.core.short_texts import check_text
from services.notifications import Notices
from services.reviews.decisions import check_window, lock_task, name_of, rule_of, unknown_task
from services.reviews.scope import department_of, may_decide_task
from services.reviews.steps import alternatives_of, progress_of

REASON_MAX = 200
_A_DAY = 3
"""Corrections of decisions on one application: each writes to the applicant, and so does the next decision."""
_ACTED = (TaskState.APPROVED, TaskState.SENT_BACK, TaskState.REFUSED)


@dataclass(frozen=True)
class Reopened:
    """``application_state`` afterwards."""

    task_id: UUID
    application_state: ApplicationState


@dataclass(frozen=True)
class Reopening:
    deps: Deps
    notices: Notices

    async def find_refusal(self, actor: Actor, task_id: UUID) -> str | None:
        """Why the actor can't correct the decision; empty: he can. None for a decision that is not his own."""
        check(actor, "review.decide")
        task = await ReviewTask.get_or_none(id=task_id, pool=actor.pool, decided_by=actor.account_id)
        if task is None or actor.account_id is None:
            return None
        try:
            await self._check(actor, await Application.get(id=task.application_id), task, self.deps.now())
        except AppError as refused:
            return refused.message
        return ""

    async def reopen(self, actor: Actor, task_id: UUID, reason: str, *, key: str | None = None) -> Reopened:
        """Open an own decided task again; the applicant reads the reason in the log, and is notified.

        Raises NotFound for another reviewer's decision, Conflict once it took effect, the next step has decided or the
        applicant has acted on it.
        """
        check(actor, "review.decide")
        words = check_text(" ".join(reason.split()), "reason", "更正原因", REASON_MAX, required=True)
        now = self.deps.now()

        async def run() -> Reopened:
            unlocked_task = await ReviewTask.get_or_none(id=task_id, pool=actor.pool)
            if unlocked_task is None or unlocked_task.decided_by != actor.account_id:
                raise unknown_task()
            application = await lock(unlocked_task.application_id)
            task = await lock_task(task_id)
            await self._check(actor, application, task, now)
            await check_repeats("application", application.id, ["review.reopen"], now, most=_A_DAY)
            await self._reopen(actor, application, task, words, now)
            return Reopened(task.id, ApplicationState(application.state))

        return await once(
            owner=f"reopen:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=Reopened,
            run=run,
            request=f"{task_id} {words}",
        )

    # ---- whether it is possible

    async def _check(self, actor: Actor, application: Application, task: ReviewTask, now: datetime) -> None:
        """With the rows locked, or to show it on the page."""
        if actor.account_id is None or not await may_decide_task(actor.pool, task.id, actor.account_id, now):
            raise unknown_task()
        book = self.deps.book(application.pool)
        rule_of(book, task)
        decided_at = task.decided_at
        if decided_at is None or task.state == TaskState.VOID:
            raise Conflict("这项任务还没有审核决定，请直接审核。", code="not_decided")
        _check_in_review(application)
        was_returned = task.state == TaskState.SENT_BACK
        if (application.submitted_at is not None and application.submitted_at > decided_at) or (
            was_returned and application.state != ApplicationState.SENT_BACK
        ):
            raise Conflict("申请人已重新提交，原决定不能更正；请在新的审核任务中处理。", code="submitted_again")
        await _check_nobody_acted(application, task, decided_at)
        if was_returned:
            await _check_untouched(application, decided_at)
        await check_window(application, book, now)

    # ---- taking it back

    async def _reopen(
        self, actor: Actor, application: Application, task: ReviewTask, reason: str, now: datetime
    ) -> None:
        book, rule = self.deps.book(application.pool), rule_of(self.deps.book(application.pool), task)
        department = await department_of(task.id, task.decided_for or actor.account_id, rule.department)
        was, decided_at = TaskState(task.state), task.decided_at
        for alternative in await alternatives_of(task, book):
            alternative.admitted = None
            await alternative.save(update_fields=["admitted"])
        await _open_again(task)
        if was == TaskState.APPROVED:
            here = frozenset(key_of(row) for row in await lock_open_tasks(application) if row.step_code == rule.code)
            await cancel_open_tasks(application, now, keep=here)
            application.step = book.review.steps.index(rule)
            await application.save(update_fields=["step"])
        else:
            for other in await ReviewTask.filter(
                application_id=application.id, step_code=rule.code, state=TaskState.VOID, decided_at=decided_at
            ).order_by("id"):
                await _open_again(other)
            await self._take_back_return(application, book, now)
        await _reset_specialties(application, book, task)
        await log(
            application,
            now,
            TaskEvent.REOPEN.value,
            department,
            step_name=name_of(rule, task),
            specialty=task.specialty,
            opinion=reason,
        )
        await record(
            actor,
            now,
            "review.reopen",
            "application",
            application.id,
            step=rule.code,
            specialty=task.specialty,
            was=was.value,
            reason=reason,
        )
        resumed = was == TaskState.SENT_BACK and application.state == ApplicationState.REVIEWING
        told = "退回已撤销，无需修改，继续" if resumed else "更正审核决定，重新"
        await notify_applicant(
            self.notices,
            application,
            "application_progress",
            f"reopen:{task.id}:{now.isoformat()}",
            step=f"{told}{name_of(rule, task)}",
        )

    async def _take_back_return(self, application: Application, book: Rulebook, now: datetime) -> None:
        """The application is under review again, unless other specialties are sent back."""
        returned = await ReviewTask.filter(
            application_id=application.id, state=TaskState.SENT_BACK, decided_at__gte=application.submitted_at
        )
        fields = [place.code for place in returned_places(book, returned)]
        application.sent_back_fields = (
            list(dict.fromkeys([SPECIALTIES, *book.review.correction_fields, *fields])) if returned else []
        )
        await application.save(update_fields=["sent_back_fields"])
        if not returned:
            await move(application, ApplicationEvent.RESUME, now)


def _check_in_review(application: Application) -> None:
    """Raises Conflict for one whose review is over, or that the applicant has withdrawn; says what to do instead."""
    if application.state == ApplicationState.CORRECTING:
        raise Conflict("申请人已撤回申请正在修改，请等待重新提交。", code="withdrawn")
    if application.ended_at is not None:
        raise Conflict(
            "申请已办结，审核决定不能更正。确有错误的，请联系专家库管理机构处理，或请申请人重新申请。",
            code="already_effective",
        )
    if application.approved_at is not None:
        raise Conflict(
            "审核已全部通过并生效，不能更正。确有错误的，请联系专家库管理机构，公示期内可按异议办理。",
            code="already_effective",
        )


async def _check_nobody_acted(application: Application, task: ReviewTask, decided_at: datetime) -> None:
    """Raises Conflict once a later step has decided, or a colleague has sent everything back."""
    decided = ReviewTask.filter(application_id=application.id, state__in=_ACTED).exclude(id=task.id)
    later = await decided.filter(decided_at__gte=decided_at)
    if any(other.step_code != task.step_code for other in later):
        raise Conflict("下一环节已作出决定，不能更正。请与下一环节审核人员联系，由其退回。", code="next_step_decided")
    whole = EVERYTHING in application.sent_back_fields or not task.specialty
    if application.state == ApplicationState.SENT_BACK and whole:
        latest = max([task, *later], key=lambda row: row.decided_at or decided_at)
        if latest.id != task.id or task.state != TaskState.SENT_BACK:
            raise Conflict("申请已整份退回，请等待申请人重新提交。", code="sent_back_whole")


async def _check_untouched(application: Application, decided_at: datetime) -> None:
    """Raises Conflict once the applicant has begun to correct: what would be reviewed is not what was handed in."""
    sections = ApplicationSection.filter(application_id=application.id, saved_at__gt=decided_at)
    files = Attachment.filter(application_id=application.id)
    if (
        await sections.exists()
        or await files.filter(created_at__gt=decided_at).exists()
        or await files.filter(removed_at__gt=decided_at).exists()
    ):
        raise Conflict("申请人已开始修改，不能更正；请等待重新提交后再审核。", code="being_corrected")


async def _open_again(task: ReviewTask) -> None:
    task.state = TASK.next(TaskState(task.state), TaskEvent.REOPEN)
    task.decided_at = task.decided_by = task.decided_for = None
    task.opinion, task.returned = "", []
    written = ("state", "decided_at", "decided_by", "decided_for", "opinion", "returned")
    await task.save(update_fields=written)


async def _reset_specialties(application: Application, book: Rulebook, task: ReviewTask) -> None:
    """The states of the specialties as they follow from the tasks."""
    own = ApplicationSpecialty.filter(application_id=application.id)
    if task.specialty:
        await own.filter(code=task.specialty).update(state=TaskState.OPEN)
        return
    approved = (await progress_of(application, book)).approved
    reviewed = {key.specialty for key in approved if key.specialty}
    await own.filter(code__in=[*reviewed]).update(state=TaskState.APPROVED)
    await own.exclude(code__in=[*reviewed]).update(state=TaskState.OPEN)
