"""Rate limits: SMS codes, wrong codes, look-ups that show a masked name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from domain.errors import TooMany
from domain.rulebook.sections import Login
from services.core.base import execute, rows

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
REPEATS_MAX = 10
"""Acts of one kind on one subject a day. Our rule: more than are needed to change one's mind or correct mistakes."""


async def advisory_lock(name: str) -> None:
    """Serialise transactions under ``name``; held until this one ends."""
    await execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 7031120))", name)


def check_may_send(sent: Sequence[datetime], login: Login, now: datetime, *, familiar: bool) -> None:
    """Raises TooMany when a mobile has had its codes of this minute, hour or day; ``sent`` is oldest first.

    Some of them are reserved for the mobile's owner.
    """
    reserved = 0 if familiar else login.codes_kept_for_owner
    for count, period, words in (
        (1, login.code_gap, "获取验证码太频繁"),
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


async def check_repeats(
    subject: str, subject_id: UUID, actions: Sequence[str], now: datetime, *, most: int = REPEATS_MAX, **details: str
) -> None:
    """Raises TooMany when the audit log has ``most`` of these acts on the subject, with these details, within a day.

    For acts that a person can do and undo at will while each writes to other people, at the pool's cost. The caller
    holds the subject's lock, and records the act in the same transaction.
    """
    acts = await rows(
        "SELECT at FROM audit_entry WHERE subject = $1 AND subject_id = $2 AND action = ANY($3::text[]) AND at > $4 "
        "AND details @> $5::jsonb ORDER BY at DESC LIMIT $6",
        subject,
        subject_id,
        list(actions),
        now - DAY,
        json.dumps(details),
        most,
    )
    check_below(most, [row["at"] for row in acts], DAY, now, f"每次都会通知有关人员，24小时内最多办理{most}次")


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
