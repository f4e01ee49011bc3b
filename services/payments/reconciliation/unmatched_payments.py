"""Payment notifications that match no order (无法入账的通知): open until an administrator records the action."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from domain.errors import Conflict, InvalidInput, NotFound
from domain.payments.lifecycles import OrderState
from models.payments import PayEvent
from services.core.base import Actor, Deps, Page, record, rows, transaction
from services.core.permissions import check
from services.payments.settlement import PURPOSE

UnmatchedFilter = Literal["open", "closed", "all"]
RESOLUTION_CHARS = 200
OUTCOMES = ("mismatch", "unknown_order", "other_transaction", "refunded_there", "unknown_refund", "closed_but_done")
_OUTCOMES = ", ".join(f"'{outcome}'" for outcome in OUTCOMES)
OPEN = f"outcome IN ({_OUTCOMES}) AND closed_at IS NULL"
"""SQL: unmatched and waiting for an administrator; written out, so that the partial index ``pay_event_alarm`` is
used."""
_LIST = f"""
SELECT e.id, e.kind, e.subject AS out_trade_no, e.outcome, e.received_at, e.payload_sealed, e.closed_at, e.resolution,
  coalesce(a.real_name, '') AS closed_by, o.state AS order_state, count(*) OVER () AS total
FROM pay_event e LEFT JOIN account a ON a.id = e.closed_by
  LEFT JOIN pay_order o ON o.out_trade_no = e.subject AND o.pool = e.pool
WHERE e.pool = $1 AND e.outcome IN ({_OUTCOMES})
  AND CASE $2 WHEN 'open' THEN e.closed_at IS NULL WHEN 'closed' THEN e.closed_at IS NOT NULL ELSE true END
ORDER BY e.closed_at IS NOT NULL, e.received_at DESC, e.id LIMIT $3 OFFSET $4
"""


@dataclass(frozen=True)
class UnmatchedPayment:
    """A reported payment that was not counted; `outcome` is the reason. Closed: by whom, when, and the action."""

    id: UUID
    kind: str
    out_trade_no: str
    order_state: Annotated[OrderState | None, Field(description="Now")]
    transaction_id: str
    amount: int | None
    outcome: str
    received_at: datetime
    closed_at: datetime | None
    closed_by: str
    resolution: str


@dataclass(frozen=True)
class UnmatchedPayments:
    deps: Deps

    async def list(
        self, actor: Actor, only: UnmatchedFilter = "all", *, offset: int = 0, limit: int = 50
    ) -> Page[UnmatchedPayment]:
        """Open ones first, newest first; with the total."""
        check(actor, "payment.manage")
        event_rows = await rows(_LIST, actor.pool, only, limit, offset)
        return Page(tuple(self._view_payment(row) for row in event_rows), event_rows[0]["total"] if event_rows else 0)

    async def close(self, actor: Actor, event_id: UUID, note: str) -> None:
        """Record the action. Raises NotFound, InvalidInput; Conflict for a closed one."""
        check(actor, "payment.manage")
        text, now = " ".join(note.split()), self.deps.now()
        if not 2 <= len(text) <= RESOLUTION_CHARS:
            raise InvalidInput(f"请用2到{RESOLUTION_CHARS}个字说明处理结果。", code="resolution", field="note")
        async with transaction():
            event = await PayEvent.select_for_update().get_or_none(id=event_id, pool=actor.pool)
            if event is None or event.outcome not in OUTCOMES:
                raise NotFound("找不到这条通知，请刷新后重试。", code="unmatched_payment_unknown")
            if event.closed_at is not None:
                raise Conflict("这条通知已经有人处理，请刷新查看。", code="unmatched_payment_closed")
            event.closed_at, event.closed_by, event.resolution = now, actor.account_id, text
            await event.save(update_fields=["closed_at", "closed_by", "resolution"])
            await record(actor, now, "fee.unmatched_payment_closed", "pay_event", event.id, note=text)

    def _view_payment(self, row: Mapping[str, Any]) -> UnmatchedPayment:
        report = _transaction_and_amount(
            self.deps.keys.open_text(row["payload_sealed"], PURPOSE) if row["payload_sealed"] else ""
        )
        state = OrderState(row["order_state"]) if row["order_state"] else None
        columns = {**row, "transaction_id": report[0], "amount": report[1], "order_state": state}
        return UnmatchedPayment(**{name: columns[name] for name in UnmatchedPayment.__dataclass_fields__})


def _transaction_and_amount(plain: str) -> tuple[str, int | None]:
    """Transaction and amount, from a raw notification, from our parsed report, or from a refund's."""
    try:
        report = json.loads(plain)
    except ValueError:
        return "", None
    if isinstance(report, dict) and isinstance(report.get("refund"), dict):
        report = report["refund"]
    if not isinstance(report, dict):
        return "", None
    amount = report.get("amount")
    total = amount.get("total") if isinstance(amount, dict) else amount
    return str(report.get("transaction_id", "")), total if isinstance(total, int) else None
