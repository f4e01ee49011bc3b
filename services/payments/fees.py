"""Fees due, and the windows for paying them (缴费)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from domain.clock import local
from domain.errors import NotFound
from domain.ids import new_id
from domain.payments.lifecycles import FEE, FeeEvent, FeeState
from domain.payments.money import yuan
from domain.rulebook.fees import FeeRules
from models.applications import Application
from models.campaigns import Campaign
from models.payments import Fee, PayOrder
from services.core.base import Deps, record, rows, system
from services.core.due_rows import not_paused, process_together
from services.notifications import Notices, Recipient

KIND = "training"
OPENING = f"state = 'due' AND notified_at IS NULL AND opens_at <= $1 AND {not_paused('fee_open', 'id')}"
"""SQL: fees that can be paid but were not notified, with the present moment as ``$1``."""
_OPENED = f"SELECT id FROM fee WHERE {OPENING} ORDER BY opens_at LIMIT $2 FOR UPDATE SKIP LOCKED"


def rules_of(deps: Deps, pool: str) -> FeeRules:
    """The pool's rules on its fee. Raises NotFound for a pool without fee."""
    rules = deps.book(pool).fee
    if rules is None:
        raise NotFound("本专家库不收取费用，无需缴费。", code="no_fee")
    return rules


def title_of(deps: Deps, fee: Fee) -> str:
    """Purpose of the fee in notices, on pages and receipts."""
    return fee.title or rules_of(deps, fee.pool).title


def print_deadline(at: datetime | None) -> str:
    """``12月4日 18:30``; empty for a fee without deadline."""
    if at is None:
        return "不限"
    t = local(at)
    return f"{t.month}月{t.day}日 {t:%H:%M}"


@dataclass(frozen=True)
class Fees:
    deps: Deps
    notices: Notices

    async def charge(self, application: Application, now: datetime, *, again: bool = False) -> Fee:
        """Create the fee of an approved application; inside the caller's transaction, the row locked.

        A second call returns the same fee; ``again``: another one with the same amount after a refund, or after it was
        cancelled. It opens by the rulebook and the campaign's payment window, and closes by the person's own time where
        that is later.
        """
        earlier_fee = await Fee.filter(application_id=application.id, kind=KIND).order_by("-created_at").first()
        if earlier_fee is not None and not (again and earlier_fee.state in (FeeState.REFUNDED, FeeState.VOID)):
            return earlier_fee
        rules = rules_of(self.deps, application.pool)
        campaign = await Campaign.get(id=application.campaign_id) if application.campaign_id else None
        opens, closes = (campaign.pay_from, campaign.pay_until) if campaign else (None, None)
        window = (
            rules.reopened_window(now, opens, closes)
            if again
            else rules.window(application.approved_at or now, opens, closes)
        )
        own = application.own_pay_until
        fee = await Fee.create(
            id=new_id(),
            pool=application.pool,
            kind=KIND,
            application_id=application.id,
            account_id=application.account_id,
            expert_number=application.expert_number,
            amount=earlier_fee.amount if earlier_fee else rules.amount,
            opens_at=window.opens,
            closes_at=own if window.closes is None else max(window.closes, own or window.closes),
            state=FEE.initial,
            created_at=now,
        )
        await record(system(fee.pool), now, "fee.charge", "fee", fee.id, amount=fee.amount, kind=KIND)
        return fee

    async def cancel(self, application_id: UUID, now: datetime) -> None:
        """Cancel the fee; inside the caller's transaction. A payment made all the same is refunded automatically."""
        due_fees = Fee.filter(application_id=application_id, kind=KIND, state=FeeState.DUE)
        fee = await due_fees.select_for_update().first()
        if fee is None:
            return
        fee.state = FEE.next(FeeState(fee.state), FeeEvent.CANCEL)
        await fee.save(update_fields=["state"])
        await close_orders_soon(fee.id, now)
        await record(system(fee.pool), now, "fee.cancel", "fee", fee.id)

    async def move_windows(self, campaign: Campaign) -> None:
        """Adapt open fees to a changed payment window of the campaign; inside the caller's transaction.

        Announced time is never shortened: an open fee closes no earlier than announced, and stays open.
        """
        rules = self.deps.book(campaign.pool).fee
        if rules is None:
            return
        due_fees = Fee.filter(application__campaign_id=campaign.id, state=FeeState.DUE).order_by("id")
        for fee in await due_fees.select_for_update(of=("fee",)).prefetch_related("application"):
            window = rules.window(fee.application.approved_at or fee.created_at, campaign.pay_from, campaign.pay_until)
            was_notified, own = fee.notified_at is not None, fee.application.own_pay_until
            closes = window.closes and max(window.closes, own or window.closes)
            fee.opens_at = min(fee.opens_at, window.opens) if was_notified else window.opens
            if was_notified and closes is not None and fee.closes_at is not None:
                fee.closes_at = max(fee.closes_at, closes)
            elif not was_notified or closes is None:
                fee.closes_at = closes
            await fee.save(update_fields=["opens_at", "closes_at"])

    async def notify_opened(self, limit: int = 500) -> int:
        """Notify those whose fee can be paid now; returns how many were due."""
        return await process_together("fee_open", partial(rows, _OPENED, self.deps.now(), limit), self._notify_debtors)

    async def _notify_debtors(self, due_rows: Sequence[Any]) -> None:
        unnotified = Fee.filter(id__in=[row["id"] for row in due_rows], notified_at=None, state=FeeState.DUE)
        fees = await unnotified.order_by("id").select_for_update()
        await Fee.filter(id__in=[fee.id for fee in fees]).update(notified_at=self.deps.now())
        for pool in sorted({fee.pool for fee in fees}):
            recipients = [self._recipient(fee) for fee in fees if fee.pool == pool]
            await self.notices.notify_many(pool=pool, kind="fee_open", recipients=recipients)

    def _recipient(self, fee: Fee) -> Recipient:
        until = print_deadline(fee.closes_at)
        params = {
            "title": title_of(self.deps, fee),
            "amount": yuan(fee.amount),
            "number": fee.expert_number,
            "until": until,
            "by": f"请在{until}前" if fee.closes_at else "请尽快",
        }
        return Recipient(f"fee_open:{fee.id}", params, account_id=fee.account_id)


async def close_orders_soon(fee_id: UUID, now: datetime, *, but: UUID | None = None) -> None:
    """Let every payable order of a fee be queried and closed at the next run."""
    live_orders = PayOrder.filter(fee_id=fee_id, state__in=["new", "open"])
    await (live_orders.exclude(id=but) if but is not None else live_orders).update(check_at=now)
