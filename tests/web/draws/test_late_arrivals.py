"""A late arrival (晚到) that an expert announces: on his page, at the venue's desk, and for the agency."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import local
from models.attendance import LateArrival
from models.draws import Draw
from models.invitations import Invitation
from tests.web.conftest import World

MINUTE = timedelta(minutes=1)


async def awaited(world: World) -> Invitation:
    """An accepted invitation an hour before its gathering."""
    _, [invitation] = await world.panel()
    world.clock.set(invitation.gathering_at - timedelta(hours=1))
    return invitation


async def say(world: World, invitation: Invitation, minutes: int, reason: str = "") -> None:
    late_arrivals = world.services.draws.late_arrivals
    await late_arrivals.state(invitation.id, invitation.expert_id, minutes, reason, by="chat")


def clock_of(invitation: Invitation, minutes: int) -> str:
    return f"{local(invitation.gathering_at + minutes * MINUTE):%H:%M}"


async def test_the_desk_reads_who_comes_when_and_afterwards_when_he_came(world: World) -> None:
    invitation = await awaited(world)
    await say(world, invitation, 20, "高速<b>堵车")
    venue = await world.log_in(world.office.venue, "venue")
    desk = await venue.get(f"/draws/{invitation.draw_id}/attendance")
    assert ("晚到" in desk.text, f"预计晚到20分钟，约{clock_of(invitation, 20)}到" in desk.text) == (True, True)
    assert "高速" not in desk.text, "sealed still"
    assert "1人说明晚到" in (await venue.get("/draws")).text
    world.clock.set(invitation.gathering_at + 10 * MINUTE)
    await Draw.filter(id=invitation.draw_id).update(starts_at=world.clock.now() + 30 * MINUTE)
    await venue.get(f"/draws/{invitation.draw_id}/attendance")
    assert ("迟到" in venue.text, "本人说明：高速<b>堵车" in venue.text) == (False, True)
    assert f"语音催促{invitation.code}" not in venue.page.buttons
    assert f"虚拟号呼叫{invitation.code}" in venue.page.buttons
    world.clock.set(invitation.gathering_at + 18 * MINUTE)
    await venue.press("进场", code=invitation.code)
    assert f"说明晚到20分钟，实到{clock_of(invitation, 18)}" in venue.text


async def test_whose_time_is_over_is_late_at_the_desk(world: World) -> None:
    invitation = await awaited(world)
    await say(world, invitation, 20)
    world.clock.set(invitation.gathering_at + 21 * MINUTE)
    venue = await (await world.log_in(world.office.venue, "venue")).get(f"/draws/{invitation.draw_id}/attendance")
    assert ("迟到" in venue.text, f"语音催促{invitation.code}" in venue.page.buttons) == (True, True)


async def test_the_agency_reads_codes_and_times_before_names_are_unsealed(world: World) -> None:
    invitation = await awaited(world)
    await say(world, invitation, 20, "堵车")
    agency = await world.log_in(world.office.agency)
    tab = f"/agency/draws/{invitation.draw_id}/attendance"
    shown = (await agency.get(tab)).text
    assert (invitation.code in shown, f"约{clock_of(invitation, 20)}到" in shown) == (True, True)
    assert "堵车" not in shown
    assert "专家说明晚到" in (await agency.get(f"/agency/draws/{invitation.draw_id}/log")).text
    await agency.get(f"/draws/{invitation.draw_id}/absences")
    assert f"本人说明晚到20分钟，约{clock_of(invitation, 20)}到" in agency.text
    await Draw.filter(id=invitation.draw_id).update(starts_at=world.clock.now() + 30 * MINUTE)
    assert "预计晚到20分钟" in (await agency.get(tab)).text


async def test_after_the_evaluation_nobody_is_late_who_did_not_come(world: World) -> None:
    _, [came, missed] = await world.panel(needed=2)
    venue = await world.log_in(world.office.venue, "venue")
    world.clock.set(came.gathering_at)
    await venue.get(f"/draws/{came.draw_id}/attendance")
    await venue.press("进场", code=came.code)
    world.clock.set(came.ends_at + MINUTE)
    venue = await (await world.log_in(world.office.venue)).get(f"/draws/{came.draw_id}/attendance")
    assert ("缺席" in venue.text, "迟到" in venue.text, "预计晚到" in venue.text) == (True, False, False)
    assert ("评标已结束，不能再登记进场" in venue.text, "进场" in venue.page.buttons) == (True, False)
    await venue.press("离场", code=missed.code)
    assert (venue.status, "不能登记离场。评标已结束" in venue.text, "请先登记进场" in venue.text) == (409, True, False)
    await venue.press("离场", code=came.code)
    agency = await world.log_in(world.office.agency)
    shown = (await agency.get(f"/agency/draws/{came.draw_id}/attendance")).text
    assert ("缺席" in shown, "迟到" in shown) == (True, False)


# ---- a call, as the desk writes it down


async def test_the_desk_writes_down_a_call_and_the_expert_mends_it(world: World) -> None:
    invitation = await awaited(world)
    venue = await (await world.log_in(world.office.venue, "venue")).get(f"/draws/{invitation.draw_id}/attendance")
    await venue.press("登记晚到", code="000000", minutes="", told_by="self", read_back="")
    assert venue.status == 422
    for words in ("本活动没有这个验证码", "请填写比集合时间晚多少分钟", "请先在电话中复述"):
        assert words in venue.text, "all at once"
    await venue.press("登记晚到", code="", minutes="30", told_by="self", read_back="1")
    assert ("请输入专家的数字验证码" in venue.text, "没有这个验证码" in venue.text) == (True, False)
    assert not await LateArrival.exists()
    await venue.press("登记晚到", code=invitation.code, minutes="30", told_by="self", read_back="1")
    assert f"{invitation.code}已登记晚到，已通知专家本人" in venue.text
    assert "按来电登记" in venue.text
    page = await world.visitor().get(f"/i/{invitation.link}")
    assert f"工作人员已按来电登记您晚到30分钟，约{clock_of(invitation, 30)}到" in page.text
    await page.press("能按时到")
    assert not await LateArrival.filter(ended_at=None).exists()
    agency = await world.log_in(world.office.agency)
    assert "按来电登记晚到" in (await agency.get(f"/agency/draws/{invitation.draw_id}/log")).text


async def test_the_office_writes_down_a_call_and_reads_no_arrivals_before_their_time(world: World) -> None:
    invitation = await awaited(world)
    await Draw.filter(id=invitation.draw_id).update(starts_at=world.clock.now() + timedelta(hours=3))
    office = await world.log_in(world.office.verifier, "pool_admin")
    await office.get(f"/draws/{invitation.draw_id}/attendance")
    await office.press("登记晚到", code=invitation.code, minutes="20", told_by="other", read_back="1")
    assert (await LateArrival.get()).told_by == "other"
    assert "后可查看" in office.text


# ---- the expert's page


async def test_he_announces_it_on_his_page_after_reading_what_it_means(world: World) -> None:
    invitation = await awaited(world)
    rule = world.services.deps.book("demo").attendance.late_arrival
    page = await (await world.visitor().get(f"/i/{invitation.link}")).click("会晚到")
    assert rule.consequence in page.text
    await page.press("20分钟")
    assert (f"20分钟，约{clock_of(invitation, 20)}到" in page.text, rule.consequence in page.text) == (True, True)
    assert not await LateArrival.exists()
    await page.press("确认晚到", reason="高速<b>堵车")
    assert "已记录并通知抽取单位、评标场地和监督人" in page.text
    assert f"您已说明晚到20分钟，约{clock_of(invitation, 20)}到" in page.text
    arrival = await LateArrival.get()
    assert (arrival.minutes, arrival.reason, arrival.channel) == (20, "高速<b>堵车", "h5")
    await page.click("改时间")
    await page.press("下一步", minutes="半小时")
    await page.press("确认晚到")
    assert [(late.minutes, late.reason) for late in await LateArrival.filter(ended_at=None)] == [(30, "高速<b>堵车")]
    await page.press("能按时到")
    assert ("您能按时到" in page.text, "会晚到" in page.page.links) == (True, True)
    assert not await LateArrival.filter(ended_at=None).exists()


@pytest.mark.parametrize(
    ("minutes", "words"), [("0", "5到180"), ("900", "5到180"), ("abc", "例如45"), ("", "例如45"), ("-5", "例如45")]
)
async def test_what_is_no_delay_is_refused_at_its_field(world: World, minutes: str, words: str) -> None:
    invitation = await awaited(world)
    page = await world.visitor().get(f"/i/{invitation.link}?do=late")
    await page.press("下一步", minutes=minutes)
    assert (page.status, words in page.text) == (422, True)
    assert not await LateArrival.exists()


async def test_a_reason_that_is_too_long_is_refused(world: World) -> None:
    invitation = await awaited(world)
    page = await (await world.visitor().get(f"/i/{invitation.link}?do=late")).press("20分钟")
    await page.press("确认晚到", reason="堵" * 61)
    assert (page.status, "原因最多60个字" in page.text) == (422, True)
    assert not await LateArrival.exists()


async def test_a_confirmation_that_came_after_the_check_in_changes_nothing(world: World) -> None:
    invitation = await awaited(world)
    page = await (await world.visitor().get(f"/i/{invitation.link}?do=late")).press("20分钟")
    await world.office.attendance.check_in_by_code(world.office.venue, invitation.draw_id, invitation.code)
    await page.press("确认晚到")
    assert (page.status, "您已签到，不用说明晚到" in page.text) == (409, True)
    assert not await LateArrival.exists()


async def test_what_he_announced_stays_on_his_page_after_the_check_in(world: World) -> None:
    invitation = await awaited(world)
    await say(world, invitation, 20)
    await world.office.attendance.check_in_by_code(world.office.venue, invitation.draw_id, invitation.code)
    page = await world.visitor().get(f"/i/{invitation.link}")
    assert f"20分钟，约{clock_of(invitation, 20)}到" in page.text
    assert "能按时到" not in page.page.buttons


async def test_the_way_to_the_venue_stands_on_the_page_that_asks_how_late(world: World) -> None:
    invitation = await awaited(world)
    page = await world.visitor().get(f"/i/{invitation.link}?do=late")
    assert "在地图上查看" in page.page.links
    await page.press("20分钟")
    assert ("请确认晚到" in page.text, "在地图上查看" in page.page.links) == (True, True)


async def test_days_before_the_page_offers_no_delay_and_leads_to_the_map(world: World) -> None:
    _, [invitation] = await world.panel()
    world.clock.set(invitation.gathering_at - timedelta(hours=25))
    page = await world.visitor().get(f"/i/{invitation.link}")
    assert ("会晚到" in page.page.links, "在地图上查看" in page.page.links) == (False, True)
    assert "请确认晚到" not in (await page.get(f"/i/{invitation.link}?do=late")).text
