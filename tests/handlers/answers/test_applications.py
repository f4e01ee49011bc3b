"""How to apply, who may, when, and what somebody does who was an expert before."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.applications.lifecycles import ApplicationState
from domain.rulebook.reading import print_length
from models.accounts import Account
from models.applications import Application
from models.experts import Expert
from tests.factories.applicants import make_applicant, make_application
from tests.factories.applications import make_campaign
from tests.factories.people import make_account, make_expert, make_grant
from tests.handlers.conftest import NOON, Phone, World

CLOSED = "请向主管部门咨询。"
YOUNG = "110105198012310020"
DAY = timedelta(days=1)
_S = ApplicationState


async def registered_account(world: World, id_number: str = YOUNG, **columns: Any) -> Account:
    deps = world.office.deps
    sealed = deps.keys.seal(id_number, "id_number")
    identity = {"id_number_sealed": sealed, "id_number_hash": deps.keys.lookup_hash("id_number", id_number)}
    return await make_account(deps, registered_at=NOON, **identity | columns)


async def registered_phone(world: World, **columns: Any) -> Phone:
    return await world.phone_with(await registered_account(world, **columns))


def mobile_of(world: World, account: Account) -> str:
    return world.office.deps.keys.open_text(account.mobile_sealed, "mobile")


async def staff_phone(world: World) -> Phone:
    account = await make_account(world.office.deps)
    await make_grant(account, "venue")
    return await world.phone_with(account)


# ---- how


async def test_a_guest_and_staff_hear_the_pools_steps(world: World, stranger: Phone) -> None:
    world.set_rules(help={"faq": ()})
    first_step = world.office.deps.book("demo").help.guide.splitlines()[0]
    for phone in (stranger, await staff_phone(world)):
        told = await phone.says("入库流程")
        assert told.startswith("由本人注册、填写申报")
        assert first_step in told
        assert "/h5/demo/apply" in told
    await stranger.says("入库流程")
    assert "您是否同意" in await stranger.taps("绑定身份")


@pytest.mark.parametrize(
    "sentence", ["入库流程", "申报条件", "什么时候申报", "需要哪些材料", "怎么选专业", "地区怎么选"]
)
async def test_a_closed_pool_says_so_first(world: World, stranger: Phone, sentence: str) -> None:
    world.set_rules(help={"faq": ()}, registration={"open": False, "closed": CLOSED})
    told = await stranger.says(sentence)
    assert told.startswith(CLOSED)
    assert "/h5/demo/apply" not in told
    assert "办理指南" in told


async def test_an_applicant_of_a_closed_pool_is_answered_as_before(world: World) -> None:
    applicant = await make_applicant(world.office.deps, state=_S.REVIEWING, submitted_at=NOON, round=1, step=0)
    world.set_rules(registration={"open": False, "closed": CLOSED})
    phone = await world.phone_with(applicant.account)
    assert "您的申请正在行业部门预审" in await phone.says("什么时候申报")
    assert CLOSED not in await phone.says("申报条件")


async def test_a_registered_person_is_led_to_the_open_campaign(world: World) -> None:
    phone = await registered_phone(world)
    assert (await phone.says("怎么申报")).startswith("目前没有公布的征集")
    await make_campaign(world.office.deps)
    told = await phone.says("怎么申报")
    assert "专家常态征集" in told
    assert "/h5/demo/apply?entry_type=first" in told
    assert await Application.all().count() == 0


async def test_an_expert_hears_that_he_need_not_apply(world: World, phone: Phone, expert: Expert) -> None:
    told = await phone.says("怎么申报")
    assert told.startswith("您已是在库专家，不用再申请入库。")
    assert "注册后才能办理续聘、变更等申请" in told, "an imported one, who has not registered"
    await Expert.filter(id=expert.id).update(membership_status="temporary")
    assert "不用再申请" not in await phone.says("怎么申报")


# ---- conditions


async def test_conditions_are_those_of_the_rulebook_and_the_announcement(world: World, stranger: Phone) -> None:
    book = world.office.deps.book("demo")
    told = await stranger.says("申报条件")
    assert told.startswith(f"年龄：超过{book.form.age_max}周岁不能申请。")
    assert "以征集公告和审核为准" in told
    assert f"请拨打{book.pool.hotline}咨询" in told
    await make_campaign(world.office.deps, announcement='须有高级职称<a href="x">。')
    qualifications = book.form.fields["qualifications"].model_copy(update={"instead_of": "title_level"})
    fields = {**book.form.fields, "qualifications": qualifications}
    world.set_rules(form={"age_max": None, "fields": fields})
    told = await stranger.says("申报条件")
    assert "年龄" not in told
    assert "没有职称的，可以填从业资格证书。" in told
    assert "公告：须有高级职称‹a" in told


async def test_who_is_too_old_or_was_refused_hears_that_first(world: World) -> None:
    campaign = await make_campaign(world.office.deps)
    old = await registered_phone(world, id_number="11010519491231002X")
    assert (await old.says("我能申报吗")).startswith("您已满76周岁，超过65周岁")
    world.set_rules(campaigns={"once": True})
    account = await registered_account(world)
    ended = {"campaign_id": campaign.id, "ended_at": NOON}
    await make_application(world.office.deps, account, state=_S.REFUSED, **ended)
    refused = await world.phone_with(account)
    assert (await refused.says("我能申报吗")).startswith("您在本次征集中的申请未通过")
    staff = await staff_phone(world)
    assert (await staff.says("申报条件")).startswith("年龄")


async def test_conditions_of_an_expert_are_those_of_renewal(world: World) -> None:
    deps = world.office.deps
    account = await registered_account(world)
    await make_expert(deps, mobile_of(world, account), account=account, id_number_hash=account.id_number_hash)
    phone = await world.phone_with(account)
    assert "续聘：目前没有接受续聘申请的征集" in await phone.says("申报条件")
    await make_campaign(deps)
    assert (await phone.says("申报条件")).startswith("您已在库，不用再申请入库；现在可以办理续聘。")
    types = tuple(each for each in deps.book("demo").campaigns.entry_types if each != "renewal")
    world.set_rules(campaigns={"entry_types": types})
    assert "续聘" not in await phone.says("申报条件")


# ---- when


async def test_when_applying_opens_and_ends(world: World, stranger: Phone) -> None:
    assert (await stranger.says("什么时候申报")).startswith("目前没有公布的征集")
    await make_campaign(world.office.deps, entry_types=["renewal"])
    assert (await stranger.says("什么时候申报")).startswith("目前没有公布的征集"), "one for experts only"
    await make_campaign(world.office.deps, name="下一批", opens=NOON + 40 * DAY)
    assert (await stranger.says("什么时候申报")).startswith("“下一批”12月31日(周四) 12:00开始报名")
    await make_campaign(world.office.deps, name="这一批", opens=NOON - DAY)
    told = await stranger.says("什么时候申报")
    assert told.startswith("“这一批”正在报名：11月20日(周五) 12:00至12月20日(周日) 12:00。")
    assert "请先注册" in await stranger.taps("申报")
    world.set_rules(campaigns={"required": False})
    assert (await stranger.says("什么时候申报")).startswith("全年都可以申请")


async def test_an_applicant_hears_the_own_deadline_first(world: World) -> None:
    campaign = await make_campaign(world.office.deps)
    applicant = await make_applicant(world.office.deps, campaign_id=campaign.id)
    phone = await world.phone_with(applicant.account)
    assert (await phone.says("申报截止时间")).startswith("您的申请请在12月20日(周日) 12:00前提交。")
    later = NOON + 35 * DAY
    await Application.filter(id=applicant.id).update(own_until=later)
    assert (await phone.says("申报截止时间")).startswith("您的申请请在12月26日(周六) 12:00前提交。")
    world.clock.set(later + DAY)
    assert (await phone.says("申报截止时间")).startswith("报名已于12月26日(周六) 12:00截止，已填写的内容会为您保留")


async def test_an_expert_hears_of_what_is_open_to_experts(world: World) -> None:
    account = await registered_account(world)
    mobile = mobile_of(world, account)
    await make_expert(world.office.deps, mobile, account=account, id_number_hash=account.id_number_hash)
    phone = await world.phone_with(account)
    assert (await phone.says("什么时候申报")).startswith("目前没有需要您报名的事项")
    await make_campaign(world.office.deps)
    assert "/h5/demo/apply?entry_type=renewal" in await phone.says("什么时候申报")


# ---- experts of old


async def test_an_old_expert_binds_instead_of_applying(world: World, stranger: Phone) -> None:
    told = await stranger.says("我原来就是专家")
    assert told.startswith("老专家不用重新申报：点“绑定身份”")
    assert "是身份证号的后8位" in told
    password = world.office.deps.book("demo").registration.password.model_copy(update={"initial_from_id": None})
    world.set_rules(registration={"password": password})
    assert "没有初始密码" in await stranger.says("我原来就是专家")
    assert "您是否同意" in await stranger.taps("绑定身份")


async def test_who_is_bound_hears_whether_he_is_on_file(world: World, phone: Phone, expert: Expert) -> None:
    told = await phone.says("我原来就是专家")
    assert told.startswith(f"您就是在库专家，编号{expert.number}（正式专家）")
    await Expert.filter(id=expert.id).update(membership_status="temporary")
    assert "目前是临时专家；成为正式专家请按“申报”办理" in await phone.says("我原来就是专家")
    assert (await phone.says("申报条件")).startswith("年龄：超过65周岁"), "he enters by an application"
    await Expert.filter(id=expert.id).update(left_at=NOON, membership_status="formal")
    told = await phone.says("我原来就是专家")
    assert told.startswith(f"您是本库的老专家（编号{expert.number}），目前已退库")
    other = await world.phone_with(await make_account(world.office.deps))
    assert "没有登记为在库专家" in await other.says("我原来就是专家")
    assert "400-000-0000" in other.screen


# ---- public notice


async def test_the_length_and_list_of_the_public_notice_are_told(world: World, stranger: Phone) -> None:
    lasts = print_length(world.office.deps.book("demo").notice.lasts)  # type: ignore[union-attr]
    told = await stranger.says("公示几天")
    assert f"审核通过后公示{lasts}" in told
    assert "/h5/demo/notice" in told


async def test_an_applicant_on_notice_hears_until_when(world: World) -> None:
    account = await registered_account(world)
    columns = {"submitted_at": NOON, "state": _S.NOTICE, "notice_from": NOON, "notice_until": NOON + 3 * DAY}
    await make_application(world.office.deps, account, **columns)
    told = await (await world.phone_with(account)).says("公示名单哪里看")
    assert told.startswith("您的申请公示中。公示至11月24日(周二) 12:00")
    assert "/h5/demo/notice" in told
