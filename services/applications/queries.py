"""An application for its owner: values, files, problems, editable fields, decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, cast
from uuid import UUID

from pydantic import Field

from domain.applications.lifecycles import APPLICATION, LOG_LABELS, ApplicationEvent, ApplicationState
from domain.catalogues import full_name
from domain.errors import NotFound
from domain.forms.checking import FieldProblem, account_values
from domain.forms.display import show_specialty
from domain.forms.schema import Schema, schema_of
from domain.rulebook.book import Rulebook
from domain.rulebook.form import ApplicationForm, EntryType
from models.accounts import Account
from models.applications import Application, ApplicationSection, Attachment
from models.reviews import ReviewEntry, ReviewTask
from services.applications.applicants import facts_of as person_of
from services.applications.applicants import today
from services.applications.campaign_rules import check_entry_type
from services.applications.held_files import find_held_files
from services.applications.kept_fields import find_filed, kept_fields_of, kept_rule
from services.applications.problems import count_ready, problems_of
from services.applications.progress import Progress, codes_of, own_progress, show_progress
from services.applications.progress_messages import APPLICATIONS, CURRENT, FACTS, FIRST, Facts, facts_of, find_exam
from services.applications.repository import (
    EVERYTHING,
    FREE,
    SPECIALTIES,
    check_own,
    editable_fields,
    fixed_choice,
    open_values,
    type_of,
    unknown_application,
)
from services.applications.returns import ReturnedField, show_returned
from services.catalogue_codes import CatalogueCodes, load_codes
from services.core.base import Actor, Deps, from_row, rows
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
    """A specialty that was sent back and is still in the form."""

    code: str
    opinion: str
    mended: Annotated[bool, Field(description="Something was changed since")]


@dataclass(frozen=True)
class ApplicationView:
    """``version`` is the form's, to be named when submitting. ``account`` are the values that come from it.

    ``problems`` prevent submission (empty once submitted), ``fixed`` are specialties that must stay, ``returned`` those
    that were sent back, ``returned_fields`` the places that a reviewer marked, ``kept`` the fields that stay as in the
    expert's record and ``kept_rule`` why, ``names`` the names of codes among the values, ``may`` the events that are
    possible now.
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
    returned_fields: tuple[ReturnedField, ...]
    kept: tuple[str, ...]
    kept_rule: str
    names: dict[str, dict[str, str]]
    may: tuple[str, ...]
    log: tuple[LogLine, ...]
    progress: Progress
    created_at: datetime


_WHOLE = f"""
SELECT {FACTS}, (SELECT p FROM account p WHERE p.id = a.account_id) AS account,
  ARRAY(SELECT s FROM application_section s WHERE s.application_id = a.id) AS sections,
  ARRAY(SELECT f FROM attachment f WHERE f.application_id = a.id AND f.state <> 'removed'
    ORDER BY f.created_at) AS files,
  ARRAY(SELECT r FROM review_entry r WHERE r.application_id = a.id ORDER BY r.at DESC, r.id DESC) AS log,
  ARRAY(SELECT t FROM review_task t WHERE t.application_id = a.id AND t.state = 'sent_back'
    AND (t.decided_at >= a.submitted_at OR a.submitted_at IS NULL) ORDER BY t.decided_at) AS sent_back
FROM {APPLICATIONS} WHERE """


@dataclass(frozen=True)
class ApplicationQueries:
    deps: Deps

    def schema(self, pool: str, entry_type: str) -> Schema:
        """The pool's form as data, for its clients. Raises InvalidInput, RuleViolation for a type not accepted."""
        book = self.deps.book(pool)
        check_entry_type(book, entry_type)
        return schema_of(book.form, cast(EntryType, entry_type))

    async def get(self, actor: Actor, application_id: UUID) -> ApplicationView:
        """The actor's own application, complete. Raises NotFound."""
        check(actor, "application.own")
        application_rows = await rows(f"{_WHOLE}a.id = $1", application_id)
        if not application_rows:
            raise unknown_application()
        return await self._show(actor, application_rows[0])

    async def get_current(self, actor: Actor, number: str = "") -> ApplicationView:
        """The actor's application of this number; without one the live application, else the last. Raises NotFound."""
        check(actor, "application.own")
        which = "a.account_id = $1 AND a.number = $2" if number else f"{CURRENT} ORDER BY {FIRST}"
        application_rows = await rows(f"{_WHOLE}{which}", actor.account_id, *([number] if number else []))
        if not application_rows:
            raise unknown_application() if number else NotFound("您还没有申请，请回到“我的申报”开始。")
        return await self._show(actor, application_rows[0])

    async def own_progress(self, actor: Actor, number: str = "") -> Progress:
        """Progress alone of the same application. Raises NotFound."""
        check(actor, "application.own")
        if actor.account_id is None:
            raise unknown_application()
        return await own_progress(self.deps, actor.account_id, number)

    async def _show(self, actor: Actor, row: Mapping[str, Any]) -> ApplicationView:
        application = from_row(Application, row["application"])
        check_own(actor, application)
        book, account = self.deps.book(application.pool), from_row(Account, row["account"])
        facts = facts_of(self.deps, application, row, await find_exam(application, self.deps.now()))
        log = [from_row(ReviewEntry, entry) for entry in row["log"]]
        files = [from_row(Attachment, attachment) for attachment in row["files"]]
        sent_back = [from_row(ReviewTask, task) for task in row["sent_back"]]
        sections = {
            section.code: section for section in (from_row(ApplicationSection, each) for each in row["sections"])
        }
        form = book.form.of(type_of(application))
        filed = await find_filed(self.deps, book, application)
        editable, kept_fields = editable_fields(application, book), kept_fields_of(application, filed)
        values = self._values(form, sections, {field: kept_fields[field] for field in kept_fields.keys() & editable})
        typed: dict[str, object] = {field: value for section in values.values() for field, value in section.items()}
        codes = await _codes(book, typed, log, facts)
        fixed = await fixed_choice(application, book) if editable or _is_open(application) else FREE
        problems: Sequence[FieldProblem] = ()
        if _is_open(application):
            problems = problems_of(
                self.deps,
                book,
                application,
                account,
                typed,
                codes,
                fixed=fixed,
                filed=filed,
                attached=count_ready(files),
                held=await find_held_files(self.deps, book, application, files),
            )
        return ApplicationView(
            id=application.id,
            number=application.number,
            entry_type=application.entry_type,
            campaign=facts.campaign.name if facts.campaign else "",
            version=application.version,
            locked_version=application.locked_version,
            sections=tuple(_sections(form, sections, values, editable - kept_fields.keys())),
            account=account_values(book.form, person_of(self.deps, account), today(self.deps), type_of(application)),
            files=tuple(_file(file) for file in files),
            problems=tuple(problems),
            fixed=tuple(fixed.codes) if editable else (),
            returned=tuple(_returned_specialties(application, typed, [*sections.values()], files, sent_back)),
            returned_fields=show_returned(self.deps, facts.returned, typed, files),
            kept=tuple(kept_fields),
            kept_rule=kept_rule(book, type_of(application)) if kept_fields else "",
            names=names_of(codes),
            may=_permitted_actions(facts),
            log=tuple(_log_line(line, codes) for line in log),
            progress=show_progress(facts, codes),
            created_at=application.created_at,
        )

    def _values(
        self, form: ApplicationForm, sections: Mapping[str, ApplicationSection], kept_fields: Mapping[str, object]
    ) -> dict[str, dict[str, object]]:
        """Values by section: those saved, with the fields that are copied from the expert's file."""
        return {
            code: (open_values(self.deps, sections[code]) if code in sections else {})
            | {field: kept_fields[field] for field in section.fields if field in kept_fields}
            for code, section in form.sections.items()
        }


def _returned_specialties(
    application: Application,
    typed: Mapping[str, object],
    sections: Sequence[ApplicationSection],
    files: Sequence[Attachment],
    sent_back: Sequence[ReviewTask],
) -> list[Returned]:
    """In the order in which they were sent back; a replaced specialty counts as corrected and is left out."""
    if application.state not in (ApplicationState.SENT_BACK, ApplicationState.CORRECTING):
        return []
    if EVERYTHING in application.sent_back_fields:  # the opinion is on the whole, not on the deciding task's specialty
        return []
    chosen = {specialty["code"] for specialty in cast("Sequence[Mapping[str, str]]", typed.get(SPECIALTIES) or ())}
    changed = max([*(section.saved_at for section in sections), *(file.created_at for file in files)])
    return [
        Returned(task.specialty, task.opinion, changed > task.decided_at)
        for task in sent_back
        if task.specialty in chosen and task.decided_at is not None
    ]


def names_of(codes: CatalogueCodes) -> dict[str, dict[str, str]]:
    """Full names by kind and code, ancestors included."""
    names: dict[str, dict[str, str]] = {}
    for kind, code in codes.entries:
        names.setdefault(kind, {})[code] = full_name(kind, code, codes)
    return names


async def _codes(
    book: Rulebook, typed: Mapping[str, object], log: Sequence[ReviewEntry], facts: Facts
) -> CatalogueCodes:
    """The names of all codes that the view contains."""
    chosen = typed.get("employer")
    retired = [chosen] if isinstance(chosen, str) else []
    return await load_codes(book, typed, [line.specialty for line in log], codes_of(facts), retired=retired)


def _is_open(application: Application) -> bool:
    return APPLICATION.can(ApplicationState(application.state), ApplicationEvent.SUBMIT)


def _permitted_actions(facts: Facts) -> tuple[str, ...]:
    """Events that the person can request now; a concurrent decision may still prevent withdrawing."""
    state, book = facts.state, facts.book
    possible = [event for event in _OFFERED if APPLICATION.can(state, event)]
    if not book.form.papers.print_locks:
        possible = [event for event in possible if event != ApplicationEvent.PRINT]
    if state == ApplicationState.SENT_BACK and book.review.withdraw_before_edit:
        possible.remove(ApplicationEvent.SUBMIT)
    if state == ApplicationState.REVIEWING and (facts.is_decided or not book.review.withdraw_undecided):
        possible.remove(ApplicationEvent.WITHDRAW)
    return tuple(event.value for event in possible)


def _sections(
    form: ApplicationForm,
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


def _file(attachment: Attachment) -> FileView:
    return FileView(
        attachment.id,
        attachment.field,
        attachment.row,
        attachment.filename,
        attachment.media_type,
        attachment.size,
        attachment.state,
        attachment.taken_from is not None,
        attachment.created_at,
    )


def _log_line(line: ReviewEntry, codes: CatalogueCodes) -> LogLine:
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
