"""Payments that match no order: a person records how each was resolved."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from domain.ids import new_id
from domain.payments.lifecycles import OrderState
from models.audit import AuditEntry
from models.payments import PayEvent, PayOrder
from services.core.base import Actor, Deps, Page
from services.payments.reconciliation.unmatched_payments import UnmatchedPayments
from services.payments.settlement import PURPOSE
from tests.factories.payments import make_fee
from tests.factories.people import make_account

TRADE = {"transaction_id": "42000001", "amount": {"total": 35_001, "currency": "CNY"}}


@pytest.fixture
def payments(db: str, deps: Deps) -> UnmatchedPayments:
    return UnmatchedPayments(deps)


@pytest.fixture
async def admin(payments: UnmatchedPayments, deps: Deps) -> Actor:
    return Actor("demo", "pool_admin", (await make_account(deps, real_name="周管理")).id)


async def unmatched_payment(
    deps: Deps, outcome: str = "mismatch", number: str = "F1", plain: object = TRADE, pool: str = "demo"
) -> PayEvent:
    sealed = deps.keys.seal(plain if isinstance(plain, str) else json.dumps(plain), PURPOSE)
    return await PayEvent.create(
        id=new_id(),
        pool=pool,
        kind="TRANSACTION.SUCCESS",
        subject=number,
        payload_sealed=sealed,
        received_at=deps.now(),
        applied_at=deps.now(),
        outcome=outcome,
    )


async def test_a_closed_unmatched_payment_records_by_whom_when_and_what_was_done(
    payments: UnmatchedPayments, admin: Actor, deps: Deps, clock: FixedClock
) -> None:
    row = await unmatched_payment(deps)
    clock.move(timedelta(hours=1))
    await payments.close(admin, row.id, " 已在商户平台  退款 ")
    page = await payments.list(admin)
    [closed] = page.items
    assert (closed.resolution, closed.closed_by, closed.closed_at) == ("已在商户平台 退款", "周管理", clock.now())
    assert page.total == 1
    assert await AuditEntry.exists(action="fee.unmatched_payment_closed", subject_id=row.id)
    with pytest.raises(Conflict):
        await payments.close(admin, row.id, "再说一次")


async def test_open_ones_come_first_and_closed_ones_stay(
    payments: UnmatchedPayments, admin: Actor, deps: Deps, clock: FixedClock
) -> None:
    rows = []
    for number in ("F1", "F2", "F3"):
        rows.append(await unmatched_payment(deps, number=number))
        clock.move(timedelta(minutes=1))
    await payments.close(admin, rows[2].id, "已处理")
    assert [payment.out_trade_no for payment in (await payments.list(admin)).items] == ["F2", "F1", "F3"]
    assert [payment.out_trade_no for payment in (await payments.list(admin, "open")).items] == ["F2", "F1"]
    assert [payment.out_trade_no for payment in (await payments.list(admin, "closed")).items] == ["F3"]
    assert (await payments.list(admin, limit=1, offset=1)).total == 3


@pytest.mark.parametrize(
    ("plain", "expected"),
    [
        (TRADE, ("42000001", 35_001)),
        ({"transaction_id": "42", "amount": 100}, ("42", 100)),
        ({"plain": "…", "refund": {"out_refund_no": "R1", "amount": 7}}, ("", 7)),
        ([], ("", None)),
        ("nonsense", ("", None)),
    ],
    ids=str,
)
async def test_the_platforms_report_is_shown(
    payments: UnmatchedPayments, admin: Actor, deps: Deps, plain: object, expected: tuple[str, int | None]
) -> None:
    await unmatched_payment(deps, plain=plain)
    (payment,) = (await payments.list(admin)).items
    assert (payment.transaction_id, payment.amount) == expected


async def test_what_became_of_the_order_stands_beside_it_unless_it_is_another_pools(
    payments: UnmatchedPayments, admin: Actor, deps: Deps
) -> None:
    fee = await make_fee(deps)
    for number, pool, state in (("F1", "demo", "paid"), ("F2", "guangdong", "open")):
        await PayOrder.create(
            id=new_id(),
            pool=pool,
            fee_id=fee.id,
            out_trade_no=number,
            trade="native",
            appid="wx1",
            amount=fee.amount,
            description="培训费",
            state=state,
            transaction_id="4200-1" if state == "paid" else None,
            expires_at=deps.now(),
            created_at=deps.now(),
        )
        await unmatched_payment(deps, number=number)
    states = {payment.out_trade_no: payment.order_state for payment in (await payments.list(admin)).items}
    assert states == {"F1": OrderState.PAID, "F2": None}


async def test_what_is_counted_is_no_unmatched_payment(payments: UnmatchedPayments, admin: Actor, deps: Deps) -> None:
    paid = await unmatched_payment(deps, "paid")
    assert await payments.list(admin) == Page((), 0)
    with pytest.raises(NotFound):
        await payments.close(admin, paid.id, "已处理")


@pytest.mark.parametrize("note", ["", " x ", "字" * 201])
async def test_a_note_has_2_to_200_characters(payments: UnmatchedPayments, admin: Actor, deps: Deps, note: str) -> None:
    row = await unmatched_payment(deps)
    with pytest.raises(InvalidInput) as refused:
        await payments.close(admin, row.id, note)
    assert refused.value.field == "note"


async def test_another_pools_unmatched_payments_are_not_there_and_others_see_none(
    payments: UnmatchedPayments, admin: Actor, deps: Deps
) -> None:
    row = await unmatched_payment(deps, pool="guangdong")
    assert await payments.list(admin) == Page((), 0)
    with pytest.raises(NotFound):
        await payments.close(admin, row.id, "已处理")
    with pytest.raises(Forbidden):
        await payments.list(Actor("demo", "applicant", admin.account_id))
