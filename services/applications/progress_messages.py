"""Texts on an application's progress: headline, who handles it, next step, contact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from domain.applications.lifecycles import APPLICATION, IN_HAND, ApplicationState, TaskState
from domain.clock import print_until
from domain.forms.display import show_region
from domain.payments.fees import Phase, phase_of
from domain.payments.lifecycles import FeeState
from domain.payments.money import yuan
from domain.rulebook.book import Rulebook
from domain.rulebook.form import EntryType
from models.applications import Application, ApplicationAct, ApplicationSpecialty
from models.campaigns import Campaign
from models.payments import Fee
from models.reviews import ReviewTask
from services.applications.campaign_windows import review_end, submission_end
from services.applications.exam_tasks import ExamTask, exam_tasks
from services.applications.office_acts import OfficeMessage, message_of
from services.applications.repository import EVERYTHING
from services.applications.returns import ReturnedPlace, returned_places
from services.catalogue_codes import CatalogueCodes
from services.core.base import Deps, from_row, rows

YOU = "本人"
_S = ApplicationState

FACTS = """
a AS application, c AS campaign,
  ARRAY(SELECT t FROM review_task t WHERE t.application_id = a.id AND t.state <> 'void' ORDER BY t.opened_at) AS tasks,
  ARRAY(SELECT s FROM application_specialty s WHERE s.application_id = a.id ORDER BY s.position, s.code) AS specialties,
  (SELECT f FROM fee f WHERE f.application_id = a.id ORDER BY f.created_at DESC LIMIT 1) AS fee,
  (SELECT r.opinion FROM review_entry r WHERE r.application_id = a.id AND r.event IN ('send_back', 'submit')
    AND NOT EXISTS (SELECT 1 FROM review_entry o WHERE o.application_id = a.id AND o.event = 'reopen'
      AND (o.step_name, o.specialty) = (r.step_name, r.specialty) AND (o.at, o.id) > (r.at, r.id))
    ORDER BY r.at DESC, r.id DESC LIMIT 1) AS opinion,
  EXISTS (SELECT 1 FROM objection o WHERE o.application_id = a.id AND o.state = 'open') AS objected,
  a.ended_at IS NULL AND a.entry_type = ANY(ARRAY['education', 'change'])
    AND EXISTS (SELECT 1 FROM expert x WHERE x.id = a.expert_id AND x.left_at IS NOT NULL) AS is_void,
  ARRAY(SELECT m FROM application_act m WHERE m.application_id = a.id AND m.kind = 'message'
    ORDER BY m.begun_at DESC, m.id DESC) AS messages
"""
"""Columns for ``facts_of``, from ``APPLICATIONS``."""
APPLICATIONS = "application a LEFT JOIN campaign c ON c.id = a.campaign_id"
CURRENT = """
a.account_id = $1 AND (a.ended_at IS NULL OR a.id = (SELECT l.id FROM application l WHERE l.account_id = $1
  ORDER BY l.ended_at IS NULL DESC, l.created_at DESC LIMIT 1))
"""
"""The live applications of the person ``$1``, two at most, which ``FIRST`` sorts; else the last one."""
FIRST = "a.entry_type = 'change'"
"""Sorts a change of the file behind the application that it stands beside."""


@dataclass(frozen=True)
class Facts:
    """The facts that progress messages need. ``objected``: an objection waits for an answer; ``is_void``: the expert
    has left, whom it was to enrol or to change. ``messages``: of the office to the applicant, newest first."""

    application: Application
    book: Rulebook
    now: datetime
    tasks: Sequence[ReviewTask]
    specialties: Sequence[ApplicationSpecialty]
    fee: Fee | None
    opinion: str
    campaign: Campaign | None = None
    objected: bool = False
    exam: ExamTask | None = None
    """The examination to which a waiting application is called."""
    is_void: bool = False
    messages: tuple[OfficeMessage, ...] = ()

    @property
    def state(self) -> ApplicationState:
        return _S(self.application.state)

    @property
    def is_partly_back(self) -> bool:
        return self.state == _S.SENT_BACK and EVERYTHING not in self.application.sent_back_fields

    @property
    def is_wholly_back(self) -> bool:
        return self.state in (_S.SENT_BACK, _S.CORRECTING) and EVERYTHING in self.application.sent_back_fields

    @property
    def returned(self) -> tuple[ReturnedPlace, ...]:
        """The places that were sent back, until the application is submitted again."""
        if self.state not in (_S.SENT_BACK, _S.CORRECTING):
            return ()
        sent_back = [task for task in self.tasks if task.state == TaskState.SENT_BACK and self.is_present(task)]
        return returned_places(self.book, sent_back)

    def is_present(self, task: ReviewTask) -> bool:
        """Whether the task was decided since the last submission. Its round may be an earlier one: open tasks stay when
        another specialty is corrected."""
        submitted_at = self.application.submitted_at
        return task.decided_at is not None and (submitted_at is None or task.decided_at >= submitted_at)

    @property
    def is_decided(self) -> bool:
        """Whether a reviewer has decided since the last submission, so that the applicant can't withdraw it."""
        return any(self.is_present(task) and task.state != TaskState.OPEN for task in self.tasks)

    @property
    def until(self) -> datetime | None:
        """The deadline for submission, while it is the person's turn and there is one."""
        if self.state not in IN_HAND:
            return None
        return submission_end(self.campaign, self.application, self.book)

    @property
    def is_too_late(self) -> bool:
        return self.until is not None and self.until <= self.now

    @property
    def fee_phase(self) -> Phase | None:
        fee = self.fee
        return phase_of(fee.state, fee.opens_at, fee.closes_at, self.now) if fee is not None else None


async def list_facts(deps: Deps, which: str, *values: object) -> list[Facts]:
    """Facts of the applications ``a`` selected by ``which`` (what follows WHERE)."""
    application_rows = await rows(f"SELECT {FACTS} FROM {APPLICATIONS} WHERE {which}", *values)
    applications = [(from_row(Application, row["application"]), row) for row in application_rows]
    return [
        facts_of(deps, application, row, await find_exam(application, deps.now())) for application, row in applications
    ]


def facts_of(deps: Deps, application: Application, row: Mapping[str, Any], exam: ExamTask | None) -> Facts:
    return Facts(
        application,
        deps.book(application.pool),
        deps.now(),
        [from_row(ReviewTask, task) for task in row["tasks"]],
        [from_row(ApplicationSpecialty, specialty) for specialty in row["specialties"]],
        from_row(Fee, row["fee"]) if row["fee"] is not None else None,
        _opinion(application, row["opinion"]),
        from_row(Campaign, row["campaign"]) if row["campaign"] is not None else None,
        application.state == _S.NOTICE and row["objected"],
        exam,
        row["is_void"],
        tuple(message_of(deps, from_row(ApplicationAct, message)) for message in row["messages"]),
    )


async def find_exam(application: Application, now: datetime) -> ExamTask | None:
    """The examination to which a waiting application is called."""
    if application.state != _S.EXAM:
        return None
    return exam_of(application, await exam_tasks(application.account_id, now))


def exam_of(application: Application, tasks: Sequence[ExamTask]) -> ExamTask | None:
    """The same from loaded tasks."""
    if application.state != _S.EXAM:
        return None
    return next((task for task in tasks if task.application_id == application.id), None)


def adviser(facts: Facts) -> str:
    """The region whose own line is responsible; empty: the pool's hotline."""
    region, lines = facts.application.region, _lines_of(facts)
    return next((code for code in (region, f"{region[:4]}00", f"{region[:2]}0000") if code in lines), "")


def ask_line(facts: Facts, codes: CatalogueCodes) -> str:
    """The contact: the line of the person's own region, ``演示市：020-12345678``, else the pool's hotline."""
    code = adviser(facts)
    if not code:
        return facts.book.pool.hotline
    return f"{show_region(code, codes)}：{_lines_of(facts)[code]}"


def _lines_of(facts: Facts) -> Mapping[str, str]:
    """Contacts by region: the campaign's before the pool's own."""
    return {**facts.book.help.advice, **(facts.campaign.advice if facts.campaign is not None else {})}


def _opinion(application: Application, latest: str | None) -> str:
    """The newest opinion of a reviewer that requires action, or why the application ended."""
    if application.state in (_S.REFUSED, _S.TERMINATED):
        return application.reason
    return latest or "" if application.state in (_S.SENT_BACK, _S.CORRECTING) else ""


_DONE: Mapping[str, str] = {"education": "已通过，报名完成", "change": "已通过，变更已生效"}


def headline(facts: Facts) -> str:
    """The status for the applicant: ``您的申请正在初审``."""
    kind = cast(EntryType, facts.application.entry_type)
    name = "您的申请" if kind == "first" else f"您的{facts.book.campaigns.name_of(kind)}申请"
    if facts.state == _S.ENTERED:
        return f"{name}{_DONE.get(kind, '已办结，您已入库')}"
    return f"{name}{position(facts)}"


def position(facts: Facts) -> str:
    """The same for the office, without a form of address: ``正在初审``."""
    match facts.state:
        case _S.REVIEWING:
            return f"正在{_step_name(facts)}"
        case _S.SENT_BACK if facts.is_partly_back:
            return f"在{_step_name(facts)}环节有部分内容被退回"
        case _S.SENT_BACK:
            return "已被退回"
        case _S.NOTICE if facts.objected:
            return "公示中，有异议正在核实"
        case _S.REFUSED:
            return "未通过"
    return facts.state.label


def _step_name(facts: Facts) -> str:
    step = facts.book.review.step_at(facts.application.step)
    return step.name if step else "审核"


def responsible_body(facts: Facts) -> str:
    match facts.state:
        case _S.REVIEWING:
            step = facts.book.review.step_at(facts.application.step)
            return step.department if step else facts.book.pool.name
        case _S.NOTICE | _S.EXAM | _S.ENTERED | _S.REFUSED | _S.TERMINATED:
            return facts.book.pool.name
        case _S.FEE if facts.fee_phase not in ("not_open", "open", "closed"):
            return facts.book.pool.name
    return YOU


def waiting_since(facts: Facts) -> datetime:
    """For a review step: since its tasks were opened, which is later than the submission from the second step on."""
    if facts.state == _S.REVIEWING:
        waiting = [task.opened_at for task in facts.tasks if task.state == TaskState.OPEN]
        return min(waiting, default=facts.application.state_since)
    return facts.application.state_since


def advice(facts: Facts) -> str:
    if facts.is_void:
        return "您已退库，这份申请不再办理，请在“申请进度”中放弃。"
    match facts.state:
        case _S.DRAFT | _S.LOCKED | _S.SENT_BACK | _S.CORRECTING:
            return _submission_advice(facts)
        case _S.REVIEWING:
            return _review_advice(facts)
        case _S.NOTICE:
            return _notice_advice(facts)
        case _S.FEE:
            return _fee_advice(facts)
        case _S.EXAM if facts.exam is not None:
            return facts.exam.detail
    return _other_advice(facts)


def _other_advice(facts: Facts) -> str:
    application, hotline = facts.application, facts.book.pool.hotline
    of_type = {
        ("change", _S.ENTERED): "您的档案已按申请更新，今后按新的信息抽取。",
        ("change", _S.REFUSED): f"档案没有变更，可以重新申请；如有疑问，请拨打{hotline}咨询。",
        ("education", _S.ENTERED): f"您的专家编号是{application.expert_number}，缴费时要用；"
        "课程开放后会通知您选课、缴费、学习。",
    }
    of_all = {
        _S.EXAM: "考试安排好后会通知您，期间可先学习培训资料；已经考过的，成绩出来后会通知您。",
        _S.ENTERED: f"您的专家编号是{application.expert_number}，请留意抽取通知。",
        _S.REFUSED: f"如有疑问，请拨打{hotline}咨询。",
        _S.TERMINATED: f"已缴的费用按规定退回。{_again(facts)}",
    }
    return of_type.get((application.entry_type, facts.state)) or of_all.get(facts.state, _again(facts))


def _again(facts: Facts) -> str:
    """When another application may follow."""
    if facts.application.entry_type == "change":
        return "档案没有变更；需要时可随时重新申请。"
    return "如需申请，请在征集期内重新提交。" if _has_window(facts) else "需要时可随时重新申请。"


def _has_window(facts: Facts) -> bool:
    return facts.book.campaigns.window_for(cast(EntryType, facts.application.entry_type))


def cancellation_warning(facts: Facts) -> str:
    """The consequence of cancelling now, shown before; empty where nothing can be cancelled any more."""
    if APPLICATION.is_final(facts.state):
        return ""
    consequence = "放弃后本次申请终止，不能恢复。"
    if facts.application.entry_type == "change":
        return f"{consequence}{_again(facts)}"
    if facts.fee is not None and facts.fee.state == FeeState.PAID and facts.book.fee is not None:
        consequence += f"已缴的{yuan(facts.fee.amount)}元不会因放弃自动退回：{facts.book.fee.refund_text}"
    elif facts.fee is not None and facts.fee.state == FeeState.DUE:
        consequence += "尚未缴纳的费用不用再缴。"
    if facts.campaign is not None and facts.campaign.enrol_until <= facts.now:
        return f"{consequence}本次报名已截止，再次申请须等下一次征集。"
    return f"{consequence}{'需要时可在征集期内重新申请。' if _has_window(facts) else _again(facts)}"


def _submission_advice(facts: Facts) -> str:
    """What to submit, and until when; or that it is too late, if waiting for the next campaign loses nothing."""
    if facts.until is not None and facts.is_too_late:
        until = print_until(facts.until, facts.now)
        if facts.application.round > 0:
            return f"修改提交已于{until}截止，请拨打{facts.book.pool.hotline}咨询。"
        return f"报名已于{until}截止，已填写的内容会为您保留。"
    by = f"请在{print_until(facts.until, facts.now)}前" if facts.until is not None else "请"
    match facts.state:
        case _S.DRAFT:
            return f"{by}填写完整并提交，随时可以保存，换台设备也能继续。"
        case _S.LOCKED:
            return f"{by}把签字盖章的表格扫描上传并提交。"
        case _S.SENT_BACK if facts.book.review.withdraw_before_edit:
            return f"{by}先点“撤回”，按意见修改后重新提交。"
        case _S.SENT_BACK:
            return f"{by}按意见修改后重新提交。"
    return f"{by}修改后重新提交。"


def _review_advice(facts: Facts) -> str:
    end = review_end(facts.campaign, facts.application, facts.book)
    if end is not None and end <= facts.now:
        return f"审核已于{print_until(end, facts.now)}结束，尚未办结，请拨打{facts.book.pool.hotline}咨询。"
    return f"无需操作，有结果会通知您；这一环节通常需要{print_rounded(_expected_duration(facts))}。"


def _notice_advice(facts: Facts) -> str:
    until = facts.application.notice_until
    if facts.objected:
        return "异议核实处理后会通知您，无需操作。"
    if until is None or until <= facts.now:
        return "公示期已满，正在办理下一步，无需操作。"
    return f"公示至{print_until(until, facts.now)}，期满无异议后进入下一步，无需操作。"


def _expected_duration(facts: Facts) -> timedelta:
    return (facts.book.review.step_at(facts.application.step) or facts.book.review.steps[-1]).expected


def _fee_advice(facts: Facts) -> str:
    fee = facts.fee
    if fee is None:
        return "缴费通知正在准备，开放后会通知您。"
    amount = f"{yuan(fee.amount)}元"
    hotline = facts.book.fee.hotline if facts.book.fee is not None else facts.book.pool.hotline
    match facts.fee_phase:
        case "not_open":
            return f"{print_until(fee.opens_at, facts.now)}起可以缴费（{amount}），届时会通知您。"
        case "open":
            until = f"请在{print_until(fee.closes_at, facts.now)}前" if fee.closes_at else "请"
            return f"{until}缴费{amount}。"
        case "closed":
            closed = f"已于{print_until(fee.closes_at, facts.now)}截止" if fee.closes_at else "时间已过"
            return f"缴费{closed}，请拨打{hotline}咨询。"
        case "paid":
            return "已缴费，正在办理下一步。"
    return f"请拨打{hotline}咨询。"


def print_rounded(value: timedelta) -> str:
    """``5天``, ``2小时``, ``3分钟``: rounded up to a common unit."""
    for size, word in ((timedelta(days=1), "天"), (timedelta(hours=1), "小时")):
        if value >= size:
            return f"{-(-value // size)}{word}"
    return f"{max(1, -(-value // timedelta(minutes=1)))}分钟"
