"""The office in a real browser, on a phone and on a computer; pictures go to ``var/screenshots``."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

import pytest
from playwright.async_api import Browser, expect

from domain.errors import NeedsOperator
from models.payments import Bill, Refund
from services.core.crypto import TEXT
from services.core.operator_waits import operator_wait
from tests.factories.people import make_account, make_expert, make_sanction
from tests.plugins.browsers import CHROMIUM
from tests.web.conftest import World
from tests.web.office_scene import Scene, bill, fill, invoice, make_scene, paid, refund
from tests.web.test_browser import PHONE, SCREEN, Seen, look
from web.accounts.login import COOKIE
from web.office.base import entries_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
_MENU = """() => { const menu = document.querySelector('.side'), here = menu.querySelector('a[aria-current]'),
    box = here.getBoundingClientRect();
    return {fits: menu.scrollHeight <= menu.clientHeight, shown: box.height > 0 && box.bottom <= innerHeight}; }"""


async def open_administrator(
    browser: Browser, scene: Scene, size: tuple[int, int], scheme: Literal["light", "dark"] = "light"
) -> Seen:
    seen = await look(browser, scene.world, size, scheme)
    cookie = await scene.world.services.accounts.web_sessions.begin(scene.account)
    await seen.page.context.add_cookies([{"name": COOKIE, "value": cookie, "url": seen.base}])
    return seen


async def test_every_page_reads_well(browser: Browser, world: World) -> None:
    scene = await make_scene(world)
    ids = await fill(scene)
    seen = await open_administrator(browser, scene, PHONE)
    paths = {
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
        "reconciliation": "/reconciliation",
        "reconciliation-day": f"/reconciliation/{ids['bill']}",
        "unmatched_payments": "/unmatched-payments",
        "feedback": "/feedback",
        "passwords": "/passwords",
        "remuneration": "/remuneration",
    }
    await seen.check_pages("office", {name: f"/office{path}" for name, path in paths.items()})
    assert seen.complaints == []


async def test_what_was_typed_waits_for_the_log_in_in_another_window(browser: Browser, world: World) -> None:
    scene = await make_scene(world)
    seen = await open_administrator(browser, scene, PHONE)
    page, context = await seen.open("/office/campaigns/new"), seen.page.context
    await page.get_by_label("征集名称").fill("2026年第三批征集")
    await context.clear_cookies()
    await page.get_by_role("button", name="保存草稿").click()
    await page.get_by_role("heading", name="请重新登录").wait_for()
    await seen.check("typed")
    async with context.expect_page() as opened:
        await page.get_by_role("link", name="先重新登录").click()
    log_in = await opened.value
    await log_in.get_by_label("手机号").wait_for()
    cookie = await scene.world.services.accounts.web_sessions.begin(scene.account)
    await context.add_cookies([{"name": COOKIE, "value": cookie, "url": seen.base}])
    await page.get_by_role("button", name="已登录，回到填写的内容").click()
    await page.get_by_text("请核对填写的内容，再提交一次").wait_for()
    await expect(page.get_by_label("征集名称")).to_have_value("2026年第三批征集")


async def test_a_refusal_is_in_sight_with_its_field_under_the_fingers(browser: Browser, world: World) -> None:
    seen = await open_administrator(browser, await make_scene(world), PHONE)
    page = await seen.open("/office/campaigns/new")
    await page.get_by_label("征集名称").fill("2026年第三批征集")
    await page.get_by_role("group", name="报名时间").get_by_label("开始").fill("2026-12-01T10:30")
    await page.get_by_role("button", name="保存草稿").click()
    wrong = page.get_by_role("group", name="报名时间").get_by_label("截止")
    await page.get_by_text("请填写报名截止时间").wait_for()
    assert await wrong.evaluate("field => field === document.activeElement && field.getAttribute('aria-invalid')")
    await expect(page.get_by_label("征集名称")).to_have_value("2026年第三批征集")
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
    await seen.check("office-refund")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    await page.get_by_role("button", name="确认退款").dblclick()
    await page.get_by_text("已提交退款").wait_for()
    await seen.check("office-refunded")
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
    for name, path in (
        ("order", f"/orders/{order.id}"),
        ("invoices", "/invoices"),
        ("reconciliation", "/reconciliation"),
    ):
        page = await seen.open(f"/office{path}")
        await expect(page.get_by_text("等待系统管理员处理，之后自动继续：SIGN_ERROR")).to_be_visible()
        await seen.check(f"office-{name}-operator")
    assert seen.complaints == []


@pytest.mark.parametrize(("size", "name"), [(PHONE, "phone"), (SCREEN, "screen")])
async def test_acts_against_an_expert_and_his_own_page(
    browser: Browser, world: World, size: tuple[int, int], name: str
) -> None:
    scene, deps, now = await make_scene(world), world.services.deps, world.clock.now()
    account = await make_account(deps)
    expert = await make_expert(deps, name="黄药师", account=account)
    own = await world.enter(account)
    await make_sanction(expert, "warning", decided_at=now, ends_at=now + timedelta(days=30))
    text = deps.keys.seal("我当时在外地参加另一场评标，有签到记录可查。", TEXT)
    await make_sanction(expert, decided_at=now, appealed_at=now, appeal_sealed=text)
    await make_sanction(
        expert, state="proposed", starts_at=None, decided_at=None, reason="多次不按时到场，经提醒仍不改正"
    )
    seen = await open_administrator(browser, scene, size)
    page = await seen.open(f"/office/experts/{expert.id}")
    await page.get_by_text("暂停抽取或警告").click()
    await seen.check(f"office-sanctions-{name}")
    await seen.check_page(f"office-sanction-list-{name}", "/office/sanctions?state=all")
    cookie = own.cookie
    await page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": seen.base}])
    await seen.check_page(f"own-sanctions-{name}", "/h5/demo/sanctions")
    assert seen.complaints == []


async def test_the_menu_fits_the_screen_wherever_the_page_stands_in_it(browser: Browser, world: World) -> None:
    scene = await make_scene(world)
    seen = await open_administrator(browser, scene, SCREEN)
    for entry in entries_of(world.services.deps.book("demo")):
        await seen.open(entry.path)
        assert (entry.code, await seen.page.evaluate(_MENU)) == (entry.code, {"fits": True, "shown": True})
    await seen.page.get_by_text("入库管理", exact=True).click()
    await seen.page.get_by_role("link", name="专家", exact=True).click()
    await seen.page.get_by_role("heading", name="专家", exact=True).wait_for()
    assert seen.complaints == []


@pytest.mark.parametrize("size", [PHONE, SCREEN])
async def test_what_an_act_did_is_in_sight_wherever_its_form_stands(
    browser: Browser, world: World, size: tuple[int, int]
) -> None:
    scene = await make_scene(world)
    expert = await make_expert(world.services.deps, name="黄药师")
    seen = await open_administrator(browser, scene, size)
    page = await seen.open(f"/office/experts/{expert.id}")
    await page.get_by_text("暂停抽取或警告", exact=True).click()
    form = page.locator("form", has=page.get_by_role("button", name="提交处理"))
    await form.get_by_label("警告").check()
    await form.get_by_label("原因", exact=True).fill("迟到三十分钟")
    await page.get_by_role("button", name="提交处理").click()
    message = page.get_by_text("已生效，并通知了本人。")
    await expect(message).to_be_in_viewport(ratio=1)
    await page.keyboard.press("Tab")
    await expect(message).not_to_be_in_viewport()
    assert seen.complaints == []
