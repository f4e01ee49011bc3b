"""Views of tasks: an entry of the queue, one complete task, and the review log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, cast
from uuid import UUID

from pydantic import Field

from domain.applications.lifecycles import ApplicationState, TaskState
from domain.forms.display import SpecialtyChoice, show_region, show_specialty
from domain.identity import IdentityVerificationResult
from domain.rulebook.book import Rulebook
from domain.rulebook.form import EntryType
from domain.rulebook.reviews import ReviewStep
from models.applications import ApplicationSpecialty
from models.reviews import ReviewEntry, ReviewTask
from services.applications import OfficeNote, ReturnedPlace
from services.catalogue_codes import CatalogueCodes, load_codes
from services.reviews.application_view import SubmittedForm
from services.reviews.decisions import Decision


@dataclass(frozen=True)
class TaskCard:
    """An entry of the queue. ``overdue``: it has waited longer than the step's expected time.

    ``moves_from``: the region that the expert leaves for ``region``, whose consent a task of ``former_region`` is.
    ``handed_by``: the colleague who has handed it on.
    """

    id: UUID
    application_id: UUID
    number: Annotated[str, Field(examples=["SQ202611210000001"])]
    name: str
    entry_type: EntryType
    step: str
    step_name: Annotated[str, Field(examples=["行业部门预审"])]
    specialty: str
    specialty_name: Annotated[str, Field(examples=["A0401建筑设计"])]
    region: Annotated[str, Field(examples=["广州市天河区"])]
    moves_from: str
    former_region: bool
    handed_by: str
    round: int
    opened_at: datetime
    expected_by: datetime
    overdue: bool


@dataclass(frozen=True)
class ReviewLogLine:
    """A line of the review log, by departments. `event` is a code."""

    at: datetime
    event: str
    who: str
    step_name: str
    specialty: str
    specialty_name: str
    opinion: str


@dataclass(frozen=True)
class SpecialtyState:
    code: str
    name: str
    choice: SpecialtyChoice
    state: TaskState


@dataclass(frozen=True)
class TaskView:
    """One task and its application. ``may``: decisions that the step permits.

    ``handed_to``: the colleague to whom the task is handed, with a note; ``may_take_back``: the reader is one of the
    two. ``represented``: the colleague in whose place ``decided_by`` did.
    """

    card: TaskCard
    state: TaskState
    application_state: ApplicationState
    may: tuple[Decision, ...]
    submitted_at: datetime | None
    masked_mobile: str
    masked_id_number: str
    identity_verification: Annotated[
        IdentityVerificationResult,
        Field(
            serialization_alias="person_check",
            description="Whether name and ID number belong together; empty: not asked",
        ),
    ]
    identity_verified_at: Annotated[datetime | None, Field(serialization_alias="person_checked_at")]
    sheet: SubmittedForm
    specialties: tuple[SpecialtyState, ...]
    log: tuple[ReviewLogLine, ...]
    notes: Annotated[tuple[OfficeNote, ...], Field(description="Of the office, never shown to the applicant")]
    decided_at: datetime | None
    opinion: str
    returned: Annotated[tuple[ReturnedPlace, ...], Field(description="The places at which the decision points")]
    handed_to: str
    handed_note: str
    may_take_back: bool
    decided_by: str
    represented: str
    alternatives: Annotated[
        tuple[str, ...], Field(description="An approval must decide on each whether it enters (备选专业)")
    ]


async def read_log(book: Rulebook, application_id: UUID) -> tuple[ReviewLogLine, ...]:
    """The review log, newest first."""
    entries = await ReviewEntry.filter(application_id=application_id).order_by("-at", "-id")
    codes = await load_codes(book, [entry.specialty for entry in entries])
    return tuple(log_line(entry, codes) for entry in entries)


def log_line(entry: ReviewEntry, codes: CatalogueCodes) -> ReviewLogLine:
    return ReviewLogLine(
        entry.at,
        entry.event,
        entry.who,
        entry.step_name,
        entry.specialty,
        show_specialty(entry.specialty, codes) if entry.specialty else "",
        entry.opinion,
    )


def card_codes(card_rows: Sequence[Mapping[str, object]]) -> list[object]:
    """The codes whose names the entries show."""
    return [row[name] for row in card_rows for name in ("region", "moves_from", "specialty")]


def card_of(row: Mapping[str, object], book: Rulebook, codes: CatalogueCodes, now: datetime) -> TaskCard:
    """A row of task and application as an entry."""
    step = next(step for step in book.review.steps if step.code == row["step_code"])
    opened_at, specialty = row["opened_at"], str(row["specialty"])
    if not isinstance(opened_at, datetime):
        raise TypeError("opened_at must be a moment")
    expected: timedelta = step.expected
    return TaskCard(
        id=UUID(str(row["id"])),
        application_id=UUID(str(row["application_id"])),
        number=str(row["number"]),
        name=str(row["name"]),
        entry_type=cast(EntryType, row["entry_type"]),
        step=step.code,
        step_name=step.name,
        specialty=specialty,
        specialty_name=show_specialty(specialty, codes) if specialty else "",
        region=show_region(str(row["region"]), codes),
        moves_from=show_region(str(row["moves_from"]), codes) if row["moves_from"] else "",
        former_region=bool(row["former_region"]),
        handed_by=str(row["handed_by_name"] or ""),
        round=int(str(row["round"])),
        opened_at=opened_at,
        expected_by=opened_at + expected,
        overdue=opened_at + expected <= now,
    )


def specialty_of(row: ApplicationSpecialty, codes: CatalogueCodes) -> SpecialtyState:
    choice = cast(SpecialtyChoice, row.choice)
    return SpecialtyState(row.code, show_specialty(row.code, codes), choice, TaskState(row.state))


def decisions_of(step: ReviewStep, task: ReviewTask) -> tuple[Decision, ...]:
    """Decisions that the rulebook permits at the step, in the order of the buttons."""
    decisions: list[Decision] = ["approve"]
    if task.specialty and "specialty" in step.send_back:
        decisions.append("send_back")
    if "fields" in step.send_back:
        decisions.append("send_back_fields")
    if "whole" in step.send_back:
        decisions.append("send_back_whole")
    return tuple([*decisions, "refuse"] if step.may_refuse else decisions)
