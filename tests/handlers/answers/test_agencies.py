"""Agencies and tenderers ask how one joins, about agents, and how a draw is applied for."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest

from domain.clock import print_date
from handlers import wording
from models.accounts import Account
from models.draws import Draw
from models.organisations import AgentLink, Organisation
from tests.factories import draw_states, offices
from tests.factories.people import make_account, make_agent_link
from tests.handlers.conftest import Phone, World

JOIN, AGENTS, APPLY, CONDITIONS = "代理怎么注册", "怎么加经办人", "怎么申请抽取", "抽取条件怎么设"
COMPANY = "粤和招标代理有限公司"


@pytest.fixture
async def entity(world: World) -> Phone:
    """The phone of the legal entity."""
    return await world.phone_with(await Account.get(id=world.office.agency.account_id))


async def link_agent(world: World, **columns: object) -> tuple[Phone, AgentLink]:
    account = await make_account(world.office.deps)
    organisation = await Organisation.get(id=world.office.agency.organisation_id)
    link = await make_agent_link(organisation, account, **columns)
    return await world.phone_with(account), link


def leads_to(shown: str, path: str) -> bool:
    return f'next={path.replace("/", "%2F")}"' in unescape(shown)


async def test_a_stranger_joins_by_logging_in(stranger: Phone) -> None:
    shown = await stranger.says(JOIN)
    assert shown.startswith("不用申请、不用审核")
    assert "实名等级不低于4级" in shown
    assert "个人不能发起抽取" in shown
    assert "/h5/login?pool=demo" in shown
    assert ">绑定身份<" in shown


async def test_where_a_person_may_draw_he_is_not_refused(world: World, stranger: Phone) -> None:
    world.set_rules(login={"natural_person_may_draw": True, "assurance_level_minimum": 3})
    shown = await stranger.says(JOIN)
    assert "实名等级不低于3级" in shown
    assert "个人不能发起抽取" not in shown


async def test_who_has_joined_is_told_so(entity: Phone) -> None:
    shown = await entity.says(JOIN)
    assert f"您已经可以办理抽取：法人 · {COMPANY}" in shown
    assert ">我的工作<" in shown


@pytest.mark.parametrize("sentence", [JOIN, AGENTS])
async def test_who_is_asked_to_be_an_agent_answers_first(world: World, sentence: str) -> None:
    phone, link = await link_agent(world, accepted_at=None)
    shown = await phone.says(sentence)
    assert f"{COMPANY}请您担任经办人，接受后就能办理" in shown
    assert "/h5/demo/agent-requests" in shown
    assert (await AgentLink.get(id=link.id)).accepted_at is None, "nothing is accepted by a sentence"


async def test_whose_identity_is_weak_learns_what_to_raise(world: World) -> None:
    account = await make_account(world.office.deps, weak_identity_at=world.clock.now())
    phone = await world.phone_with(account)
    shown = await phone.says(JOIN)
    assert "您的实名等级不够，请在统一身份认证平台升到4级" in shown
    assert world.office.deps.book("demo").pool.hotline in shown


async def test_a_legal_entity_counts_its_agents(world: World, entity: Phone) -> None:
    await link_agent(world)
    await link_agent(world, accepted_at=None)
    shown = await entity.says(AGENTS)
    assert "您单位现有经办人1人，等待接受1人。" in shown
    assert "不填为30天，最长1095天，一天最多请20人" in shown
    assert "目前没有只读权限，也不能把项目转给同事" in shown
    assert leads_to(shown, "/agency/agents")


async def test_an_agent_reads_his_own_appointment(world: World) -> None:
    phone, link = await link_agent(world)
    shown = await phone.says(AGENTS)
    assert f"您是{COMPANY}的经办人，有效期至{print_date(link.valid_until)}。" in shown
    assert "由法人账号办理" in shown
    await Account.filter(id=link.account_id).update(weak_identity_at=world.clock.now())
    assert "现在暂停：您的实名等级不够" in await phone.says(AGENTS)


async def test_an_appointment_that_has_ended_gives_no_rights(world: World) -> None:
    phone, link = await link_agent(world)
    world.clock.set(link.valid_until + timedelta(seconds=1))
    shown = await phone.says(AGENTS)
    assert "经办人由单位的法人账号添加" in shown
    assert "您目前没有法人或经办人身份" in shown


async def test_the_way_to_a_draw_has_the_provinces_numbers(world: World, entity: Phone) -> None:
    shown = await entity.says(APPLY)
    assert "呼叫时段00:00-24:00，周末也呼叫；最早评标开始前7天启动，集合前5分钟不再呼叫新的专家。" in shown
    assert "演示省公共资源交易中心核验通过后三方摇号" in shown
    assert leads_to(shown, "/agency/draws/new")
    world.set_rules(draw={"earliest_before_evaluation": None, "earliest_working_days": 2})
    assert "最早评标前2个工作日启动" in await entity.says(APPLY)
    world.set_rules(draw={"earliest_working_days": None})
    assert "核验后多早都可以启动" in await entity.says(APPLY)


@pytest.mark.parametrize("permitted", [True, False])
async def test_emergency_experts_are_named_where_they_are_permitted(
    world: World, entity: Phone, permitted: bool
) -> None:
    rules = world.office.deps.book("demo").draw.emergency.model_copy(update={"conditions": permitted})
    world.set_rules(draw={"emergency": rules})
    for sentence in (APPLY, CONDITIONS):
        assert ("可以只抽应急专家" in await entity.says(sentence)) is permitted, sentence
    assert "没有加急通道" in await entity.says(APPLY)


async def test_what_waits_already_is_offered_before_a_new_draw(world: World, entity: Phone) -> None:
    draw = await Draw.get(id=await draw_states.verified(world.office))
    shown = await entity.says(APPLY)
    assert f"您在办的{draw.number}：核验已通过，请开始三方摇号。" in shown
    assert leads_to(shown, f"/agency/draws/{draw.id}")


async def test_the_conditions_of_the_own_draft_are_opened(world: World, entity: Phone) -> None:
    rules = world.office.deps.book("demo")
    shown = await entity.says(CONDITIONS)
    assert f"最多{rules.draw.experts_max}人、{rules.draw.conditions_max}个条件" in shown
    assert "地区按常驻地或意愿评标地，一个条件可选几个地区，主专业抽完才抽备选专业" in shown
    assert wording.break_long_lines(rules.remuneration.payer_note) in shown
    assert leads_to(shown, "/agency/draws")
    draw_id = await offices.make_draw(world.office)
    assert leads_to(await entity.says(CONDITIONS), f"/agency/draws/{draw_id}/conditions")


async def test_a_province_with_fewer_kinds_of_conditions_names_fewer(world: World, entity: Phone) -> None:
    world.set_rules(draw={"region_modes": ("permanent",), "several_regions": False, "alternative_specialty": False})
    shown = await entity.says(CONDITIONS)
    assert "地区按常驻地。" in shown
    assert world.office.deps.book("demo").remuneration.payer_note not in shown


@pytest.mark.parametrize(("sentence", "fact"), [(APPLY, "在“新建抽取”依次填"), (CONDITIONS, "人数填要从库里抽的人数")])
async def test_a_stranger_gets_the_general_answer(stranger: Phone, sentence: str, fact: str) -> None:
    shown = await stranger.says(sentence)
    assert shown.startswith(fact)
    assert ">绑定身份<" in shown
