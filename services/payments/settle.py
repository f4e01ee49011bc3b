"""The one place where money that came is counted, whoever told of it: notification, question, or bill.

Everything about a payment that may not be lost happens in one statement: the event is stored, order and fee are locked,
compared and moved. What follows from it (telling, invoice, the application's next stage, sending surplus money back)
waits in the event's row, see ``services.payments.events``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import structlog
from tortoise.exceptions import IntegrityError

from domain.ids import new_id
from services.base import Deps, rows
from services.ports import PaymentPlatform, TradeReport

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PURPOSE = "pay_event"

Word = Literal[
    "paid", "surplus", "repeat", "unpaid", "mismatch", "unknown_order", "other_transaction", "refunded_there"
]
ALARMS = frozenset({"mismatch", "unknown_order", "other_transaction", "refunded_there"})
"""Verdicts that an administrator must look at; the money is counted nowhere."""

_APPLY = """
WITH subject AS MATERIALIZED (
  SELECT o.id, o.fee_id, o.state, o.amount, o.appid, o.transaction_id, f.state AS fee_state
  FROM pay_order o JOIN fee f ON f.id = o.fee_id WHERE o.out_trade_no = $1 AND o.pool = $2 FOR UPDATE OF o, f
), verdict AS MATERIALIZED (
  SELECT coalesce((SELECT CASE
    WHEN state IN ('paid', 'refunded') THEN CASE WHEN transaction_id = $3 THEN 'repeat' ELSE 'other_transaction' END
    WHEN NOT $4::boolean OR amount <> $5::bigint OR appid <> $6 THEN 'mismatch'
    WHEN $7::boolean THEN 'refunded_there'
    WHEN fee_state = 'due' THEN 'paid'
    ELSE 'surplus' END FROM subject), 'unknown_order') AS word
), counted AS (
  UPDATE pay_order p SET state = 'paid', surplus = (v.word = 'surplus'), transaction_id = $3, check_at = NULL,
    success_at = $8::timestamptz FROM subject s, verdict v WHERE p.id = s.id AND v.word IN ('paid', 'surplus')
), settled AS (
  UPDATE fee f SET state = 'paid', paid_at = $8::timestamptz FROM subject s, verdict v
  WHERE f.id = s.fee_id AND v.word = 'paid'
)
INSERT INTO pay_event (id, pool, kind, subject, payload_sealed, received_at, applied_at, outcome)
SELECT $9::uuid, $2, $10, $1, $11, $12::timestamptz,
  CASE WHEN word = 'repeat' THEN $12::timestamptz END, word FROM verdict RETURNING outcome
"""
"""Locks order and fee and sees their newest state, whatever else goes on; ``pay_order_counts`` stands behind it."""


@dataclass(frozen=True)
class Verdict:
    """What a report meant; ``unpaid``: nothing to count."""

    word: Word

    @property
    def counted(self) -> bool:
        """The order is paid, now or before."""
        return self.word in ("paid", "surplus", "repeat")


class Settle:
    def __init__(self, deps: Deps, platform: PaymentPlatform) -> None:
        self._deps = deps
        self._platform = platform

    async def apply_trade(self, pool: str, report: TradeReport, *, kind: str = "QUERY", plain: str = "") -> Verdict:
        """Count a payment, once for ever. ``kind`` and ``plain`` are the notification's, where it was one.

        An order is paid only by a report of our merchant, in yuan, over its very amount. The first paid order of a fee
        that is due pays it; any other is surplus. An order that was closed counts like an open one: money that came is
        never argued with.
        """
        if report.state not in ("SUCCESS", "REFUND") or not report.transaction_id:
            return Verdict("unpaid")
        now = self._deps.now()
        try:
            found = await rows(
                _APPLY, report.out_trade_no[:64], pool, report.transaction_id, self._is_ours(pool, report),
                report.amount, report.appid, report.state == "REFUND", report.success_at or now, new_id(), kind[:40],
                self._deps.keys.seal(plain or _as_json(report), PURPOSE), now,
            )  # fmt: skip
        except IntegrityError:
            # the platform's number stands at another order of ours: nothing may be counted on that
            return await self._store(pool, report, kind, plain, now)
        word: Word = found[0]["outcome"]
        if word in ALARMS:
            log.error("payment_needs_operator", pool=pool, order=report.out_trade_no, verdict=word)
        return Verdict(word)

    async def _store(self, pool: str, report: TradeReport, kind: str, plain: str, now: datetime) -> Verdict:
        log.error("payment_needs_operator", pool=pool, order=report.out_trade_no, verdict="other_transaction")
        await store_event(
            self._deps, pool, kind, report.out_trade_no, plain or _as_json(report), now, "other_transaction"
        )
        return Verdict("other_transaction")

    def _is_ours(self, pool: str, report: TradeReport) -> bool:
        merchant = self._platform.merchant(pool)
        return merchant is not None and report.mchid == merchant.mchid and report.currency == "CNY"


async def store_event(
    deps: Deps, pool: str, kind: str, subject: str, plain: str, now: datetime, outcome: str = ""
) -> UUID:
    """Keep a notification that ``events`` carries out later."""
    event_id = new_id()
    await rows(
        "INSERT INTO pay_event (id, pool, kind, subject, payload_sealed, received_at, outcome) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
        event_id, pool, kind[:40], subject[:64], deps.keys.seal(plain, PURPOSE), now, outcome,
    )  # fmt: skip
    return event_id


def _as_json(report: TradeReport) -> str:
    at = report.success_at.isoformat() if report.success_at else None
    return json.dumps({**report.__dict__, "success_at": at}, ensure_ascii=False)
