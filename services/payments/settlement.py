"""The only place where received money is counted, whether by notification, query, or bill.

Everything about a payment that must not be lost happens in one statement: the event is stored, order and fee are
locked, compared and moved. Its effects (notice, invoice, the application's next stage, refund of surplus) wait in the
event's row, see ``services.payments.webhooks``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal
from uuid import UUID

import structlog
from tortoise.exceptions import IntegrityError

from domain.ids import new_id
from domain.payments.lifecycles import PAID_STATES
from services.core.base import Deps, rows
from services.core.request_batcher import RequestBatcher
from services.ports import PaymentPlatform, TradeReport

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PURPOSE = "pay_event"

Word = Literal[
    "paid", "surplus", "repeat", "unpaid", "mismatch", "unknown_order", "other_transaction", "refunded_there"
]
UNMATCHED = frozenset({"mismatch", "unknown_order", "other_transaction", "refunded_there"})
"""Verdicts for an administrator; the money was not counted."""

_PAID = ", ".join(f"'{state.value}'" for state in PAID_STATES)
_APPLY = f"""
WITH reports AS MATERIALIZED (
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[], $5::bigint[], $6::text[], $7::boolean[],
    $8::timestamptz[], $9::uuid[], $10::text[], $11::text[])
    AS t (out_trade_no, pool, transaction_id, ours, amount, appid, gone_back, success_at, event_id, kind, sealed)
), subject AS MATERIALIZED (
  SELECT o.id, o.out_trade_no, o.pool, o.fee_id, o.state, o.amount, o.appid, o.transaction_id, f.state AS fee_state
  FROM pay_order o JOIN fee f ON f.id = o.fee_id WHERE o.out_trade_no = ANY($1)
  ORDER BY o.fee_id, o.id FOR UPDATE OF o, f
), verdict AS MATERIALIZED (
  SELECT t.*, s.id, s.fee_id, CASE
    WHEN s.id IS NULL THEN 'unknown_order'
    WHEN s.state IN ({_PAID})
      THEN CASE WHEN s.transaction_id = t.transaction_id THEN 'repeat' ELSE 'other_transaction' END
    WHEN NOT t.ours OR s.amount <> t.amount OR s.appid <> t.appid THEN 'mismatch'
    WHEN t.gone_back THEN 'refunded_there'
    WHEN s.fee_state = 'due' THEN 'paid'
    ELSE 'surplus' END AS word
  FROM reports t LEFT JOIN subject s ON s.out_trade_no = t.out_trade_no AND s.pool = t.pool
), counted AS (
  UPDATE pay_order p SET state = 'paid', surplus = (v.word = 'surplus'), transaction_id = v.transaction_id,
    check_at = NULL, success_at = v.success_at FROM verdict v WHERE p.id = v.id AND v.word IN ('paid', 'surplus')
), settled AS (
  UPDATE fee f SET state = 'paid', paid_at = v.success_at FROM verdict v WHERE f.id = v.fee_id AND v.word = 'paid'
)
INSERT INTO pay_event (id, pool, kind, subject, payload_sealed, received_at, applied_at, outcome)
SELECT event_id, pool, kind, out_trade_no, sealed, $12::timestamptz,
  CASE WHEN word = 'repeat' THEN $12::timestamptz END, word FROM verdict RETURNING subject, outcome
"""
"""Takes reports of different orders. Locks orders and fees, always in the same order, and sees their newest state,
regardless of concurrent statements. Where two orders of one fee are reported at once, ``pay_order_counts`` refuses the
statement, and they are judged one after the other."""

_LANES, _REPORTS_MAX = 4, 50


@dataclass(frozen=True)
class Verdict:
    """The meaning of a report; ``unpaid``: nothing to count."""

    word: Word

    @property
    def counted(self) -> bool:
        """Whether the order is paid, now or before."""
        return self.word in ("paid", "surplus", "repeat")


@dataclass(frozen=True)
class _Report:
    """A report of a payment. ``kind`` and ``plain`` are the notification's, if it was one."""

    pool: str
    trade: TradeReport
    kind: str
    plain: str

    @property
    def subject(self) -> str:
        return self.trade.out_trade_no[:64]


@dataclass(frozen=True)
class Settlement:
    deps: Deps
    platform: PaymentPlatform

    @cached_property
    def _batcher(self) -> RequestBatcher[_Report, Word]:
        return RequestBatcher(self._judge_reports, lanes=_LANES, most=_REPORTS_MAX)

    async def apply_trade(self, pool: str, report: TradeReport, *, kind: str = "QUERY", plain: str = "") -> Verdict:
        """Count a payment, exactly once. ``kind`` and ``plain`` are the notification's, if it was one.

        An order is paid only by a report of our merchant, in yuan, with its exact amount. The first paid order of a due
        fee pays it; any other is surplus. A closed order counts like an open one: received money is always accepted.
        Called outside of transactions; reports that come together share a statement.
        """
        if report.state not in ("SUCCESS", "REFUND") or not report.transaction_id:
            return Verdict("unpaid")
        word = await self._batcher.ask(_Report(pool, report, kind, plain or _as_json(report)))
        if word in UNMATCHED:
            log.error("payment_needs_operator", pool=pool, order=report.out_trade_no, verdict=word)
        return Verdict(word)

    async def _judge_reports(self, reports: Sequence[_Report]) -> list[Word]:
        """All in one statement; one by one where two concern the same order, fee or transaction."""
        subjects = {report.subject for report in reports}
        words = await self._apply_reports(reports) if len(subjects) == len(reports) else None
        if words is not None:
            return [words[report.subject] for report in reports]
        return [await self._judge_report(report) for report in reports]

    async def _judge_report(self, report: _Report) -> Word:
        words = await self._apply_reports([report])
        if words is not None:
            return words[report.subject]
        # the platform's number is stored at another order of ours: nothing may be counted
        now = self.deps.now()
        await store_event(self.deps, report.pool, report.kind, report.subject, report.plain, now, "other_transaction")
        return "other_transaction"

    async def _apply_reports(self, reports: Sequence[_Report]) -> dict[str, Word] | None:
        """The verdicts by order number; None, without any change, where they contradict each other or our records."""
        now = self.deps.now()
        lines = [
            (
                report.subject,
                report.pool,
                report.trade.transaction_id,
                self._is_ours(report.pool, report.trade),
                report.trade.amount,
                report.trade.appid,
                report.trade.state == "REFUND",
                report.trade.success_at or now,
                new_id(),
                report.kind[:40],
                self.deps.keys.seal(report.plain, PURPOSE),
            )
            for report in reports
        ]
        try:
            verdict_rows = await rows(_APPLY, *(list(column) for column in zip(*lines, strict=True)), now)
        except IntegrityError:
            return None
        return {row["subject"]: row["outcome"] for row in verdict_rows}

    def _is_ours(self, pool: str, report: TradeReport) -> bool:
        merchant = self.platform.merchant(pool)
        return merchant is not None and report.mchid == merchant.mchid and report.currency == "CNY"


async def store_event(
    deps: Deps, pool: str, kind: str, subject: str, plain: str, now: datetime, outcome: str = ""
) -> UUID:
    """Store a notification that ``webhooks`` processes later."""
    event_id = new_id()
    await rows(
        "INSERT INTO pay_event (id, pool, kind, subject, payload_sealed, received_at, outcome) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
        event_id,
        pool,
        kind[:40],
        subject[:64],
        deps.keys.seal(plain, PURPOSE),
        now,
        outcome,
    )
    return event_id


def _as_json(report: TradeReport) -> str:
    at = report.success_at.isoformat() if report.success_at else None
    return json.dumps({**report.__dict__, "success_at": at}, ensure_ascii=False)
