"""Applications for the office: filtered, sorted, paged, counted; one complete application."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from domain.applications.lifecycles import ApplicationState
from domain.errors import InvalidInput
from domain.forms.display import show_region
from domain.rulebook.book import Rulebook
from domain.rulebook.form import EntryType
from models.accounts import Account
from models.applications import Application
from services.applications import Progress, progress_of, unknown_application
from services.catalogue_codes import load_codes
from services.core.base import Actor, Deps, Page, record, rows, transaction
from services.core.pages import contains, contains_name, read_page
from services.core.permissions import check
from services.core.short_texts import check_text
from services.core.sql_values import SqlValues
from services.office.application_work import ApplicationWork, read_work
from services.reviews import Revealed, ReviewLogLine, SubmittedForm, find_secret, read_form, read_log

PAGE_MAX = 100
Sort = Literal["newest", "oldest", "waiting", "name"]
"""By last submission, by time in the present state, or by pinyin."""

_COLUMNS = (
    "id, number, campaign_id, entry_type, state, state_since, name, region, step, round, submitted_at, created_at"
)
_REGION = """
(SELECT string_agg(c.name, '' ORDER BY part.at DESC) FROM unnest(p.region_path) WITH ORDINALITY AS part (code, at),
  LATERAL (SELECT e.name, e.parent FROM catalogue_entry e WHERE e.pool IN ('', $1) AND e.kind = 'region'
  AND e.code = part.code ORDER BY e.pool DESC LIMIT 1) AS c WHERE c.parent <> '') AS region_name
"""
"""The names of the regions, from the city down."""
_ORDERS: Mapping[str, str] = {
    "newest": "submitted_at DESC, id DESC",
    "oldest": "submitted_at, id",
    "waiting": "state_since, id",
    "name": "name_sort, id",
}
TO_CONFIRM = "v.state = 'waiting'"
"""SQL: the office's act ``v`` waits for a second member."""
_UNSENT = ("draft", "locked")
"""States before the first submission; a cancelled one may never have been submitted either."""


@dataclass(frozen=True)
class Filter:
    """Filters; an empty one doesn't limit. ``region`` covers all below it, ``step`` is a code of a review step.

    ``search`` is part of a name or the beginning of a number. The range is of the last submission, half-open. Without a
    state, applications that were never submitted are left out.
    """

    campaign_id: UUID | None = None
    state: str = ""
    step: str = ""
    region: str = ""
    entry_type: str = ""
    search: str = ""
    submitted_from: datetime | None = None
    submitted_until: datetime | None = None
    to_confirm: bool = False
    """Only those whose reinstatement waits for a second member of the office."""


@dataclass(frozen=True)
class ApplicationLine:
    """An entry of the list. ``step_name`` is empty outside review."""

    id: UUID
    number: str
    campaign_id: UUID | None
    entry_type: EntryType
    state: str
    state_label: str
    state_since: datetime
    name: str
    region: str
    region_name: str
    step: str
    step_name: str
    round: int
    submitted_at: datetime | None
    created_at: datetime


@dataclass(frozen=True)
class StateCount:
    state: str
    state_label: str
    count: int


_REVIEWERS = """
SELECT e.at, a.real_name AS name, coalesce(r.real_name, '') AS represented
  FROM audit_entry e JOIN account a ON a.id = e.actor_id
  LEFT JOIN account r ON r.id = (e.details->>'represented')::uuid
 WHERE e.subject = 'application' AND e.subject_id = $1 AND e.action LIKE 'review.%'
"""


@dataclass(frozen=True)
class OfficeView:
    """One application for staff: the form's values as text with sensitive ones masked, the log, the progress, and what
    the office does about it.

    ``reviewers``: by the time of an entry of the log, which names only departments, who acted and in whose place.
    """

    line: ApplicationLine
    account_id: UUID
    progress: Progress
    sheet: SubmittedForm
    log: tuple[ReviewLogLine, ...]
    reviewers: Mapping[datetime, str]
    work: ApplicationWork


@dataclass(frozen=True)
class ApplicationList:
    deps: Deps

    async def page(
        self, actor: Actor, wanted: Filter, *, sort: Sort = "newest", page: int = 1, size: int = 20
    ) -> Page[ApplicationLine]:
        """One page of matches, and their total. Raises InvalidInput that names the parameter."""
        check(actor, "application.read")
        if not (1 <= page <= 1_000_000 and 1 <= size <= PAGE_MAX):
            raise InvalidInput(f"页码应从1开始，每页最多{PAGE_MAX}条。", field="page")
        if sort not in get_args(Sort):
            raise InvalidInput("没有这种排序方式，请从列表中选择。", field="sort")
        where, values = self.where(actor, wanted)
        application_rows, total = await read_page(
            f"{_COLUMNS}, {_REGION}",
            "p",
            f"application p WHERE {where}",
            _ORDERS[sort],
            values,
            offset=(page - 1) * size,
            limit=size,
        )
        book = self.deps.book(actor.pool)
        return Page(tuple(_application_line(row, book) for row in application_rows), total)

    async def counts(self, actor: Actor, wanted: Filter) -> tuple[StateCount, ...]:
        """Number of matches in each state, in the order of progress; states without any are left out.

        Without a state also those that were printed but never submitted are counted: only the office can unlock them.
        """
        check(actor, "application.read")
        where, values = self.where(actor, wanted)
        sql = f"SELECT state, count(*) AS n FROM application WHERE {where} GROUP BY state"
        if not wanted.state:  # a part of its own: no index would find both at once
            unsent, values = self.where(actor, replace(wanted, state="locked"), values)
            sql += f" UNION ALL SELECT 'locked', count(*) FROM application WHERE {unsent} AND submitted_at IS NULL"
        numbers = Counter[str]()
        for row in await rows(sql, *values):
            numbers[row["state"]] += row["n"]
        return tuple(
            StateCount(state.value, state.label, numbers[state.value])
            for state in ApplicationState
            if numbers[state.value]
        )

    async def get(self, actor: Actor, application_id: UUID) -> OfficeView:
        """One application; the access is logged. Raises NotFound."""
        check(actor, "application.read")
        application = await Application.get_or_none(id=application_id, pool=actor.pool)
        if application is None:
            raise unknown_application()
        book = self.deps.book(actor.pool)
        async with transaction():
            await record(actor, self.deps.now(), "application.read", "application", application.id)
        account = await Account.get(id=application.account_id)
        codes = await load_codes(book, application.region)
        row = {name: getattr(application, name) for name in _COLUMNS.split(", ")}
        return OfficeView(
            _application_line(
                {**row, "region_name": show_region(application.region, codes) if application.region else ""}, book
            ),
            account.id,
            await progress_of(self.deps, application.id),
            await read_form(self.deps, application, account),
            await read_log(book, application.id),
            await _find_reviewers(application.id),
            await read_work(self.deps, actor, application, self.deps.now()),
        )

    async def reveal(self, actor: Actor, application_id: UUID, field: str) -> Revealed:
        """A sensitive value in clear, and the file's former one; the audit log records who saw which field. Raises
        NotFound."""
        check(actor, "application.read")
        application = await Application.get_or_none(id=application_id, pool=actor.pool)
        if application is None:
            raise unknown_application()
        account = await Account.get(id=application.account_id)
        revealed = await find_secret(self.deps, application, account, field)
        async with transaction():
            await record(actor, self.deps.now(), "application.reveal", "application", application.id, field=field)
        return revealed

    def where(self, actor: Actor, wanted: Filter, values: SqlValues | None = None) -> tuple[str, SqlValues]:
        """SQL conditions, with the values as parameters: added to ``values``, whose first is the pool, or to new
        ones."""
        book = self.deps.book(actor.pool)
        values = values or SqlValues(actor.pool)
        parts = ["pool = $1"]

        def add(sql: str, value: object) -> None:
            parts.append(sql.replace("?", values.add(value)))

        if wanted.campaign_id is not None:
            add("campaign_id = ?", wanted.campaign_id)
        if wanted.state:
            add("state = ?", _state(wanted.state))
        if wanted.to_confirm:
            parts.append(f"id IN (SELECT v.application_id FROM application_act v WHERE v.pool = $1 AND {TO_CONFIRM})")
        elif wanted.state not in (*_UNSENT, "cancelled"):
            parts.append("submitted_at IS NOT NULL")
        if wanted.step:
            parts.append("state IN ('reviewing', 'sent_back')")
            add("step = ?", _step(book, wanted.step))
        if wanted.region and wanted.region != book.pool.region:
            add("region_path @> ARRAY[?::text]", wanted.region)
        if wanted.entry_type:
            add("entry_type = ?", wanted.entry_type)
        if word := check_text(wanted.search, "search", "搜索词", 50):
            named, numbered = values.add(contains_name(word)), values.add(contains(word)[1:])
            parts.append(f"(person_key(name) LIKE {named} OR number ILIKE {numbered})")
        if wanted.submitted_from is not None:
            add("submitted_at >= ?", wanted.submitted_from)
        if wanted.submitted_until is not None:
            add("submitted_at < ?", wanted.submitted_until)
        return " AND ".join(parts), values


def _state(value: str) -> str:
    if value not in [state.value for state in ApplicationState]:
        raise InvalidInput("没有这种申请状态，请从列表中选择。", field="state")
    return value


def _step(book: Rulebook, code: str) -> int:
    steps = [step.code for step in book.review.steps]
    if code not in steps:
        raise InvalidInput("没有这个审核环节，请从列表中选择。", field="step")
    return steps.index(code)


def _application_line(row: Mapping[str, object], book: Rulebook) -> ApplicationLine:
    state, at = ApplicationState(str(row["state"])), int(str(row["step"]))
    in_review = state in (ApplicationState.REVIEWING, ApplicationState.SENT_BACK) and at >= 0
    step = book.review.step_at(at) if in_review else None
    labels: dict[str, object] = {
        "state": state.value,
        "state_label": state.label,
        "region_name": row["region_name"] or "",
        "step": step.code if step else "",
        "step_name": step.name if step else "",
    }
    columns = {**row, **labels}
    return ApplicationLine(**{name: columns[name] for name in _FIELDS})  # type: ignore[arg-type]  # columns of one table


_FIELDS = tuple(field.name for field in fields(ApplicationLine))


async def _find_reviewers(application_id: UUID) -> Mapping[datetime, str]:
    acts = await rows(_REVIEWERS, application_id)
    return {row["at"]: f"{row['name']}代{row['represented']}" if row["represented"] else row["name"] for row in acts}
