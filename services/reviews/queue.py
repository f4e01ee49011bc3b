"""A reviewer's open tasks: the queue by age, and one task with all data for the decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from domain.applications.lifecycles import ApplicationState, TaskState
from domain.errors import Conflict
from domain.forms.checking import filled_values
from domain.identity import IdentityVerificationResult
from domain.masking import mask_id_number, mask_mobile
from models.accounts import Account
from models.applications import Application, ApplicationSection, ApplicationSpecialty, Attachment
from models.reviews import ReviewEntry, ReviewTask
from services.applications import OfficeNote, facts_of, notes_column, notes_of, returned_places, type_of, values_of
from services.catalogue_codes import load_codes
from services.core.base import Actor, Deps, Page, from_row, record, rows, transaction
from services.core.pages import read_page
from services.core.permissions import check
from services.core.sql_values import SqlValues
from services.reviews.application_view import FormData, Revealed, find_secret, form_of, load_form_codes
from services.reviews.decisions import rule_of, unknown_task
from services.reviews.former_file import read_former_file
from services.reviews.scope import OWN, WITHDRAWN, open_tasks_condition, reaches
from services.reviews.steps import alternatives_among
from services.reviews.task_filters import (
    EVERYTHING,
    QueueCounts,
    StepCount,
    TaskFilter,
    count_steps,
    count_tasks,
    narrow,
)
from services.reviews.task_views import (
    TaskCard,
    TaskView,
    card_codes,
    card_of,
    decisions_of,
    log_line,
    specialty_of,
)

PAGE_MAX = 100
_APPLICATION = "JOIN application p ON p.id = t.application_id"
_CARD = """
t.id, t.application_id, t.step_code, t.specialty, t.former_region, t.round, t.opened_at, p.number, p.name, p.entry_type,
p.region, p.moves_from, (SELECT h.real_name FROM account h WHERE h.id = t.handed_by) AS handed_by_name
"""
_ORDER = "t.opened_at, t.id"
Within = tuple[str, SqlValues]
"""SQL conditions on a task ``t``, with their values, which several statements may copy and extend."""
_FOUND = f"SELECT t AS task, p AS application, p.id = ANY({OWN}) AS own, ({reaches('$4')}) AS reached"
_FROM = f"FROM review_task t {_APPLICATION} WHERE t.pool = $1 AND t.id = $3"
_WHOLE = f""",
  {notes_column("p.id")},
  (SELECT h.real_name FROM account h WHERE h.id = t.handed_by) AS handed_by_name,
  (SELECT h.real_name FROM account h WHERE h.id = t.handed_to) AS handed_to_name,
  (SELECT h.real_name FROM account h WHERE h.id = t.decided_by) AS decided_by_name,
  (SELECT h.real_name FROM account h WHERE h.id = t.decided_for) AS represented_name,
  (SELECT a FROM account a WHERE a.id = p.account_id) AS account,
  ARRAY(SELECT s FROM application_specialty s WHERE s.application_id = p.id ORDER BY s.position, s.code) AS specialties,
  ARRAY(SELECT s FROM application_section s WHERE s.application_id = p.id) AS sections,
  ARRAY(SELECT f FROM attachment f WHERE f.application_id = p.id AND f.state = 'ready'
    ORDER BY f.row, f.created_at) AS files,
  ARRAY(SELECT r FROM review_entry r WHERE r.application_id = p.id ORDER BY r.at DESC, r.id DESC) AS log
"""


class QueueOverview(NamedTuple):
    """A page of open tasks, and how many each filter would leave."""

    cards: Page[TaskCard]
    counts: QueueCounts


class TaskNeighbours(NamedTuple):
    """Neighbours of a task in the queue: the ``next`` one, and the number of tasks of ``same_person``."""

    next: UUID | None
    same_person: int


@dataclass(frozen=True)
class ReviewQueue:
    deps: Deps

    async def counts(self, actor: Actor) -> list[StepCount]:
        """Open tasks by step, in the order of steps; steps without any are left out."""
        check(actor, "review.decide")
        book = self.deps.book(actor.pool)
        return await count_steps(*await open_tasks_condition(actor, book, self.deps.now()), book, self.deps.now())

    async def overview(
        self, actor: Actor, wanted: TaskFilter = EVERYTHING, *, offset: int = 0, limit: int = 20
    ) -> QueueOverview:
        """Open tasks within the reviewer's scope, oldest first, with the total. Own applications are excluded."""
        check(actor, "review.decide")
        book, now = self.deps.book(actor.pool), self.deps.now()
        within = await open_tasks_condition(actor, book, now)
        where, values = narrow(*within, wanted, book, now)
        card_rows, total = await read_page(
            _CARD,
            f"t {_APPLICATION}",
            f"review_task t WHERE {where}",
            _ORDER,
            values,
            offset=offset,
            limit=min(limit, PAGE_MAX),
        )
        counted = await count_tasks(*within, wanted, book, now)
        codes = await load_codes(book, card_codes(card_rows), counted.codes)
        cards = Page(tuple(card_of(row, book, codes, now) for row in card_rows), total)
        return QueueOverview(cards, counted.show(book, codes))

    async def find_next(self, actor: Actor, after: UUID | None = None, wanted: TaskFilter = EVERYTHING) -> UUID | None:
        """The oldest open task of the filter, or the oldest after ``after`` in the queue; None: all are done.

        After a decided task, other open tasks of the same person come first.
        """
        check(actor, "review.decide")
        anchor = await ReviewTask.get_or_none(id=after, pool=actor.pool) if after else None
        return await self._next(await self._within(actor, wanted), anchor)

    async def _within(self, actor: Actor, wanted: TaskFilter) -> Within:
        book = self.deps.book(actor.pool)
        return narrow(*await open_tasks_condition(actor, book, self.deps.now()), wanted, book, self.deps.now())

    async def _next(self, within: Within, anchor: ReviewTask | None) -> UUID | None:
        where, values = within
        task_id = None
        if anchor and anchor.state != TaskState.OPEN:
            more = SqlValues(*values)
            task_id = await _first(f"{where} AND t.application_id = {more.add(anchor.application_id)}", more)
        if anchor and task_id is None:
            more = SqlValues(*values)
            behind = f"(t.opened_at, t.id) > ({more.add(anchor.opened_at)}, {more.add(anchor.id)})"
            task_id = await _first(f"{where} AND {behind}", more)
        return task_id or await _first(where, values)

    async def get(self, actor: Actor, task_id: UUID) -> TaskView:
        """One task with all its data; sensitive values are masked. Raises NotFound outside the reviewer's scope."""
        task, application, row = await self._get_readable(actor, task_id, _WHOLE)
        book, now = self.deps.book(actor.pool), self.deps.now()
        account = from_row(Account, row["account"])
        specialties = [from_row(ApplicationSpecialty, specialty) for specialty in row["specialties"]]
        log = [from_row(ReviewEntry, entry) for entry in row["log"]]
        entered_values = values_of(self.deps, [from_row(ApplicationSection, section) for section in row["sections"]])
        values = filled_values(book.form, entered_values, type_of(application))
        former = await read_former_file(self.deps, application)
        named = [
            application.region,
            application.moves_from,
            task.specialty,
            *(specialty.code for specialty in specialties),
            *(entry.specialty for entry in log),
        ]
        codes = await load_form_codes(book, values, former, named)
        form = FormData(values, codes, [from_row(Attachment, file) for file in row["files"]], former)
        names = {name: row[f"{name}_name"] or "" for name in ("handed_by", "handed_to", "decided_by", "represented")}
        notes = notes_of(self.deps, row)
        return self._task_view(actor, names, task, application, account, specialties, log, notes, form, now)

    def _task_view(
        self,
        actor: Actor,
        names: Mapping[str, str],
        task: ReviewTask,
        application: Application,
        account: Account,
        specialties: Sequence[ApplicationSpecialty],
        log: Sequence[ReviewEntry],
        notes: tuple[OfficeNote, ...],
        form: FormData,
        now: datetime,
    ) -> TaskView:
        book, person = self.deps.book(application.pool), facts_of(self.deps, account)
        rule, codes = rule_of(book, task), form.codes
        return TaskView(
            card=card_of(_card_row(task, application, rule.code, names["handed_by"]), book, codes, now),
            state=TaskState(task.state),
            application_state=ApplicationState(application.state),
            may=decisions_of(rule, task),
            submitted_at=application.submitted_at,
            masked_mobile=mask_mobile(person.mobile),
            masked_id_number=mask_id_number(person.id_number),
            identity_verification=IdentityVerificationResult(account.identity_verification),
            identity_verified_at=account.identity_verified_at,
            sheet=form_of(self.deps, application, account, form),
            specialties=tuple(specialty_of(specialty, codes) for specialty in specialties),
            log=tuple(log_line(entry, codes) for entry in log),
            notes=notes,
            decided_at=task.decided_at,
            opinion=task.opinion,
            returned=returned_places(book, [task]),
            handed_to=names["handed_to"],
            handed_note=task.handed_note,
            may_take_back=task.handed_to is not None and actor.account_id in (task.handed_to, task.handed_by),
            decided_by=names["decided_by"],
            represented=names["represented"],
            alternatives=tuple(alternative.code for alternative in alternatives_among(task, book, specialties)),
        )

    async def neighbours(self, actor: Actor, task_id: UUID, wanted: TaskFilter = EVERYTHING) -> TaskNeighbours:
        check(actor, "review.decide")
        book, now = self.deps.book(actor.pool), self.deps.now()
        task = await ReviewTask.get_or_none(id=task_id, pool=actor.pool)
        within = await open_tasks_condition(actor, book, now)
        following = await self._next(narrow(*within, wanted, book, now), task)
        if task is None:
            return TaskNeighbours(following, 0)
        same_person = await self._find_same_person(within, "t.id", "", task)
        return TaskNeighbours(following, len(same_person) if any(row["id"] == task.id for row in same_person) else 0)

    async def _find_same_person(self, within: Within, columns: str, joined: str, task: ReviewTask) -> list[Any]:
        """Open tasks of the same application at the same step."""
        where, values = within[0], SqlValues(*within[1])
        return await rows(
            f"SELECT {columns} FROM review_task t {joined} WHERE {where} "
            f"AND t.application_id = {values.add(task.application_id)} AND t.step_code = {values.add(task.step_code)} "
            "ORDER BY t.specialty, t.id",
            *values,
        )

    async def list_same_person(self, actor: Actor, task_id: UUID) -> list[TaskCard]:
        """The task and the application's other tasks of the same step that the actor may decide; empty for a task that
        is not open.

        Raises NotFound as ``get``.
        """
        task, _, _ = await self._get_readable(actor, task_id)
        within = await open_tasks_condition(actor, self.deps.book(actor.pool), self.deps.now())
        card_rows = await self._find_same_person(within, _CARD, _APPLICATION, task)
        book, now = self.deps.book(actor.pool), self.deps.now()
        codes = await load_codes(book, card_codes(card_rows))
        cards = [card_of(row, book, codes, now) for row in card_rows]
        return cards if any(card.id == task.id for card in cards) else []

    async def check_readable(self, actor: Actor, task_id: UUID) -> None:
        """Raises NotFound outside the reviewer's scope."""
        await self._get_readable(actor, task_id)

    async def reveal(self, actor: Actor, task_id: UUID, field: str) -> Revealed:
        """A sensitive value in clear; the audit log records who saw which field. Raises NotFound."""
        task, application, _ = await self._get_readable(actor, task_id)
        account = await Account.get(id=application.account_id)
        async with transaction():
            revealed = await find_secret(self.deps, application, account, field)
            await record(
                actor, self.deps.now(), "review.reveal", "application", application.id, field=field, task=str(task.id)
            )
        return revealed

    async def _get_readable(
        self, actor: Actor, task_id: UUID, more: str = ""
    ) -> tuple[ReviewTask, Application, Mapping[str, Any]]:
        """A task that the reviewer may read: in scope now, or decided by him; with ``more`` columns.

        Raises Conflict while the person is correcting the application, whose changes are not submitted yet.
        """
        check(actor, "review.decide")
        task_rows = await rows(f"{_FOUND}{more} {_FROM}", actor.pool, actor.account_id, task_id, self.deps.now())
        if not task_rows or actor.account_id is None:
            raise unknown_task()
        row = task_rows[0]
        task, application = from_row(ReviewTask, row["task"]), from_row(Application, row["application"])
        is_decider = task.decided_by == actor.account_id and not row["own"]
        if not is_decider and not row["reached"]:
            raise unknown_task()
        if application.state in WITHDRAWN:
            raise Conflict("申请人已撤回申请，目前不能查看。请返回列表处理下一件。", code="task_void")
        return task, application, row


async def _first(where: str, values: SqlValues) -> UUID | None:
    """The oldest task that meets the conditions."""
    oldest = await rows(f"SELECT t.id FROM review_task t WHERE {where} ORDER BY {_ORDER} LIMIT 1", *values)
    return oldest[0]["id"] if oldest else None


def _card_row(task: ReviewTask, application: Application, step_code: str, handed_by_name: str) -> dict[str, object]:
    """What ``card_of`` reads of a row of the queue."""
    return {
        "id": task.id,
        "application_id": application.id,
        "step_code": step_code,
        "specialty": task.specialty,
        "former_region": task.former_region,
        "handed_by_name": handed_by_name,
        "round": task.round,
        "opened_at": task.opened_at,
        "number": application.number,
        "name": application.name,
        "entry_type": application.entry_type,
        "region": application.region,
        "moves_from": application.moves_from,
    }
