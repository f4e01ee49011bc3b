"""Where an application stands, who has it, since when, and what comes next: the same for chat, API and pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, cast
from uuid import UUID

from domain.clock import print_time
from domain.entry_lifecycles import ApplicationState, TaskState
from domain.fees import phase_of
from domain.money import yuan
from domain.rulebook import Rulebook
from domain.rulebook_forms import EntryType
from domain.rulebook_reviews import Stage as EntryStage
from models.applications import Application, ApplicationSpecialty
from models.payments import Fee
from models.reviews import ReviewEntry, ReviewTask
from services.applications.codes import load_codes
from services.applications.state import EVERYTHING
from services.base import Deps

StageState = Literal["done", "now", "next", "stopped"]
"""``stopped``: here it was sent back, refused or given up."""

YOU = "本人"
_S = ApplicationState
_AT: Mapping[ApplicationState, EntryStage] = {_S.NOTICE: "notice", _S.FEE: "fee", _S.EXAM: "exam"}
_FILLING = (_S.DRAFT, _S.LOCKED, _S.CORRECTING)


@dataclass(frozen=True)
class Stage:
    """One stop of the way. ``at``: when it began (now, stopped) or was done; None where nobody knows."""

    code: str
    name: str
    who: str
    state: StageState
    at: datetime | None = None


@dataclass(frozen=True)
class SpecialtyProgress:
    """A specialty under review. ``state``: open, approved, sent_back or refused."""

    code: str
    name: str
    choice: str
    state: str
    state_label: str


@dataclass(frozen=True)
class Step:
    """What the person can do: ``label`` of the button and the page behind it, below the public address."""

    code: str
    label: str
    route: str


@dataclass(frozen=True)
class Progress:
    """``headline`` says where it stands, ``who`` has it ``since``, ``advice`` what happens next or is to be done.

    ``opinion`` is the reviewer's, while something is sent back or after a refusal. ``expert_number`` is empty before
    approval.
    """

    application_id: UUID
    number: str
    entry_type: str
    state: str
    state_label: str
    headline: str
    who: str
    since: datetime
    advice: str
    opinion: str
    step: Step | None
    stages: tuple[Stage, ...]
    specialties: tuple[SpecialtyProgress, ...]
    expert_number: str
    submitted_at: datetime | None


@dataclass(frozen=True)
class _Facts:
    """What progress is told from."""

    application: Application
    book: Rulebook
    now: datetime
    tasks: Sequence[ReviewTask]
    fee: Fee | None
    opinion: str

    @property
    def state(self) -> ApplicationState:
        return _S(self.application.state)

    @property
    def is_partly_back(self) -> bool:
        return self.state == _S.SENT_BACK and EVERYTHING not in self.application.sent_back_fields


async def progress_of(deps: Deps, application: Application) -> Progress:
    """The present moment of one application."""
    book = deps.book(application.pool)
    tasks = await ReviewTask.filter(application_id=application.id).exclude(state=TaskState.VOID).order_by("opened_at")
    fee = await Fee.filter(application_id=application.id).order_by("-created_at").first()
    facts = _Facts(application, book, deps.now(), tasks, fee, await _opinion(application))
    state = facts.state
    return Progress(
        application_id=application.id,
        number=application.number,
        entry_type=application.entry_type,
        state=state.value,
        state_label=state.label,
        headline=_headline(facts),
        who=_who(facts),
        since=_since(facts),
        advice=_advice(facts),
        opinion=facts.opinion,
        step=next_step(application, book, fee, facts.now),
        stages=tuple(_stages(facts)),
        specialties=await _specialties(deps, application),
        expert_number=application.expert_number if application.approved_at else "",
        submitted_at=application.submitted_at,
    )


def next_step(application: Application, book: Rulebook, fee: Fee | None, now: datetime) -> Step | None:
    """What the person can do now about an application; None: nothing but wait."""
    base = f"/h5/{application.pool}"
    match _S(application.state):
        case _S.DRAFT:
            return Step("fill_in", "继续填写", f"{base}/apply/form")
        case _S.LOCKED:
            return Step("upload", "上传材料并提交", f"{base}/apply/form")
        case _S.SENT_BACK if book.review.withdraw_before_edit:
            return Step("withdraw", "撤回后修改", f"{base}/apply/status")
        case _S.SENT_BACK | _S.CORRECTING:
            return Step("correct", "修改信息", f"{base}/apply/form")
        case _S.FEE if fee is not None and phase_of(fee.state, fee.opens_at, fee.closes_at, now) == "open":
            return Step("pay", "缴费", f"{base}/pay/{fee.expert_number}")
    return None


def spoken(value: timedelta) -> str:
    """``5天``, ``2小时``, ``3分钟``: rounded up to what a person would say."""
    for size, word in ((timedelta(days=1), "天"), (timedelta(hours=1), "小时")):
        if value >= size:
            return f"{-(-value // size)}{word}"
    return f"{max(1, -(-value // timedelta(minutes=1)))}分钟"


async def _opinion(application: Application) -> str:
    """The newest word of a reviewer that the person has to act on."""
    if application.state == _S.REFUSED:
        return application.reason
    if application.state not in (_S.SENT_BACK, _S.CORRECTING):
        return ""
    found = ReviewEntry.filter(application_id=application.id).order_by("-at", "-id")
    latest = await found.filter(event__in=["send_back", "submit"]).first()
    return latest.opinion if latest is not None else ""


def _headline(facts: _Facts) -> str:
    application, state = facts.application, facts.state
    name = f"{facts.book.campaigns.name_of(cast(EntryType, application.entry_type))}申请"
    match state:
        case _S.REVIEWING:
            return f"{name}正在{_step_name(facts)}"
        case _S.SENT_BACK if facts.is_partly_back:
            return f"{name}有部分内容被{_step_name(facts)}退回"
        case _S.SENT_BACK:
            return f"{name}已被退回"
        case _S.ENTERED:
            return f"{name}已办结，您已入库"
        case _S.REFUSED:
            return f"{name}未通过"
    return f"{name}{state.label}"


def _step_name(facts: _Facts) -> str:
    steps, at = facts.book.review.steps, facts.application.step
    return steps[at].name if 0 <= at < len(steps) else "审核"


def _who(facts: _Facts) -> str:
    match facts.state:
        case _S.REVIEWING:
            steps, at = facts.book.review.steps, facts.application.step
            return steps[at].department if 0 <= at < len(steps) else facts.book.pool.name
        case _S.NOTICE | _S.EXAM | _S.ENTERED | _S.REFUSED:
            return facts.book.pool.name
    return YOU


def _since(facts: _Facts) -> datetime:
    """Of a review step: since its tasks were opened, which is later than the submission from the second step on."""
    if facts.state == _S.REVIEWING:
        waiting = [task.opened_at for task in facts.tasks if task.state == TaskState.OPEN]
        return min(waiting, default=facts.application.state_since)
    return facts.application.state_since


_ADVICE = {
    _S.DRAFT: "请填写完整后提交审核，随时可以保存，换台设备也能继续。",
    _S.LOCKED: "请把表格签字盖章，扫描上传后提交审核。",
    _S.CORRECTING: "请修改后重新提交。",
    _S.EXAM: "请等待考试通知，期间可先学习培训资料。",
    _S.REFUSED: "如有疑问，请联系专家库管理机构。",
    _S.CANCELLED: "如需申请，请在征集期内重新提交。",
}


def _advice(facts: _Facts) -> str:
    application = facts.application
    match facts.state:
        case _S.REVIEWING:
            return f"无需操作，有结果会通知您；这一环节通常需要{spoken(_expected(facts))}。"
        case _S.SENT_BACK:
            withdraw = "先点“撤回”，" if facts.book.review.withdraw_before_edit else ""
            return f"请{withdraw}按意见修改后重新提交。"
        case _S.NOTICE:
            until = f"公示至{print_time(application.notice_until)}，" if application.notice_until else ""
            return f"{until}期满无异议后进入下一步，无需操作。"
        case _S.FEE:
            return _fee_advice(facts)
        case _S.ENTERED:
            return f"您的专家编号是{application.expert_number}，请留意抽取通知。"
    return _ADVICE[facts.state]


def _expected(facts: _Facts) -> timedelta:
    steps, at = facts.book.review.steps, facts.application.step
    return steps[at if 0 <= at < len(steps) else -1].expected


def _fee_advice(facts: _Facts) -> str:
    fee = facts.fee
    if fee is None:
        return "缴费通知正在准备，开放后会通知您。"
    amount = f"{yuan(fee.amount)}元"
    match phase_of(fee.state, fee.opens_at, fee.closes_at, facts.now):
        case "not_open":
            return f"{print_time(fee.opens_at)}起可以缴费（{amount}），届时会通知您。"
        case "open":
            until = f"请在{print_time(fee.closes_at)}前" if fee.closes_at else "请"
            return f"{until}缴费{amount}。"
        case "closed":
            return "缴费时间已过，请联系专家库管理机构。"
        case "paid":
            return "已缴费，正在办理下一步。"
    return "请联系专家库管理机构。"


def _stages(facts: _Facts) -> list[Stage]:
    application, book, state = facts.application, facts.book, facts.state
    names = book.entry.names
    stages = [_filling(facts)]
    stages += [_review(facts, at) for at in range(len(book.review.steps))]
    passed = _passed(facts)
    for place, code in enumerate(book.entry.stages):
        who = YOU if code == "fee" else book.pool.name
        stages.append(_later(facts, code, getattr(names, code), who, place, passed))
    entered = state == _S.ENTERED
    at = application.ended_at if entered else None
    stages.append(Stage("entered", names.entered, book.pool.name, "done" if entered else "next", at))
    return stages


def _filling(facts: _Facts) -> Stage:
    application = facts.application
    name = facts.book.entry.names.form
    if facts.state in _FILLING:
        return Stage("form", name, YOU, "now", application.state_since)
    if facts.state == _S.CANCELLED and application.submitted_at is None:
        return Stage("form", name, YOU, "stopped", application.ended_at)
    return Stage("form", name, YOU, "done", application.submitted_at)


def _review(facts: _Facts, at: int) -> Stage:
    application, step = facts.application, facts.book.review.steps[at]
    own = [task for task in facts.tasks if task.step == at]
    decided = [task.decided_at for task in own if task.decided_at is not None]
    back = [task for task in own if task.state in (TaskState.SENT_BACK, TaskState.REFUSED)]
    state: StageState = "next"
    when: datetime | None = None
    if application.approved_at is not None or (application.step > at and facts.state == _S.REVIEWING):
        state, when = "done", max(decided, default=None)
    elif facts.state == _S.REVIEWING and application.step == at:
        state, when = "now", _since(facts)
    elif facts.state in (_S.SENT_BACK, _S.REFUSED) and back and back[-1].round == application.round:
        state, when = "stopped", back[-1].decided_at
    elif own and all(task.state == TaskState.APPROVED for task in own):
        state, when = "done", max(decided, default=None)
    return Stage(step.code, step.name, step.department, state, when)


def _passed(facts: _Facts) -> int:
    """How many of the stages after review are over."""
    if facts.state == _S.ENTERED:
        return len(facts.book.entry.stages)
    stages = list(facts.book.entry.stages)
    now = _AT.get(facts.state)
    return stages.index(now) if now in stages else 0


def _later(facts: _Facts, code: str, name: str, who: str, place: int, passed: int) -> Stage:
    application = facts.application
    if _AT.get(facts.state) == code:
        return Stage(code, name, who, "now", application.state_since)
    if place >= passed:
        return Stage(code, name, who, "next")
    ends = {"notice": application.notice_until, "fee": facts.fee.paid_at if facts.fee else None}
    return Stage(code, name, who, "done", ends.get(code))


async def _specialties(deps: Deps, application: Application) -> tuple[SpecialtyProgress, ...]:
    rows = await ApplicationSpecialty.filter(application_id=application.id).order_by("position", "code")
    codes = await load_codes(deps.book(application.pool), [row.code for row in rows])
    return tuple(
        SpecialtyProgress(
            row.code, codes.name("specialty", row.code), row.choice, row.state, TaskState(row.state).label
        )
        for row in rows
    )
