"""Agencies ask in their own words how a draw goes, and how it is withdrawn, moved or cancelled."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from html import unescape
from uuid import UUID

import pytest

from domain.clock import print_time
from models.accounts import Account
from models.draws import Condition, Draw, DrawApplication
from tests.factories import draw_states, offices
from tests.factories.offices import Office, add_experts, enter_all
from tests.factories.people import make_account, make_agent_link
from tests.handlers.conftest import Phone, World

HOW_FAR, NOT_FULL, VERIFIED = "抽到几个了", "抽不满怎么办", "核验到哪了"
WITHDRAW, MOVED, CANCELLED = "撤回抽取申请", "开标时间改了", "项目取消了"
QUESTIONS = (HOW_FAR, NOT_FULL, VERIFIED, WITHDRAW, MOVED, CANCELLED)
RUN, SUBMIT, EXIT = "/agency/draws/{}/run", "/agency/draws/{}/submit", "/draws/{}/exit"
RELEASE, EDIT, DRAW = "/agency/draws/{}/release", "/agency/draws/{}", "/draws/{}"

Way = Callable[[Office], Awaitable[UUID]]


@pytest.fixture
async def agency(world: World) -> Phone:
    await add_experts(world.office, 5)
    return await world.phone_with(await Account.get(id=world.office.agency.account_id))


async def recall_begun(office: Office) -> UUID:
    draw_id = await draw_states.recall_verified(office)
    await office.recalls.invite_panel(office.agency, draw_id)
    return draw_id


async def met(office: Office) -> UUID:
    draw_id = await draw_states.completed(office)
    await enter_all(draw_id)
    return draw_id


async def release_approved(office: Office) -> UUID:
    draw_id = await draw_states.asked_to_release(office)
    application = await DrawApplication.get(draw_id=draw_id, kind="release")
    await office.verification.approve(office.verifier, application.id)
    return draw_id


async def release_refused(office: Office) -> UUID:
    draw_id = await draw_states.asked_to_release(office)
    application = await DrawApplication.get(draw_id=draw_id, kind="release")
    await office.verification.refuse(office.verifier, application.id, "证明没有盖章")
    return draw_id


CASES: list[tuple[str, Way, str, str]] = [
    (HOW_FAR, draw_states.submitted, "已提交，已同意0人，共需1人。等待交易中心核验。", EDIT),
    (HOW_FAR, draw_states.verified, "下一步：核验已通过，请开始三方摇号。", RUN),
    (HOW_FAR, draw_states.committing, "前打开抽取页提交随机数。", RUN),
    (HOW_FAR, draw_states.seeded, "下一步：专家顺序已确定，请启动抽取（", RUN),
    (HOW_FAR, draw_states.drawing, "抽取中，已同意1人，共需2人。正在等待1位专家答复，还缺1人。", RUN),
    (HOW_FAR, draw_states.drawing, "已呼叫2人：不参加0人，没有答复0人，等待答复1人。", RUN),
    (HOW_FAR, draw_states.paused, "下一步：抽取已暂停，请继续抽取。", RUN),
    (HOW_FAR, draw_states.ending, "正在等待最后1位专家的结果。", RUN),
    (HOW_FAR, draw_states.completed, "抽取完成，已同意2人，共需2人。名单", RUN),
    (HOW_FAR, draw_states.short, "下一步：专家不足，请补抽。", RUN),
    (NOT_FULL, draw_states.drawing, "还在抽取，已同意1人，还缺1人", RUN),
    (NOT_FULL, draw_states.paused, "抽取已暂停，还缺1人，请继续抽取", RUN),
    (NOT_FULL, draw_states.ending, "还在抽取，已同意1人，还缺1人", RUN),
    (NOT_FULL, draw_states.short, "还缺1人，请启动补抽：按原来的顺序接着抽，不用再核验。", RUN),
    (NOT_FULL, draw_states.supplement_pending, "可以扩大地区补抽，最多3次，专业和职称不能改。", RUN),
    (NOT_FULL, draw_states.widening, "正在为扩大地区补抽三方摇号，还缺1人", RUN),
    (VERIFIED, draw_states.submitted, "还没核验，核验前可以撤回", SUBMIT),
    (VERIFIED, draw_states.submitted, "演示省公共资源交易中心，11月21日(周六) 12:00提交。", SUBMIT),
    (VERIFIED, draw_states.refused, "核验意见：缺少监督人", SUBMIT),
    (VERIFIED, draw_states.verified, "核验已通过，请开始三方摇号。", EDIT),
    (VERIFIED, draw_states.asked_to_release, "退选申请还没核验", RELEASE),
    (VERIFIED, release_approved, "退选已核验通过", RELEASE),
    (VERIFIED, release_refused, "核验意见：证明没有盖章", RELEASE),
    (WITHDRAW, draw_states.editing, "还没提交审核，没有呼叫专家", EDIT),
    (WITHDRAW, draw_states.submitted, "还没核验，可以撤回", SUBMIT),
    (WITHDRAW, draw_states.refused, "不再抽取的终止活动", EXIT),
    (WITHDRAW, draw_states.verified, "核验已通过，还没有呼叫专家：不再抽取的可以终止活动", EXIT),
    (WITHDRAW, draw_states.committing, "可以终止本轮摇号（最多3次）", EXIT),
    (WITHDRAW, draw_states.drawing, "正在呼叫专家，请马上打开", RUN),
    (WITHDRAW, draw_states.paused, "已经暂停，没有再呼叫新的专家", RUN),
    (WITHDRAW, draw_states.ending, "只等已打出的呼叫有结果", RUN),
    (WITHDRAW, draw_states.widening, "可以终止本轮摇号；不启动就不会呼叫", RUN),
    (
        WITHDRAW,
        draw_states.completed,
        "已经抽完，不再呼叫专家；补抽不启动就不会打电话。\n不再评标的：{until}前可以申请退选",
        RELEASE,
    ),
    (WITHDRAW, draw_states.asked_to_release, "退选申请还没核验，核验前可以撤回", RELEASE),
    (WITHDRAW, recall_begun, "您可以终止活动，已同意的专家会收到通知", EXIT),
    (MOVED, draw_states.editing, "时间和地点直接修改，再提交审核", EDIT),
    (MOVED, draw_states.submitted, "先撤回申请，改好时间地点再提交审核", SUBMIT),
    (MOVED, draw_states.refused, "核验已退回，时间和地点直接修改", EDIT),
    (MOVED, draw_states.verified, "评标室、联系人现在还能改，地址不能改。\n换日期或提前：终止活动后重新申请。", RUN),
    (MOVED, draw_states.drawing, "要改集合时间，先暂停抽取。\n换日期或提前：{until}前申请退选", RUN),
    (MOVED, draw_states.paused, "现在只能改集合时间，不晚于开始", RUN),
    (MOVED, draw_states.ending, "有结果后再改集合时间", RUN),
    (MOVED, draw_states.completed, "来不了的可以不来，不算缺席。\n地点不能改，请由场地引导专家。\n换日期", RUN),
    (MOVED, draw_states.supplement_pending, "因补抽可当天推迟开始，最多4小时。", RUN),
    (MOVED, recall_begun, "换时间的，终止后重新发起复评", EXIT),
    (CANCELLED, draw_states.editing, "没有专家需要通知：删除这个活动就可以", EDIT),
    (CANCELLED, draw_states.submitted, "没有专家需要通知：终止活动就可以", EXIT),
    (CANCELLED, draw_states.committing, "没有专家需要通知：终止活动就可以", EXIT),
    (CANCELLED, draw_states.drawing, "先强制结束，已打出的呼叫有结果后申请退选。现在还没有通知专家取消。", RUN),
    (CANCELLED, draw_states.ending, "现在还没有通知专家取消", RUN),
    (CANCELLED, draw_states.completed, "{until}前可以申请退选，原因限招标失败、不可抗力", RELEASE),
    (CANCELLED, draw_states.asked_to_release, "通过后请在{until}前启动退选", RELEASE),
    (CANCELLED, release_approved, "请在{until}前启动退选，启动后才通知专家", RELEASE),
    (CANCELLED, met, "已有2位专家进场，不能退选或终止", EXIT),
    (CANCELLED, recall_begun, "您可以终止活动", EXIT),
]


@pytest.mark.parametrize(("sentence", "way", "fact", "page"), CASES)
async def test_each_question_is_answered_for_the_state_of_the_draw(
    world: World, agency: Phone, sentence: str, way: Way, fact: str, page: str
) -> None:
    draw_id = await way(world.office)
    draw = await Draw.get(id=draw_id)
    state = draw.state
    shown = unescape(await agency.says(sentence))
    until = print_time(draw.starts_at - timedelta(hours=5))
    assert fact.format(until=until) in shown
    assert f'next={page.format(draw_id).replace("/", "%2F")}"' in shown
    assert draw.number in shown
    assert "weixin://bizmsgmenu" in shown, "and something to tap"
    assert (await Draw.get(id=draw_id)).state == state, "a sentence alone changes nothing"


async def test_after_the_time_for_a_release_the_verifier_is_named(world: World, agency: Phone) -> None:
    draw = await Draw.get(id=await draw_states.completed(world.office))
    world.clock.set(draw.starts_at - timedelta(hours=5) + timedelta(minutes=1))
    shown = await agency.says(CANCELLED)
    assert "已过，您不能自行终止：不再评标的，请联系交易中心核验人员终止" in shown
    assert "退选已过时间，请核验人员终止，再重新抽取" in await agency.says(MOVED)


async def test_too_near_to_the_gathering_new_times_come_first(world: World, agency: Phone) -> None:
    draw = await Draw.get(id=await draw_states.supplement_pending(world.office))
    assert draw.gathering_first is not None
    world.clock.set(draw.gathering_first - timedelta(minutes=4))
    shown = await agency.says(NOT_FULL)
    assert "现在离集合不到5分钟，要先改集合时间。\n评标开始可当天推迟，最多4小时。" in shown
    world.clock.set(draw.starts_at)
    assert "还缺1人。评标时间已过，不再补抽的请结束活动。" in await agency.says(NOT_FULL)


async def test_a_province_without_wider_regions_offers_none(world: World, agency: Phone) -> None:
    supplement = world.office.deps.book("demo").draw.supplement.model_copy(update={"region_change": False})
    world.set_rules(draw={"supplement": supplement})
    await draw_states.supplement_pending(world.office)
    shown = await agency.says(NOT_FULL)
    assert "请启动补抽" in shown
    assert "扩大地区" not in shown


async def test_for_another_day_the_release_comes_first(world: World, agency: Phone) -> None:
    draw_id = await draw_states.completed(world.office)
    shown = unescape(await agency.says("开标延期到下周一"))
    assert f"next={RELEASE.format(draw_id).replace('/', '%2F')}" in shown
    assert "修改集合时间" not in shown


async def test_who_wants_to_name_an_expert_hears_that_first(world: World, agency: Phone) -> None:
    await draw_states.supplement_pending(world.office)
    assert (await agency.says("抽不满能不能自己找一个专家")).startswith("不能指定专家")


async def test_once_the_order_is_exhausted_wider_regions_come_first(world: World, agency: Phone) -> None:
    draw_id = await draw_states.supplement_pending(world.office)
    await Condition.filter(draw_id=draw_id).update(exhausted=True)
    assert "原来的名单已抽完：请扩大地区补抽，最多3次" in await agency.says(NOT_FULL)
    supplement = world.office.deps.book("demo").draw.supplement.model_copy(update={"region_change": False})
    world.set_rules(draw={"supplement": supplement})
    shown = await agency.says(NOT_FULL)
    assert "名单已抽完，不能再补抽" in shown
    assert "启动补抽" not in shown


async def test_of_several_draws_none_is_guessed(world: World, agency: Phone) -> None:
    drawing = await Draw.get(id=await draw_states.drawing(world.office))
    await offices.new_project(world.office)
    submitted = await Draw.get(id=await draw_states.submitted(world.office))
    shown = unescape(await agency.says(WITHDRAW))
    assert "您有2个活动，请点开要办的一个：" in shown
    assert f"{drawing.name[:20]}" in shown
    assert "抽取中：暂停或强制结束" in shown
    assert "已提交：撤回申请" in shown
    assert shown.index(drawing.number) < shown.index(submitted.number), "what is calling stands first"
    assert "抽取中：已同意1人，共需2人" in await agency.says(HOW_FAR)


async def test_many_draws_fit_a_bubble_and_the_rest_has_a_page(world: World, agency: Phone) -> None:
    draw = await Draw.get(id=await draw_states.submitted(world.office))
    columns = {name: value for name, value in vars(draw).items() if name in Draw._meta.db_fields and name != "id"}
    for number in range(6):
        await Draw.create(**{**columns, "number": f"CQSQ2026112199{number:02}"})
    for question in (HOW_FAR, VERIFIED, WITHDRAW, MOVED, CANCELLED):
        shown = unescape(await agency.says(question))
        assert "您有多个活动，请点开要办的一个，其余在列表里：" in shown
        assert 'next=%2Fagency%2Fdraws">抽取活动列表' in shown
        assert shown.count("CQSQ") == 4


@pytest.mark.parametrize("sentence", QUESTIONS)
async def test_an_agency_without_a_draw_is_told_how_it_goes(agency: Phone, sentence: str) -> None:
    shown = await agency.says(sentence)
    assert shown.startswith("目前没有")
    assert "weixin://bizmsgmenu" in shown


@pytest.mark.parametrize("sentence", QUESTIONS)
async def test_a_stranger_is_told_how_it_goes_and_binds(world: World, stranger: Phone, sentence: str) -> None:
    await add_experts(world.office, 2)
    draw = await Draw.get(id=await draw_states.completed(world.office))
    shown = await stranger.says(sentence)
    assert "绑定身份" in shown
    assert "目前没有" not in shown, "nothing is known of him"
    assert draw.number not in shown


async def test_a_bound_person_without_the_role_learns_how_one_gets_it(world: World) -> None:
    await add_experts(world.office, 2)
    draw = await Draw.get(id=await draw_states.completed(world.office))
    phone = await world.phone_with(await make_account(world.office.deps))
    shown = await phone.says(CANCELLED)
    assert "您目前没有法人或经办人身份" in shown
    assert "/h5/login?pool=demo" in shown
    assert draw.number not in shown


async def test_an_agent_is_told_of_his_own_draws_only(world: World, agency: Phone) -> None:
    draw = await Draw.get(id=await draw_states.completed(world.office))
    agent = await make_account(world.office.deps)
    await make_agent_link(await offices.Organisation.get(id=world.office.agency.organisation_id), agent)
    phone = await world.phone_with(agent)
    assert draw.number not in await phone.says(CANCELLED)
    assert draw.number in await agency.says(CANCELLED)


async def test_no_answer_names_an_expert_or_the_project(world: World, agency: Phone) -> None:
    draw = await Draw.get(id=await draw_states.completed(world.office))
    world.clock.set(draw.starts_at)
    for sentence in QUESTIONS:
        shown = await agency.says(sentence)
        assert draw.name not in shown
        assert not [expert.name for expert in world.office.experts if expert.name in shown]
