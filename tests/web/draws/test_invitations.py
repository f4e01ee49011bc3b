"""The expert's page of one invitation, as opened from a card or an SMS."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from domain.clock import print_time
from models.attendance import Attendance
from models.audit import AuditEntry
from models.draws import Absence
from models.invitations import Invitation
from models.notices import Notice
from services.core.base import Deps
from services.draws import DiscardForm
from tests.drivers.pages import Visitor
from tests.factories.moved_invitations import INVITE, move_gathering
from tests.web.conftest import World


async def state(invitation: Invitation) -> str:
    return (await Invitation.get(id=invitation.id)).state


async def test_an_invitation_shows_time_and_place_but_neither_project_nor_parties(world: World) -> None:
    _, [invitation] = await world.call()
    page = await world.visitor().get(f"/i/{invitation.link}")
    assert page.status == 200
    assert "11月21日(周六) 17:00" in page.text
    assert "天润路333号" in page.text
    for secret in ("演示项目", "广州水务", "粤和招标", invitation.code):
        assert secret not in page.text


async def test_an_expert_agrees_by_one_tap_and_then_sees_his_code(world: World) -> None:
    _, [invitation] = await world.call()
    page = await world.visitor().get(f"/i/{invitation.link}")
    await page.press("参加")
    assert await state(invitation) == "accepted"
    assert (await Invitation.get(id=invitation.id)).answered_by == "h5"
    assert "已收到您的答复" in page.text
    assert invitation.code in page.text
    assert "王场地" in page.text
    assert "撤销" not in page.page.buttons


async def test_opening_the_page_in_whatever_way_agrees_to_nothing(world: World) -> None:
    """A messenger that opens links to preview them, or an address from before."""
    _, [invitation] = await world.call()
    for address in ("", "?do=accept", "/answer", "/undo"):
        await world.visitor().get(f"/i/{invitation.link}{address}")
    assert await state(invitation) == "open"
    assert await AuditEntry.filter(action="invitation.opened", subject_id=invitation.id).count() == 1


async def open_form(page: Visitor) -> tuple[str, dict[str, str]]:
    """Address and fields of the form that the page's script sends."""
    form = next(form for form in page.page.forms if form["action"].endswith("/opened"))
    return form["action"], form["fields"]


async def test_a_notice_is_opened_by_the_page_s_script_and_not_by_a_fetch_of_its_address(world: World) -> None:
    """Messengers and telephones fetch links to check them: nobody has read anything then."""
    _, [invitation] = await world.call()
    page = await world.visitor().get(f"/i/{invitation.link}")
    await world.visitor().get(f"/i/{invitation.link}/opened")
    assert await opened_kinds() == []
    address, fields = await open_form(page)
    assert (await page.post(address, {**fields, "form": "x"})).status == 403
    assert await opened_kinds() == []
    assert (await page.post(address, fields)).status == 204
    assert await opened_kinds() == ["draw_call"]


async def test_a_page_opens_the_notices_of_its_own_invitation_only(world: World) -> None:
    _, [invitation, other] = await world.call(2)
    address, fields = await open_form(await world.visitor().get(f"/i/{invitation.link}"))
    page = await world.visitor().post(f"/i/{other.link}/opened", fields)
    assert page.status == 403
    await world.visitor().post(address, fields)
    assert await Notice.filter(opened_at__not_isnull=True).values_list("invitation_id", flat=True) == [invitation.id]


async def opened_kinds() -> list[str]:
    return [notice.kind for notice in await Notice.filter(opened_at__not_isnull=True)]


async def test_an_acceptance_is_undone_on_the_page_until_the_deadline(world: World) -> None:
    _, [invitation, _] = await world.call(2)
    page = await world.visitor().get(f"/i/{invitation.link}")
    await page.press("参加")
    await page.press("撤销")
    assert "已撤销，您还没有答复" in page.text
    assert await state(invitation) == "open"
    await page.press("参加")
    world.clock.move(timedelta(minutes=3))
    await page.press("撤销")
    assert "不能撤销" in page.text
    assert await state(invitation) == "accepted"
    assert "撤销" not in page.page.buttons


async def test_an_expert_declines_and_may_not_change_it(world: World) -> None:
    _, [invitation] = await world.call()
    page = await (await world.visitor().get(f"/i/{invitation.link}")).click("不参加")
    await page.press("确认不参加")
    assert await state(invitation) == "declined"
    assert "已答复不参加" in page.text
    assert invitation.code not in page.text
    await page.get(f"/i/{invitation.link}")
    assert "参加" not in page.page.buttons


async def test_going_back_from_the_read_back_changes_nothing(world: World) -> None:
    _, [invitation] = await world.call()
    page = await (await world.visitor().get(f"/i/{invitation.link}")).click("不参加")
    await page.click("返回重选")
    assert "参加" in page.page.buttons
    assert "不参加" in page.page.links
    assert await state(invitation) == "open"


async def test_a_button_pressed_twice_at_once_answers_once(world: World) -> None:
    _, [invitation] = await world.call()
    first = await world.visitor().get(f"/i/{invitation.link}")
    second = await (await world.visitor().get(f"/i/{invitation.link}")).click("不参加")
    await asyncio.gather(first.press("参加"), second.press("确认不参加"))
    notes = [
        "已收到您的答复" in first.text,
        "没有改变它" in first.text,
        "已收到您的答复" in second.text,
        "没有改变它" in second.text,
    ]
    assert notes in ([True, False, False, True], [False, True, True, False])
    assert await state(invitation) == ("accepted" if notes[0] else "declined")


async def test_an_answer_after_the_end_of_time_gets_the_present_state(world: World) -> None:
    _, [invitation] = await world.call()
    page = await world.visitor().get(f"/i/{invitation.link}")
    world.clock.move(timedelta(minutes=4))
    await world.services.draws.invitations.expire_due()
    await page.press("参加")
    assert await state(invitation) == "silent"
    assert "没有改变它" in page.text
    assert "已过答复时间" in page.text


@pytest.mark.parametrize("link", ["x", "AAAAAAAAAAAAAAAA", "%00", "a" * 400, "..%2f..%2fetc", "' OR 1=1 --"])
async def test_an_invalid_link_opens_a_clear_page(world: World, link: str) -> None:
    page = await world.visitor().get(f"/i/{link}")
    assert page.status == 404
    assert "链接无效或已过期" in page.text or "没有找到" in page.text


async def test_a_link_ends_half_a_day_after_its_panel(world: World) -> None:
    _, [invitation] = await world.call()
    world.clock.move(timedelta(hours=24, seconds=1))
    assert (await world.visitor().get(f"/i/{invitation.link}")).status == 404


async def test_a_form_of_another_site_does_nothing(world: World) -> None:
    _, [invitation] = await world.call()
    page = await world.visitor().get(f"/i/{invitation.link}")
    for forged in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        await (await page.get(f"/i/{invitation.link}")).press("参加", headers=forged)
        assert page.status == 403
    await page.post(f"/i/{invitation.link}/answer", {"choice": "accept"})
    assert page.status == 403
    assert await state(invitation) == "open"


async def test_a_form_serves_its_own_invitation_and_command_only(world: World) -> None:
    _, [mine, other] = await world.call(2)
    page = await world.visitor().get(f"/i/{mine.link}")
    form = page.page.buttons["参加"][0]["fields"]["form"]
    await page.post(f"/i/{other.link}/answer", {"choice": "accept", "form": form})
    assert page.status == 403
    await page.post(f"/i/{mine.link}/check-in", {"form": form})
    assert page.status == 403
    world.clock.move(timedelta(hours=3))
    await page.post(f"/i/{mine.link}/answer", {"choice": "accept", "form": form})
    assert (page.status, "刷新页面" in page.text) == (403, True)
    assert await state(mine) == await state(other) == "open"


async def test_junk_instead_of_a_form_gets_a_page_not_an_error(world: World) -> None:
    _, [invitation] = await world.call()
    client, path = world.visitor().client, f"/i/{invitation.link}/answer"
    assert (await client.post(path, json={"choice": "accept"})).status == 422
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await client.post(path, data=b"\xff\xfe=%zz&" * 3, headers=form)).status == 422
    assert (await client.post(path, data=b"a=" + b"x" * 20_000, headers=form)).status == 413
    assert (await client.post(path, data="&".join(f"a{n}=1" for n in range(150)), headers=form)).status == 422


async def test_leave_is_read_back_with_its_consequence_before_it_counts(world: World, deps: Deps) -> None:
    _, [invitation] = await world.panel()
    page = await (await world.visitor().get(f"/i/{invitation.link}")).click("请假")
    assert deps.book("demo").draw.leave.consequence in page.text
    await page.press("下一步", reason=" ")
    assert (page.status, "2到100个字" in page.text) == (422, True)
    await page.press("下一步", reason="生病<b>住院</b>")
    assert "生病<b>住院</b>" in page.text
    assert await state(invitation) == "accepted"
    await page.press("确定请假")
    assert await state(invitation) == "left"
    assert "您已请假，无需到场" in page.text


async def test_leave_twice_is_harmless(world: World) -> None:
    _, [early, _] = await world.panel(2)
    first = await (await world.visitor().get(f"/i/{early.link}?do=leave")).press("下一步", reason="生病")
    second = await (await world.visitor().get(f"/i/{early.link}?do=leave")).press("下一步", reason="出差")
    await first.press("确定请假")
    await second.press("确定请假")
    assert (second.status, await state(early)) == (200, "left")


async def test_a_leave_past_its_time_counts_only_after_its_consequence_was_shown(world: World) -> None:
    _, [invitation] = await world.panel()
    rule = world.services.deps.book("demo").draw.leave
    world.clock.move(timedelta(hours=4, minutes=45))
    page = await (await world.visitor().get(f"/i/{invitation.link}?do=leave")).press("下一步", reason="生病")
    assert rule.consequence in page.text
    world.clock.move(timedelta(minutes=10))
    await page.press("确定请假")
    assert rule.late_consequence in page.text
    assert await state(invitation) == "accepted"
    await page.press("确定请假")
    assert await state(invitation) == "left"
    assert (await Absence.get(invitation_id=invitation.id)).source == "late"


async def test_past_its_time_the_page_still_takes_a_leave(world: World) -> None:
    _, [invitation] = await world.panel()
    world.clock.move(timedelta(hours=4, minutes=55))
    page = await world.visitor().get(f"/i/{invitation.link}")
    assert "请假截止时间" in page.text
    assert "不能到场" in page.page.links


@pytest.mark.parametrize(("button", "becomes"), [("确认请假", "left"), ("我会按时到场", "accepted")])
async def test_a_leave_that_the_agency_registered_is_answered_on_the_page(
    world: World, button: str, becomes: str
) -> None:
    draw_id, [invitation] = await world.panel()
    form = DiscardForm(invitation.code, "leave", "专家来电请假")
    await world.services.draws.discards.register(world.office.agency, draw_id, form)
    page = await world.visitor().get(f"/i/{invitation.link}")
    assert "有人为您登记了这场评标的请假" in page.text
    stale = await world.visitor().get(f"/i/{invitation.link}")
    await page.press(button)
    assert await state(invitation) == becomes
    assert "有人为您登记了" not in page.text
    if becomes == "accepted":
        await stale.press("确认请假")
        assert (stale.status, await state(invitation)) == (409, "accepted")


@pytest.mark.parametrize(("button", "becomes"), [("同意改期", "accepted"), ("改期后不能参加", "left")])
async def test_a_moved_time_is_answered_on_the_page(world: World, button: str, becomes: str) -> None:
    draw_id, [invitation] = await world.panel()
    moved = invitation.gathering_at - timedelta(hours=1)
    times = world.services.draws.gathering_times
    await times.change(world.office.agency, draw_id, invitation.notice_id, moved)
    page = await world.visitor().get(f"/i/{invitation.link}")
    assert "集合时间拟由今天11月21日(周六) 17:00改为今天11月21日(周六) 16:00" in page.text
    assert "您答复之前，原定时间仍然有效" in page.text
    stale = await world.visitor().get(f"/i/{invitation.link}")
    await page.press(button)
    assert await state(invitation) == becomes
    assert "拟由" not in page.text
    await stale.press("改期后不能参加")
    assert (stale.status, await state(invitation)) == ((409, "accepted") if becomes == "accepted" else (200, "left"))


async def test_an_expert_checks_in_on_his_page_once_its_time_has_come(world: World) -> None:
    _, [invitation] = await world.panel()
    page = await world.visitor().get(f"/i/{invitation.link}")
    await page.press("用位置签到", latitude="23.1496", longitude="113.3310")
    assert "签到成功" in page.text
    assert "签到时间" in page.text
    again = await world.visitor().get(f"/i/{invitation.link}")
    assert not {"用位置签到", "我已到场（自报）"} & set(again.page.buttons)
    assert "请假" not in again.page.links
    assert await Attendance.filter(invitation_id=invitation.id).count() == 1


async def test_an_expert_far_from_the_venue_can_only_report_arrival_unverified(world: World) -> None:
    draw_id, [invitation] = await world.panel()
    page = await world.visitor().get(f"/i/{invitation.link}")
    assert "data-position" in await page.response.text()
    await page.press("用位置签到", latitude="22.54", longitude="114.06")
    assert (page.status, "公里" in page.text) == (422, True)
    await page.press("用位置签到", latitude="nan", longitude="1e999")
    assert (page.status, "还不算签到" in page.text) == (200, True)
    assert "我已到场（自报）" not in page.page.buttons
    assert not await Attendance.exists()
    venue = await (await world.log_in(world.office.venue, "venue")).get(f"/draws/{draw_id}/attendance")
    assert "自报到场，未核实" in venue.text
    await page.press("用位置签到", latitude="23.1496", longitude="113.3310")
    assert "签到成功" in page.text


async def test_pages_carry_a_strict_policy_and_are_never_kept(world: World) -> None:
    _, [invitation] = await world.call()
    page = await world.visitor().get(f"/i/{invitation.link}")
    headers = page.response.headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert (headers["Cache-Control"], headers["X-Frame-Options"]) == ("no-store", "DENY")
    html = await page.response.text()
    assert "style=" not in html
    assert "<style" not in html
    refused = await world.visitor().get("/i/nothing")
    assert refused.response.headers["Content-Security-Policy"] == headers["Content-Security-Policy"]


async def test_files_of_pages_are_kept_by_their_version_and_nothing_else_is_served(world: World) -> None:
    client = world.visitor().client
    fresh = await client.get("/h5/static/core/page.css")
    assert (fresh.status, fresh.content_type, fresh.headers["Cache-Control"]) == (200, "text/css", "no-cache")
    html = await (await client.get("/i/nothing")).text()
    versioned = html.split('href="')[1].split('"')[0]
    assert "immutable" in (await client.get(versioned)).headers["Cache-Control"]
    for name in (
        "core/nothing.css",
        "page.css",
        "..%2fassembly.py",
        "core%2f..%2f..%2f..%2fassembly.py",
        "..%2f..%2fpyproject.toml",
    ):
        assert (await client.get(f"/h5/static/{name}")).status == 404


# ---- a gathering that moves while the page is open


@pytest.mark.parametrize("kind", INVITE)
@pytest.mark.parametrize("choice", ["参加", "确认不参加"])
async def test_an_old_page_answers_nothing_and_shows_the_moved_time(world: World, kind: str, choice: str) -> None:
    """The attack: who taps 参加 on the old page would agree to a time that he has not read."""
    invitation = await INVITE[kind](world.office)
    page = await world.visitor().get(f"/i/{invitation.link}")
    if choice != "参加":
        await page.click("不参加")
    at = invitation.gathering_at - timedelta(minutes=30)
    await move_gathering(world.office, invitation, at)
    await page.press(choice)
    assert page.status == 409
    assert page.text.count(print_time(at)) == 2, "in the sentence and among the facts"
    assert f"集合时间已改为{print_time(at)}，请核对后再答复。" in page.text
    assert await state(invitation) == "open"
    await page.press("参加")
    agreed = await Invitation.get(id=invitation.id)
    assert (agreed.state, agreed.gathering_at) == ("accepted", at)


@pytest.mark.parametrize("moves", [False, True])
async def test_a_page_from_before_it_carried_the_time_answers_unless_that_moved(world: World, moves: bool) -> None:
    invitation = await INVITE["draw"](world.office)
    page = await world.visitor().get(f"/i/{invitation.link}")
    if moves:
        await move_gathering(world.office, invitation, invitation.gathering_at - timedelta(minutes=30))
    await page.press("参加", gathering="")
    assert await state(invitation) == ("open" if moves else "accepted")
