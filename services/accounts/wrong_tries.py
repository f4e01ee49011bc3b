"""Wrong codes and passwords: the client that types them is locked, not the owner of the account.

All strangers together are slowed down beyond a number, so that many networks can't guess more than one may; familiar
sources are exempt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from models.accounts import WrongTry
from services.accounts.sources import CallerKey
from services.core.limits import DAY, advisory_lock

Kind = Literal["code", "password"]


@dataclass(frozen=True)
class TryLimits:
    """``lock_after`` wrong ones in a row lock one caller ``lock_for``; as many of all strangers cost ``pause`` each."""

    lock_after: int
    lock_for: timedelta
    pause: timedelta


@dataclass(frozen=True)
class Lock:
    """``until`` when a caller must wait; ``for_own_tries``: of its own tries, else of those of all strangers."""

    until: datetime
    for_own_tries: bool


@dataclass(frozen=True)
class WrongTries:
    """Of one subject of a pool, as one caller sees them; oldest first. Made by ``lock_and_read_tries``."""

    pool: str
    kind: Kind
    subject: str
    caller: CallerKey
    own: Sequence[datetime]
    strangers: Sequence[datetime]

    def find_lock(self, limits: TryLimits, now: datetime) -> Lock | None:
        """None: the caller may try."""
        until, _ = evaluate_tries(self.own, limits)
        if until is not None and until > now:
            return Lock(until, True)
        if self.caller.familiar:
            return None
        recent = [at for at in self.strangers if at > now - limits.lock_for]
        if len(recent) >= limits.lock_after and recent[-1] + limits.pause > now:
            return Lock(recent[-1] + limits.pause, False)
        return None

    def tries_left(self, limits: TryLimits) -> int:
        """How many more wrong ones the caller has before it is locked."""
        return limits.lock_after - evaluate_tries(self.own, limits)[1]

    async def add(self, now: datetime) -> WrongTries:
        """One more of this caller, in the transaction under way."""
        await WrongTry.create(
            pool=self.pool,
            kind=self.kind,
            subject=self.subject,
            source=self.caller.name,
            familiar=self.caller.familiar,
            at=now,
        )
        strangers = self.strangers if self.caller.familiar else [*self.strangers, now]
        return WrongTries(self.pool, self.kind, self.subject, self.caller, [*self.own, now], strangers)

    async def clear(self) -> None:
        """This caller has shown the right one."""
        await WrongTry.filter(pool=self.pool, kind=self.kind, subject=self.subject, source=self.caller.name).delete()


async def lock_and_read_tries(
    pool: str, kind: Kind, subject: str, caller: CallerKey, limits: TryLimits, now: datetime
) -> WrongTries:
    """Lock the subject for the rest of the transaction and read recent tries."""
    await advisory_lock(f"{kind}:{pool}:{subject}")
    since = now - max(DAY, 2 * limits.lock_for)
    recent_tries = await WrongTry.filter(pool=pool, kind=kind, subject=subject, at__gt=since).order_by("at", "id")
    own = [row.at for row in recent_tries if row.source == caller.name]
    return WrongTries(pool, kind, subject, caller, own, [row.at for row in recent_tries if not row.familiar])


def evaluate_tries(tries: Sequence[datetime], limits: TryLimits) -> tuple[datetime | None, int]:
    """Until when tries of one caller lock it, and how many count since. A lock that has passed clears them."""
    failures, until = 0, None
    for at in tries:
        if until is not None and at >= until:
            failures, until = 0, None
        failures += 1
        if failures >= limits.lock_after:
            until = at + limits.lock_for
    return until, failures
