"""Refunds that the payer's account could not take: redirected once, to an account that is not stored."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, Rejected, Unavailable
from domain.ids import new_id
from models.audit import AuditEntry
from models.payments import PayEvent, PayOrder, Refund
from services.core.base import Actor, Deps, rows
from services.operations import find_broken
from services.payments import BANKS, check_card
from tests.factories.payments import (
    GOOD,
    UNKNOWN,
    UNREACHED,
    PaymentKit,
    make_fee,
    make_payment_kit,
    notification,
    owner_of,
)
from tests.factories.people import make_account
from tests.services.conftest import NoticeBook

ACCOUNT, HOLDER = "6222021234567890123", "欧阳建国"


@pytest.fixture
def kit(db: str, deps: Deps, clock: FixedClock, book: NoticeBook) -> PaymentKit:
    return make_payment_kit(deps, clock, book)


@pytest.fixture
async def admin(kit: PaymentKit) -> Actor:
    return Actor("demo", "pool_admin", (await make_account(kit.deps)).id)


@pytest.fixture
async def refund(kit: PaymentKit, admin: Actor) -> Refund:
    """A refund that the platform accepted, with state abnormal."""
    fee = await make_fee(kit.deps)
    ordered = await kit.orders.order(owner_of(fee), fee.id, "native")
    await kit.notify(kit.platform.pay(ordered.out_trade_no))
    await kit.settle_all()
    await kit.refunds.request(admin, ordered.order_id, "本人申请退费")
    await kit.refunds.check_due()
    number = (await Refund.get()).out_refund_no
    await kit.refunds.apply_report("demo", kit.platform.finish(number, "ABNORMAL"), notified=True)
    return await Refund.get()


async def redirect_to_card(kit: PaymentKit, admin: Actor, refund: Refund) -> None:
    await kit.redirects.redirect(
        admin, refund.id, "user", bank="ICBC_DEBIT", account="6222 0212 3456 7890 123", holder=HOLDER
    )


async def test_a_refund_goes_to_the_payers_card_and_the_payer_is_notified_where(
    kit: PaymentKit, admin: Actor, refund: Refund, book: NoticeBook, clock: FixedClock
) -> None:
    await redirect_to_card(kit, admin, refund)
    (card,) = kit.platform.cards
    assert card is not None
    assert (card.bank, card.account, card.holder) == ("ICBC_DEBIT", ACCOUNT, HOLDER)
    redirected = await Refund.get()
    assert (redirected.state, redirected.redirected_to, redirected.redirected_by) == (
        "processing",
        "ICBC_DEBIT",
        admin.account_id,
    )
    kit.platform.finish(redirected.out_refund_no)
    clock.move(timedelta(minutes=1))
    await kit.refunds.check_due()
    assert (await Refund.get()).state == "done"
    notice = book.told[-1]
    assert (notice.kind, notice.params["to"]) == ("fee_redirected", "您的工商银行卡")
    assert "fee_refunded" not in book.kinds()
    assert await find_broken() == []


async def test_or_to_the_merchants_account_from_which_the_office_pays_by_hand(
    kit: PaymentKit, admin: Actor, refund: Refund, book: NoticeBook
) -> None:
    await kit.redirects.redirect(admin, refund.id, "merchant")
    assert kit.platform.cards == [None]
    await kit.refunds.apply_report("demo", kit.platform.finish(refund.out_refund_no), notified=True)
    assert book.told[-1].params["to"] == "管理机构账户，将另行转给您"


async def test_number_and_name_of_the_card_are_kept_nowhere(kit: PaymentKit, admin: Actor, refund: Refund) -> None:
    kit.platform.before["redirect_refund"] = [Rejected("PARAM_ERROR")]
    with capture_logs() as logs, pytest.raises(Conflict) as refused:
        await redirect_to_card(kit, admin, refund)
    await redirect_to_card(kit, admin, refund)
    output = json.dumps(logs, ensure_ascii=False, default=str) + str(refused.value) + str(refused.value.params)
    for table in ("refund", "audit_entry", "pay_event", "pay_order", "idempotency_key", "procrastinate_jobs"):
        output += json.dumps(
            [row["t"] for row in await rows(f"SELECT row_to_json(t)::text AS t FROM {table} t")], ensure_ascii=False
        )
    assert (ACCOUNT in output, HOLDER in output, ACCOUNT[-4:] + '"' in output) == (False, False, False)
    assert await AuditEntry.exists(action="fee.refund_redirect", actor_id=admin.account_id)


async def test_one_that_is_abnormal_again_may_be_sent_elsewhere(
    kit: PaymentKit, admin: Actor, refund: Refund, clock: FixedClock
) -> None:
    await redirect_to_card(kit, admin, refund)
    with pytest.raises(Conflict):
        await redirect_to_card(kit, admin, refund)
    kit.platform.finish(refund.out_refund_no, "ABNORMAL")
    clock.move(timedelta(minutes=1))
    await kit.refunds.check_due()
    assert (await Refund.get()).state == "abnormal"
    await kit.redirects.redirect(admin, refund.id, "merchant")
    assert (await Refund.get()).redirected_to == "merchant"


async def test_an_old_notification_does_not_undo_it(kit: PaymentKit, admin: Actor, refund: Refund) -> None:
    stale = kit.platform.refunds[refund.out_refund_no]
    await redirect_to_card(kit, admin, refund)
    await kit.webhooks.receive("demo", GOOD, notification(refund=stale, kind="REFUND.ABNORMAL"))
    await kit.settle_all()
    assert (await Refund.get()).state == "processing"
    await kit.refunds.check_due()
    assert (await Refund.get()).state == "processing", "the platform was asked, and says so"
    assert (await PayEvent.filter(kind="REFUND.ABNORMAL")).pop().applied_at is not None


@pytest.mark.parametrize(("acted", "after"), [("after", "processing"), ("before", "abnormal")])
async def test_an_unknown_outcome_is_resolved_later_and_the_office_asked_to_refresh(
    kit: PaymentKit, admin: Actor, refund: Refund, clock: FixedClock, acted: str, after: str
) -> None:
    getattr(kit.platform, acted)["redirect_refund"] = [UNKNOWN]
    with pytest.raises(Unavailable, match="刷新"):
        await redirect_to_card(kit, admin, refund)
    clock.move(timedelta(seconds=16))
    await kit.refunds.check_due()
    assert (await Refund.get()).state == after
    if after == "abnormal":
        await redirect_to_card(kit, admin, refund)
        assert (await Refund.get()).state == "processing"


async def test_what_never_reached_the_platform_is_simply_entered_again(
    kit: PaymentKit, admin: Actor, refund: Refund
) -> None:
    kit.platform.before["redirect_refund"] = [UNREACHED]
    with pytest.raises(Unavailable):
        await redirect_to_card(kit, admin, refund)
    await redirect_to_card(kit, admin, refund)
    assert (await Refund.get()).state == "processing"


async def test_an_account_that_the_platform_refuses_is_reported_with_its_code(
    kit: PaymentKit, admin: Actor, refund: Refund, clock: FixedClock
) -> None:
    kit.platform.before["redirect_refund"] = [Rejected("PARAM_ERROR")]
    with pytest.raises(Conflict, match="PARAM_ERROR"):
        await redirect_to_card(kit, admin, refund)
    row = await Refund.get()
    assert (row.state, row.failure) == ("abnormal", "PARAM_ERROR")
    clock.move(timedelta(seconds=16))
    await kit.refunds.check_due()
    assert (await Refund.get()).redirected_to == "", "the platform says that it was not sent on"


async def test_what_was_taken_without_an_answer_and_entered_again_is_under_way(
    kit: PaymentKit, admin: Actor, refund: Refund, clock: FixedClock
) -> None:
    kit.platform.after["redirect_refund"] = [UNKNOWN]
    for error in (Unavailable, Conflict):
        with pytest.raises(error):
            await redirect_to_card(kit, admin, refund)
    clock.move(timedelta(seconds=16))
    await kit.refunds.check_due()
    row = await Refund.get()
    assert (row.state, row.redirected_to, len(kit.platform.cards)) == ("processing", "ICBC_DEBIT", 1)


async def test_a_refund_that_the_platform_does_not_know_can_not_be_sent_on(
    kit: PaymentKit, admin: Actor, refund: Refund
) -> None:
    await Refund.all().update(refund_id="", accepted_at=None)
    with pytest.raises(Conflict, match="每天会重新提交"):
        await redirect_to_card(kit, admin, refund)
    assert kit.platform.cards == []


async def test_only_an_abnormal_refund_of_the_own_pool_by_an_administrator(
    kit: PaymentKit, admin: Actor, refund: Refund
) -> None:
    order = await PayOrder.get()
    with pytest.raises(NotFound):
        await kit.redirects.redirect(admin, new_id(), "merchant")
    with pytest.raises(NotFound):
        await kit.redirects.redirect(Actor("guangdong", "pool_admin", admin.account_id), refund.id, "merchant")
    with pytest.raises(Forbidden):
        await kit.redirects.redirect(Actor("demo", "applicant", order.payer_id), refund.id, "merchant")
    await Refund.all().update(state="processing")
    with pytest.raises(Conflict, match="退款中"):
        await kit.redirects.redirect(admin, refund.id, "merchant")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("bank", ""),
        ("bank", "RCB_DEBIT"),
        ("account", ""),
        ("account", "62220212345"),
        ("account", "6" * 20),
        ("holder", ""),
        ("holder", "王"),
        ("holder", "6222021234567890"),
    ],
)
def test_a_wrong_card_is_refused_beside_its_field_without_repeating_it(field: str, value: str) -> None:
    card = {"bank": "ICBC_DEBIT", "account": ACCOUNT, "holder": HOLDER, field: value}
    with pytest.raises(InvalidInput) as refused:
        check_card(**card)
    assert refused.value.field == field
    assert value == "" or value not in refused.value.message


@pytest.mark.parametrize("holder", ["王明", " 王小明 ", "买买提·吐尔逊", "John A. Smith", "甡㛃䶮"])
def test_names_of_all_kinds_are_taken(holder: str) -> None:
    assert check_card("CMB_DEBIT", "6214-8312-3456-7890", holder).account == "6214831234567890"
    assert set(BANKS) >= {"CMB_DEBIT", "NBCB_DEBIT"}
    assert len(BANKS) == 15
