"""Schemas of applications, to-do items and progress."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from domain.forms.values import FieldProblem
from domain.rulebook.form import EntryType
from miniapp_api.http.schema import Moment, Output
from services.applications import (
    FileView,
    Home,
    LogLine,
    Returned,
    ReturnedField,
    SectionView,
    SpecialtyProgress,
    Stage,
    Step,
    ToDo,
)
from services.experts import MembershipStatus


class ApplicationProgressOut(Output):
    """Status in one sentence (`headline`), who handles it since when, the next stages, and what to do."""

    application_id: UUID
    number: str = Field(examples=["SQ202611210000001"])
    entry_type: EntryType
    state: str
    state_label: str
    headline: str = Field(examples=["您的申请正在行业部门预审"])
    who: str = Field(examples=["市州行业主管部门"])
    since: Moment
    advice: str
    ask: str = Field(
        description="Whom to ask: the region's own line, else the hotline", examples=["广州市：020-12345678"]
    )
    opinion: str = Field(description="The reviewer's, while something is sent back or after a refusal")
    step: Step | None = Field(description="What the person can do now")
    stages: tuple[Stage, ...]
    specialties: tuple[SpecialtyProgress, ...]
    expert_number: str = Field(description="Empty before approval")
    submitted_at: Moment | None
    until: Moment | None = Field(description="The last moment to hand in, while that is the person's turn")
    ended_at: Moment | None
    give_up: str = Field(description="What follows from giving up now, to be shown before; empty: not possible")


class AdviceOut(Output):
    """Contact for questions about the campaigns, for one region."""

    region: str = Field(examples=["广州市"])
    line: str = Field(examples=["市住房和城乡建设局 020-12345678"])


class OfficeMessageOut(Output):
    """What the office has written to the person about one application."""

    number: str = Field(description="Of the application")
    at: Moment
    text: str


class HomeOut(Output):
    """``progress`` is of the live application, else of the last one; a change of the file under way beside it is among
    the to-do items. ``messages`` are of both, newest first."""

    membership_status: MembershipStatus
    to_do: tuple[ToDo, ...]
    progress: ApplicationProgressOut | None
    messages: tuple[OfficeMessageOut, ...]
    advice: tuple[AdviceOut, ...]

    @classmethod
    def show(cls, home: Home) -> HomeOut:
        messages = [
            OfficeMessageOut(number=progress.number, at=message.at, text=message.text)
            for progress in home.progress
            for message in progress.messages
        ]
        return cls(
            membership_status=home.membership_status,
            to_do=home.to_do,
            progress=next((ApplicationProgressOut.from_source(progress) for progress in home.progress), None),
            messages=tuple(sorted(messages, key=lambda message: message.at, reverse=True)),
            advice=tuple(AdviceOut(region=region, line=line) for region, line in home.advice),
        )


class ApplicationOut(Output):
    """The complete own application, with unmasked personal values."""

    id: UUID
    number: str
    entry_type: EntryType
    campaign: str
    version: int = Field(description="The form's, to be named when submitting")
    locked_version: int | None = Field(description="The version that was printed, where printing locks")
    sections: tuple[SectionView, ...]
    account: dict[str, str] = Field(description="Values of the fields that come from the account")
    files: tuple[FileView, ...]
    problems: tuple[FieldProblem, ...] = Field(description="All that keeps it from being submitted")
    fixed: tuple[str, ...] = Field(description="Specialties that must stay")
    returned: tuple[Returned, ...]
    returned_fields: tuple[ReturnedField, ...] = Field(description="Places that a reviewer marked for correction")
    kept: tuple[str, ...] = Field(description="Fields that stay as in the expert's file; not editable")
    kept_rule: str = Field(description="Why, and when they can be changed; empty where nothing is kept")
    names: dict[str, dict[str, str]] = Field(description="Full names of the codes among the values, by kind")
    may: tuple[str, ...] = Field(description="print, submit, withdraw, cancel: what is possible now")
    log: tuple[LogLine, ...]
    progress: ApplicationProgressOut
    created_at: Moment
