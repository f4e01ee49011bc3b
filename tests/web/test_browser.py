"""The pages in a real browser, light and dark, on a phone and on a screen; pictures go to ``var/screenshots``."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, ViewportSize, expect

from models.accounts import Account, VerificationCode
from models.attendance import Attendance
from models.invitations import Invitation
from sandbox.config import parse
from sandbox.server import create_app as create_sandbox
from tests.drivers.page_faults import find_faults, find_narrow_faults
from tests.drivers.waiting import eventually
from tests.factories.people import make_grant
from tests.plugins.browsers import CHROMIUM, TIMEOUT, capture
from tests.plugins.workers import IN_WORKER
from tests.sandbox.conftest import MOBILE, settings
from tests.web.conftest import PUBLIC_URL, World
from web.accounts.login import COOKIE

SCREENSHOTS = Path(__file__).parents[2] / "var" / "screenshots"
PHONE, SCREEN = (390, 844), (1280, 800)
NARROW = 240
"""A small phone at 150 %, a tablet at 200 %: the least widths to support with large letters."""
Scheme = Literal["light", "dark"]
_VIEWS: tuple[tuple[str, tuple[int, int], Scheme], ...] = (("phone", PHONE, "light"), ("screen", SCREEN, "dark"))
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]

_UNFOLD = """() => document.querySelectorAll('main details').forEach((fold) => {
    if (fold.checkVisibility()) fold.open = true;
})"""


@dataclass
class Seen:
    """A page of a browser, and the errors that it logged."""

    page: Page
    base: str
    scheme: Scheme = "light"
    complaints: list[str] = field(default_factory=list)

    async def open(self, path: str) -> Page:
        await self.page.goto(self.base + path)
        return self.page

    async def check_pages(self, name: str, paths: Mapping[str, str]) -> None:
        """``check_page`` for each of ``paths``, by the end of the picture's name; tells the faults of all."""
        faults = []
        for part, path in paths.items():
            try:
                await self.check_page(f"{name}-{part}", path)
            except AssertionError as error:
                faults.append(f"{path}: {error}")
        assert faults == []

    async def check_page(self, name: str, path: str) -> Page:
        """Open a page with all its folds open, and ``check`` it."""
        page = await self.open(path)
        await page.evaluate(_UNFOLD)
        await page.mouse.move(0, 0)
        await self.check(name)
        return page

    async def check(self, name: str) -> None:
        """Look at the page as it is now on a phone in light and on a screen in dark colours, with usual and with large
        letters: overflow, sizes of targets, accessibility. It is left at the size and in the colours that it had."""
        usual = self.page.viewport_size
        assert usual
        scheme = self.scheme
        faults = []
        for part, size, colours in _VIEWS:
            await self._show(size, colours)
            await self._picture(f"{name}-{part}")
            faults += await find_faults(self.page)
        await self._show((NARROW, PHONE[1]), self.scheme)
        await self._picture(f"{name}-narrow")
        faults += await find_narrow_faults(self.page)
        assert faults == []
        await self._show((usual["width"], usual["height"]), scheme)

    async def _show(self, size: tuple[int, int], scheme: Scheme) -> None:
        """In this size and these colours, where it has others: each change takes a layout and four processes."""
        wanted = ViewportSize(width=size[0], height=size[1])
        if self.page.viewport_size != wanted:
            await self.page.set_viewport_size(wanted)
        if self.scheme != scheme:
            await self.page.emulate_media(color_scheme=scheme)
            self.scheme = scheme

    async def _picture(self, name: str) -> None:
        """With usual and with large letters."""
        await picture(self.page, name)
        if IN_WORKER not in os.environ:
            await self.page.evaluate("document.documentElement.classList.add('large')")
            await picture(self.page, f"{name}-large")
            await self.page.evaluate("document.documentElement.classList.remove('large')")


async def picture(page: Page, name: str) -> None:
    """Keep the whole page for people to look at, but in workers: hundreds of pictures take minutes."""
    if IN_WORKER not in os.environ:
        await capture(page, path=SCREENSHOTS / f"{name}.png", full_page=True)


async def look(browser: Browser, world: World, size: tuple[int, int] = PHONE, scheme: Scheme = "light") -> Seen:
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=scheme,
        device_scale_factor=2,
        locale="zh-CN",
        geolocation={"latitude": 23.1496, "longitude": 113.3310},
        permissions=["geolocation"],
    )
    page = await context.new_page()
    page.set_default_timeout(TIMEOUT)
    seen = Seen(page, str(world.server.make_url("")).rstrip("/"), scheme)
    page.on("console", lambda line: seen.complaints.append(line.text) if line.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    return seen


async def staff(browser: Browser, world: World, size: tuple[int, int], who: str) -> Seen:
    """A browser in which a person has logged in by typing the SMS code."""
    seen = await look(browser, world, size)
    office = world.office
    granted = {"venue": office.venue, "verifier": office.verifier, "supervisor": office.supervisor}
    visitor = await world.log_in(granted.get(who, office.agency), who if who in granted else "")
    cookie = visitor.cookie
    await seen.page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": seen.base}])
    return seen


async def test_an_expert_answers_checks_in_and_sees_his_code(browser: Browser, world: World) -> None:
    _, [invitation, _] = await world.call(2)
    seen = await look(browser, world, PHONE, "dark")
    page = await seen.open(f"/i/{invitation.link}")
    await seen.check("invitation-open")
    await page.get_by_role("button", name="参加", exact=True).click()
    await page.get_by_text(invitation.code).wait_for()
    await seen.check("invitation-accepted")
    await page.get_by_role("button", name="撤销").click()
    await page.get_by_text("已撤销，您还没有答复").wait_for()
    await seen.check("invitation-undone")
    await page.get_by_role("button", name="参加", exact=True).click()
    await page.get_by_text(invitation.code).wait_for()
    await page.get_by_role("button", name="我已到场（自报）").click()
    await page.get_by_text("还不算签到").first.wait_for()
    await seen.check("invitation-claimed")
    await page.get_by_role("button", name="用位置签到").click()
    await page.get_by_text("签到成功").wait_for()
    await seen.check("invitation-checked-in")
    assert seen.complaints == []


async def test_an_expert_asks_for_leave_by_keyboard_alone(browser: Browser, world: World) -> None:
    _, [invitation] = await world.panel()
    seen = await look(browser, world)
    page = await seen.open(f"/i/{invitation.link}")
    await page.get_by_role("link", name="请假").focus()
    await page.keyboard.press("Enter")
    await page.get_by_label("请假原因").focus()
    await page.keyboard.type("生病住院")
    await seen.check("leave-reason")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="确定请假").wait_for()
    await seen.check("leave-confirm")
    await page.get_by_role("button", name="确定请假").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="已请假").wait_for()
    await seen.check("leave-done")
    assert (await Invitation.get(id=invitation.id)).state == "left"
    assert seen.complaints == []


async def test_the_browser_is_asked_for_its_position_after_a_scan_and_a_far_one_is_refused(
    browser: Browser, world: World
) -> None:
    draw_id, [invitation] = await world.panel()
    seen = await look(browser, world)
    link = world.services.links.sign(
        "venue_in", draw_id, invitation.expert_id, world.clock.now() + timedelta(minutes=3)
    )
    await seen.page.context.add_cookies([{"name": "pbt_phone", "value": "ab" * 16, "url": seen.base}])
    await seen.page.context.set_geolocation({"latitude": 22.54, "longitude": 114.06})
    page = await seen.open(f"/v/in/{link}")
    await page.get_by_role("button", name="签到").click()
    await page.get_by_text("公里").wait_for()
    await seen.check("venue-far")
    await seen.page.context.set_geolocation({"latitude": 23.1496, "longitude": 113.3310})
    await page.get_by_role("button", name="签到").click()
    await page.get_by_text("签到成功").wait_for()
    assert (await Attendance.get(draw_id=draw_id)).latitude == 23.1496


async def test_the_venues_screen_says_that_it_lost_its_connection_and_finds_it_again(
    browser: Browser, world: World
) -> None:
    draw_id, _ = await world.panel()
    seen = await staff(browser, world, SCREEN, "venue")
    page = await seen.open(f"/draws/{draw_id}/screen")
    await page.clock.install()
    await page.reload()
    await page.route("**/screen", lambda route: route.abort())
    await page.clock.run_for(5_500)
    await page.get_by_text("网络连接中断").wait_for()
    await expect(page.locator(".qr")).not_to_be_visible()
    await page.unroute("**/screen")
    await page.clock.run_for(5_500)
    await page.get_by_text("网络连接中断").wait_for(state="hidden")
    await expect(page.locator(".qr")).to_be_visible()


async def test_a_wrong_link_looks_like_the_rest(browser: Browser, world: World) -> None:
    seen = await look(browser, world)
    await seen.open("/i/nothing")
    await seen.check("link-wrong")


async def test_venue_pages_on_a_phone_and_on_a_screen(browser: Browser, world: World) -> None:
    draw_id, invitations = await world.panel(5)
    world.clock.move(timedelta(hours=5, minutes=1))
    for invitation in invitations[:2]:
        await world.services.draws.attendance.check_in_by_code(world.office.venue, draw_id, invitation.code)
    seen = await staff(browser, world, PHONE, "venue")
    page = await seen.open("/draws")
    await seen.check("draws")
    await page.get_by_role("list", name="抽取活动").get_by_role("link", name="演示项目").click()
    await seen.check("draws-draw")
    await page.get_by_role("link", name="签到台").click()
    await page.get_by_label("专家的6位验证码", exact=True).fill(invitations[2].code)
    await page.keyboard.press("Enter")
    await page.get_by_text("已登记进场").wait_for()
    await seen.check("draws-attendance")
    await seen.open(f"/draws/{draw_id}/screen")
    await seen.check("draws-venue")
    assert seen.complaints == []


async def test_the_venues_screen_renews_its_code_by_itself(browser: Browser, world: World) -> None:
    draw_id, [invitation, _] = await world.panel(2)
    seen = await staff(browser, world, SCREEN, "venue")
    page = await seen.open(f"/draws/{draw_id}/screen")
    before = await page.locator(".qr").get_attribute("data-qr")
    await world.services.draws.attendance.check_in_by_code(world.office.venue, draw_id, invitation.code)
    await page.clock.install()
    await page.reload()
    world.clock.move(timedelta(seconds=30))
    await page.clock.run_for(5_500)
    await page.get_by_text("已签到 1 / 2").wait_for()
    await page.locator(f'.qr[data-qr]:not([data-qr="{before}"])').wait_for()
    assert seen.complaints == []


async def test_a_board_follows_its_draw(browser: Browser, world: World) -> None:
    draw_id, invitations = await world.call(3)
    for invitation in invitations[:2]:
        await world.services.draws.invitations.answer(invitation.id, invitation.expert_id, "accept", by="voice")
    token = await world.public_links().share(world.office.agency, draw_id, "board")
    seen = await look(browser, world)
    page = await seen.open(f"/draw/{token}")
    accepted = page.locator('[data-fact="accepted"]')
    assert await accepted.text_content() == "2"
    await seen.check("board")
    await world.services.draws.invitations.answer(invitations[2].id, invitations[2].expert_id, "accept", by="chat")
    await page.locator('[data-fact="accepted"]:text("3")').wait_for()
    await page.goto("about:blank")
    assert seen.complaints == []


async def test_record_and_result_are_readable(browser: Browser, world: World) -> None:
    draw_id, [first, *_] = await world.panel(4)
    first.supplementary = True
    await first.save(update_fields=["supplementary"])
    token = await world.public_links().share(world.office.agency, draw_id, "record")
    seen = await staff(browser, world, PHONE, "agency")
    await seen.open(f"/record/{token}")
    await seen.check("record")
    await seen.open(f"/draws/{draw_id}/result")
    await seen.check("result-sealed")
    world.clock.move(timedelta(hours=5, minutes=40))
    page = await seen.open(f"/draws/{draw_id}/result")
    await seen.check("result")
    await page.emulate_media(media="print")
    await expect(page.get_by_role("button", name="打印")).not_to_be_visible()
    await picture(page, "result-print")
    assert seen.complaints == []


async def test_logging_in_on_a_phone(browser: Browser, world: World) -> None:
    seen = await look(browser, world)
    page = await seen.open("/h5/login")
    await seen.check("login")
    await page.get_by_label("手机号").fill("13712345678")
    await page.get_by_role("button", name="获取验证码").click()
    await page.get_by_label("短信验证码").wait_for()
    await seen.check("login-code")
    assert seen.complaints == []


async def test_an_unknown_browser_calculates_while_the_number_is_typed_and_a_known_one_need_not(
    browser: Browser, world: World
) -> None:
    """With the difficulty of production, in Chromium slowed down to a cheap phone's speed."""
    object.__setattr__(world.services.deps, "puzzle_bits", 14)
    account = await Account.get(id=world.office.venue.account_id)
    mobile = world.services.deps.keys.open_text(account.mobile_sealed, "mobile")
    await make_grant(account, "venue")
    seen = await look(browser, world)
    slowly = await seen.page.context.new_cdp_session(seen.page)
    await slowly.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page = await seen.open("/h5/login")
    await page.get_by_label("手机号").fill(mobile)
    await page.get_by_role("button", name="获取验证码").click()
    await page.get_by_label("短信验证码").fill(await _code_of(world))
    await page.get_by_role("button", name="登录", exact=True).click()
    await page.wait_for_url("**/draws")
    await page.context.clear_cookies(name=COOKIE)
    page = await seen.open("/h5/login")
    await expect(page.locator("[data-puzzle]"), "it is known, so nothing has to be calculated").to_have_count(0)
    world.clock.move(timedelta(minutes=2))
    await page.get_by_label("手机号").fill(mobile)
    await page.get_by_role("button", name="获取验证码").click()
    await page.get_by_label("短信验证码").wait_for()
    assert await VerificationCode.all().count() == 2
    assert seen.complaints == []


async def _code_of(world: World) -> str:
    await eventually(VerificationCode.exists)
    return await world.last_code()


async def test_a_log_in_link_asks_once_and_then_says_that_it_was_used(browser: Browser, world: World) -> None:
    visitor = await world.log_in(world.office.venue, "venue")
    logins = world.services.accounts.web_sessions
    token = await logins.issue_hand_over(await logins.resume(visitor.cookie.value))
    seen = await look(browser, world)
    page = await seen.open(f"/h5/login/{token}")
    await seen.check("login-link")
    await page.get_by_role("button", name="确认登录").click()
    await page.wait_for_url("**/draws")
    other = await look(browser, world)
    page = await other.open(f"/h5/login/{token}")
    await page.get_by_text("已经用过").wait_for()
    await page.get_by_role("button", name="获取验证码").wait_for()
    await other.check("login-link-used")
    assert seen.complaints == []


async def test_pages_work_inside_a_phone_of_the_sandbox(browser: Browser, world: World) -> None:
    _, [invitation] = await world.call()
    config = settings(str(world.server.make_url("")).rstrip("/"), service_public_url=PUBLIC_URL)
    sandbox = TestServer(create_sandbox(parse(config)))
    await sandbox.start_server()
    seen = await look(browser, world)
    seen.base = str(sandbox.make_url("")).rstrip("/")
    page = await seen.open(f"/phone/{MOBILE}/service/i/{invitation.link}")
    await page.get_by_role("button", name="参加", exact=True).click()
    await page.get_by_text(invitation.code).wait_for()
    await expect(page).to_have_url(re.compile(re.escape(seen.base + "/phone/")))
    await page.context.close()
    await sandbox.close()
    assert seen.complaints == []


async def test_registering_and_ones_own_account(browser: Browser, world: World) -> None:
    seen = await look(browser, world)
    page = await seen.open("/h5/demo/account")
    await seen.check("login-person")
    await page.get_by_role("link", name="注册").click()
    await seen.check("register")
    await page.get_by_label("手机号").fill("13712345678")
    await page.keyboard.press("Enter")
    await page.get_by_label("短信验证码").wait_for()
    await page.get_by_label("短信验证码").fill(await world.last_code())
    await page.get_by_label("真实姓名").fill("周大同")
    await page.get_by_label("身份证号").fill("11010519491231002X")
    await page.get_by_label("登录密码").fill("Abcd1234")
    await page.get_by_label("再输入一次").fill("Abcd1234")
    for box in await page.get_by_role("checkbox").all():
        await box.check()
    await seen.check("register-form")
    await page.get_by_role("button", name="注册").click()
    await page.get_by_text("1101***002X").wait_for()
    await seen.check("account")
    for link in ("修改密码", "更换手机号"):
        await page.get_by_role("link", name=link).click()
        await page.get_by_role("heading", name=link).wait_for()
        await seen.check(f"account-{'password' if link == '修改密码' else 'mobile'}")
        await page.go_back()
    await page.get_by_role("button", name="退出登录").click()
    await page.get_by_role("heading", name="登录").wait_for()
    assert seen.complaints == []
