"""Employer, specialties, region and identity card: how they are entered, and how they are changed afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.applications.lifecycles import ApplicationState
from models.accounts import Account
from models.campaigns import EmployerRequest
from models.experts import CatalogueEntry, Expert
from tests.factories.applicants import make_application
from tests.factories.applications import SPECIALTY, make_codes
from tests.factories.people import make_account, make_grant
from tests.handlers.answers.test_application_papers import set_field
from tests.handlers.answers.test_application_states import set_specialties
from tests.handlers.answers.test_applications import CLOSED
from tests.handlers.conftest import NOON, Phone, World
from tests.handlers.test_progress import CASES, make_applicant_in_case

_S = ApplicationState
FORM, CHANGE = "/h5/demo/apply/form", "/h5/demo/apply?entry_type=change"


async def begin_change(world: World, expert: Expert) -> str:
    """The number of the change of the file that the expert is under way with."""
    account = await Account.get(id=(await Expert.get(id=expert.id)).account_id)
    columns = {"state": _S.REVIEWING, "entry_type": "change", "round": 1, "step": 0, "submitted_at": NOON}
    return (await make_application(world.office.deps, account, **columns)).number


# ---- employer


async def test_a_missing_unit_is_requested_and_its_answer_shown(world: World, stranger: Phone) -> None:
    assert (await stranger.says("单位找不到")).startswith("填写工作单位时，输入名称的一部分搜索")
    assert "申请添加" in stranger.screen
    phone, application = await make_applicant_in_case(world, CASES["draft"])
    columns = {"pool": "demo", "account_id": application.account_id}
    states = (("open", "", "甲"), ("added", "", "乙"), ("refused", "请填全称", "丙<b>"))
    for state, answer, name in states:
        at = NOON + timedelta(minutes=ord(name[0]) % 60)
        await EmployerRequest.create(name=name, state=state, answer=answer, created_at=at, **columns)
    told = await phone.says("单位找不到")
    assert "您申请添加的“甲”：等待添加" in told
    assert "您申请添加的“乙”：已添加，请搜索并选择" in told
    assert "您申请添加的“丙‹b›”：没有添加（请填全称）" in told
    assert FORM in told


async def test_where_the_unit_is_typed_the_pools_hint_is_told(world: World, stranger: Phone) -> None:
    world.set_rules(form={"employer_from_list": False})
    set_field(world, "employer", hint="没有请填写“无”。")
    told = await stranger.says("单位找不到")
    assert told.startswith("工作单位直接填写名称。\n填写说明：没有请填写“无”。")
    assert "申请添加" not in told


async def test_a_unit_that_was_handed_in_is_changed_like_the_rest(world: World) -> None:
    phone, _ = await make_applicant_in_case(world, CASES["first step"])
    assert "还没有部门作出决定，可以先撤回再修改" in await phone.says("单位找不到")


async def test_experts_change_their_unit_and_agencies_theirs_on_the_platform(world: World, phone: Phone) -> None:
    assert CHANGE in await phone.says("单位找不到")
    account = await make_account(world.office.deps)
    await make_grant(account, "venue")
    staff = await world.phone_with(account)
    agent = await world.phone_with(await Account.get(id=world.office.agency.account_id))
    told = await agent.says("单位找不到")
    assert told.startswith("单位名称和统一社会信用代码取自统一身份认证平台")
    assert "申请添加" not in told
    assert "您申请添加" not in await staff.says("单位找不到")


# ---- specialties


async def test_the_rule_of_specialties_is_that_of_the_form(world: World, stranger: Phone) -> None:
    told = await stranger.says("怎么选专业")
    assert told.startswith("评标专业可选1至6个，首选必入库，备选视情入库，提交后本次征集期间不可修改。")
    assert "选哪个由您决定" in told
    rule = {"count_min": 3, "count_max": 3, "level_1_max": 1, "level_2_max": 2, "third_level_only": True}
    set_specialties(world, preferred=False, fixed_once_submitted=False, one_class=True, **rule)
    expected = "评标专业须选3个，一级类别不超过1个，二级类别不超过2个，只能选同一个大类，只选三级专业。"
    assert (await stranger.says("怎么选专业")).startswith(expected)


async def test_a_code_in_the_sentence_is_named(world: World, stranger: Phone) -> None:
    await make_codes(world.office.deps.book("demo"))
    told = await stranger.says(f"{SPECIALTY}怎么选专业")
    assert told.startswith(f"{SPECIALTY}是“发展规划 › 总体规划”。")
    assert "是“" not in await stranger.says("Z990909怎么选专业")


SPECIALTIES = {
    "draft": "您的申请还没有提交，可以直接修改。",
    "first step": "可以先撤回再修改（评标专业除外：提交后，本次征集期间不能改）；改好须重新提交、重新审核。",
    "one specialty sent back": f"{FORM}?at=specialties",
    "public notice": "审核已通过，现在不能修改",
}


@pytest.mark.parametrize("name", SPECIALTIES)
async def test_an_applicant_changes_specialties_by_where_it_stands(world: World, name: str) -> None:
    phone, _ = await make_applicant_in_case(world, CASES[name])
    assert SPECIALTIES[name] in await phone.says("专业选错了")


async def test_an_expert_hears_his_specialties_and_how_they_change(world: World, phone: Phone, expert: Expert) -> None:
    told = await phone.says("怎么选专业")
    assert "您登记的评标专业：A08。" in told
    assert CHANGE in told
    assert "目前的抽取" in await phone.taps("为什么没抽到我") or "正常参加抽取" in phone.screen
    number = await begin_change(world, expert)
    told = await phone.says("怎么选专业")
    assert "您的异动申请还没有部门作出决定" in told
    assert f"number={number}" in told
    assert CHANGE not in told


@pytest.mark.parametrize("sentence", ["怎么选专业", "地区怎么选"])
async def test_a_pool_without_registration_has_no_choice_for_guests(
    world: World, stranger: Phone, phone: Phone, sentence: str
) -> None:
    world.set_rules(registration={"open": False, "closed": CLOSED})
    assert (await stranger.says(sentence)).startswith(CLOSED)
    assert CHANGE in await phone.says(sentence), "experts in the pool still change their file"


# ---- region


async def test_the_region_by_the_rulebook(world: World, stranger: Phone) -> None:
    told = await stranger.says("地区怎么选")
    assert told.startswith("居住地区：成为专家后在此地区被抽取，请慎重选择。")
    assert "抽取可以按常驻地，也可以按意愿评标地。" in told
    set_field(world, "region", label="所在市州", hint="", city_only=True, districts=False)
    world.set_rules(draw={"region_modes": ("permanent",)})
    told = await stranger.says("地区怎么选")
    assert told.startswith("所在市州只能选一个地区")
    assert "选到市州，不选区县。\n市区的选市本级" in told
    assert "抽取只按常驻地。" in told


async def test_an_expert_hears_his_regions_and_how_they_change(world: World, phone: Phone, expert: Expert) -> None:
    await CatalogueEntry.filter(kind="region", code="440100").update(name="演示市")
    told = await phone.says("怎么改常驻地")
    assert told.startswith("您的常驻地是演示市。\n意愿评标地：演示市；要改请拨打400-000-0000。")
    assert CHANGE in told
    await Expert.filter(id=expert.id).update(willing_regions=[])
    assert "没有登记意愿评标地；要登记请拨打400-000-0000" in await phone.says("怎么改常驻地")
    world.set_rules(draw={"region_modes": ("permanent",)}, campaigns={"change_after_course": True})
    told = await phone.says("怎么改常驻地")
    assert "意愿评标地" not in told
    assert "完成继续教育、考试合格并取得合格证书后" in told
    assert CHANGE not in told


async def test_an_applicant_changes_the_region_by_where_it_stands(world: World) -> None:
    phone, _ = await make_applicant_in_case(world, CASES["draft"])
    assert "您的申请还没有提交，可以直接修改。" in await phone.says("地区选错了")


# ---- identity card


async def test_no_card_expires_in_the_pool(world: World, stranger: Phone, phone: Phone) -> None:
    head = "专家库不登记证件有效期，不会因为证件到期暂停抽取"
    assert (await stranger.says("身份证过期了")).startswith(head)
    assert "您是否同意" in await stranger.taps("绑定身份")
    told = await phone.says("身份证过期了")
    assert told.startswith(head)
    assert CHANGE in told
    assert "由管理机构更换" in told
    draft, _ = await make_applicant_in_case(world, CASES["draft"])
    told = await draft.says("身份证过期了")
    assert "请换上新证件的扫描件" in told
    assert FORM in told
    assert "由管理机构更换" not in told


async def test_a_new_card_after_handing_in_changes_like_the_rest(world: World) -> None:
    phone, _ = await make_applicant_in_case(world, CASES["first step"])
    told = await phone.says("身份证过期了")
    assert "可以先撤回再修改" in told
    assert "请换上新证件的扫描件" not in told
    nobody = await world.phone_with(await make_account(world.office.deps))
    assert "申报</a>" in await nobody.says("身份证过期了")
