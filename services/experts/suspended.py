"""Suspensions by the office (暂停抽取) as SQL conditions: the one definition of who is suspended."""

from __future__ import annotations

IN_FORCE = "s.kind = 'suspension' AND s.state = 'imposed'"
"""A suspension ``s`` that was imposed and not lifted; its time may be over, or lie ahead."""


def covers(now: str) -> str:
    """The time of ``s`` covers a moment."""
    return f"s.starts_at <= {now} AND (s.ends_at IS NULL OR s.ends_at > {now})"


def overlaps(begin: str, end: str) -> str:
    """The time of ``s`` overlaps a half-open time."""
    return f"s.starts_at < {end} AND (s.ends_at IS NULL OR s.ends_at > {begin})"


def is_suspended(expert: str, when: str) -> str:
    """A suspension of the row ``expert`` meets the condition ``when`` on its time."""
    return f"EXISTS (SELECT FROM sanction s WHERE s.expert_id = {expert}.id AND {IN_FORCE} AND ({when}))"
