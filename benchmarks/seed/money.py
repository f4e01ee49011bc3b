"""Fees of approved applicants, their orders (paid, or expired before), and the invoices of paid ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.demo.data import POOL
from benchmarks.seed.entry import Applied
from benchmarks.seed.rows import Loader
from benchmarks.seed.world import World
from domain.clock import local
from domain.ids import new_id
from models.payments import Fee, Invoice, PayOrder


async def load_fees(world: World, loader: Loader, applied: Sequence[Applied]) -> None:
    """A fee for every approved applicant. Expired orders are added in turn until there are as many as wanted."""
    owed = [(application, new_id()) for application in applied if application.state in ("fee", "entered")]
    paid = [(application, fee_id) for application, fee_id in owed if application.state == "entered"]
    run_out = max(world.sizes.orders - len(paid), 0) if owed else 0
    await loader.load(Fee, (_fee(world, application, fee_id) for application, fee_id in owed))
    await loader.load(PayOrder, _orders(world, owed, run_out))
    await loader.load(
        Invoice, (_invoice(world, application, fee_id, n) for n, (application, fee_id) in enumerate(paid, 1))
    )


def _opened_at(application: Applied) -> datetime:
    if application.approved_at is None:
        raise ValueError("nobody pays before approval")
    return application.approved_at + timedelta(hours=1)


def _fee(world: World, application: Applied, fee_id: UUID) -> dict[str, Any]:
    opened = _opened_at(application)
    return {
        "id": fee_id,
        "pool": POOL,
        "kind": "training",
        "application_id": application.id,
        "account_id": application.person.account_id,
        "expert_number": application.number,
        "amount": _amount(world),
        "opens_at": opened,
        "state": "paid" if application.ended_at else "due",
        "notified_at": opened,
        "paid_at": _paid_at(application) if application.ended_at else None,
        "created_at": opened,
    }


def _amount(world: World) -> int:
    if world.book.fee is None:
        raise ValueError("the pool takes no fee")
    return world.book.fee.amount


def _paid_at(application: Applied) -> datetime:
    return _opened_at(application) + timedelta(hours=8)


def _orders(world: World, owed: Sequence[tuple[Applied, UUID]], run_out: int) -> Iterator[dict[str, Any]]:
    serial = 0
    for application, fee_id in owed:
        if application.ended_at:
            serial += 1
            yield _order(world, application, fee_id, serial, _paid_at(application), paid=True)
    for number in range(run_out):
        application, fee_id = owed[number % len(owed)]
        serial += 1
        at = _opened_at(application) + timedelta(minutes=20 * (1 + number // len(owed)))
        yield _order(world, application, fee_id, serial, at, paid=False)


def _order(
    world: World, application: Applied, fee_id: UUID, serial: int, at: datetime, *, paid: bool
) -> dict[str, Any]:
    ends = at + timedelta(minutes=15)
    return {
        "pool": POOL,
        "fee_id": fee_id,
        "out_trade_no": f"SEED{local(at):%Y%m%d%H%M%S}{serial:010}",
        "trade": "native" if serial % 3 else "jsapi",
        "payer_id": application.person.account_id,
        "appid": world.appid,
        "openid": "" if serial % 3 else application.person.openid,
        "amount": _amount(world),
        "description": "演示省评标专家培训费",
        "state": "paid" if paid else "closed",
        "code_url": f"weixin://wxpay/bizpayurl?pr={serial:010}" if serial % 3 else "",
        "prepay_id": "" if serial % 3 else f"wx{serial:026}",
        "prepared_at": at,
        "expires_at": ends,
        "transaction_id": f"42{serial:026}" if paid else None,
        "success_at": at + timedelta(minutes=1) if paid else None,
        "created_at": at,
        "closed_at": None if paid else ends,
    }


def _invoice(world: World, application: Applied, fee_id: UUID, serial: int) -> dict[str, Any]:
    at = _paid_at(application) + timedelta(minutes=5)
    return {
        "pool": POOL,
        "fee_id": fee_id,
        "title": application.person.name,
        "email_sealed": world.deps.keys.seal(f"expert{serial}@mail.example", "email"),
        "issued_by": "wechat",
        "state": "sent",
        "apply_id": f"seed{serial:020}",
        "fapiao_id": f"seed{serial:020}",
        "number": f"{25_000_000_000_000_000_000 + serial}",
        "receipt_sent_at": at,
        "sent_at": at,
        "created_at": at,
    }
