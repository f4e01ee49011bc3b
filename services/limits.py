"""How often is too often: codes by SMS, wrong codes, look-ups that show a masked name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.errors import TooMany
from domain.rulebook_sections import Login
from services.base import execute, rows

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class SentCode:
    """A code that was sent to one mobile; ``tries`` counts wrong entries."""

    sent_at: datetime
    valid_until: datetime
    tries: int
    used: bool


async def serialise(name: str) -> None:
    """Let one transaction at a time go on under ``name``; held until this one ends."""
    await execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 7031120))", name)


def locked_until(codes: Iterable[SentCode], login: Login) -> datetime | None:
    """Until when a mobile is locked for too many wrong codes in a row; None: it never was.

    ``codes`` come oldest first. A used code clears the count, and so does a lock that has passed. The lock counts
    from the end of the code whose tries were too many, so that it never ends before ``lock_for`` after the last wrong
    entry.
    """
    failures = 0
    until: datetime | None = None
    for code in codes:
        if until is not None and code.sent_at >= until:
            failures, until = 0, None
        failures = 0 if code.used else failures + code.tries
        if failures >= login.failures_before_lock:
            until = code.valid_until + login.lock_for
    return until


def lock_refusal(codes: Iterable[SentCode], login: Login, now: datetime) -> TooMany | None:
    """What to tell the owner of a mobile that is locked now; None: it is not."""
    until = locked_until(codes, login)
    if until is None or until <= now:
        return None
    wait = seconds_until(until, now)
    return TooMany(
        f"验证码错误次数过多，为保护账号已暂停验证，请{_spoken(wait)}后重新获取验证码。",
        retry_after=wait,
        code="mobile_locked",
    )


def check_may_send(codes: list[SentCode], login: Login, now: datetime) -> None:
    """Raises TooMany while a mobile is locked or has had its codes of this minute, hour or day. Oldest first."""
    if refusal := lock_refusal(codes, login, now):
        raise refusal
    for count, period, words in (
        (1, login.code_gap, "验证码刚刚发送"),
        (login.codes_per_hour, HOUR, "一小时内获取验证码次数过多"),
        (login.codes_per_day, DAY, "今天获取验证码次数过多"),
    ):
        recent = [code.sent_at for code in codes if code.sent_at > now - period]
        if len(recent) >= count:
            free_at = sorted(recent)[-count] + period
            wait = seconds_until(free_at, now)
            raise TooMany(f"{words}，请{_spoken(wait)}后再获取。", retry_after=wait, code="code_limit")


async def check_recent(
    action: str, account_id: UUID, *, limit: int, period: timedelta, now: datetime, message: str
) -> None:
    """Raises TooMany when the audit trail holds ``limit`` acts named ``action`` of this person within ``period``.

    The caller records the act in the same transaction; a lock keeps two at once from both being the last allowed.
    """
    await serialise(f"{action}:{account_id}")
    found = await rows(
        "SELECT at FROM audit_entry WHERE subject = 'account' AND subject_id = $1 AND action = $2 AND at > $3 "
        "ORDER BY at DESC LIMIT $4",
        account_id,
        action,
        now - period,
        limit,
    )
    check_below(limit, [row["at"] for row in found], period, now, message)


def check_below(limit: int, recent: Sequence[datetime], period: timedelta, now: datetime, message: str) -> None:
    """Raises TooMany when ``recent`` holds ``limit`` moments; they lie within ``period``, newest first."""
    if len(recent) >= limit:
        wait = seconds_until(recent[limit - 1] + period, now)
        raise TooMany(f"{message}，请{_spoken(wait)}后再试。", retry_after=wait, code="lookup_limit")


def seconds_until(moment: datetime, now: datetime) -> int:
    """Whole seconds, rounded up, at least one."""
    return max(1, -int((now - moment).total_seconds() // 1))


def _spoken(seconds: int) -> str:
    if seconds < 100:
        return f"{seconds}秒"
    minutes = -(-seconds // 60)
    return f"{minutes}分钟" if minutes < 100 else f"{-(-minutes // 60)}小时"
