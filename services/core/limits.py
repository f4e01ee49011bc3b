"""Rate limits: SMS codes, wrong codes, look-ups that show a masked name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from domain.errors import TooMany
from domain.rulebook.sections import Login
from services.core.base import execute, rows

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


async def advisory_lock(name: str) -> None:
    """Serialise transactions under ``name``; held until this one ends."""
    await execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 7031120))", name)


def check_may_send(sent: Sequence[datetime], login: Login, now: datetime, *, familiar: bool) -> None:
    """Raises TooMany when a mobile has had its codes of this minute, hour or day; ``sent`` is oldest first.

    Some of them are reserved for the mobile's owner.
    """
    reserved = 0 if familiar else login.codes_kept_for_owner
    for count, period, words in (
        (1, login.code_gap, "验证码刚刚发送"),
        (max(1, login.codes_per_hour - reserved), HOUR, "一小时内获取验证码次数过多"),
        (max(1, login.codes_per_day - reserved), DAY, "今天获取验证码次数过多"),
    ):
        recent = [at for at in sent if at > now - period]
        if len(recent) >= count:
            wait = seconds_until(sorted(recent)[-count] + period, now)
            raise TooMany(f"{words}，请{print_wait(wait)}后再获取。", retry_after=wait, code="code_limit")


async def check_recent(
    action: str, account_id: UUID, *, limit: int, period: timedelta, now: datetime, message: str
) -> None:
    """Raises TooMany when the audit log has ``limit`` entries ``action`` of this person within ``period``.

    The caller records the action in the same transaction; a lock keeps two concurrent ones from both being the last
    permitted.
    """
    await advisory_lock(f"{action}:{account_id}")
    recent_actions = await rows(
        "SELECT at FROM audit_entry WHERE subject = 'account' AND subject_id = $1 AND action = $2 AND at > $3 "
        "ORDER BY at DESC LIMIT $4",
        account_id,
        action,
        now - period,
        limit,
    )
    check_below(limit, [row["at"] for row in recent_actions], period, now, message)


def check_below(limit: int, recent: Sequence[datetime], period: timedelta, now: datetime, message: str) -> None:
    """Raises TooMany when ``recent`` has ``limit`` moments; they lie within ``period``, newest first."""
    if len(recent) >= limit:
        wait = seconds_until(recent[limit - 1] + period, now)
        raise TooMany(f"{message}，请{print_wait(wait)}后再试。", retry_after=wait, code="lookup_limit")


def seconds_until(moment: datetime, now: datetime) -> int:
    """Whole seconds, rounded up, at least one."""
    return max(1, -int((now - moment).total_seconds() // 1))


def print_wait(seconds: int) -> str:
    """``45秒``, ``3分钟``, ``2小时``."""
    if seconds < 100:
        return f"{seconds}秒"
    minutes = -(-seconds // 60)
    return f"{minutes}分钟" if minutes < 100 else f"{-(-minutes // 60)}小时"
