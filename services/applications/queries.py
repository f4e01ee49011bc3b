"""An application as its owner reads it: values, files, what is missing, what may be changed, what was decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, cast
from uuid import UUID

from pydantic import Field

from domain.applications.lifecycles import APPLICATION, LOG_LABELS, ApplicationEvent, ApplicationState, TaskState
from domain.catalogues import full_name
from domain.forms.checking import FieldProblem, account_values
from domain.forms.display import show_specialty
from domain.forms.schema import Schema, schema_of
from domain.rulebook.book import Rulebook
from domain.rulebook.form import EntryType, Form
from models.accounts import Account
from models.applications import Application, ApplicationSection, Attachment
from models.campaigns import Campaign
from models.reviews import ReviewEntry, ReviewTask
from services.applications.campaigns import check_entry_type
from services.applications.codes import Codes, load_codes
from services.applications.persons import facts_of, registered, today
from services.applications.progress import Progress, progress_of
from services.applications.renewal import find_kept, kept_rule
from services.applications.repository import SPECIALTIES, editable_fields, fixed_choice, get_own, open_values, type_of
from services.applications.submission import find_problems
from services.core.base import Actor, Deps
from services.core.permissions import check

_OFFERED = (
    ApplicationEvent.PRINT,
    ApplicationEvent.SUBMIT,
    ApplicationEvent.WITHDRAW,
    ApplicationEvent.CANCEL,
)


@dataclass(frozen=True)
class SectionView:
    """`version` 0: never saved. `editable`: fields that may be changed now."""

    code: str
    title: str
    version: int
    saved_at: datetime | None
    values: dict[str, object]
    editable: tuple[str, ...]


@dataclass(frozen=True)
class FileView:
    """`row` counts from 0 where `field` is a column of records."""

    id: UUID
    field: str
    row: int
    filename: str
    media_type: str
    size: Annotated[int, Field(description="Bytes")]
    state: str
    taken_over: Annotated[bool, Field(description="From an earlier application; another file may be put in its place")]
    created_at: datetime


@dataclass(frozen=True)
class LogLine:
    """A line of the review log (审核日志), newest first in lists."""

    at: datetime
    event: str
    label: str
    who: str
    step_name: str
    specialty: str
    specialty_name: str
    opinion: str


@dataclass(frozen=True)
class Returned:
    """A specialty that was sent back and still stands in the form."""

    code: str
    opinion: str
    mended: Annotated[bool, Field(description="Something was changed since")]


@dataclass(frozen=True)
class ApplicationView:
    """``version`` is the form's, to be named when submitting. ``account`` are the values that come from it.

    ``problems`` is all that keeps it from being submitted (empty once it was), ``fixed`` the specialties that must
    stay, ``returned`` those that were sent back, ``kept`` the fields that stay as in the expert's file and
    ``kept_rule`` why, ``names`` what the codes among the values are called, ``may`` the events that are possible now.
    """

    id: UUID
    number: str
    entry_type: str
    campaign: str
    version: int
    locked_version: int | None
    sections: tuple[SectionView, ...]
    account: dict[str, str]
    files: tuple[FileView, ...]
    problems: tuple[FieldProblem, ...]
    fixed: tuple[str, ...]
    returned: tuple[Returned, ...]
    kept: tuple[str, ...]
    kept_rule: str
    names: dict[str, dict[str, str]]
    may: tuple[str, ...]
    log: tuple[LogLine, ...]
    progress: Progress
    created_at: datetime


@dataclass(frozen=True)
class OwnLine:
    """A line of one's own history."""

    id: UUID
    number: str
    entry_type: EntryType
    state: str
    state_label: str
    created_at: datetime
    submitted_at: datetime | None
    ended_at: datetime | None


class ApplicationQueries:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    def schema(self, pool: str, entry_type: str) -> Schema:
        """The pool's form as data, for its clients. Raises InvalidInput, RuleViolation for a type not taken."""
        book = self._deps.book(pool)
        check_entry_type(book, entry_type)
        return schema_of(book.form, cast(EntryType, entry_type))

    async def mine(self, actor: Actor) -> tuple[OwnLine, ...]:
        """All of the actor's applications, the newest first."""
        check(actor, "application.own")
        account = await registered(actor)
        found = await Application.filter(account_id=account.id, pool=actor.pool).order_by("-created_at", "-id")
        return tuple(_line(application) for application in found)

    async def get(self, actor: Actor, application_id: UUID) -> ApplicationView:
        """The actor's own application, whole. Raises NotFound."""
        check(actor, "application.own")
        application = await get_own(actor, application_id)
        book = self._deps.book(application.pool)
        account = await Account.get(id=application.account_id)
        rows = {row.code: row for row in await ApplicationSection.filter(application_id=application.id)}
        form = book.form.of(type_of(application))
        editable, kept = editable_fields(application, book), await find_kept(self._deps, book, application)
        values = {
            code: (open_values(self._deps, rows[code]) if code in rows else {})
            | {field: kept[field] for field in section.fields if field in kept.keys() & editable}
            for code, section in form.sections.items()
        }
        typed: dict[str, object] = {field: value for section in values.values() for field, value in section.items()}
        log = await ReviewEntry.filter(application_id=application.id).order_by("-at", "-id")
        chosen = typed.get("employer")
        codes = await load_codes(
            book, typed, [line.specialty for line in log], retired=[chosen] if isinstance(chosen, str) else []
        )
        problems = (
            await find_problems(self._deps, book, application, account, typed, codes) if _is_open(application) else []
        )
        files = await Attachment.filter(application_id=application.id, state__not="removed").order_by("created_at")
        campaign = await Campaign.get(id=application.campaign_id) if application.campaign_id else None
        return ApplicationView(
            id=application.id,
            number=application.number,
            entry_type=application.entry_type,
            campaign=campaign.name if campaign else "",
            version=application.version,
            locked_version=application.locked_version,
            sections=tuple(_sections(form, rows, values, editable - kept.keys())),
            account=account_values(book.form, facts_of(self._deps, account), today(self._deps), type_of(application)),
            files=tuple(_file(one) for one in files),
            problems=tuple(problems),
            fixed=tuple((await fixed_choice(application, book)).codes) if editable else (),
            returned=tuple(await _returned(application, typed, [*rows.values()], files)),
            kept=tuple(kept),
            kept_rule=kept_rule(book, type_of(application)) if kept else "",
            names=names_of(codes),
            may=_may(application, book),
            log=tuple(_log_line(line, codes) for line in log),
            progress=await progress_of(self._deps, application.id),
            created_at=application.created_at,
        )


async def _returned(
    application: Application,
    typed: Mapping[str, object],
    sections: Sequence[ApplicationSection],
    files: Sequence[Attachment],
) -> list[Returned]:
    """In the order in which they were sent back; one whose place another took is mended and left out."""
    if application.state not in (ApplicationState.SENT_BACK, ApplicationState.CORRECTING):
        return []
    chosen = {one["code"] for one in cast("Sequence[Mapping[str, str]]", typed.get(SPECIALTIES) or ())}
    tasks = ReviewTask.filter(application_id=application.id, round=application.round, state=TaskState.SENT_BACK)
    changed = max([*(one.saved_at for one in sections), *(one.created_at for one in files)])
    return [
        Returned(task.specialty, task.opinion, changed > task.decided_at)
        for task in await tasks.order_by("decided_at")
        if task.specialty in chosen and task.decided_at is not None
    ]


def names_of(codes: Codes) -> dict[str, dict[str, str]]:
    """Full names by kind and code, ancestors included."""
    found: dict[str, dict[str, str]] = {}
    for kind, code in codes.entries:
        found.setdefault(kind, {})[code] = full_name(kind, code, codes)
    return found


def _is_open(application: Application) -> bool:
    return APPLICATION.can(ApplicationState(application.state), ApplicationEvent.SUBMIT)


def _may(application: Application, book: Rulebook) -> tuple[str, ...]:
    """Events that the person can ask for now; a decision that was taken meanwhile may still refuse withdrawing."""
    state = ApplicationState(application.state)
    possible = [event for event in _OFFERED if APPLICATION.can(state, event)]
    if not book.form.papers.print_locks:
        possible = [event for event in possible if event != ApplicationEvent.PRINT]
    if state == ApplicationState.SENT_BACK and book.review.withdraw_before_edit:
        possible.remove(ApplicationEvent.SUBMIT)
    if state == ApplicationState.REVIEWING and not book.review.withdraw_undecided:
        possible.remove(ApplicationEvent.WITHDRAW)
    return tuple(event.value for event in possible)


def _sections(
    form: Form,
    rows: dict[str, ApplicationSection],
    values: dict[str, dict[str, object]],
    editable: frozenset[str],
) -> Sequence[SectionView]:
    return [
        SectionView(
            code,
            section.title,
            rows[code].version if code in rows else 0,
            rows[code].saved_at if code in rows else None,
            values[code],
            tuple(field for field in section.fields if field in editable),
        )
        for code, section in form.sections.items()
    ]


def _file(one: Attachment) -> FileView:
    return FileView(
        one.id,
        one.field,
        one.row,
        one.filename,
        one.media_type,
        one.size,
        one.state,
        one.taken_from is not None,
        one.created_at,
    )


def _log_line(line: ReviewEntry, codes: Codes) -> LogLine:
    return LogLine(
        line.at,
        line.event,
        LOG_LABELS.get(line.event, line.event),
        line.who,
        line.step_name,
        line.specialty,
        show_specialty(line.specialty, codes) if line.specialty else "",
        line.opinion,
    )


def _line(application: Application) -> OwnLine:
    state = ApplicationState(application.state)
    return OwnLine(
        application.id,
        application.number,
        cast(EntryType, application.entry_type),
        state.value,
        state.label,
        application.created_at,
        application.submitted_at,
        application.ended_at,
    )
