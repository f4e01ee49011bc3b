"""Beginning a review, deciding its tasks, and opening the next step after a completed one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.applications.lifecycles import TASK, ApplicationEvent, ApplicationState, TaskEvent, TaskState
from domain.clock import print_time
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from domain.forms.display import show_specialty
from domain.rulebook.book import Rulebook
from domain.rulebook.reviews import ReviewStep
from models.applications import Application, ApplicationSpecialty
from models.campaigns import Campaign
from models.reviews import ReviewTask
from services.applications import (
    EVERYTHING,
    SPECIALTIES,
    cancel_open_tasks,
    give_time_to_correct,
    has_left,
    lock,
    log,
    move,
    notify_applicant,
    page_of,
    returned_places,
    review_end,
    type_of,
)
from services.catalogue_codes import load_codes
from services.core.base import Actor, Deps, record, violation
from services.experts import expert_number
from services.notifications import Notices
from services.reviews.former_region_notices import notify_former_region
from services.reviews.returns import Mark, Returns, joined_words, with_signed_form
from services.reviews.scope import department_of, find_represented, is_own, may_decide_task
from services.reviews.steps import alternatives_of, cancel_unneeded_tasks, open_step, progress_of

Decision = Literal["approve", "send_back", "send_back_fields", "send_back_whole", "refuse"]
"""``send_back`` concerns the task's specialty, or the whole application where the step reviews the whole;
``send_back_fields`` what the reviewer marks and nothing else."""

_EVENTS = {
    "approve": TaskEvent.APPROVE,
    "send_back": TaskEvent.SEND_BACK,
    "send_back_fields": TaskEvent.SEND_BACK,
    "send_back_whole": TaskEvent.SEND_BACK,
    "refuse": TaskEvent.REFUSE,
}
UNDER_REVIEW = (ApplicationState.REVIEWING, ApplicationState.SENT_BACK)
"""While one specialty is sent back, the others may still be decided."""


@dataclass(frozen=True)
class Decided:
    """A decision. ``application_state`` is the application's state after it."""

    task_id: UUID
    application_id: UUID
    state: TaskState
    application_state: ApplicationState


@dataclass(frozen=True)
class TaskDecision:
    """``is_approved``: the decision completed the last step. Both rows are locked."""

    task: ReviewTask
    application: Application
    is_approved: bool

    def result(self) -> Decided:
        task, application = self.task, self.application
        return Decided(task.id, application.id, TaskState(task.state), ApplicationState(application.state))


@dataclass(frozen=True)
class Reviews:
    """Everything here runs inside the caller's transaction; ``services.workflows`` calls the steps after an
    approval."""

    deps: Deps
    notices: Notices
    returns: Returns

    # ---- a submission

    async def begin(self, application: Application, now: datetime) -> bool:
        """Open the tasks of this round: at the first step that earlier approvals don't complete.

        True when every step is complete already, which approves the application. Its row is locked. An application
        returned after the last step (an upheld objection) is reviewed again at that step.
        """
        book = self.deps.book(application.pool)
        progress = await progress_of(application, book)
        step, comes_back = progress.next_step(), application.approved_at is not None
        if step is None and not comes_back:
            await cancel_open_tasks(application, now)
            await self._approve_application(application, book, now)
            return True
        anew = step is None
        start = len(book.review.steps) - 1 if step is None else step
        # a task that stays keeps its age, and so its place in the queue
        open_keys = frozenset(progress.needed(start) if book.review.resume == "same" else ())
        await cancel_open_tasks(application, now, keep=open_keys)
        application.approved_at, application.sent_back_fields = None, []
        await application.save(update_fields=["approved_at", "sent_back_fields"])
        await open_step(application, book, start, now, anew=anew)
        if book.review.old_region == "tell":
            await notify_former_region(self.deps, self.notices, application)
        return False

    # ---- a reviewer's decision

    async def decide(
        self,
        actor: Actor,
        task_id: UUID,
        decision: Decision,
        opinion: str,
        admitted: Collection[str] | None,
        marks: Sequence[Mark],
        now: datetime,
    ) -> TaskDecision:
        """Approve, send back or refuse.

        ``admitted`` are the alternative specialties that enter the pool, given with the approval that decides on them;
        see ``steps.alternatives_of``. Must be None if there are none to decide (InvalidInput). ``marks`` are the places
        at which sending back points; their words are the opinion where it is empty.

        Raises NotFound for a task outside the reviewer's scope, Forbidden for an own application, Conflict for a
        decided one, RuleViolation for a decision that the step or the review window forbids, InvalidInput for marks of
        another decision or of what the applicant can't correct.
        """
        # read without a lock first, since the application's row is locked before its tasks
        unlocked_task = await ReviewTask.get_or_none(id=task_id, pool=actor.pool)
        if unlocked_task is None:
            raise unknown_task()
        application = await lock(unlocked_task.application_id)
        task = await lock_task(task_id)
        book = self.deps.book(task.pool)
        rule = rule_of(book, task)
        application.step = book.review.steps.index(rule)
        await self._check_reach(actor, task, now)
        await self._check_open(application, task, rule)
        await check_window(application, book, now)
        _check_allowed(book, rule, task, decision)
        if decision == "approve" and await has_left(application):
            raise Conflict("该专家已退库，这份申请不能再通过，请退回或不予通过。", code="not_in_pool")
        task.decided_for = await self._represented(actor, task, now)
        department = await department_of(task.id, task.decided_for or actor.account_id, rule.department)
        task.returned = await self.returns.store(application, decision, marks)
        opinion = opinion or joined_words(returned_places(book, [task]))
        await self._settle_task(actor, task, _EVENTS[decision], opinion, now)
        facts = {"specialty": task.specialty, "opinion": opinion}
        shown = {**facts, "specialty": ""} if decision == "send_back_whole" else facts
        await log(application, now, _EVENTS[decision].value, department, step_name=name_of(rule, task), **shown)
        facts |= {"represented": str(task.decided_for)} if task.decided_for else {}
        places = [stored["place"] for stored in task.returned]
        await record(
            actor, now, f"review.{decision}", "application", application.id, step=rule.code, places=places, **facts
        )
        if decision == "approve":
            await self._decide_alternatives(actor, application, task, admitted, now)
        is_approved = await self._apply_decision(application, book, task, decision, now)
        return TaskDecision(task, application, is_approved)

    async def _decide_alternatives(
        self, actor: Actor, application: Application, task: ReviewTask, admitted: Collection[str] | None, now: datetime
    ) -> None:
        """Store which alternative specialties enter; the applicant sees it in the log."""
        book = self.deps.book(task.pool)
        alternatives = await alternatives_of(task, book)
        codes = [alternative.code for alternative in alternatives]
        if (alternatives and admitted is None) or not set(admitted or ()) <= set(codes):
            raise InvalidInput(
                "请逐项决定备选专业是否入库。",
                code="alternatives_undecided",
                field="admitted",
                params={"alternatives": codes},
            )
        if not alternatives:
            return
        for alternative in alternatives:
            alternative.admitted = alternative.code in (admitted or ())
            await alternative.save(update_fields=["admitted"])
        entering = [alternative.code for alternative in alternatives if alternative.admitted]
        left_out = [alternative.code for alternative in alternatives if not alternative.admitted]
        catalogue_codes = await load_codes(book, codes)
        opinions = [
            f"{word}：{'、'.join(show_specialty(code, catalogue_codes) for code in listed)}"
            for word, listed in (("入库", entering), ("不入库", left_out))
            if listed
        ]
        rule = rule_of(book, task)
        department = await department_of(task.id, task.decided_for or actor.account_id, rule.department)
        await log(application, now, "admit", department, step_name=rule.name, opinion="；".join(opinions))
        await record(actor, now, "review.admit", "application", application.id, admitted=entering, left_out=left_out)

    async def _represented(self, actor: Actor, task: ReviewTask, now: datetime) -> UUID | None:
        """In whose place the actor decides: of the colleague who handed him the task, or of an absent one."""
        if actor.account_id is None or task.handed_to == actor.account_id:
            return task.handed_by if actor.account_id else None
        return await find_represented(task.id, actor.account_id, now)

    async def _check_reach(self, actor: Actor, task: ReviewTask, now: datetime) -> None:
        if actor.account_id is None or not await may_decide_task(actor.pool, task.id, actor.account_id, now):
            if actor.account_id and await is_own(task.application_id, actor.account_id):
                raise Forbidden("不能审核自己的申请，将由其他人员办理。", code="own_application")
            raise unknown_task()

    async def _check_open(self, application: Application, task: ReviewTask, rule: ReviewStep) -> None:
        state = TaskState(task.state)
        if state == TaskState.VOID or (state == TaskState.OPEN and application.state not in UNDER_REVIEW):
            raise Conflict("申请已撤回、已退回，或上一环节正在更正决定，无需再审核。请处理下一件。", code="task_void")
        if state != TaskState.OPEN and task.decided_at is not None:
            department = await department_of(task.id, task.decided_for or task.decided_by, rule.department)
            raise Conflict(
                f"已由{department}于{print_time(task.decided_at)}处理（{state.label}），无需重复。请处理下一件。",
                code="already_decided",
                params={"state": state.value},
            )

    async def _settle_task(self, actor: Actor, task: ReviewTask, event: TaskEvent, opinion: str, now: datetime) -> None:
        task.state = TASK.next(TaskState(task.state), event)
        task.opinion, task.decided_at, task.decided_by = opinion, now, actor.account_id
        await task.save(update_fields=["state", "opinion", "returned", "decided_at", "decided_by", "decided_for"])
        if task.specialty:
            specialty = ApplicationSpecialty.filter(application_id=task.application_id, code=task.specialty)
            if task.state == TaskState.APPROVED:  # of two regions that decide, the other has to approve, too
                open_tasks = ReviewTask.filter(application_id=task.application_id, state=TaskState.OPEN)
                if await open_tasks.filter(specialty=task.specialty).exists():
                    return
                specialty = specialty.exclude(state=TaskState.SENT_BACK)
            await specialty.update(state=task.state)

    # ---- effect on the application

    async def _apply_decision(
        self, application: Application, book: Rulebook, task: ReviewTask, decision: Decision, now: datetime
    ) -> bool:
        if decision == "approve":
            return await self._advance_application(application, book, now)
        if decision == "refuse":
            await self._refuse_application(application, task, now)
        else:
            await self._return_application(application, book, task, decision, now)
        return False

    async def reconcile_tasks(self, application: Application, now: datetime) -> bool:
        """Adapt open tasks to a changed rulebook; the application's row is locked.

        Tasks of a removed step are cancelled, a changed step gets its new tasks; approvals stay. True when no step is
        left to decide, which approves the application.
        """
        book = self.deps.book(application.pool)
        if application.state not in UNDER_REVIEW:
            return False
        at = await cancel_unneeded_tasks(application, book, now)
        progress = await progress_of(application, book)
        if at is None or progress.is_complete(at):
            at = progress.next_step()
        if application.state == ApplicationState.SENT_BACK:
            application.step = -1 if at is None else at
            await application.save(update_fields=["step"])
        elif at is None:
            await self._approve_application(application, book, now)
            return True
        else:
            await open_step(application, book, at, now)
        return False

    async def _refuse_application(self, application: Application, task: ReviewTask, now: datetime) -> None:
        application.reason, application.step = task.opinion, -1
        await application.save(update_fields=["reason", "step"])
        await move(application, ApplicationEvent.REFUSE, now)
        await cancel_open_tasks(application, now)
        await notify_applicant(self.notices, application, "application_refused", str(task.id), reason=task.opinion)

    async def _return_application(
        self, application: Application, book: Rulebook, task: ReviewTask, decision: Decision, now: datetime
    ) -> None:
        """Open fields for correction: the marked ones, one specialty with them, or, if the whole is sent back,
        everything."""
        marked = [place.code for place in returned_places(book, [task])]
        if decision == "send_back_fields":
            await cancel_open_tasks(application, now)
            application.sent_back_fields = with_signed_form(book, type_of(application), marked)
            if SPECIALTIES in marked:
                await ApplicationSpecialty.filter(application_id=application.id).update(state=TaskState.SENT_BACK)
        elif decision == "send_back_whole" or not task.specialty:
            application.sent_back_fields = [EVERYTHING]
            await cancel_open_tasks(application, now)
        else:
            fields = [*application.sent_back_fields, SPECIALTIES, *book.review.correction_fields, *marked]
            application.sent_back_fields = list(dict.fromkeys(fields))
        await application.save(update_fields=["sent_back_fields"])
        await give_time_to_correct(application, book, now)
        await move(application, ApplicationEvent.SEND_BACK, now)
        await notify_applicant(
            self.notices,
            application,
            "application_sent_back",
            f"{task.id}:{now.isoformat()}",
            step=name_of(rule_of(book, task), task),
            reason=task.opinion,
            **await _correction_params(application, book, task),
        )

    async def _advance_application(self, application: Application, book: Rulebook, now: datetime) -> bool:
        """After an approval: nothing while other tasks of the step are open or sent back, else the next step or the
        end.

        True at the end.
        """
        if ApplicationState(application.state) != ApplicationState.REVIEWING:
            return False
        progress = await progress_of(application, book)
        if not progress.is_complete(application.step):
            return False
        completed = book.review.steps[application.step]
        following = progress.next_step()
        if following is None:
            await self._approve_application(application, book, now)
            return True
        await open_step(application, book, following, now)
        await notify_applicant(
            self.notices,
            application,
            "application_progress",
            f"round{application.round}:step{following}:{now.isoformat()}",
            step=f"{completed.name}通过，转{book.review.steps[following].name}",
        )
        return False

    async def _approve_application(self, application: Application, book: Rulebook, now: datetime) -> None:
        """The last step is passed: assign the expert number."""
        await ApplicationSpecialty.filter(application_id=application.id).update(state=TaskState.APPROVED)
        if not application.expert_number:
            application.expert_number = await expert_number(application, book)
        application.approved_at, application.step, application.sent_back_fields = now, -1, []
        await application.save(update_fields=["expert_number", "approved_at", "step", "sent_back_fields"])


async def _correction_params(application: Application, book: Rulebook, task: ReviewTask) -> dict[str, str]:
    """What must be corrected, and the form's page for it."""
    name: Literal["status", "form"] = "status" if book.review.withdraw_before_edit else "form"
    places = returned_places(book, [task])
    whole = EVERYTHING in application.sent_back_fields
    what = [place.label for place in places] or ["整份申请"]
    if task.specialty and not whole:
        codes = await load_codes(book, [task.specialty])
        what = [show_specialty(task.specialty, codes), *(place.label for place in places)]
    at = places[0].place if places else "" if whole else SPECIALTIES
    return {"what": "、".join(what), "page": page_of(application, name, at=at)}


async def check_window(application: Application, book: Rulebook, now: datetime) -> None:
    """Raises RuleViolation outside the campaign's review window, where the rulebook keeps to it."""
    if not book.review.own_campaign_window or application.campaign_id is None:
        return
    campaign = await Campaign.get(id=application.campaign_id)
    rule = "review.own_campaign_window"
    if campaign.review_from is not None and now < campaign.review_from:
        raise violation(book, rule, f"审核将于{print_time(campaign.review_from)}开始，请届时办理。")
    end = review_end(campaign, application, book)
    if end is not None and now >= end:
        raise violation(
            book, rule, f"本次征集的审核已于{print_time(end)}结束。如需继续，请联系专家库管理机构延长审核时间。"
        )


def rule_of(book: Rulebook, task: ReviewTask) -> ReviewStep:
    """The rulebook's step of a task. Raises Conflict for a step that it no longer has."""
    place = book.review.place_of(task.step_code)
    if place is None:
        raise Conflict("这个审核环节已调整，任务将自动转出。请返回列表处理下一件。", code="task_void")
    return book.review.steps[place]


def name_of(rule: ReviewStep, task: ReviewTask) -> str:
    """The step's name, with the side where two regions decide."""
    return f"{rule.name}（转出地）" if task.former_region else rule.name


def unknown_task() -> NotFound:
    return NotFound("没有这项审核任务，或不在您的审核范围内。请返回列表。", code="task_unknown")


async def lock_task(task_id: UUID) -> ReviewTask:
    """The task, locked; the application's row is locked before."""
    return await ReviewTask.select_for_update().get(id=task_id)


def _check_allowed(book: Rulebook, rule: ReviewStep, task: ReviewTask, decision: Decision) -> None:
    if decision == "refuse" and not rule.may_refuse:
        raise violation(book, "review.steps", f"“{rule.name}”不能作出不通过决定，请改为退回修改并写明原因。")
    if _EVENTS[decision] != TaskEvent.SEND_BACK:
        return
    extent = {"send_back_fields": "fields", "send_back": "specialty" if task.specialty else "whole"}.get(
        decision, "whole"
    )
    if extent not in rule.send_back:
        permitted = "只退回本专业" if extent == "whole" else "退回整份申请"
        raise violation(book, "review.steps", f"“{rule.name}”应{permitted}，请重新选择。")
