"""Questions about paying, answered for the person's own fee in its present phase, else by the pool's rules."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest

from domain.rulebook.book import Rulebook
from models.accounts import Account
from models.payments import Fee
from services.core.base import Actor, rows
from tests.factories.courses import DAY, School
from tests.factories.exams import make_office, work
from tests.factories.payments import FakePlatform, make_application, make_fee, platform_of
from tests.factories.people import make_account
from tests.handlers.conftest import NOON, Phone, World

HOW, BOOKED, FAILED = "怎么缴费", "缴费没到账", "付款失败"
FOR_OTHER, DEADLINE = "可以让别人帮我交吗", "缴费截止时间"
QUESTIONS = (HOW, BOOKED, FAILED, FOR_OTHER, DEADLINE, "怎么退费")


def drop_fee(world: World) -> None:
    """Make the demo pool one that charges nothing."""
    rulebooks = cast("dict[str, Rulebook]", world.services.deps.rulebooks)
    rulebooks["demo"] = rulebooks["demo"].model_copy(update={"fee": None})


async def make_payer(world: World, **columns: Any) -> tuple[Phone, Fee]:
    """A person with a fee, which can be paid now unless ``columns`` say otherwise."""
    fee = await make_fee(world.services.deps, await make_application(world.services.deps), **columns)
    return await world.phone_with(await Account.get(id=fee.account_id)), fee


async def make_applicant(world: World, **columns: Any) -> Phone:
    """A person whose application is under way and who has no fee so far."""
    application = await make_application(world.services.deps, state="reviewing", approved_at=None, **columns)
    return await world.phone_with(await Account.get(id=application.account_id))


async def order(world: World, fee: Fee) -> str:
    """The number of an order at the platform that is not paid."""
    payer = Actor("demo", "applicant", fee.account_id)
    return (await world.services.payments.orders.order(payer, fee.id, "native")).out_trade_no


async def pay(world: World, fee: Fee) -> None:
    """Pay and count the payment."""
    report = platform_of(world.services.payments).pay(await order(world, fee))
    await world.services.payments.order_checks.settlement.apply_trade("demo", report)
    await world.services.payments.webhooks.process_due()


async def count_images() -> int:
    """Images with a code that were deferred."""
    return len(await rows("SELECT id FROM procrastinate_jobs WHERE task_name = 'payments.qr_image'"))


@pytest.fixture
def platform(world: World) -> FakePlatform:
    return platform_of(world.services.payments)


@pytest.mark.parametrize("question", QUESTIONS)
async def test_where_nothing_is_charged_everybody_is_warned_of_who_asks_for_money(
    world: World, phone: Phone, stranger: Phone, question: str
) -> None:
    drop_fee(world)
    hotline = world.services.deps.book("demo").pool.hotline
    for each in (phone, stranger):
        screen = await each.says(question)
        assert "不收取任何费用" in screen
        assert f"先拨打{hotline}核实" in screen
        assert ("请保存微信账单" in screen) == (question == BOOKED)


@pytest.mark.parametrize("question", [BOOKED, FAILED, "怎么退费"])
async def test_a_stranger_reads_the_rule_and_is_asked_to_bind(stranger: Phone, question: str) -> None:
    screen = await stranger.says(question)
    assert "绑定身份" in screen
    assert screen.index("请先绑定身份") > 20, "the rule stands first"


async def test_a_stranger_reads_what_an_entry_costs_and_how_to_pay_for_others(stranger: Phone) -> None:
    assert "申请入库要缴培训费1.00元，审核通过1分钟后可以缴费" in await stranger.says(HOW)
    assert "/h5/demo/pay?other=1" in await stranger.says(FOR_OTHER)


# ---- how to pay


async def test_a_fee_that_is_due_is_shown_with_link_basis_and_image(world: World) -> None:
    phone, _ = await make_payer(world)
    screen = await phone.says(HOW)
    assert screen.startswith("只支持微信支付")
    assert ("¥350.00" in screen, "/h5/demo/pay" in screen, "不用输专家编号" in screen) == (True, True, True)
    assert f"收费依据：{world.services.deps.book('demo').fee.legal_basis}" in screen  # type: ignore[union-attr]
    assert await count_images() == 1


async def test_a_second_fee_is_named(world: World) -> None:
    phone, fee = await make_payer(world)
    earlier = {"title": "继续教育费", "created_at": NOON - timedelta(days=1)}
    await make_fee(world.services.deps, account_id=fee.account_id, **earlier)
    assert "另有待缴：继续教育费" in await phone.says(HOW)


async def test_a_fee_that_is_not_due_says_its_state(world: World) -> None:
    phone, fee = await make_payer(world, opens_at=NOON + timedelta(days=2))
    assert "11月23日(周一) 12:00起可以缴费" in await phone.says(HOW)
    await Fee.filter(id=fee.id).update(opens_at=NOON - timedelta(days=2), closes_at=NOON - timedelta(minutes=1))
    assert "缴费已于11月21日 11:59截止" in await phone.says(HOW)
    assert await count_images() == 0


async def test_before_any_fee_it_says_what_will_be_charged(world: World, phone: Phone) -> None:
    assert "继续教育按课程收费" in await phone.says(HOW)
    world.set_rules(course={"offered": False})
    assert "没有需要缴纳的费用" in await phone.says(HOW)
    applicant = await make_applicant(world)
    assert "培训费1.00元，审核通过1分钟后可以缴费" in await applicant.says(HOW)
    changing = await make_applicant(world, entry_type="change")
    screen = await changing.says(HOW)
    assert ("您办理的异动申请不收费" in screen, "微信支付" in screen) == (True, False)
    person = await world.phone_with(await make_account(world.services.deps))
    assert "申请入库要缴培训费1.00元" in await person.says(HOW)
    world.set_rules(entry={"stages": ("notice",)})
    assert "申请入库不收费" in await person.says(HOW)
    assert "申请不收费" in await applicant.says(HOW)


# ---- paid and not booked


async def test_a_payment_of_which_no_notice_came_is_found_by_the_question(world: World, platform: FakePlatform) -> None:
    phone, fee = await make_payer(world)
    platform.pay(await order(world, fee))
    world.clock.move(timedelta(seconds=10))
    screen = await phone.says(BOOKED)
    assert "“培训费”已经到账：11月21日(周六) 12:00缴费成功" in screen
    assert f"/h5/demo/pay?fee={fee.id}" in screen
    assert (await Fee.get(id=fee.id)).state == "paid"


async def test_what_was_not_paid_says_not_to_pay_twice_and_whom_to_ask(world: World) -> None:
    phone, fee = await make_payer(world)
    screen = await phone.says(BOOKED)
    assert "请先不要再付" in screen
    assert "微信支付单号告诉400-000-0000" in screen
    assert f"/h5/demo/pay?fee={fee.id}" in screen
    await Fee.filter(id=fee.id).update(closes_at=NOON - timedelta(minutes=1))
    screen = await phone.says(BOOKED)
    assert "缴费时间已于11月21日 11:59截止" in screen
    assert "/h5/demo/pay" not in screen


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"state": "refunded", "paid_at": NOON}, "已全额退费"),
        ({"state": "void"}, "如已付款会自动退回"),
        ({"opens_at": NOON + timedelta(days=1)}, "还没有到缴费时间"),
    ],
)
async def test_a_fee_that_can_not_be_booked_says_why(world: World, columns: dict[str, Any], expected: str) -> None:
    phone, _ = await make_payer(world, **columns)
    assert expected in await phone.says(BOOKED)


async def test_who_has_no_fee_paid_elsewhere(phone: Phone) -> None:
    screen = await phone.says(BOOKED)
    assert "没有您名下的待缴或已缴费用" in screen
    assert "400-000-0000" in screen


async def test_a_paid_course_that_is_not_open_yet_says_from_when(world: World) -> None:
    school = School(world.services, await make_office(world.office.deps), world.clock)
    expert = await school.expert()
    await school.published(amount=12_000, after=3 * DAY)
    phone = await world.phone_with(await Account.get(id=expert.account_id))
    await school.pay(await school.enrolment(expert))
    assert "已缴费，11月24日(周二) 12:00起可以学习" in await phone.says(BOOKED)


# ---- payment fails


async def test_a_payment_that_fails_gets_hints_and_a_new_code(world: World) -> None:
    phone, _ = await make_payer(world)
    screen = await phone.says(FAILED)
    assert screen.startswith("付款码长按或从相册识别不能支付")
    assert ("请别人代付" in screen, "/h5/demo/pay" in screen, "400-000-0000" in screen) == (True, True, True)
    assert await count_images() == 1
    world.set_rules(fee={"pay_for_others": False})
    assert "代付" not in await phone.says(FAILED)


async def test_a_payment_that_did_not_fail_is_booked_by_the_question(world: World, platform: FakePlatform) -> None:
    phone, fee = await make_payer(world)
    platform.pay(await order(world, fee))
    world.clock.move(timedelta(seconds=10))
    assert "缴费成功，无需重复支付" in await phone.says(FAILED)
    assert await count_images() == 0


async def test_without_a_fee_to_pay_there_is_no_button(world: World) -> None:
    early, _ = await make_payer(world, opens_at=NOON + timedelta(days=2))
    screen = await early.says(FAILED)
    assert ("所以没有缴费按钮" in screen, "11月23日(周一) 12:00起" in screen) == (True, True)
    late, _ = await make_payer(world, closes_at=NOON - timedelta(days=1))
    screen = await late.says(FAILED)
    assert ("没有缴费按钮" in screen, "截止" in screen) == (False, True)
    screen = await (await make_applicant(world)).says(FAILED)
    assert ("所以没有缴费按钮" in screen, "审核通过1分钟后可以缴费" in screen) == (True, True)


# ---- somebody else pays


async def test_somebody_else_pays_by_the_expert_number(world: World) -> None:
    phone, fee = await make_payer(world)
    screen = await phone.says(FOR_OTHER)
    assert screen.startswith("可以代付")
    assert f"您的专家编号是{fee.expert_number}" in screen
    assert "不支持对公转账" in screen
    assert "/h5/demo/pay?other=1" in screen


async def test_where_only_the_person_pays_no_page_is_offered(world: World) -> None:
    phone, fee = await make_payer(world)
    world.set_rules(fee={"pay_for_others": False})
    screen = await phone.says(FOR_OTHER)
    assert screen.startswith("本专家库只能由本人缴费")
    assert ("other=1" in screen, fee.expert_number in screen) == (False, False)
    assert "¥350.00" in await phone.taps("缴费")


# ---- until when


async def test_the_deadline_of_a_fee_in_each_phase(world: World) -> None:
    phone, fee = await make_payer(world)
    screen = await phone.says(DEADLINE)
    assert ("“培训费”请在11月26日 12:00前完成缴费" in screen, f"pay?fee={fee.id}" in screen) == (True, True)
    await Fee.filter(id=fee.id).update(closes_at=None)
    assert "没有截止" in await phone.says(DEADLINE)
    await Fee.filter(id=fee.id).update(opens_at=NOON + timedelta(days=1))
    assert "11月22日(周日) 12:00起可以缴费，届时" in await phone.says(DEADLINE)
    await Fee.filter(id=fee.id).update(closes_at=NOON + timedelta(days=2))
    assert "起可以缴费，11月23日 12:00截止" in await phone.says(DEADLINE)
    await Fee.filter(id=fee.id).update(opens_at=NOON - timedelta(days=2), closes_at=NOON - timedelta(days=1))
    assert "不能在这里补缴；可否补缴、延期，请拨打400-000-0000" in await phone.says(DEADLINE)
    await Fee.filter(id=fee.id).update(state="paid", paid_at=NOON)
    assert "已缴费，不用再缴" in await phone.says(DEADLINE)


async def test_before_approval_the_deadline_is_to_come(world: World, phone: Phone, stranger: Phone) -> None:
    for each in (await make_applicant(world), stranger):
        assert "审核通过1分钟后开始缴费，开始时会通知您；设有截止时间的，不少于10分钟" in await each.says(DEADLINE)
    changing = await make_applicant(world, entry_type="change")
    assert "没有需要缴纳的费用" in await changing.says(DEADLINE)
    assert "没有需要缴纳的费用" in await phone.says(DEADLINE)


async def test_a_course_that_is_over_can_be_paid_to_make_it_up(world: World) -> None:
    school = School(world.services, await make_office(world.office.deps), world.clock)
    expert = await school.expert()
    await school.published(amount=12_000, required=True)
    phone = await world.phone_with(await Account.get(id=expert.account_id))
    world.clock.move(40 * DAY)
    await work(world.services, "course_end", "course_close")
    screen = await phone.says(DEADLINE)
    assert "缴费后可以补学" in screen
    assert f"/h5/demo/courses/{(await school.enrolment(expert)).id}" in screen
