"""When a fee can be paid, when the platform is queried about an order, and what may follow a refund."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from domain.payments.lifecycles import FeeState

Trade = Literal["native", "jsapi", "mini"]
"""How an order is paid: by QR code, inside WeChat, in the mini-program."""
Phase = Literal["not_open", "open", "closed", "paid", "refunded", "void"]
After = Literal["keep", "end", "again"]
"""Consequence for an application whose fee is refunded."""
TRADE_NAMES: Mapping[Trade, str] = {"native": "扫码", "jsapi": "微信内", "mini": "小程序"}
DIFFERENCE_NAMES: Mapping[str, str] = {
    "unknown_there": "本系统有、账单无",
    "unknown_here": "账单有、本系统无",
    "amount": "金额不符",
    "state": "状态不符",
}
AFTER_NAMES: Mapping[After, str] = {"keep": "申请保持不变", "end": "终止申请", "again": "退款到账后重新缴费"}

QUERY_DELAYS: Sequence[timedelta] = tuple(timedelta(seconds=s) for s in (5, 30, 60, 180, 300, 600, 1800))
"""Times after an order's creation. Notifications may be lost, so each order is queried until it is paid or closed."""
GRACE = timedelta(seconds=5)
"""Time from an order's end to its closing, which lets a payment of the last second through."""


def phase_of(state: str, opens_at: datetime, closes_at: datetime | None, now: datetime) -> Phase:
    """What a person can do with a fee now; the window is half-open."""
    if state == FeeState.DUE:
        if now < opens_at:
            return "not_open"
        return "open" if closes_at is None or now < closes_at else "closed"
    settled: dict[str, Phase] = {"paid": "paid", "refunded": "refunded"}
    return settled.get(state, "void")


def order_ends(now: datetime, valid: timedelta, closes_at: datetime | None) -> datetime:
    """Until when an order created now must be paid: the window's end at the latest, but the platform's shortest life is
    a minute."""
    ends = now + valid
    if closes_at is not None:
        ends = min(ends, closes_at)
    return max(ends, now + timedelta(minutes=1))


def next_query_at(made: datetime, ends: datetime, queries: int) -> datetime:
    """When an order is queried next after this many ``queries``; the last one comes at its end."""
    last = ends + GRACE
    return min(made + QUERY_DELAYS[queries], last) if queries < len(QUERY_DELAYS) else last


def course_choices_after_refund(*, surplus: bool) -> tuple[After, ...]:
    """The consequences to choose from when the fee of a course is refunded: the participant stays, or leaves."""
    return ("keep",) if surplus else ("keep", "end")
