"""The office in a real browser, on a phone and on a computer; pictures go to ``var/screenshots``."""

from __future__ import annotations

from datetime import date
from typing import Literal

import pytest
from playwright.async_api import Browser, expect

from domain.errors import NeedsOperator
from models.payments import Bill, Refund
from services.core.operator_waits import operator_wait
from tests.plugins.browsers import CHROMIUM
from tests.web.conftest import World
from tests.web.office_scene import Scene, bill, fill, invoice, make_scene, paid, refund
from tests.web.test_browser import PHONE, SCREEN, Seen, look
from web.accounts.login import COOKIE

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]


async def open_administrator(
    browser: Browser, scene: Scene, size: tuple[int, int], scheme: Literal["light", "dark"] = "light"
) -> Seen:
    seen = await look(browser, scene.world, size, scheme)
    cookie = await scene.world.services.accounts.web_sessions.begin(scene.account)
    await seen.page.context.add_cookies([{"name": COOKIE, "value": cookie, "url": seen.base}])
    return seen


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (SCREEN, "dark")])
async def test_every_page_reads_well(
    browser: Browser, world: World, size: tuple[int, int], scheme: Literal["light", "dark"]
) -> None:
    scene = await make_scene(world)
    ids = await fill(scene)
    seen = await open_administrator(browser, scene, size, scheme)
    faults: list[str] = []
    for name, path in {
        "home": "",
        "campaigns": "/campaigns",
        "campaign": f"/campaigns/{ids['campaign']}",
        "applications": "/applications",
        "application": f"/applications/{ids['application']}",
        "locked": f"/applications/{ids['locked']}",
        "employers": "/employers",
        "requests": "/employers/requests",
        "reviewers": "/reviewers",
        "staff": "/staff",
        "objections": "/objections",
        "notices": "/notices",
        "orders": "/orders",
        "order": f"/orders/{ids['order']}",
        "invoices": "/invoices?only=all",
        "bills": "/bills",
        "bill": f"/bills/{ids['bill']}",
        "alarms": "/alarms",
        "feedback": "/feedback",
        "passwords": "/passwords",
        "remuneration": "/remuneration",
    }.items():
        page = await seen.open(f"/office{path}")
        for fold in await page.locator("main details:not([open]) > summary").all():
            if await fold.is_visible():
                await fold.click()
        await page.mouse.move(0, 0)
        try:
            await seen.check(f"office-{name}-{'phone' if size == PHONE else 'screen'}-{scheme}")
        except AssertionError as error:
            faults.append(f"{name}: {error}")
    assert faults == []
    assert seen.complaints == []


async def test_a_refusal_is_in_sight_with_its_field_under_the_fingers(browser: Browser, world: World) -> None:
    seen = await open_administrator(browser, await make_scene(world), PHONE)
    page = await seen.open("/office/campaigns/new")
    await page.get_by_label("征集名称").fill("2026年第三批征集")
    await page.get_by_role("group", name="报名时间").get_by_label("开始").fill("2026-12-01T10:30")
    await page.get_by_role("button", name="保存草稿").click()
    wrong = page.get_by_role("group", name="报名时间").get_by_label("截止")
    await page.get_by_text("请填写报名截止时间").wait_for()
    assert await wrong.evaluate("field => field === document.activeElement && field.getAttribute('aria-invalid')")
    assert await page.get_by_label("征集名称").input_value() == "2026年第三批征集"
    await seen.check("office-campaign-wrong")
    await wrong.fill("2026-12-20T18:00")
    await page.keyboard.press("Enter")
    await page.get_by_text("草稿已保存").wait_for()
    assert [line for line in seen.complaints if "422" not in line] == []


async def test_money_goes_back_by_keyboard_and_once(browser: Browser, world: World) -> None:
    scene = await make_scene(world)
    order = await paid(scene)
    seen = await open_administrator(browser, scene, SCREEN)
    page = await seen.open(f"/office/orders/{order.id}")
    await page.locator("summary", has_text="退款").press("Enter")
    await page.get_by_label("退款原因").fill("重复报名")
    await page.get_by_label("退款原因").press("Enter")
    await page.get_by_role("heading", name="确认退款").wait_for()
    await seen.check("office-refund-screen")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    await page.get_by_role("button", name="确认退款").dblclick()
    await page.get_by_text("已提交退款").wait_for()
    await seen.check("office-refunded-screen")
    assert (len(sent), await Refund.all().count()) == (1, 1)
    assert seen.complaints == []


async def test_what_waits_for_the_operator_says_so_and_reads_well(browser: Browser, world: World) -> None:
    scene = await make_scene(world)
    order = await paid(scene)
    mark = operator_wait(NeedsOperator("SIGN_ERROR"))
    await refund(scene, order, state="requested", failure=mark)
    await invoice(scene, order, state="wanted", failure=mark)
    await Bill.filter(id=(await bill(scene, date(2026, 11, 20))).id).update(
        state="waiting", compared_at=None, failure=mark
    )
    seen = await open_administrator(browser, scene, PHONE)
    for name, path in (("order", f"/orders/{order.id}"), ("invoices", "/invoices"), ("bills", "/bills")):
        page = await seen.open(f"/office{path}")
        await expect(page.get_by_text("等待系统管理员处理，之后自动继续：SIGN_ERROR")).to_be_visible()
        await seen.check(f"office-{name}-operator-phone")
    assert seen.complaints == []
