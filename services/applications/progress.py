"""An application's status, who handles it, since when, and the next steps: the same for chat, API and pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, cast
from uuid import UUID

from pydantic import Field

from domain.applications.lifecycles import STAGE_OF, ApplicationState, TaskState
from domain.errors import NotFound
from domain.forms.display import SpecialtyChoice, show_specialty
from domain.rulebook.entry import Stage as EntryStage
from domain.rulebook.form import EntryType
from models.applications import ApplicationSpecialty
from services.applications import progress_messages as words
from services.applications.office_acts import OfficeMessage
from services.applications.progress_messages import CURRENT, FIRST, YOU, Facts, adviser, ask_line, list_facts
from services.applications.repository import SPECIALTIES, page_of, type_of, unknown_application
from services.catalogue_codes import CatalogueCodes, load_codes
from services.core.base import Deps

StageState = Literal["done", "now", "next", "stopped"]
"""``stopped``: it was sent back, refused or cancelled here."""

_S = ApplicationState
_FILLING = (_S.DRAFT, _S.LOCKED, _S.CORRECTING)


@dataclass(frozen=True)
class Stage:
    """`at`: when it began (current, stopped) or was completed."""

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
    choice: SpecialtyChoice
    state: str
    state_label: str
    admitted: Annotated[bool | None, Field(description="Whether an alternative one enters the pool; null: not decided")]


@dataclass(frozen=True)
class Step:
    """A button: label and page, as a path below the service's address."""

    code: str
    label: str
    route: str


@dataclass(frozen=True)
class Progress:
    """``headline`` says where it stands, ``who`` has it ``since``, ``advice`` what happens next or is to be done.

    ``position`` is the headline for the office. ``ask`` is whom to ask: the region's line of the campaign, else the
    hotline. ``opinion`` is the reviewer's, while something is sent back or after a refusal, or why the office ended it;
    ``corrections`` are the places that he marked, without ``route`` where one has to withdraw first. ``expert_number``
    is empty before approval. ``until`` is the deadline for submission, while it is the person's turn; ``ended_at`` the
    end of the application. ``give_up`` is the consequence of cancelling now; empty where that is not possible any more.
    ``page`` displays all this, a path below the service's address. ``messages``: of the office, newest first.
    """

    application_id: UUID
    number: str
    entry_type: EntryType
    state: str
    state_label: str
    headline: str
    position: str
    who: str
    since: datetime
    advice: str
    ask: str
    opinion: str
    corrections: tuple[Step, ...]
    step: Step | None
    stages: tuple[Stage, ...]
    specialties: tuple[SpecialtyProgress, ...]
    expert_number: str
    submitted_at: datetime | None
    until: datetime | None
    ended_at: datetime | None
    give_up: str
    page: str
    messages: tuple[OfficeMessage, ...]


async def progress_of(deps: Deps, application_id: UUID) -> Progress:
    """The present progress of one application. Raises NotFound."""
    for facts in await list_facts(deps, "a.id = $1", application_id):
        return await _progress(deps, facts)
    raise unknown_application()


async def current_progress(deps: Deps, account_id: UUID) -> tuple[Progress, ...]:
    """Progress of the person's live application and of a change of the file beside it; else of the last application.
    Empty without any."""
    current = await list_facts(deps, f"{CURRENT} ORDER BY {FIRST}", account_id)
    return tuple([await _progress(deps, facts) for facts in current])


async def own_progress(deps: Deps, account_id: UUID, number: str = "") -> Progress:
    """Progress of the person's application of this number; without one of the live application, else of the last.
    Raises NotFound."""
    if not number:
        for progress in await current_progress(deps, account_id):
            return progress
        raise NotFound("您还没有申请，请回到“我的申报”开始。")
    for facts in await list_facts(deps, "a.account_id = $1 AND a.number = $2", account_id, number):
        return await _progress(deps, facts)
    raise unknown_application()


async def _progress(deps: Deps, facts: Facts) -> Progress:
    named = codes_of(facts)
    return show_progress(
        facts, await load_codes(deps.book(facts.application.pool), named) if any(named) else CatalogueCodes({})
    )


def codes_of(facts: Facts) -> list[str]:
    """The codes whose names a progress displays."""
    return [adviser(facts), *(specialty.code for specialty in facts.specialties)]


def show_progress(facts: Facts, codes: CatalogueCodes) -> Progress:
    """``codes`` contain the names of ``codes_of``."""
    application, state = facts.application, facts.state
    return Progress(
        application_id=application.id,
        number=application.number,
        entry_type=type_of(application),
        state=state.value,
        state_label=state.label,
        headline=words.headline(facts),
        position=words.position(facts),
        who=words.responsible_body(facts),
        since=words.waiting_since(facts),
        advice=words.advice(facts),
        ask=ask_line(facts, codes),
        opinion=facts.opinion,
        corrections=_corrections(facts),
        step=next_step(facts),
        stages=tuple(_stages(facts)),
        specialties=tuple(_specialty(row, codes, whole_back=facts.is_wholly_back) for row in facts.specialties),
        expert_number=application.expert_number if application.approved_at else "",
        submitted_at=application.submitted_at,
        until=facts.until,
        ended_at=application.ended_at,
        give_up=words.cancellation_warning(facts),
        page=f"/h5/{application.pool}/{page_of(application, 'status')}",
        messages=facts.messages,
    )


def next_step(facts: Facts) -> Step | None:
    """The person's possible next step for an application; None: only waiting."""
    base = f"/h5/{facts.application.pool}"
    form = f"{base}/{page_of(facts.application, 'form')}"
    match facts.state:
        case _ if facts.is_too_late or facts.is_void:
            return None
        case _S.DRAFT:
            return Step("fill_in", "继续填写", form)
        case _S.LOCKED:
            return Step("upload", "上传材料并提交", form)
        case _S.SENT_BACK if facts.book.review.withdraw_before_edit:
            return Step("withdraw", "撤回后修改", f"{base}/{page_of(facts.application, 'status')}")
        case _S.SENT_BACK | _S.CORRECTING:
            specialties = SPECIALTIES if facts.is_partly_back else ""
            at = facts.returned[0].place if facts.returned else specialties
            return Step("correct", "修改信息", f"{base}/{page_of(facts.application, 'form', at=at)}")
        case _S.FEE if facts.fee is not None and facts.fee_phase == "open":
            return Step("pay", "缴费", f"{base}/pay/{facts.fee.expert_number}")
        case _S.EXAM if facts.exam is not None:
            return Step("exam", facts.exam.action, facts.exam.route)
    return None


def _corrections(facts: Facts) -> tuple[Step, ...]:
    """What the reviewer marked, each with the form's page that opens there."""
    withdrawn = facts.state == _S.CORRECTING or not facts.book.review.withdraw_before_edit
    base = f"/h5/{facts.application.pool}"
    return tuple(
        Step(
            place.place,
            place.text,
            f"{base}/{page_of(facts.application, 'form', at=place.place)}" if withdrawn else "",
        )
        for place in facts.returned
    )


def _stages(facts: Facts) -> list[Stage]:
    application, book, state = facts.application, facts.book, facts.state
    names = book.entry.names
    stages = [_filling_stage(facts)]
    stages += [_review_stage(facts, at) for at in range(len(book.review.steps))]
    passed = _passed_stages(facts)
    for place, code in enumerate(_stages_after_review(facts)):
        who = YOU if code == "fee" else book.pool.name
        stages.append(_later_stage(facts, code, getattr(names, code), who, place, passed))
    entered = state == _S.ENTERED
    at = application.ended_at if entered else None
    stages.append(
        Stage("entered", names.last_of(type_of(application)), book.pool.name, "done" if entered else "next", at)
    )
    return stages


def _filling_stage(facts: Facts) -> Stage:
    application = facts.application
    name = facts.book.entry.names.form if application.entry_type != "change" else "填写申请"
    if facts.state in _FILLING:
        return Stage("form", name, YOU, "now", application.state_since)
    if facts.state == _S.CANCELLED and application.submitted_at is None:
        return Stage("form", name, YOU, "stopped", application.ended_at)
    return Stage("form", name, YOU, "done", application.submitted_at)


def _review_stage(facts: Facts, at: int) -> Stage:
    application, step = facts.application, facts.book.review.steps[at]
    own = [task for task in facts.tasks if task.step_code == step.code]
    decided = [task.decided_at for task in own if task.decided_at is not None]
    back = [task for task in own if task.state in (TaskState.SENT_BACK, TaskState.REFUSED)]
    state: StageState = "next"
    when: datetime | None = None
    if application.approved_at is not None or (application.step > at and facts.state == _S.REVIEWING):
        state, when = "done", max(decided, default=None)
    elif facts.state == _S.REVIEWING and application.step == at:
        state, when = "now", words.waiting_since(facts)
    elif facts.state in (_S.SENT_BACK, _S.REFUSED) and back and facts.is_present(back[-1]):
        state, when = "stopped", back[-1].decided_at
    elif own and all(task.state == TaskState.APPROVED for task in own):
        state, when = "done", max(decided, default=None)
    return Stage(step.code, step.name, step.department, state, when)


def _stages_after_review(facts: Facts) -> Sequence[EntryStage]:
    return facts.book.entry.stages_of(type_of(facts.application))


def _passed_stages(facts: Facts) -> int:
    """Number of completed stages after review."""
    if facts.state == _S.ENTERED:
        return len(_stages_after_review(facts))
    stages = list(_stages_after_review(facts))
    now = STAGE_OF.get(facts.state)
    return stages.index(now) if now in stages else 0


def _later_stage(facts: Facts, code: str, name: str, who: str, place: int, passed: int) -> Stage:
    application = facts.application
    if STAGE_OF.get(facts.state) == code:
        return Stage(code, name, who, "now", application.state_since)
    if place >= passed:
        return Stage(code, name, who, "next")
    ends = {"notice": application.notice_until, "fee": facts.fee.paid_at if facts.fee else None}
    return Stage(code, name, who, "done", ends.get(code))


def _specialty(row: ApplicationSpecialty, codes: CatalogueCodes, *, whole_back: bool) -> SpecialtyProgress:
    """``whole_back``: undecided specialties went back with the whole application."""
    state = TaskState(row.state)
    if whole_back and state == TaskState.OPEN:
        state = TaskState.SENT_BACK
    return SpecialtyProgress(
        row.code,
        show_specialty(row.code, codes),
        cast(SpecialtyChoice, row.choice),
        state.value,
        _label(row, state),
        row.admitted,
    )


def _label(row: ApplicationSpecialty, state: TaskState) -> str:
    label = state.label
    if row.choice != "alternative":
        return label
    if row.admitted is None:
        return f"备选{label}"
    return "备选入库" if row.admitted else "备选不入库"
