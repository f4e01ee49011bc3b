"""Base types and functions of all services."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.models import Model
from tortoise.transactions import in_transaction

from domain.clock import Clock
from domain.errors import RuleViolation
from domain.rulebook.book import Rulebook
from models.audit import AuditEntry
from services.core.crypto import Keyring
from services.core.live_rulebooks import LiveRulebooks
from services.core.queues import queue_of

T = TypeVar("T")
M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a longer list. ``total`` counts all pages' items, up to the limit of the list."""

    items: tuple[T, ...]
    total: int


@dataclass(frozen=True)
class Actor:
    """The acting person or system. ``role``: expert, applicant, agent, organisation, integrator, verifier, supervisor,
    venue, reviewer, pool_admin, system or guest.

    ``organisation_id`` is set for agents and legal entities; ``scope`` for roles granted on a region or venue.
    ``integrator`` is the name of a platform that works for the organisation; ``account_id`` is then its responsible
    person, who did not act, and ``session_id`` the platform's client.
    ``needs_consent``: the session's person has not accepted the present privacy text.
    """

    pool: str
    role: str
    account_id: UUID | None = None
    expert_id: UUID | None = None
    organisation_id: UUID | None = None
    scope: str = ""
    session_id: UUID | None = None
    needs_consent: bool = field(default=False, compare=False)
    integrator: str = ""


def system(pool: str) -> Actor:
    """The service itself: deadlines, delivery reports, the auditor."""
    return Actor(pool, "system")


def transaction() -> AbstractAsyncContextManager[Any]:
    """One database transaction; model calls inside it use its connection."""
    return in_transaction()


def connection() -> BaseDBAsyncClient:
    """The connection of the running transaction, or the pool."""
    return get_connection("default")


async def rows(sql: str, *values: object) -> list[Any]:
    """Run a SELECT and return its rows, readable by column name."""
    return list(await connection().execute_query_dict(sql, list(values)))


def from_row(model: type[M], row: Mapping[str, Any]) -> M:
    """A model's object from a composite value, such as the column of ``SELECT f AS fee FROM fee f``.

    So one statement can return rows of several tables. Relations are not loaded.
    """
    return model._init_from_db(**row)


async def execute(sql: str, *values: object) -> None:
    await connection().execute_query(sql, list(values))


_DEFER = (
    "SELECT unnest(procrastinate_defer_jobs_v1((SELECT array_agg("
    "ROW($1, $2, 0, NULL, NULL, value, NULL)::procrastinate_job_to_defer_v1) FROM jsonb_array_elements($3::jsonb))))"
)


class Jobs:
    """Defers background work as rows, in the running transaction."""

    async def defer(self, task: str, **arguments: str | int) -> None:
        """``task`` is a name registered in ``jobs``; ``arguments`` are ids only."""
        await self.defer_many(task, [arguments])

    async def defer_many(self, task: str, arguments: Iterable[Mapping[str, str | int]]) -> None:
        """Many jobs of one task by one statement."""
        batch = [dict(item) for item in arguments]
        if batch:
            await connection().execute_query(_DEFER, [queue_of(task), task, json.dumps(batch)])


@dataclass(frozen=True)
class Deps:
    """Passed to every service by ``app``."""

    clock: Clock
    keys: Keyring
    rulebooks: Mapping[str, Rulebook] = field(repr=False)
    """By pool, with the texts that the office has edited; a look-up returns the newest."""
    jobs: Jobs
    public_url: str
    answers_kept: timedelta = timedelta(days=1)
    """How long the response to a request with a key is stored for repetitions."""
    puzzle_bits: int = 14
    """Zero bits that each part of a puzzle requires: eight parts of 2**14 tries take a cheap phone a second or two."""

    def __post_init__(self) -> None:
        if not isinstance(self.rulebooks, LiveRulebooks):
            object.__setattr__(self, "rulebooks", LiveRulebooks(self.rulebooks))

    @property
    def live_rulebooks(self) -> LiveRulebooks:
        """``rulebooks``, for the service that lays the office's edits over them."""
        return cast(LiveRulebooks, self.rulebooks)

    def book(self, pool: str) -> Rulebook:
        return self.rulebooks[pool]

    def now(self) -> datetime:
        return self.clock.now()


def violation(book: Rulebook, key: str, message: str, *, field: str | None = None) -> RuleViolation:
    """The refusal of a province's rule, with the rulebook's key and the value's source."""
    return RuleViolation(message, rule=key, source=book.source(key), field=field)


Detail = str | int | bool | Sequence[str] | None


def entry(
    actor: Actor, now: datetime, action: str, subject: str, subject_id: UUID | None, **details: Detail
) -> AuditEntry:
    """An audit entry, not yet written. ``details`` never contain personal data in clear.

    An integrator's act is its own, not one of the person who answers for it.
    """
    if actor.integrator:
        details = {**details, "integrator": actor.integrator}
    return AuditEntry(
        pool=actor.pool,
        at=now,
        actor_id=None if actor.integrator else actor.account_id,
        actor_role=actor.role,
        action=action,
        subject=subject,
        subject_id=subject_id,
        details=details,
    )


async def record(
    actor: Actor, now: datetime, action: str, subject: str, subject_id: UUID | None, **details: Detail
) -> None:
    """Write an audit entry in the running transaction."""
    await entry(actor, now, action, subject, subject_id, **details).save(force_create=True)


async def record_many(entries: Iterable[AuditEntry]) -> None:
    """Write several at once."""
    await AuditEntry.bulk_create(entries)
