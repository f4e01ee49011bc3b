"""Sentences about an invitation: nothing counts by a sentence alone, and each state has its own answer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import FixedClock, local, print_near_time, print_time
from models.experts import Expert
from models.invitations import Invitation
from models.notices import Attempt, Notice
from services.draws import DiscardForm
from tests.factories.draw_states import end_with_panel, recalled
from tests.handlers.answers.panel_acts import REMINDER, check_in, move_gathering
from tests.handlers.conftest import Phone, World

CONTACT = "王场地 020-28866000"


async def answer(world: World, invitation: Invitation, choice: str) -> None:
    await world.services.draws.invitations.answer(invitation.id, invitation.expert_id, choice, by="voice")  # type: ignore[arg-type]


async def register_leave(world: World, invitation: Invitation) -> None:
    form = DiscardForm(invitation.code, "leave", "专家来电请假")
    await world.services.draws.discards.register(world.office.agency, invitation.draw_id, form)


async def test_an_acceptance_in_words_is_read_back(world: World, phone: Phone, expert: Expert) -> None:
    invitation = await world.call(expert)
    assert "您选择了【参加】，请确认" in await phone.says("我参加")
    assert await world.state_of(invitation.id) == "open"


@pytest.mark.parametrize("sentence", ["我参加", "这次评标我参加"])
async def test_who_has_agreed_need_not_say_so_again(world: World, phone: Phone, expert: Expert, sentence: str) -> None:
    assert "现在没有等待您答复的评标邀请" in await phone.says(sentence)
    invitation = await world.make_accepted_panel(expert)
    shown = await phone.says(sentence)
    assert (shown.startswith("您已确认参加，不用再答复"), f"验证码：{invitation.code}" in shown) == (True, True)


async def test_who_declined_reads_that_it_holds(world: World, phone: Phone, expert: Expert) -> None:
    await answer(world, await world.call(expert), "decline")
    assert "您此前已答复不参加" in await phone.says("这次评标我参加")


@pytest.mark.parametrize("sentence", ["这次评标我参加", "有未接来电", "改到明天上午可以，能去"])
async def test_a_moved_time_is_asked_about_and_not_agreed_to_by_a_sentence(
    world: World, phone: Phone, expert: Expert, sentence: str
) -> None:
    invitation = await world.make_accepted_panel(expert)
    moved = await move_gathering(world, invitation, timedelta(hours=-1))
    shown = await phone.says(sentence)
    assert (f"集合时间拟改为今天{moved}" in shown, "不能改期" in shown) == (True, True)
    assert (await Invitation.get(id=invitation.id)).gathering_at == invitation.gathering_at
    assert "您同意改期" in await phone.taps("同意改期")


@pytest.mark.parametrize("sentence", ["这次评标我参加", "有未接来电", "撤销请假"])
async def test_a_leave_that_others_registered_is_asked_about(
    world: World, phone: Phone, expert: Expert, sentence: str
) -> None:
    invitation = await world.make_accepted_panel(expert)
    await register_leave(world, invitation)
    assert "有人为您登记了" in await phone.says(sentence)
    assert await world.services.draws.invitation_queries.view(invitation.id, expert.id)
    assert "请假没有生效" in await phone.taps("按时到场")


async def test_an_invitation_that_waits_is_open_and_asked_about(world: World, phone: Phone, expert: Expert) -> None:
    invitation = await world.call(expert)
    shown = await phone.says("邀请还有效吗")
    assert shown.startswith("邀请还有效，您还没有答复")
    assert print_time(invitation.answer_until) in shown
    await phone.taps("参加")
    assert await world.state_of(invitation.id) == "accepted"


async def test_whether_an_answer_counted_is_told_by_the_state(world: World, phone: Phone, expert: Expert) -> None:
    assert "现在没有等待您答复的评标邀请" in await phone.says("邀请还有效吗")
    first = await world.call(expert)
    await answer(world, first, "decline")
    assert "您此前已答复不参加" in await phone.says("我答复成功没")
    second = await world.call_again(expert)
    await answer(world, second, "accept")
    assert (await phone.says("我答复成功没")).startswith("您已确认参加，不用再答复")


async def test_an_invitation_that_lapsed_is_told_as_such(
    world: World, clock: FixedClock, phone: Phone, expert: Expert
) -> None:
    invitation = await world.call(expert)
    clock.set(invitation.answer_until + timedelta(minutes=5))
    await world.office.invitations.expire_due()
    for sentence in ("邀请还有效吗", "没接到电话", "按键没反应"):
        assert "已过答复时间，本次无需到场" in await phone.says(sentence)


async def test_a_missed_call_is_answered_in_the_chat(world: World, phone: Phone, expert: Expert) -> None:
    invitation = await world.call(expert)
    shown = await phone.says("没接到电话")
    assert shown.startswith("来电问的就是这个邀请，不用回拨")
    await phone.taps("参加")
    assert await world.state_of(invitation.id) == "accepted"


@pytest.mark.parametrize(
    ("state", "code", "keys", "told"),
    [
        ("sent", "", "", "给您打的电话，结果还没有返回。"),
        ("failed", "200003", "", "给您打的电话没有接通。"),
        ("failed", "no_valid_key", "", "的电话接通了，没有收到按键。"),
        ("failed", "no_valid_key", "31", "的电话里，按的键没有再按一次确认，不算答复。"),
        ("failed", "unconfirmed", "11", "的电话里，按的键没有再按一次确认，不算答复。"),
        ("failed", "operator:no_template", "", None),
    ],
)
async def test_what_became_of_the_call_is_told_first(
    world: World, phone: Phone, expert: Expert, clock: FixedClock, state: str, code: str, keys: str, told: str | None
) -> None:
    invitation = await world.call(expert)
    notice = await Notice.get(invitation_id=invitation.id, kind="draw_call")
    now = clock.now()
    columns = {"state": state, "vendor_code": code, "keys": keys, "created_at": now, "due_at": now, "sent_at": now}
    await Attempt.create(notice_id=notice.id, channel="voice", step=2, number=10**9, wait=90, **columns)
    first = f"{local(now):%H:%M}{told}" if told else ""
    assert (await phone.says("没接到电话")).startswith(f"{first}来电问的就是这个邀请，不用回拨")
    await phone.says("取消")
    assert (await phone.says("按键没反应")).startswith(f"{first}没有按成也没关系")


async def test_after_the_gathering_a_call_urges(world: World, clock: FixedClock, phone: Phone, expert: Expert) -> None:
    invitation = await world.make_accepted_panel(expert)
    clock.set(invitation.gathering_at)
    shown = await phone.says("没接到电话")
    assert (shown.startswith("来电应该是催您到场"), CONTACT in shown) == (True, True)
    await check_in(world, clock, invitation)
    assert "催您到场" not in await phone.says("没接到电话")


async def test_a_call_about_nothing_leads_to_the_office(world: World, phone: Phone) -> None:
    shown = await phone.says("有未接来电")
    hotline = world.services.deps.book("demo").pool.hotline
    number = world.services.draws.incoming_calls.number_of("demo")
    assert ("没有查到等您答复的事" in shown, hotline in shown) == (True, True)
    assert f"回拨{number}，输入身份证号后四位，也能收听和办理" in shown


async def test_a_key_that_failed_costs_nothing(world: World, phone: Phone, expert: Expert) -> None:
    await world.call(expert)
    assert (await phone.says("按键没反应")).startswith("没有按成也没关系，在这里答复一样有效")
    await phone.taps("参加")
    assert (await phone.says("按键没反应")).startswith("不用再按键，您已确认参加")


async def test_the_keys_are_those_of_the_rulebook(world: World, phone: Phone, stranger: Phone) -> None:
    world.set_rules(voice={"attend": "7", "decline": "8", "repeat": "9", "confirm_twice": True})
    for asking in (phone, stranger):
        shown = await asking.says("按键没反应")
        assert "按7参加，按8不参加，按9重听；参加和不参加都要再按一次同样的键确认" in shown
    world.set_rules(voice={"confirm_twice": False})
    assert "再按一次" not in await phone.says("按键没反应")


async def test_a_leave_is_not_undone(world: World, phone: Phone, expert: Expert) -> None:
    assert "没有查到您的请假" in await phone.says("撤销请假")
    invitation = await world.make_accepted_panel(expert)
    assert (await phone.says("撤销请假")).startswith("没有您的请假，您仍在名单内")
    await world.services.draws.invitations.leave(invitation.id, expert.id, "生病")
    shown = await phone.says("病好了，请假撤销可以吗")
    assert shown.startswith(f"{print_time(invitation.gathering_at)}的评标您已请假，不能撤销")
    assert (CONTACT in shown, "以后的抽取照常" in shown) == (True, True)
    assert await world.state_of(invitation.id) == "left"
    other = await world.call_again(expert)
    await answer(world, other, "accept")
    shown = await phone.says("撤销请假")
    assert ("不能撤销" in shown, f"验证码：{other.code}" in shown) == (True, True)


async def test_the_rules_of_leave_are_the_provinces(
    world: World, clock: FixedClock, phone: Phone, stranger: Phone, expert: Expert
) -> None:
    rule = world.services.deps.book("demo").draw.leave
    world.set_rules(draw={"leave": rule.model_copy(update={"allowed_until": timedelta(minutes=90)})})
    assert "集合前1小时30分钟可以请假" in await stranger.says("请假规定")
    shown = await phone.says("一年能请几次假")
    assert ("集合前1小时30分钟可以请假" in shown, rule.consequence in shown, "前请假。" in shown) == (True, True, False)
    invitation = await world.make_accepted_panel(expert)
    until = print_near_time(invitation.gathering_at - timedelta(minutes=90), clock.now())
    assert f"请在{until}前请假" in await phone.says("请假规定")
    await check_in(world, clock, invitation)
    assert "要离场请直接告诉现场工作人员" in await phone.says("请假规定")


async def test_who_has_an_interest_declares_the_unit_and_leaves_or_calls(
    world: World, clock: FixedClock, phone: Phone, expert: Expert
) -> None:
    shown = await phone.says("这场要回避")
    assert ("都请申报回避" in shown, "/h5/demo/file/recusal" in shown) == (True, True)
    invitation = await world.make_accepted_panel(expert)
    assert "确有关系的自动回避" in await phone.says("这场要回避")
    assert "前请假" in phone.screen
    clock.set(invitation.gathering_at - timedelta(minutes=5))
    assert f"也可以请假（请假时间已过，会如实记录），并致电{CONTACT}" in await phone.says("这场要回避")
    await check_in(world, clock, invitation)
    assert (await phone.says("这场要回避")).startswith("请马上告诉现场工作人员")
    assert await world.state_of(invitation.id) == "accepted"


async def test_who_has_not_answered_declares_or_declines(world: World, phone: Phone, expert: Expert) -> None:
    invitation = await world.call(expert)
    shown = await phone.says("怎么申请回避")
    assert ("或直接答复不参加" in shown, shown.count(REMINDER)) == (True, 1)
    assert await world.state_of(invitation.id) == "open"


async def test_a_moved_time_is_refused_after_a_read_back_only(world: World, phone: Phone, expert: Expert) -> None:
    invitation = await world.make_accepted_panel(expert)
    await move_gathering(world, invitation, timedelta(hours=-1))
    assert "不能改期" in await phone.says("改到明天不行，不能改期")
    assert await world.state_of(invitation.id) == "accepted"


async def test_without_a_moved_time_the_agreed_one_holds(world: World, phone: Phone, expert: Expert) -> None:
    assert "没有等待您答复的改期" in await phone.says("我能不能改期")
    invitation = await world.make_accepted_panel(expert)
    shown = await phone.says("我能不能改期")
    assert (print_time(invitation.gathering_at) in shown, "您自己不能改" in shown) == (True, True)


async def test_an_open_invitation_is_asked_about_at_once(world: World, phone: Phone, expert: Expert) -> None:
    invitation = await world.call(expert)
    for sentence in ("改到明天上午可以，能去", "我能不能改期"):
        shown = await phone.says(sentence)
        assert ("1. <a" in shown, "您选择了" in shown) == (True, False)
        await phone.says("取消")
    assert await world.state_of(invitation.id) == "open"


async def test_a_recall_is_explained_with_the_one_that_waits(
    world: World, phone: Phone, stranger: Phone, expert: Expert
) -> None:
    assert "您现在没有待答复的复评" in await phone.says("复评强制吗")
    shown = await stranger.says("复评强制吗")
    assert ("可以答复不参加" in shown, "没有待答复" in shown) == (True, False)
    old = await end_with_panel(world.office, needed=1)
    draw_id = await recalled(world.office, old)
    await world.office.recalls.invite_panel(world.office.agency, draw_id)
    invitation = await Invitation.get(draw_id=draw_id, expert_id=expert.id)
    time = print_near_time(invitation.gathering_at, world.clock.now())
    shown = await phone.says("复评强制吗")
    assert (shown.startswith(f"您有一场复评等您本人答复：{time}集合"), shown.count(REMINDER)) == (True, 1)
    await answer(world, invitation, "accept")
    assert f"您已确认参加{time}集合的复评" in await phone.says("复评强制吗")
