"""Orders: made once, reused while valid, replaced, queried and closed, for all answers of the platform."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, NotFound, Rejected, RuleViolation, TooMany, Unauthenticated, Unavailable
from domain.ids import new_id
from domain.rulebook.book import Rulebook
from models.accounts import Account
from models.audit import AuditEntry
from models.payments import Fee, PayOrder
from services.core.base import Actor, Deps
from services.payments.fee_lookup import FeeLookup
from tests.factories.payments import UNKNOWN, UNREACHED, PaymentKit, make_fee, make_payment_kit, owner_of
from tests.factories.people import make_account
from tests.services.conftest import NOON, NoticeBook

MINUTE = timedelta(minutes=1)


@pytest.fixture
def kit(db: str, deps: Deps, clock: FixedClock, book: NoticeBook) -> PaymentKit:
    return make_payment_kit(deps, clock, book)


async def test_an_order_gets_a_code_and_is_used_again_while_it_is_good(kit: PaymentKit, deps: Deps) -> None:
    fee = await make_fee(deps)
    first = await kit.orders.order(owner_of(fee), fee.id, "native")
    repeated = await kit.orders.order(owner_of(fee), fee.id, "native")
    assert first == repeated
    assert first.code_url.startswith("weixin://")
    assert first.amount == fee.amount
    assert kit.platform.calls.count("order_native") == 1


async def test_each_way_to_pay_has_an_order_of_its_own(kit: PaymentKit, deps: Deps) -> None:
    fee = await make_fee(deps)
    native = await kit.orders.order(owner_of(fee), fee.id, "native")
    page = await kit.orders.order(owner_of(fee), fee.id, "jsapi", openid="o-one")
    mini = await kit.orders.order(owner_of(fee), fee.id, "mini", openid="o-mini")
    assert len({native.out_trade_no, page.out_trade_no, mini.out_trade_no}) == 3
    assert page.parameters is not None
    assert mini.parameters is not None
    assert (page.parameters.app_id, mini.parameters.app_id) == ("wx-oa-demo", "wx-mini-demo")
    assert page.parameters.package == f"prepay_id=wx{page.out_trade_no}"


@pytest.mark.parametrize("trouble", [UNREACHED, UNKNOWN])
@pytest.mark.parametrize("acted", ["before", "after"])
async def test_an_unknown_outcome_is_met_by_the_same_order_again(
    kit: PaymentKit, deps: Deps, clock: FixedClock, trouble: Exception, acted: str
) -> None:
    fee = await make_fee(deps)
    getattr(kit.platform, acted)["order_native"] = [trouble]
    with pytest.raises(Unavailable):
        await kit.orders.order(owner_of(fee), fee.id, "native")
    clock.move(timedelta(seconds=20))
    ordered = await kit.orders.order(owner_of(fee), fee.id, "native")
    assert [order.out_trade_no for order in await PayOrder.all()] == [ordered.out_trade_no]
    assert list(kit.platform.orders) == [ordered.out_trade_no]


async def test_two_requests_at_once_share_one_order_and_one_code(kit: PaymentKit, deps: Deps) -> None:
    fee = await make_fee(deps)
    ordered = await asyncio.gather(*(kit.orders.order(owner_of(fee), fee.id, "native") for _ in range(4)))
    assert len({order.code_url for order in ordered}) == 1
    assert kit.platform.calls.count("order_native") == 1


async def test_an_order_near_its_end_is_closed_and_made_anew(kit: PaymentKit, deps: Deps, clock: FixedClock) -> None:
    fee = await make_fee(deps)
    first = await kit.orders.order(owner_of(fee), fee.id, "native")
    clock.move(first.expires_at - clock.now() - timedelta(seconds=30))
    second = await kit.orders.order(owner_of(fee), fee.id, "native")
    assert second.out_trade_no != first.out_trade_no
    assert (await PayOrder.get(id=first.order_id)).state == "closed"
    assert kit.platform.orders[first.out_trade_no].state == "CLOSED"


async def test_while_the_old_order_can_not_be_closed_no_new_one_is_made(
    kit: PaymentKit, deps: Deps, clock: FixedClock
) -> None:
    fee = await make_fee(deps)
    first = await kit.orders.order(owner_of(fee), fee.id, "native")
    clock.move(first.expires_at - clock.now())
    kit.platform.before["close"] = [UNKNOWN]
    with pytest.raises(Unavailable):
        await kit.orders.order(owner_of(fee), fee.id, "native")
    assert await PayOrder.all().count() == 1


async def test_an_order_that_turns_out_paid_is_counted_instead_of_made_anew(
    kit: PaymentKit, deps: Deps, clock: FixedClock
) -> None:
    fee = await make_fee(deps)
    first = await kit.orders.order(owner_of(fee), fee.id, "native")
    kit.platform.pay(first.out_trade_no)  # and its notification is lost
    clock.move(first.expires_at - clock.now())
    with pytest.raises(Conflict, match="已缴费"):
        await kit.orders.order(owner_of(fee), fee.id, "native")
    assert (await Fee.get(id=fee.id)).state == "paid"


async def test_a_fee_is_not_paid_before_it_opens_nor_after_it_closed(kit: PaymentKit, deps: Deps) -> None:
    early = await make_fee(deps, opens_at=NOON + timedelta(days=2))
    with pytest.raises(RuleViolation, match=r"11月23日\(周一\) 12:00起") as refused:
        await kit.orders.order(owner_of(early), early.id, "native")
    assert refused.value.rule == "fee.opens_after"
    late = await make_fee(deps, closes_at=NOON)
    with pytest.raises(RuleViolation, match="截止"):
        await kit.orders.order(owner_of(late), late.id, "native")


async def test_a_pool_without_merchant_says_whom_to_ask(kit: PaymentKit, deps: Deps) -> None:
    fee = await make_fee(deps)
    kit.platform.without.add("demo")
    with pytest.raises(Unavailable, match="拨打"):
        await kit.orders.order(owner_of(fee), fee.id, "native")


async def test_a_refused_order_is_closed_and_the_payer_asked_to_try_later(kit: PaymentKit, deps: Deps) -> None:
    fee = await make_fee(deps)
    kit.platform.before["order_native"] = [Rejected("APPID_MCHID_NOT_MATCH")]
    with pytest.raises(Unavailable, match="稍后重试"):
        await kit.orders.order(owner_of(fee), fee.id, "native")
    assert (await PayOrder.all())[0].state == "closed"


async def test_a_number_used_before_leads_to_another(kit: PaymentKit, deps: Deps) -> None:
    fee = await make_fee(deps)
    kit.platform.before["order_native"] = [Rejected("OUT_TRADE_NO_USED")]
    ordered = await kit.orders.order(owner_of(fee), fee.id, "native")
    assert ordered.code_url
    assert await PayOrder.all().count() == 2


async def test_a_person_may_pay_for_another_by_number_and_sees_a_masked_name(kit: PaymentKit, deps: Deps) -> None:
    fee = await make_fee(deps)
    friend = Actor("demo", "applicant", (await make_account(deps)).id)
    view = await FeeLookup(deps).look_up(friend, f" {fee.expert_number.lower()} ")
    assert (view.name, view.own, view.invoice) == ("王**", False, None)
    ordered = await kit.orders.order(friend, view.id, "native")
    assert (await PayOrder.get(id=ordered.order_id)).payer_id == friend.account_id


async def test_looking_up_numbers_is_counted_and_logged_but_not_ones_own(kit: PaymentKit, deps: Deps) -> None:
    fee = await make_fee(deps)
    rules = deps.book("demo").fee
    assert rules is not None
    friend = Actor("demo", "applicant", (await make_account(deps)).id)
    for turn in range(rules.lookups_per_hour):
        with pytest.raises(NotFound):
            await FeeLookup(deps).look_up(friend, f"ZJ99{turn:05}")
    with pytest.raises(TooMany):
        await FeeLookup(deps).look_up(friend, fee.expert_number)
    entries = await AuditEntry.filter(action="fee.look_up")
    assert len(entries) == rules.lookups_per_hour
    assert {entry.details["number"] for entry in entries if not entry.details["found"]} == {""}
    for _ in range(rules.lookups_per_hour + 1):
        assert (await FeeLookup(deps).look_up(owner_of(fee), fee.expert_number)).own


async def test_a_guest_may_not_look_up_a_fee(kit: PaymentKit, deps: Deps) -> None:
    fee = await make_fee(deps)
    with pytest.raises(Unauthenticated):
        await FeeLookup(deps).look_up(Actor("demo", "guest"), fee.expert_number)


async def test_where_only_the_owner_pays_others_are_refused(kit: PaymentKit, deps: Deps) -> None:
    fee = await make_fee(deps)
    rules = deps.book("demo").fee
    assert rules is not None
    own_only = deps.book("demo").model_copy(update={"fee": rules.model_copy(update={"pay_for_others": False})})
    books: dict[str, Rulebook] = {**deps.rulebooks, "demo": own_only}
    strict_deps = Deps(deps.clock, deps.keys, books, deps.jobs, deps.public_url)
    strict = make_payment_kit(strict_deps, kit.clock, NoticeBook())
    friend = Actor("demo", "applicant", (await make_account(deps)).id)
    with pytest.raises(Forbidden):
        await FeeLookup(strict_deps).look_up(friend, fee.expert_number)
    with pytest.raises(NotFound):
        await strict.orders.order(friend, fee.id, "native")
    with pytest.raises(NotFound):
        await strict.order_checks.refresh(friend, fee.id)


async def test_another_pools_fee_is_not_there(kit: PaymentKit, deps: Deps) -> None:
    fee = await make_fee(deps)
    with pytest.raises(NotFound):
        await kit.orders.order(Actor("guangdong", "applicant", fee.account_id), fee.id, "native")
    with pytest.raises(NotFound):
        await kit.orders.order(owner_of(fee), new_id(), "native")


# ---- asking


async def test_for_a_waiting_payer_the_platform_is_asked_every_three_seconds(
    kit: PaymentKit, deps: Deps, clock: FixedClock
) -> None:
    fee = await make_fee(deps)
    ordered = await kit.orders.order(owner_of(fee), fee.id, "native")
    await kit.order_checks.refresh(owner_of(fee), fee.id)
    assert "query" not in kit.platform.calls, "too early: the notification is faster"
    clock.move(timedelta(seconds=3))
    for _ in range(3):
        assert (await kit.order_checks.refresh(owner_of(fee), fee.id)).phase == "open"
    assert kit.platform.calls.count("query") == 1
    kit.platform.pay(ordered.out_trade_no)
    clock.move(timedelta(seconds=3))
    assert (await kit.order_checks.refresh(owner_of(fee), fee.id)).phase == "paid"


async def test_a_platform_that_is_away_leaves_the_fee_as_it_was(kit: PaymentKit, deps: Deps, clock: FixedClock) -> None:
    fee = await make_fee(deps)
    await kit.orders.order(owner_of(fee), fee.id, "native")
    clock.move(timedelta(seconds=5))
    kit.platform.before["query"] = [UNREACHED]
    assert (await kit.order_checks.refresh(owner_of(fee), fee.id)).phase == "open"


async def test_a_lost_notification_is_found_by_asking(kit: PaymentKit, deps: Deps, clock: FixedClock) -> None:
    fee = await make_fee(deps)
    ordered = await kit.orders.order(owner_of(fee), fee.id, "native")
    kit.platform.pay(ordered.out_trade_no)
    clock.move(timedelta(seconds=5))
    assert await kit.order_checks.check_due() == 1
    assert (await Fee.get(id=fee.id)).state == "paid"


async def test_an_unpaid_order_is_asked_about_until_its_end_and_then_closed(
    kit: PaymentKit, deps: Deps, clock: FixedClock
) -> None:
    fee = await make_fee(deps)
    ordered = await kit.orders.order(owner_of(fee), fee.id, "native")
    query_times = []
    for _ in range(12):
        order = await PayOrder.get(id=ordered.order_id)
        if order.check_at is None:
            break
        clock.move(order.check_at - clock.now())
        query_times.append((clock.now() - NOON).total_seconds())
        await kit.order_checks.check_due()
    assert query_times == [5, 30, 60, 180, 300, 600, 905]
    assert (await PayOrder.get(id=ordered.order_id)).state == "closed"
    assert kit.platform.calls[-2:] == ["query", "close"], "it is asked right before it is closed"


async def test_an_outage_at_the_end_only_puts_the_closing_off(kit: PaymentKit, deps: Deps, clock: FixedClock) -> None:
    fee = await make_fee(deps)
    ordered = await kit.orders.order(owner_of(fee), fee.id, "native")
    kit.platform.before["query"] = [UNREACHED]
    clock.move(20 * MINUTE)
    await kit.order_checks.check_due()
    assert (await PayOrder.get(id=ordered.order_id)).state == "open"
    clock.move(MINUTE)
    await kit.order_checks.check_due()
    assert (await PayOrder.get(id=ordered.order_id)).state == "closed"


async def test_a_payment_between_query_and_closing_counts(kit: PaymentKit, deps: Deps, clock: FixedClock) -> None:
    fee = await make_fee(deps)
    ordered = await kit.orders.order(owner_of(fee), fee.id, "native")
    order = await PayOrder.get(id=ordered.order_id)
    kit.platform.pay(ordered.out_trade_no)
    await kit.order_checks._close_order(order)  # the query came before the payment
    assert (await Fee.get(id=fee.id)).state == "paid"


async def test_an_order_the_platform_never_got_ends_quietly(kit: PaymentKit, deps: Deps, clock: FixedClock) -> None:
    fee = await make_fee(deps)
    kit.platform.before["order_native"] = [UNKNOWN]
    with pytest.raises(Unavailable):
        await kit.orders.order(owner_of(fee), fee.id, "native")
    clock.move(20 * MINUTE)
    await kit.order_checks.check_due()
    assert [order.state for order in await PayOrder.all()] == ["closed"]


async def test_a_paid_fee_has_its_other_orders_closed(kit: PaymentKit, deps: Deps, clock: FixedClock) -> None:
    fee = await make_fee(deps)
    native = await kit.orders.order(owner_of(fee), fee.id, "native")
    page = await kit.orders.order(owner_of(fee), fee.id, "jsapi", openid="o-one")
    await kit.notify(kit.platform.pay(native.out_trade_no))
    await kit.settle_all()
    await kit.order_checks.check_due()
    assert (await PayOrder.get(id=page.order_id)).state == "closed"
    assert kit.platform.orders[page.out_trade_no].state == "CLOSED"


async def test_what_is_shown_never_holds_the_whole_name(kit: PaymentKit, deps: Deps) -> None:
    fee = await make_fee(deps)
    name = (await Account.get(id=fee.account_id)).real_name
    assert name not in str(await kit.payments.list_own_fees(owner_of(fee)))
