"""Services against a real PostgreSQL: one fresh database, a clock that stands still, and the demo pool's rulebook."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from uuid import UUID

import pytest
from tortoise import Tortoise

from app.rulebook_files import load_rulebooks
from domain.clock import FixedClock
from domain.ids import new_id
from domain.rulebook.book import Rulebook
from models.database_connection import tortoise_config
from services.core.base import Deps, Jobs, execute
from services.core.crypto import Keyring
from services.notifications import Recipient

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
RULEBOOKS = Path(__file__).parents[2] / "config" / "rulebooks"


@lru_cache
def _rulebooks() -> dict[str, Rulebook]:
    return load_rulebooks(RULEBOOKS, ["demo", "guangdong"])


@dataclass(frozen=True)
class Told:
    """A requested notice."""

    kind: str
    pool: str
    params: Mapping[str, str | int]
    dedupe_key: str
    account_id: UUID | None
    mobile: str | None
    secret: str | None


@dataclass
class NoticeBook:
    """Stands in for ``services.notifications``: records requested notices in order."""

    told: list[Told] = field(default_factory=list)

    async def notify(
        self,
        *,
        pool: str,
        kind: str,
        dedupe_key: str,
        params: Mapping[str, str | int],
        account_id: UUID | None = None,
        expert_id: UUID | None = None,
        mobile: str | None = None,
        invitation_id: UUID | None = None,
        secret: str | None = None,
        notified_channel: str = "",
    ) -> UUID:
        assert account_id or expert_id or mobile, "nobody is told"
        self.told.append(Told(kind, pool, dict(params), dedupe_key, account_id, mobile, secret))
        return new_id()

    async def notify_many(self, *, pool: str, kind: str, recipients: Sequence[Recipient], bulk: bool = True) -> int:
        for recipient in recipients:
            await self.notify(pool=pool, kind=kind, **vars(recipient))
        return len(recipients)

    def last_code(self, mobile: str) -> str:
        """The newest code for this mobile."""
        return next(t.secret for t in reversed(self.told) if t.mobile == mobile and t.secret)

    def kinds(self) -> list[str]:
        return [t.kind for t in self.told]


async def end_pauses() -> None:
    """End the pauses of all failed rows."""
    await execute("UPDATE row_failure SET retry_at = clock_timestamp()")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def book() -> NoticeBook:
    return NoticeBook()


@pytest.fixture
def deps(clock: FixedClock) -> Deps:
    keys = Keyring({"k1": b"d" * 32}, "k1", b"l" * 32, b"s" * 32)
    return Deps(clock=clock, keys=keys, rulebooks=dict(_rulebooks()), jobs=Jobs(), public_url="http://127.0.0.1:8080")


@pytest.fixture
async def db(database: str) -> AsyncIterator[str]:
    """Tortoise on a fresh database of this test's own; real transactions and locks."""
    await Tortoise.init(config=tortoise_config(database), _enable_global_fallback=True)
    yield database
    await Tortoise.close_connections()
