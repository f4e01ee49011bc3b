"""The QR code at a venue, scanned with WeChat and with other things."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import cast
from uuid import UUID, uuid4

import pytest
from aiohttp import web

from domain.errors import GatewayError, OutcomeUnknown, Transient
from models.attendance import Attendance
from models.draws import CallNotice
from tests.factories.offices import new_project
from tests.web.conftest import PUBLIC_URL, WECHAT, World
from web.draws.venue_check_in import _is_same_browser


async def venue_url(world: World, draw_id: UUID) -> str:
    token, _ = await world.services.draws.attendance.venue_token(world.office.venue, draw_id)
    return f"{PUBLIC_URL}/v/{token}"


async def test_an_expert_scans_is_recognised_taps_once_and_is_in(world: World) -> None:
    draw_id, [invitation] = await world.panel()
    openid = await world.bind(invitation.expert_id)
    phone = await world.scan(world.visitor(**WECHAT), await venue_url(world, draw_id), openid)
    assert not await Attendance.exists(draw_id=draw_id)
    await phone.press("签到")
    assert "签到成功" in phone.text
    assert invitation.code in phone.text
    entry = await Attendance.get(draw_id=draw_id)
    assert (entry.method, entry.invitation_id) == ("qr", invitation.id)


async def test_tapping_twice_or_coming_back_a_second_later_is_harmless(world: World) -> None:
    draw_id, [invitation] = await world.panel()
    openid = await world.bind(invitation.expert_id)
    url = await venue_url(world, draw_id)
    phone = await world.scan(world.visitor(**WECHAT), url, openid)
    form = phone.page.forms[0]["action"]
    await phone.post(form, {})
    await phone.post(form, {})
    assert "签到成功" in phone.text
    world.wechat.used.clear()
    await world.scan(phone, url, openid)
    assert "签到成功" in phone.text
    assert await Attendance.filter(draw_id=draw_id).count() == 1


async def test_a_photo_of_the_code_is_useless_21_seconds_later_but_a_slow_tap_is_not(world: World) -> None:
    draw_id, [invitation] = await world.panel()
    openid = await world.bind(invitation.expert_id)
    url = await venue_url(world, draw_id)
    phone = await world.scan(world.visitor(**WECHAT), url, openid)
    world.clock.move(timedelta(seconds=21))
    old = await world.visitor(**WECHAT).get(url.removeprefix(PUBLIC_URL))
    assert (old.status, "已过期" in old.text) == (403, True)
    await phone.press("签到")
    assert "签到成功" in phone.text


async def test_one_phone_does_not_bring_in_two_experts(world: World) -> None:
    draw_id, [first, second] = await world.panel(2)
    phone = await world.scan(
        world.visitor(**WECHAT), await venue_url(world, draw_id), await world.bind(first.expert_id)
    )
    await phone.press("签到")
    assert "签到成功" in phone.text
    await world.scan(phone, await venue_url(world, draw_id), await world.bind(second.expert_id))
    await phone.press("签到")
    assert (phone.status, "已为本场另一位专家签到" in phone.text) == (422, True)
    assert await Attendance.filter(draw_id=draw_id).count() == 1


async def test_a_tap_long_after_the_scan_is_refused(world: World) -> None:
    draw_id, [invitation] = await world.panel()
    openid = await world.bind(invitation.expert_id)
    phone = await world.scan(world.visitor(**WECHAT), await venue_url(world, draw_id), openid)
    world.clock.move(timedelta(minutes=4))
    await phone.press("签到")
    assert phone.status == 403
    assert not await Attendance.exists(draw_id=draw_id)


async def test_the_way_back_from_wechat_opens_in_the_browser_that_scanned_only(world: World) -> None:
    draw_id, [invitation] = await world.panel()
    openid = await world.bind(invitation.expert_id)
    url = (await venue_url(world, draw_id)).removeprefix(PUBLIC_URL)
    thief = world.visitor(**WECHAT)
    redirect = await thief.client.get(url, headers=WECHAT, allow_redirects=False)
    target = redirect.headers["Location"]
    assert openid not in target
    link = target.split("redirect_uri=")[1].split("&")[0].replace("%3A", ":").replace("%2F", "/")
    state = target.split("state=")[1]
    victim = await world.visitor(**WECHAT).get(f"{link}?code={openid}&state={state}")
    assert (victim.status, "重新扫描" in victim.text) == (403, True)
    await thief.get(f"{link}?code={openid}&state={'0' * 32}")
    assert thief.status == 403


async def test_outside_wechat_the_page_says_what_to_do_instead(world: World) -> None:
    draw_id, _ = await world.panel()
    page = await world.visitor().get((await venue_url(world, draw_id)).removeprefix(PUBLIC_URL))
    assert page.status == 403
    assert "扫一扫" in page.text
    assert "告诉现场工作人员" in page.text


async def test_strangers_and_experts_of_other_panels_are_refused_with_different_reasons(world: World) -> None:
    draw_id, [invitation] = await world.panel()
    url = await venue_url(world, draw_id)
    stranger = await world.scan(world.visitor(**WECHAT), url, "o-nobody")
    assert (stranger.status, "绑定" in stranger.text) == (403, True)
    other = next(e for e in world.office.experts if e.id != invitation.expert_id)
    guest = await world.scan(world.visitor(**WECHAT), url, await world.bind(other.id))
    assert (guest.status, "不在本场评标名单中" in guest.text) == (403, True)
    world.wechat.snapshot = True
    shadow = await world.scan(world.visitor(**WECHAT), url, "o-shadow")
    assert "使用完整服务" in shadow.text
    assert not await Attendance.exists(draw_id=draw_id)


async def test_who_scans_the_code_of_another_room_reads_where_his_own_panel_meets(world: World) -> None:
    wrong, _ = await world.panel()
    await new_project(world.office)
    _, [invitation] = await world.panel()
    room = (await CallNotice.get(id=invitation.notice_id)).room
    openid = await world.bind(invitation.expert_id)
    guest = await world.scan(world.visitor(**WECHAT), await venue_url(world, wrong), openid)
    assert (guest.status, "请到那里签到" in guest.text, room in guest.text) == (403, True, True)


@pytest.mark.parametrize("failure", [Transient("busy"), OutcomeUnknown("silence")])
async def test_wechat_away_is_said_with_another_way_in(world: World, failure: GatewayError) -> None:
    draw_id, [invitation] = await world.panel()
    openid = await world.bind(invitation.expert_id)
    world.wechat.fail.append(failure)
    phone = await world.scan(world.visitor(**WECHAT), await venue_url(world, draw_id), openid)
    assert (phone.status, "告诉现场工作人员" in phone.text) == (503, True)


async def test_a_wechat_code_serves_once(world: World) -> None:
    draw_id, [invitation] = await world.panel()
    openid = await world.bind(invitation.expert_id)
    world.wechat.used.add(openid)
    phone = await world.scan(world.visitor(**WECHAT), await venue_url(world, draw_id), openid)
    assert (phone.status, "重新扫描" in phone.text) == (403, True)


@pytest.mark.parametrize("path", ["/v/x", "/v/back/x?code=a&state=b", "/v/" + "A" * 71])
async def test_made_up_codes_open_nothing(world: World, path: str) -> None:
    assert (await world.visitor(**WECHAT).get(path)).status == 403


def test_a_cookie_that_is_no_text_is_of_another_browser() -> None:
    request = SimpleNamespace(cookies={"pbt_scan": "\udcff"}, query={"state": "x"})
    assert not _is_same_browser(cast(web.Request, request), uuid4())
