"""What people ask about staying in the pool: term, age, renewal, continuing education, leaving and coming back."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from models.accounts import Account
from models.experts import Expert
from tests.factories.applicants import make_application
from tests.factories.applications import make_campaign
from tests.factories.courses import School
from tests.factories.exams import make_office
from tests.factories.people import make_account, make_sanction
from tests.handlers.conftest import NOON, Phone, World

DAY = timedelta(days=1)


async def set_columns(expert: Expert, **columns: object) -> None:
    await Expert.filter(id=expert.id).update(**columns)


async def account_of(expert: Expert) -> Account:
    return await Account.get(id=(await Expert.get(id=expert.id)).account_id)


async def register(expert: Expert) -> None:
    """As 实名注册 leaves the account of a person whose file was imported."""
    own = await Expert.get(id=expert.id)
    numbers = {"id_number_sealed": own.id_number_sealed, "id_number_hash": own.id_number_hash}
    await Account.filter(id=own.account_id).update(registered_at=NOON, **numbers)


# ---- term and age


async def test_a_term_ahead_names_its_end_and_the_renewal(phone: Phone, expert: Expert) -> None:
    await set_columns(expert, term_until=NOON + 400 * DAY)
    shown = await phone.says("聘期到什么时候")
    assert shown.startswith("您的聘期至2027年12月26日")
    assert "没有接受续聘的征集" in shown
    assert "/h5/demo/file" in shown


async def test_a_term_that_is_over_says_that_the_file_stays(phone: Phone, expert: Expert) -> None:
    await set_columns(expert, term_until=NOON - DAY)
    shown = await phone.says("聘期到什么时候")
    assert "已于2026年11月20日届满，现在不抽取您；您仍在库" in shown


async def test_without_a_term_nothing_ends(phone: Phone) -> None:
    assert (await phone.says("聘期到什么时候")).startswith("您的档案没有登记聘期截止日期")


async def test_the_age_limit_is_the_pool_s_and_the_day_one_s_own(world: World, phone: Phone, expert: Expert) -> None:
    await set_columns(expert, born_on=date(1960, 2, 29))
    shown = await phone.says("70岁还能评吗")
    assert shown.startswith("在库年龄上限是68周岁，满69周岁起不再抽取")
    assert "您从2029年3月1日起不再抽取" in shown
    await set_columns(expert, born_on=date(1950, 1, 1))
    assert "您已满69周岁，现在不抽取您" in await phone.says("70岁还能评吗")
    world.set_rules(entry={"age_max": None})
    assert (await phone.says("70岁还能评吗")).startswith("本专家库在系统里没有设置在库年龄上限")


async def test_a_stranger_is_told_what_holds_for_all(stranger: Phone) -> None:
    for sentence, general in (
        ("70岁还能评吗", "上限是68周岁"),
        ("怎么续聘", "办法与首次申报相同"),
        ("继续教育没学完会被暂停吗", "暂停抽取，补学完成后自动恢复"),
        ("我要退库", "注销账号即同时退库"),
    ):
        shown = await stranger.says(sentence)
        assert general in shown
        assert "绑定身份" in shown


# ---- renewal


async def test_renewal_says_what_can_be_done_now(world: World, phone: Phone, expert: Expert) -> None:
    await set_columns(expert, term_until=NOON + 60 * DAY)
    shown = await phone.says("怎么续聘")
    assert shown.startswith("现在没有接受续聘的征集")
    assert "审核通过后还有公示、缴费，完成后续聘生效" in shown
    assert "不会自动续聘" in shown
    campaign = await make_campaign(world.services.deps, opens=NOON + DAY)
    assert "起可以办理续聘" in await phone.says("怎么续聘")
    world.clock.move(2 * DAY)
    shown = await phone.says("怎么续聘")
    assert shown.startswith("请在12月22日")
    assert "/h5/demo/apply?entry_type=renewal" in shown
    await make_application(world.services.deps, await account_of(expert), campaign_id=campaign.id, entry_type="renewal")
    assert (await phone.says("怎么续聘")).startswith("您的续聘正在办理")


async def test_without_an_end_of_the_term_nobody_is_sent_to_a_renewal(world: World, phone: Phone) -> None:
    await make_campaign(world.services.deps)
    shown = await phone.says("怎么续聘")
    assert "没有聘期截止日期，目前不会因聘期停下抽取，不用着急续聘" in shown
    assert "entry_type=renewal" not in shown


async def test_what_is_asked_of_a_renewal_stands_first(phone: Phone, expert: Expert) -> None:
    await set_columns(expert, term_until=NOON + 60 * DAY)
    assert (await phone.says("续聘要考试吗")).startswith("办法与首次申报相同")
    assert (await phone.says("不续聘会怎么样")).startswith("您的聘期至2027年1月20日")


async def test_the_age_for_renewal_is_the_form_s(world: World, phone: Phone) -> None:
    assert (await phone.says("68岁还给不给续聘")).startswith("续聘、申请另有年龄要求：不超过65周岁")
    world.set_rules(form={"age_max": None})
    assert "年龄要求" not in await phone.says("68岁还给不给续聘")


async def test_a_pool_without_renewals_says_so(world: World, phone: Phone) -> None:
    world.set_rules(campaigns={"entry_types": ("first", "change")})
    shown = await phone.says("怎么续聘")
    assert shown.startswith("本库不在线办理续聘，请拨打400-000-0000")
    assert "没有聘期截止日期" in shown
    assert "首次申报相同" not in shown


# ---- continuing education


async def test_courses_are_shown_with_what_happens_otherwise(world: World) -> None:
    school = School(world.services, await make_office(world.office.deps), world.clock)
    expert = await school.expert()
    phone = await world.phone_with(await Account.get(id=expert.account_id))
    assert "没有需要参加的培训" in await phone.says("继续教育在哪学")
    await school.published(required=True)
    shown = await phone.says("继续教育没学完会被暂停吗")
    assert shown.startswith("必修课程逾期没有学完的，暂停抽取")
    assert "可以补学1次" in shown
    assert "/h5/demo/courses/" in shown
    world.set_rules(course={"make_ups": 0})
    assert "补学1次" not in await phone.says("继续教育没学完会被暂停吗")
    world.set_rules(course={"undrawn": False})
    assert "不会因此暂停抽取" in await phone.says("继续教育没学完会被暂停吗")


async def test_exemptions_are_for_the_office_to_decide(phone: Phone) -> None:
    assert (await phone.says("出国了继续教育怎么完成")).startswith("免修、延期")
    assert "以课程页面为准" in await phone.says("继续教育多少学时")


async def test_a_pool_that_offers_none_says_so(world: World, phone: Phone, stranger: Phone) -> None:
    world.set_rules(course={"offered": False})
    for person in (phone, stranger):
        assert (await person.says("继续教育没学完会被暂停吗")).startswith("本专家库不在这里组织继续教育")


async def test_where_one_enrols_first_the_campaign_is_named(world: World, phone: Phone, expert: Expert) -> None:
    types = world.services.deps.book("demo").campaigns.entry_types
    world.set_rules(campaigns={"entry_types": (*types, "education")})
    await make_campaign(world.services.deps, opens=NOON - DAY, entry_types=["education"])
    await register(expert)
    shown = await phone.says("继续教育怎么报名")
    assert "请先办理继续教育报名" in shown
    assert "entry_type=education" in shown


# ---- leaving


async def test_leaving_is_closing_the_account_and_done_on_its_page(phone: Phone, expert: Expert) -> None:
    shown = await phone.says("我要退库")
    assert shown.startswith("退库由您本人办理：注销账号即同时退库")
    assert "/h5/demo/account/data" in shown
    assert "现在还不能注销" not in shown
    assert await Expert.exists(id=expert.id, left_at=None)


async def test_what_has_to_end_first_is_named(world: World, phone: Phone, expert: Expert) -> None:
    await make_application(world.services.deps, await account_of(expert), entry_type="change")
    await world.make_accepted_panel(expert)
    shown = await phone.says("怎么退库")
    assert "现在还不能注销：有没结束的评标，有办理中的申请" in shown
    await world.call_again(expert)
    assert "有待答复的评标邀请，有没结束的评标" in await phone.says("怎么退库")


# ---- coming back


async def test_a_stranger_may_apply_anew(world: World, stranger: Phone) -> None:
    assert (await stranger.says("重新入库")).startswith("可以重新申请入库，按首次申请办理")
    world.set_rules(registration={"open": False, "closed": "暂不受理入库申请，请拨打12345。"})
    shown = await stranger.says("重新入库")
    assert shown.startswith("暂不受理入库申请")
    assert "注册" not in shown


async def test_who_is_in_the_pool_need_not_come_back(phone: Phone, expert: Expert) -> None:
    assert f"您现在就在库，编号{expert.number}" in await phone.says("重新入库")


async def test_who_left_applies_anew_and_keeps_the_number(world: World, phone: Phone, expert: Expert) -> None:
    await set_columns(expert, left_at=NOON - DAY)
    assert "实名注册" in await phone.says("重新入库")
    await register(expert)
    shown = await phone.says("重新入库")
    assert shown.startswith("可以重新申请入库：重新填表并经审核，之后还有公示、缴费，通过后沿用原来的专家编号")
    assert "被退库" not in shown
    assert "现在没有开始的征集" in shown
    await make_campaign(world.services.deps, opens=NOON - DAY)
    assert "entry_type=first" in await phone.says("重新入库")


@pytest.mark.parametrize(("days", "way"), [(1, "成立后恢复入库"), (900, "对退库有疑问的，请拨打400-000-0000")])
async def test_who_was_removed_reads_why(phone: Phone, expert: Expert, days: int, way: str) -> None:
    await make_sanction(expert, "removal", reason="提供虚假材料", decided_at=NOON - days * DAY)
    await set_columns(expert, left_at=NOON - days * DAY)
    shown = await phone.says("重新入库")
    assert "您是被退库的，原因：提供虚假材料" in shown
    assert way in shown


async def test_who_is_applying_sees_the_progress(world: World) -> None:
    account = await make_account(world.services.deps)
    await make_application(world.services.deps, account, state="reviewing", submitted_at=NOON)
    phone = await world.phone_with(account)
    assert (await phone.says("重新入库")).startswith("您的申请正在办理")
