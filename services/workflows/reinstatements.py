"""Taking up again an application that had ended (重新受理), where the rulebook says so with a second person.

It goes on where it ended: it is filled in, corrected and reviewed once more, or waits for the public notice, the fee or
the examination. Never one that entered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from domain.applications.lifecycles import STAGE_OF, ApplicationEvent, ApplicationState, Stage, reinstating_event
from domain.applications.office_acts import ActKind, ActState, Deadline
from domain.clock import print_time
from domain.errors import AppError, Conflict, Forbidden, NotFound
from domain.faults import Faults
from domain.payments.lifecycles import FeeState, RefundState
from domain.rulebook.book import Rulebook
from models.accounts import Account, RoleGrant
from models.applications import Application, ApplicationAct
from models.payments import Fee, Refund
from models.reviews import ReviewEntry
from services.applications import (
    EVERYTHING,
    act_text,
    check_applicant,
    end_act,
    find_live,
    log,
    move,
    notify_applicant,
    page_of,
    type_of,
    unknown_application,
    write_act,
)
from services.core.base import Actor, Deps, system
from services.core.idempotency import once
from services.core.limits import advisory_lock
from services.core.permissions import check
from services.core.short_texts import check_text
from services.entry import Conclusions, EntryStages
from services.exams import DecidedByExam, ExamRetries, find_decided
from services.notifications import Notices
from services.workflows.office_acts import (
    REASON_MAX,
    check_reachable,
    check_reason,
    check_until,
    find_deadline,
    lock_for_office,
)

_S, _E = ApplicationState, ApplicationEvent
_ENDED = (_S.REFUSED, _S.CANCELLED, _S.TERMINATED)
_STAGE_OF_EVENT = {_E.PUBLISH.value: STAGE_OF[_S.NOTICE], _E.CHARGE.value: STAGE_OF[_S.FEE], _E.CALL.value: "exam"}
_DEADLINES = {_E.RESTART: Deadline.SUBMIT, _E.REINSTATE: Deadline.SUBMIT, _E.CHARGE: Deadline.PAY}
_ADVICE = {
    _E.RESTART: "请在{until}前填写完整并提交",
    _E.REINSTATE: "请在{until}前修改后重新提交",
    _E.CHARGE: "请在{until}前缴费",
    _E.PUBLISH: "重新公示，无需操作",
    _E.CALL: "请等待考试通知",
}
GOES_ON: dict[ApplicationEvent, str] = {
    _E.RESTART: "回到“填写中”，由本人继续填写并提交。",
    _E.REINSTATE: "回到“修改中”，由本人修改后重新提交，再审核一遍；已通过的专业保留。",
    _E.PUBLISH: "重新公示，公示期从头计算。",
    _E.CHARGE: "回到“待缴费”，由本人缴费；已退的费用不会自动转来。",
    _E.CALL: "回到“待考试”，不再收费；未结束的考试会重新通知本人参加，否则由管理机构安排考试或登记结果。",
}
"""What follows, for the office."""
_PASSED = "“{exam}”已合格，成绩有效：不再收费、不用再考，随即进入下一环节。"
_RETRY = "回到“待考试”，不再收费；同时增加一次考试机会，由本人在{until}前再参加“{exam}”。"
_PASSED_ADVICE, _RETRY_ADVICE = "“{exam}”成绩有效，无需操作", "请在{until}前再参加一次“{exam}”"


@dataclass(frozen=True)
class Reinstatement:
    """What taking up an application again would do. ``deadline``: what the applicant has to do in time; None:
    nothing. ``decided``: by an examination of the pool, which counts again or is sat once more."""

    event: ApplicationEvent
    deadline: Deadline | None
    second_person: bool
    decided: DecidedByExam | None

    @property
    def goes_on(self) -> str:
        return self._words(_PASSED, _RETRY) or GOES_ON[self.event]

    def advise(self, until: datetime | None) -> str:
        """What the applicant does next, until then."""
        words = self._words(_PASSED_ADVICE, _RETRY_ADVICE)
        return words or _ADVICE[self.event].format(until=print_time(until) if until else "")

    def _words(self, passed: str, retry: str) -> str:
        """Empty where no examination of the pool has decided."""
        if self.decided is None:
            return ""
        text = passed if self.decided.is_passed else retry
        return text.format(exam=self.decided.exam, until=print_time(self.decided.closes_at))


@dataclass(frozen=True)
class Reinstatements:
    deps: Deps
    notices: Notices
    entry: EntryStages
    conclusions: Conclusions
    retries: ExamRetries

    async def begin(
        self, actor: Actor, application_id: UUID, until: datetime | None, reason: str, *, key: str | None = None
    ) -> bool:
        """Take it up again, or propose it where the rulebook demands a second person; whether it waits for one.

        Raises NotFound, Forbidden for one's own application, InvalidInput with all faults, Conflict for one that goes
        on, and where the applicant could not begin one either: with another application, in the pool already, without
        an account.
        """
        check(actor, "application.conclude")
        words = _check_form(await self._wanted(actor, application_id), until, reason, self.deps.now())

        async def run() -> bool:
            application = await self._lock(actor, application_id)
            plan = await self._check_possible(application)
            end = check_until(until, self.deps.now()) if plan.deadline else None
            if await ApplicationAct.exists(application_id=application.id, state=ActState.WAITING.value):
                raise Conflict("已有一项重新受理等待复核，请先复核或撤回。", code="already_waiting")
            await write_act(
                self.deps,
                actor,
                application,
                ActKind.REINSTATEMENT,
                words,
                deadline=plan.deadline,
                until=end,
                waits=plan.second_person,
            )
            if not plan.second_person:
                await self._take_effect(application, plan, end, words)
            return plan.second_person

        return await once(
            owner=f"reinstate:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=bool,
            run=run,
            request=f"{application_id} {until} {words}",
        )

    async def confirm(self, actor: Actor, act_id: UUID, *, key: str | None = None) -> None:
        """The second person's word: it takes effect. Raises NotFound, Forbidden for the proposer, for one's own
        application and for who became a member of the office only afterwards, Conflict when it has ended, is not
        possible any more, or its deadline has passed."""
        check(actor, "application.conclude")

        async def run() -> bool:
            application, act = await self._lock_waiting(actor, act_id)
            await _check_second(actor, act)
            plan, now = await self._check_possible(application), self.deps.now()
            if plan.deadline and (act.until is None or act.until <= now):
                message = "提出时填写的截止时间已过或不再适用，请不予同意，重新提出。"
                raise Conflict(message, code="deadline_over")
            await end_act(actor, act, ActState.DONE, now)
            await self._take_effect(application, plan, act.until if plan.deadline else None, act_text(self.deps, act))
            return True

        await once(owner=f"reinstate.confirm:{act_id}", key=key, deps=self.deps, answer=bool, run=run)

    async def refuse(self, actor: Actor, act_id: UUID, reason: str, *, key: str | None = None) -> None:
        """The second person does not confirm it; it stays ended. Raises as ``confirm``, and InvalidInput."""
        check(actor, "application.conclude")
        words = check_text(" ".join(reason.split()), "refusal", "不同意的原因", REASON_MAX, required=True)

        async def run() -> bool:
            _, act = await self._lock_waiting(actor, act_id)
            await _check_second(actor, act)
            await end_act(actor, act, ActState.REFUSED, self.deps.now(), refusal=words)
            return True

        await once(owner=f"reinstate.refuse:{act_id}", key=key, deps=self.deps, answer=bool, run=run)

    async def withdraw(self, actor: Actor, act_id: UUID, *, key: str | None = None) -> None:
        """The proposer takes his proposal back. Raises NotFound, Forbidden for anyone else, Conflict when it has
        ended."""
        check(actor, "application.conclude")

        async def run() -> bool:
            _, act = await self._lock_waiting(actor, act_id)
            if act.begun_by != actor.account_id:
                raise Forbidden("只有提出的人可以撤回；您可以同意或不予同意。", code="not_own_proposal")
            await end_act(actor, act, ActState.WITHDRAWN, self.deps.now())
            return True

        await once(owner=f"reinstate.withdraw:{act_id}", key=key, deps=self.deps, answer=bool, run=run)

    # ---- steps

    async def _wanted(self, actor: Actor, application_id: UUID) -> Reinstatement | None:
        application = await Application.get_or_none(id=application_id, pool=actor.pool)
        if application is None:
            raise unknown_application()
        return await preview_reinstatement(self.deps, application)

    async def _lock(self, actor: Actor, application_id: UUID) -> Application:
        """As beginning an application does: first the person, so that there is never a second live one."""
        seen = await Application.get_or_none(id=application_id, pool=actor.pool)
        if seen is None:
            raise unknown_application()
        await advisory_lock(f"application.start:{seen.account_id}")
        return await lock_for_office(actor, application_id)

    async def _lock_waiting(self, actor: Actor, act_id: UUID) -> tuple[Application, ApplicationAct]:
        """Person, application, act, in this order. Raises NotFound, Forbidden, Conflict."""
        seen = await ApplicationAct.get_or_none(id=act_id, pool=actor.pool, kind=ActKind.REINSTATEMENT.value)
        if seen is None:
            raise NotFound("找不到这项重新受理，请刷新页面。", code="act_unknown")
        application = await self._lock(actor, seen.application_id)
        act = await ApplicationAct.select_for_update().get(id=act_id)
        if act.state != ActState.WAITING:
            label = ActState(act.state).label
            raise Conflict(f"这项重新受理{label}，不能再办理，请刷新页面。", code="act_ended")
        return application, act

    async def _check_possible(self, application: Application) -> Reinstatement:
        """Raises Conflict."""
        plan = await preview_reinstatement(self.deps, application)
        if plan is None:
            label = _S(application.state).label
            raise Conflict(f"申请现在是“{label}”，不用也不能重新受理，请刷新页面。", code="not_ended")
        await check_reachable(application)
        await _check_no_refund(application)
        live = await find_live(application.account_id, change=application.entry_type == "change")
        if live is not None:
            message = f"本人另有一份申请（{live.number}）正在办理，不能同时受理这一份。"
            raise Conflict(message, code="application_live")
        later = Application.filter(
            account_id=application.account_id, state=_S.ENTERED, entry_type=application.entry_type
        )
        if await later.filter(ended_at__gt=cast(datetime, application.ended_at)).exists():
            raise Conflict("本人后来的同类申请已经办结，不能再受理这一份。", code="entered_since")
        await self._check_applicant(application)
        return plan

    async def _check_applicant(self, application: Application) -> None:
        """Whether the person could begin such an application. Raises Conflict with the words that he would read."""
        account = await Account.get(id=application.account_id)
        try:
            await check_applicant(self.deps, account, type_of(application), None, self.deps.now())
        except AppError as refused:
            message = f"本人现在不能办理这类申请，因此不能重新受理。系统给本人的说明：{refused.message}"
            raise Conflict(message, code="may_not_apply") from refused

    async def _take_effect(
        self, application: Application, plan: Reinstatement, until: datetime | None, reason: str
    ) -> None:
        now, name = self.deps.now(), self.deps.book(application.pool).pool.name
        application.reason, application.step = "", -1
        if plan.deadline == Deadline.SUBMIT:
            application.own_until, application.sent_back_fields = until, [EVERYTHING] if application.round else []
        elif plan.deadline == Deadline.PAY:
            application.own_pay_until = until
        await application.save(update_fields=["reason", "step", "own_until", "own_pay_until", "sent_back_fields"])
        if plan.event in (_E.RESTART, _E.REINSTATE):
            application.locked_version = None
            await application.save(update_fields=["locked_version"])
            await move(application, plan.event, now)
            await log(application, now, plan.event.value, name, opinion=reason)
        else:
            await self.entry.return_to(application, plan.event, f"重新受理：{reason}", now)
        deadline = await find_deadline(self.deps, application)
        await notify_applicant(
            self.notices,
            application,
            "application_reinstated",
            now.isoformat(),
            advice=plan.advise(deadline.until if deadline else None),
            reason=reason,
            page=page_of(application, "status"),
        )
        if plan.decided is not None:
            await self._apply_exam(application, plan.decided, reason, now)

    async def _apply_exam(self, application: Application, decided: DecidedByExam, reason: str, now: datetime) -> None:
        if decided.is_passed:
            await self.conclusions.apply_exam(system(application.pool), application, "passed", decided.exam, now)
        else:
            await self.retries.give_try(decided, f"重新受理：{reason}"[:REASON_MAX], now)


async def preview_reinstatement(deps: Deps, application: Application) -> Reinstatement | None:
    """None for an application that goes on, or entered."""
    if application.state not in _ENDED:
        return None
    book = deps.book(application.pool)
    event = await _event(application, book)
    return Reinstatement(
        event,
        _DEADLINES.get(event),
        application.state in book.campaigns.reinstatement_second_person,
        await find_decided(application.id, deps.now()) if event == _E.CALL else None,
    )


async def _event(application: Application, book: Rulebook) -> ApplicationEvent:
    """By the stage in which it ended, as far as the rulebook still has it, and the fee."""
    stage = await _last_stage(application)
    if stage not in book.entry.stages_of(type_of(application)):
        stage = None
    fee = await Fee.filter(application_id=application.id).order_by("-created_at").first()
    return reinstating_event(
        _S(application.state),
        stage,
        was_submitted=application.round > 0,
        fee_is_refunded=fee is not None and fee.state == FeeState.REFUNDED,
    )


def _check_form(plan: Reinstatement | None, until: datetime | None, reason: str, now: datetime) -> str:
    """The reason. Raises InvalidInput with all faults."""
    faults = Faults()
    words = faults.check(check_reason, reason)
    if plan is not None and plan.deadline is not None:
        faults.check(check_until, until, now)
    faults.raise_any()
    return words


async def _check_second(actor: Actor, act: ApplicationAct) -> None:
    if actor.account_id == act.begun_by:
        message = "提出的人不能自己复核，请另一位管理员办理；没有的先在“工作人员”中添加。"
        raise Forbidden(message, code="own_proposal")
    grants = RoleGrant.filter(account_id=actor.account_id, role="pool_admin", revoked_at=None)
    if not await grants.filter(granted_at__lte=act.begun_at).exists():
        message = "您在这项重新受理提出之后才成为管理员，不能复核它，请由其他管理员复核。"
        raise Forbidden(message, code="too_new")


async def _check_no_refund(application: Application) -> None:
    """Raises Conflict while money is on its way back."""
    going = [state.value for state in (RefundState.REQUESTED, RefundState.PROCESSING, RefundState.ABNORMAL)]
    if await Refund.exists(order__fee__application_id=application.id, state__in=going):
        raise Conflict("这份申请的费用正在退款，请在退款办结后再重新受理。", code="refund_under_way")


async def _last_stage(application: Application) -> Stage | None:
    """The stage in which an approved application ended, by its log; None: before the last approval."""
    if application.approved_at is None:
        return None
    entries = ReviewEntry.filter(
        application_id=application.id, at__gte=application.approved_at, event__in=list(_STAGE_OF_EVENT)
    )
    last = await entries.order_by("-at", "-id").first()
    return _STAGE_OF_EVENT[last.event] if last else None
