"""晚到 in the chat: how late, what it means, one confirmation; and who is only on the way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import FixedClock, local, print_time
from models.attendance import LateArrival
from models.experts import Expert
from models.invitations import Invitation
from models.notices import Notice
from tests.handlers.conftest import Phone, World

MINUTE = timedelta(minutes=1)
CONTACT = "王场地 020-28866000"


@pytest.fixture
async def panel(world: World, clock: FixedClock, expert: Expert) -> Invitation:
    """Accepted, forty minutes before its gathering."""
    invitation = await world.make_accepted_panel(expert)
    clock.set(invitation.gathering_at - 40 * MINUTE)
    return invitation


def at(invitation: Invitation, minutes: int) -> str:
    return f"{local(invitation.gathering_at + minutes * MINUTE):%H:%M}"


async def standing() -> tuple[int, str] | None:
    arrival = await LateArrival.get_or_none(ended_at=None)
    return (arrival.minutes, arrival.reason) if arrival else None


async def test_from_the_sentence_to_the_desk_and_the_check_in(
    world: World, clock: FixedClock, phone: Phone, panel: Invitation
) -> None:
    """The journey: one sentence, one confirmation; the desk shows it, and after the entry both times."""
    shown = await phone.says("我要晚到20分钟，堵车")
    consequence = world.services.deps.book("demo").attendance.late_arrival.consequence
    assert f"您约{at(panel, 20)}到，晚20分钟" in shown
    assert (consequence in shown, "您的说明：我要晚到20分钟，堵车" in shown) == (True, True)
    assert await standing() is None
    told = await phone.taps("确认晚到")
    assert told.startswith("已记录并通知抽取单位、评标场地和监督人")
    assert (f"验证码{panel.code}" in told, CONTACT in told, "不晚到了" in told) == (True, True, True)
    assert await standing() == (20, "我要晚到20分钟，堵车")
    what = f"专家{panel.code}晚20分约{at(panel, 20)}到"
    assert await Notice.filter(kind="agency_news", params__contains={"what": what}).exists()
    queries = world.services.draws.attendance_queries
    [row] = await queries.list_awaited(world.office.venue, panel.draw_id)
    assert row.announced is not None
    assert (row.announced.minutes, row.entered_at) == (20, None)
    assert f"您已说明约{at(panel, 20)}到" in await phone.says("我的活动")
    clock.set(panel.gathering_at + 18 * MINUTE)
    await world.office.attendance.check_in_by_code(world.office.venue, panel.draw_id, panel.code)
    [row] = await queries.list_awaited(world.office.venue, panel.draw_id)
    assert row.announced is not None
    assert row.entered_at == panel.gathering_at + 18 * MINUTE
    assert "您已签到，不用说明晚到" in await phone.says("我要晚到20分钟，堵车")


@pytest.mark.parametrize("words", ["晚到", "我要晚到", "堵车了", "高速堵车，要晚到"])
async def test_without_minutes_they_are_asked_for_with_taps(phone: Phone, panel: Invitation, words: str) -> None:
    shown = await phone.says(words)
    assert [f"{minutes}分钟" in shown for minutes in (10, 20, 30, 60)] == [True] * 4
    assert f"您约{at(panel, 30)}到，晚30分钟" in await phone.taps("30分钟")
    await phone.says("好的")
    assert await standing() == (30, "" if words in ("晚到", "我要晚到") else words)


@pytest.mark.parametrize(
    ("words", "minutes"),
    [("半小时", 30), ("一刻钟", 15), ("一个小时", 60), ("十来分钟", 10), ("25", 25), ("二十五", 25)],
)
async def test_the_answer_is_read_as_people_say_it(phone: Phone, panel: Invitation, words: str, minutes: int) -> None:
    await phone.says("晚到")
    assert f"您约{at(panel, minutes)}到" in await phone.says(words)
    await phone.taps("确认晚到")
    assert await standing() == (minutes, "")


async def test_an_hour_of_the_clock_and_the_time_still_needed_are_counted(
    clock: FixedClock, phone: Phone, panel: Invitation
) -> None:
    shown = await phone.says(f"登记晚到，大概{at(panel, 25)}到")
    assert f"您约{at(panel, 25)}到，晚25分钟" in shown
    await phone.says("取消")
    clock.set(panel.gathering_at + 5 * MINUTE)
    assert f"您约{at(panel, 25)}到，晚25分钟" in await phone.says("还在路上，二十分钟后到")
    await phone.says("取消")
    assert "您大约还要多久到？" in await phone.says("晚到")
    assert f"您约{at(panel, 15)}到，晚15分钟" in await phone.taps("10分钟")


@pytest.mark.parametrize(
    ("answer", "refusal"), [("0", "不算晚到"), ("2分钟", "不到5分钟"), ("900", "3小时以内"), ("abc", "没有看懂")]
)
async def test_what_is_no_delay_is_asked_again(phone: Phone, panel: Invitation, answer: str, refusal: str) -> None:
    await phone.says("晚到")
    shown = await phone.says(answer)
    assert (refusal in shown, "30分钟" in shown) == (True, True)
    assert await standing() is None
    await phone.says("20分钟")
    await phone.taps("确认晚到")
    assert await standing() == (20, "")


async def test_at_the_read_back_he_may_name_another_time_or_none(phone: Phone, panel: Invitation) -> None:
    await phone.says("晚到20分钟")
    assert "晚40分钟" in await phone.says("晚到40分钟")
    assert "您大约" in await phone.taps("改时间")
    await phone.taps("10分钟")
    assert "没有记录晚到" in await phone.taps("不晚到")
    assert await standing() is None


async def test_what_was_stated_still_holds_when_another_delay_is_not_confirmed(phone: Phone, panel: Invitation) -> None:
    await phone.says("晚到20分钟")
    await phone.taps("确认晚到")
    await phone.says("晚到40分钟")
    told = await phone.taps("不晚到")
    assert "没有记录晚到" not in told
    assert (f"约{at(panel, 20)}到" in told, "不晚到了" in told) == (True, True)
    assert await standing() == (20, "晚到20分钟")


async def test_said_again_it_is_replaced_and_taken_back_in_a_word(phone: Phone, panel: Invitation) -> None:
    await phone.says("晚到20分钟")
    await phone.taps("确认晚到")
    await phone.says("晚到40分钟")
    await phone.taps("确认晚到")
    assert await standing() == (40, "晚到40分钟")
    assert "您能按时到" in await phone.says("不晚到了")
    assert await standing() is None
    assert await LateArrival.all().count() == 2
    assert "您没有说明过晚到" in await phone.says("不晚到了")


async def test_a_message_that_comes_twice_is_recorded_once(phone: Phone, panel: Invitation) -> None:
    await phone.says("晚到20分钟")
    await phone.says("确认晚到")
    await phone.says("确认晚到")
    assert await LateArrival.all().count() == 1


async def test_of_two_panels_he_is_asked_which_one(
    world: World, clock: FixedClock, phone: Phone, expert: Expert
) -> None:
    world.set_rules(
        attendance={
            "late_arrival": world.services.deps.book("demo").attendance.late_arrival.model_copy(
                update={"opens": timedelta(days=5)}
            )
        }
    )
    await world.make_accepted_panel(expert)
    second = await world.call_again(expert)
    await world.services.draws.invitations.answer(second.id, expert.id, "accept", by="voice")
    await world.office.run.advance(second.draw_id)
    assert "您哪一场评标会晚到" in await phone.says("晚到20分钟")
    assert "晚20分钟" in await phone.taps(print_time(second.gathering_at))
    await phone.taps("确认晚到")
    assert (await LateArrival.get()).invitation_id == second.id


async def test_who_can_not_say_it_now_reads_what_to_do(
    world: World, clock: FixedClock, phone: Phone, expert: Expert
) -> None:
    assert "没有查到您待参加的评标" in await phone.says("晚到")
    invitation = await world.call(expert)
    assert f"请先致电{CONTACT}问晚到行不行" in await phone.says("高速堵车，要晚到")
    assert await world.state_of(invitation.id) == "open"


async def test_days_before_he_is_told_from_when_it_can_be_said(
    world: World, clock: FixedClock, phone: Phone, expert: Expert
) -> None:
    invitation = await world.call_again(expert)
    await world.services.draws.invitations.answer(invitation.id, expert.id, "accept", by="voice")
    await world.office.run.advance(invitation.draw_id)
    assert "起才能在这里说明晚到" in await phone.says("晚到")
    assert CONTACT in phone.screen


async def test_who_agrees_to_another_time_hears_that_the_statement_counts_no_more(
    world: World, phone: Phone, panel: Invitation
) -> None:
    await phone.says("晚到20分钟")
    await phone.taps("确认晚到")
    sooner = panel.gathering_at - 10 * MINUTE
    times = world.services.draws.gathering_times
    await times.change(world.office.agency, panel.draw_id, panel.notice_id, sooner)
    assert "您此前说明的晚到不再算数" in await phone.says("同意改期")
    assert f"您约{at(panel, 10)}到，晚20分钟" in await phone.says("晚到20分钟")


# ---- on the way


@pytest.mark.parametrize("words", ["在路上", "我已经在路上了", "正在赶来", "马上就到"])
async def test_who_is_on_the_way_gets_no_advice_on_lateness(phone: Phone, panel: Invitation, words: str) -> None:
    shown = await phone.says(words)
    assert shown.startswith("好的，路上注意安全。")
    assert ("还有40分钟" in shown, "天润路333号 3号评标室" in shown, CONTACT in shown) == (True, True, True)
    assert "https://uri.amap.com/marker?position=" in shown
    assert ("缺席" in shown, "您大约" in shown) == (False, False)
    assert await standing() is None


async def test_past_the_gathering_he_is_asked_when_he_comes(clock: FixedClock, phone: Phone, panel: Invitation) -> None:
    clock.set(panel.gathering_at + 10 * MINUTE)
    assert "集合时间已过，请马上说明大约几点能到" in await phone.says("我已经在路上了")
    await phone.taps("晚到")
    await phone.taps("20分钟")
    await phone.taps("确认晚到")
    assert await standing() == (30, "")
    assert f"约{at(panel, 30)}到" in await phone.says("我已经在路上了")


async def test_who_is_in_the_wrong_place_gets_address_room_map_and_contact(phone: Phone, panel: Invitation) -> None:
    shown = await phone.says("走错地方了，我在路上")
    assert ("天润路333号 3号评标室" in shown, CONTACT in shown) == (True, True)
    assert "https://uri.amap.com/marker?position=" in shown
    shown = await phone.says("走错地方了")
    assert ("请对方指路" in shown, "回复“晚到”" in shown, ">晚到<" in shown) == (True, True, True)
    assert "https://uri.amap.com/marker?position=" in shown
