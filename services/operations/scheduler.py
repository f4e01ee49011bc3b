"""Every business deadline is a column of a row, compared with the clock. A tick finds the kinds that are due and defers
a job for each; the job calls the responsible service."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any

import asyncpg
import structlog
from tortoise.exceptions import BaseORMException, IntegrityError

from domain.clock import local, print_time
from models.draws import Draw
from services.accounts import DRAFT_TTL, KNOWN_BROWSER_TTL
from services.core.audit_chain import AuditChain
from services.core.base import Deps, execute, rows, transaction
from services.core.due_rows import FAILURE_TTL, GIVEN_UP_AFTER, not_paused, process_each
from services.core.due_tasks import TaskTurn, in_turns
from services.core.operator_waits import WAITED_LONG, waits_for_operator
from services.core.outages import AWAY
from services.core.queues import CALLS, DEADLINES
from services.draws import (
    EXPIRY_DUE,
    INCOMING_CALL_TTL,
    Calling,
    DrawAccess,
    Invitations,
    PartyNotifications,
    lock,
    notify_agency,
)
from services.notifications import CLIMB_DUE, Delivery, Notices
from services.operations.delivery_reports import REPORT_TTL, WITHOUT_JOB, DeliveryReports
from services.operations.package_tasks import PackageTasks
from services.operations.scheduler_pauses import SchedulerPauses
from services.understanding import MISUNDERSTOOD_TTL

log = structlog.get_logger(__name__)

_DUE: Mapping[str, str] = {
    "deliver": "EXISTS (SELECT 1 FROM attempt WHERE state = 'pending' AND NOT bulk AND due_at <= $1)",
    "deliver_bulk": "EXISTS (SELECT 1 FROM attempt WHERE state = 'pending' AND bulk AND due_at <= $1)",
    "climb": CLIMB_DUE,
    "check_outcomes": f"EXISTS (SELECT 1 FROM attempt WHERE check_at <= $1 AND {not_paused('check_outcomes', 'id')})",
    "expire": EXPIRY_DUE,
    "start": "EXISTS (SELECT 1 FROM draw_round r JOIN draw d ON d.id = r.draw_id WHERE r.start_by <= $1 "
    "AND d.state = 'committing')",
    "remind": "EXISTS (SELECT 1 FROM invitation WHERE state = 'accepted' AND next_reminder_at <= $1 "
    f"AND {not_paused('remind', 'id')})",
    "delivery_reports": f"EXISTS (SELECT 1 FROM delivery_report WHERE {WITHOUT_JOB})",
    "seal": "EXISTS (SELECT 1 FROM audit_entry WHERE number IS NULL)",
}
"""SQL conditions by kind, with the present moment as ``$1``."""
_UNSEAL = (
    "EXISTS (SELECT 1 FROM draw d JOIN (VALUES {leads}) AS lead (pool, before) ON lead.pool = d.pool "
    "WHERE d.unsealed_notice_at IS NULL AND d.finished_at IS NOT NULL AND d.ended_at IS NULL "
    "AND d.starts_at <= $1 + lead.before)"
)
_DEFER = (
    "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW($3, 'deadlines.run', 0, NULL, $1, $2::jsonb, NULL)"
    "::procrastinate_job_to_defer_v1]) WHERE NOT EXISTS (SELECT 1 FROM procrastinate_jobs "
    "WHERE queueing_lock = $1 AND status = 'todo')"
)
MAX_ATTEMPTS = 12
"""After so many attempts a job is abandoned, as by ``jobs.queue``."""
_OVERDUE: Mapping[str, str] = {
    "attempts": "(SELECT count(*) FROM attempt WHERE state = 'pending' AND due_at < $1)",
    "notices": "(SELECT count(*) FROM notice WHERE state = 'active' AND next_at < $1)",
    "invitations": "(SELECT count(*) FROM invitation WHERE state = 'open' AND answer_until < $1)",
    "starts": "(SELECT count(*) FROM draw_round r JOIN draw d ON d.id = r.draw_id WHERE r.start_by < $1 "
    "AND d.state = 'committing')",
    "delivery_reports": "(SELECT count(*) FROM delivery_report WHERE applied_at IS NULL AND received_at < $1)",
    "counters": "(SELECT count(*) FROM draw_condition c JOIN draw d ON d.id = c.draw_id "
    "WHERE d.state IN ('drawing', 'paused', 'ending') "
    "AND c.open <> (SELECT count(*) FROM invitation i WHERE i.condition_id = c.id AND i.state = 'open'))",
    "waiting_for_operator": " + ".join(
        f"(SELECT count(*) FROM {table} WHERE check_at IS NOT NULL AND {waits_for_operator('failure')} "
        f"AND {begun} < $1 - interval '{int(WAITED_LONG.total_seconds())} seconds')"
        for table, begun in (("invoice", "created_at"), ("refund", "created_at"), ("bill", "day"))
    ),
    "failing_rows": f"(SELECT count(*) FROM row_failure WHERE failures >= {GIVEN_UP_AFTER})",
    "given_up_jobs": "(SELECT count(*) FROM procrastinate_jobs j WHERE status = 'failed' "
    f"AND attempts >= {MAX_ATTEMPTS} "
    "AND EXISTS (SELECT 1 FROM procrastinate_events e WHERE e.job_id = j.id AND e.at > now() - interval '1 day'))",
}
"""Number of overdue rows, by table, with the latest moment that is no delay as ``$1``."""
_WAITED_FOR = frozenset({"deliver", "climb", "check_outcomes", "expire", "start", "delivery_reports", "pay_events"})
"""Kinds for which a person waits: a draw's next call, a code, a payment."""
_AT_ONCE = {"deliver": 2}
"""Concurrent turns of a kind in one process, if more than one: for a slow vendor."""
_CODE_TTL, _WRONG_TRY_TTL, _VERIFICATION_REQUEST_TTL = timedelta(days=2), timedelta(days=3), timedelta(days=2)
_SESSION_TTL = timedelta(days=7)
"""Counted from the day when it can no longer be renewed."""
PERIODIC = ("watch_draws", "sweep")
"""Kinds without a due condition; run periodically."""


@dataclass(frozen=True)
class Health:
    """Overdue rows by table, and the reason of each failing kind; the auditor reports any."""

    overdue: Mapping[str, int]
    failing: Mapping[str, str]

    @property
    def is_healthy(self) -> bool:
        return not any(self.overdue.values()) and not self.failing


def _unseal_due(deps: Deps) -> str:
    """True from each pool's own moment of unsealing on: what only comes near is not due, or it would be looked at on
    each tick of a day."""
    lead = {pool: book.draw.result_visible_before for pool, book in deps.rulebooks.items()}
    leads = ", ".join(f"('{pool}', interval '{before.total_seconds()} seconds')" for pool, before in lead.items())
    return _UNSEAL.format(leads=leads)


@dataclass(frozen=True)
class Scheduler:
    deps: Deps
    notices: Notices
    parties: PartyNotifications
    delivery: Delivery
    reports: DeliveryReports
    invitations: Invitations
    calling: Calling
    access: DrawAccess
    audit: AuditChain
    packages: PackageTasks
    _pauses: SchedulerPauses = field(init=False, default_factory=SchedulerPauses)
    _under_way: Counter[str] = field(init=False, default_factory=Counter)

    @cached_property
    def _kinds(self) -> Mapping[str, Callable[[], Awaitable[object]]]:
        return {
            "deliver": in_turns(partial(self.delivery.deliver_due, longest=0.0)),
            "deliver_bulk": in_turns(partial(self.delivery.deliver_due, bulk=True, longest=0.0)),
            "climb": in_turns(self.notices.climb_due),
            "check_outcomes": self.reports.check_due,
            "expire": in_turns(self.invitations.expire_due),
            "start": self.calling.start_due,
            "remind": in_turns(self.invitations.remind_due),
            "unseal": self._notify_unsealing,
            "delivery_reports": self._apply_jobless_reports,
            "seal": self._seal_audit,
            "watch_draws": self._watch_draws,
            "sweep": self._delete_obsolete,
            **{task.kind: task.process for task in self.packages.due_tasks},
        }

    @cached_property
    def _due_conditions(self) -> Mapping[str, str]:
        further = {task.kind: task.due for task in self.packages.due_tasks if task.due}
        return {**_DUE, "unseal": _unseal_due(self.deps), **further}

    @cached_property
    def periodic(self) -> tuple[str, ...]:
        """Kinds without a due condition."""
        return *PERIODIC, *(task.kind for task in self.packages.due_tasks if not task.due)

    async def tick(self) -> list[str]:
        """Defer a job for each kind that is due, unless one waits already; returns the kinds."""
        kinds = await self.find_due()
        await self.defer(kinds)
        return kinds

    async def find_due(self) -> list[str]:
        """The kinds of which a row is due now."""
        answers = await self._evaluate(self._due_conditions, self.deps.now())
        return [kind for kind, is_due in answers.items() if is_due]

    async def _evaluate(self, questions: Mapping[str, str], moment: datetime) -> dict[str, Any]:
        """The answers available, by name. All in one statement; if that fails, each in its own."""
        pending = {name: sql for name, sql in questions.items() if self._pauses.may_try(f"{name}?")}
        if not pending:
            return {}
        columns = ", ".join(f"({sql}) AS {name}" for name, sql in pending.items())
        try:
            answers = dict((await rows(f"SELECT {columns} FROM (SELECT $1::timestamptz) AS moment", moment))[0])
        except AWAY:
            raise
        except (BaseORMException, asyncpg.PostgresError) as error:
            if len(pending) > 1:
                return {
                    key: a
                    for condition in pending.items()
                    for key, a in (await self._evaluate(dict([condition]), moment)).items()
                }
            self._note_failure(f"{next(iter(pending))}?", error)
            return {}
        for name in pending:
            self._pauses.note_success(f"{name}?")
        return answers

    async def defer(self, kinds: list[str]) -> None:
        """Each separately, since a job that another process has just deferred is sufficient."""
        for kind in filter(self._pauses.may_try, kinds):
            with suppress(IntegrityError):
                queue = CALLS if kind in _WAITED_FOR else DEADLINES
                await execute(_DEFER, f"deadline:{kind}", json.dumps({"kind": kind}), queue)

    async def process(self, kind: str) -> None:
        """Process one kind, and defer its next turn at once where more is due; other kinds run in between.

        Does nothing for a kind already running in this process. A failing kind waits longer each time. Raises KeyError
        for an unknown one.
        """
        work = self._kinds[kind]
        if self._under_way[kind] >= _AT_ONCE.get(kind, 1):
            return
        self._under_way[kind] += 1
        try:
            more = await work()
        except AWAY:
            raise
        except Exception as error:  # logged with the kind and raised again
            self._note_failure(kind, error)
            raise
        finally:
            self._under_way[kind] -= 1
        self._pauses.note_success(kind)
        if more is TaskTurn.MORE:
            await self.defer([kind])

    def _note_failure(self, name: str, error: Exception) -> None:
        self._pauses.note_failure(name, type(error).__name__)
        log.error("duty_failed", duty=name, reason=repr(error))

    def failing_kinds(self) -> dict[str, str]:
        """The reason of each failing kind, by name; ``kind?`` if already its due condition fails."""
        return self._pauses.failure_reasons()

    async def _apply_jobless_reports(self) -> None:
        """Reports whose job was lost."""
        query = f"SELECT id FROM delivery_report WHERE {WITHOUT_JOB} ORDER BY received_at LIMIT 200"
        waiting = await rows(query, self.deps.now())
        await process_each("delivery_reports", waiting, lambda row: self.reports.apply(row["id"]))

    async def _notify_unsealing(self) -> None:
        """Notify the agency once, from the pool's moment on, that codes have been replaced by names."""
        longest = max(book.draw.result_visible_before for book in self.deps.rulebooks.values())
        finished = await Draw.filter(
            unsealed_notice_at=None,
            finished_at__isnull=False,
            ended_at=None,
            starts_at__lte=self.deps.now() + longest,  # the pool's own moment is checked below
        )
        await process_each("unseal", finished, self._notify_unsealed)

    async def _notify_unsealed(self, draw: Draw) -> None:
        if self.deps.now() < self.access.unseals_at(draw):
            return
        async with transaction():
            locked = (await lock(draw.id)).draw
            if locked.unsealed_notice_at is None:
                locked.unsealed_notice_at = self.deps.now()
                await locked.save(update_fields=["unsealed_notice_at"])
                at = print_time(self.access.unseals_at(locked))
                await notify_agency(self.notices, locked, "agency_unsealed", at)
                await self.parties.notify(locked, "unsealed", occasion="once")

    async def _watch_draws(self) -> None:
        """Wake every running draw, so that a draw that lost its job continues."""
        running = await rows("SELECT id FROM draw WHERE state IN ('drawing', 'paused', 'ending')")
        await process_each("watch_draws", running, lambda row: self.calling.advance(row["id"]))

    async def _seal_audit(self) -> None:
        """Every pool with entries, including those no longer served."""
        for row in await rows("SELECT DISTINCT pool FROM audit_entry WHERE number IS NULL"):
            while await self.audit.seal(row["pool"]):
                pass

    async def _delete_obsolete(self) -> None:
        """Delete obsolete data: stored responses, used codes, finished jobs, applied reports, sentences of the chat."""
        now = self.deps.now()
        await execute("DELETE FROM idempotency_key WHERE created_at < $1", now - self.deps.answers_kept)
        await execute("DELETE FROM verification_code WHERE sent_at < $1", now - _CODE_TTL)
        await execute("DELETE FROM wrong_try WHERE at < $1", now - _WRONG_TRY_TTL)
        await execute("DELETE FROM known_browser WHERE seen_at < $1", now - KNOWN_BROWSER_TTL)
        await execute("DELETE FROM spent_token WHERE until < $1", now)
        await execute("DELETE FROM identity_verification_request WHERE asked_at < $1", now - _VERIFICATION_REQUEST_TTL)
        await execute("DELETE FROM form_draft WHERE saved_at < $1", now - DRAFT_TTL)
        await execute("DELETE FROM misunderstood_sentence WHERE last_at < $1", now - MISUNDERSTOOD_TTL)
        await execute("DELETE FROM misunderstood_writer WHERE day < $1", local(now).date())
        await execute("DELETE FROM row_failure WHERE retry_at < clock_timestamp() - $1::interval", FAILURE_TTL)
        await execute("DELETE FROM delivery_report WHERE applied_at < $1", now - REPORT_TTL)
        await execute("DELETE FROM incoming_call WHERE heard_at < $1", now - INCOMING_CALL_TTL)
        await execute("DELETE FROM session WHERE refresh_until < $1", now - _SESSION_TTL)
        await execute(
            "DELETE FROM procrastinate_jobs WHERE (status IN ('succeeded', 'cancelled') "
            "OR status = 'failed' AND task_name = 'deadlines.run') AND id < "
            "(SELECT coalesce(max(id), 0) - 5000 FROM procrastinate_jobs)"
        )

    async def health(self, tolerance: timedelta = timedelta(minutes=2)) -> Health:
        """What is overdue by more than ``tolerance``; compares the counters of running draws with their rows too."""
        overdue = await self._evaluate(_OVERDUE, self.deps.now() - tolerance)
        return Health(overdue, self.failing_kinds())
