"""The pay page in a real browser: the code that shows its own result, and WeChat's cashier; with pictures."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Literal
from urllib.parse import quote

import pytest
from playwright.async_api import Browser, expect

from models.accounts import Account
from models.payments import Fee, PayOrder
from tests.factories.payments import UNREACHED, FakePlatform, platform_of
from tests.plugins.browsers import CHROMIUM
from tests.web.conftest import World
from tests.web.payments.test_pay import make_owed, settle
from tests.web.test_browser import PHONE, Seen, look
from web.accounts.login import COOKIE
from web.payments.visitors import COOKIE as PAYER

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
Scheme = Literal["light", "dark"]
BRIDGE = """window.WeixinJSBridge = { invoke: (name, parameters, done) => {
    window.asked = { name, parameters };
    done({ err_msg: `${'get_brand_wcpay_request'}:${window.answers.shift()}` });
} }; window.answers = ANSWERS;"""


@pytest.fixture
def platform(world: World) -> FakePlatform:
    return platform_of(world.services.payments)


async def owner(
    browser: Browser, world: World, fee: Fee, size: tuple[int, int] = PHONE, scheme: Scheme = "light"
) -> Seen:
    seen = await look(browser, world, size, scheme)
    await seen.page.clock.set_fixed_time(
        world.clock.now()
    )  # else the code is out of date and asked for every two seconds
    cookie = await world.services.accounts.web_sessions.begin(await Account.get(id=fee.account_id))
    await seen.page.context.add_cookies([{"name": COOKIE, "value": cookie, "url": seen.base}])
    return seen


async def in_wechat(browser: Browser, world: World, fee: Fee, answers: list[str]) -> Seen:
    """WeChat's own browser: it knows the openid, and has the bridge to the cashier."""
    seen = await owner(browser, world, fee)
    agent = "Mozilla/5.0 (iPhone) Mobile MicroMessenger/8.0.50"
    await seen.page.context.set_extra_http_headers({"User-Agent": agent})
    until = (world.clock.now() + timedelta(hours=1)).timestamp()
    cookie = quote(world.services.deps.keys.seal(json.dumps([until, "demo", "o-payer"]), "payer"), safe="")
    await seen.page.context.add_cookies([{"name": PAYER, "value": cookie, "url": seen.base}])
    await seen.page.add_init_script(BRIDGE.replace("ANSWERS", json.dumps(answers)))
    return seen


async def test_the_code_appears_and_then_its_own_result(browser: Browser, world: World, platform: FakePlatform) -> None:
    fee = await make_owed(world)
    seen = await owner(browser, world, fee)
    page = await seen.open("/h5/demo/pay")
    await page.get_by_role("img", name="微信付款二维码").wait_for()
    await page.get_by_text("支付后本页会自动显示结果").wait_for()
    await seen.check("pay-code")
    await settle(world, platform.pay(next(iter(platform.orders))))
    await page.get_by_role("heading", name="缴费成功").wait_for()
    await seen.check("pay-paid")
    assert seen.complaints == []


async def test_inside_wechat_the_cashier_opens_and_the_result_is_confirmed(
    browser: Browser, world: World, platform: FakePlatform
) -> None:
    fee = await make_owed(world)
    seen = await in_wechat(browser, world, fee, ["cancel", "fail", "ok"])
    page = await seen.open("/h5/demo/pay")
    await seen.check("pay-wechat")
    go = page.get_by_role("button", name="立即支付")
    await go.click()
    await page.get_by_text("您已取消支付").wait_for()
    await go.click()
    await page.get_by_text("微信没有完成支付").wait_for()
    await go.click()
    await page.get_by_text("支付结果确认中").wait_for()
    payment_request = await page.evaluate("window.asked")
    assert payment_request["name"] == "getBrandWCPayRequest"
    assert payment_request["parameters"]["package"].startswith("prepay_id=wx")
    assert [order.trade for order in await PayOrder.all()] == ["jsapi"], "tried three times, ordered once"
    await settle(world, platform.pay(next(iter(platform.orders))))
    await page.get_by_role("heading", name="缴费成功").wait_for()
    assert seen.complaints == []


async def test_a_tap_before_the_script_has_come_opens_the_cashier_as_well(
    browser: Browser, world: World, platform: FakePlatform
) -> None:
    """On a slow line the button stands before its script: the form is sent by the browser itself."""
    fee = await make_owed(world)
    seen = await in_wechat(browser, world, fee, ["ok"])
    await seen.page.route("**/payments/pay.js*", lambda route: route.abort())
    page = await seen.open("/h5/demo/pay")
    await seen.page.unroute("**/payments/pay.js*")
    await page.get_by_role("button", name="立即支付").click()
    await page.get_by_text("支付结果确认中").wait_for()
    await expect(page.get_by_role("img", name="微信付款二维码")).to_be_hidden()
    assert (await page.evaluate("window.asked"))["parameters"]["package"].startswith("prepay_id=wx")
    assert [order.trade for order in await PayOrder.all()] == ["jsapi"]
    await settle(world, platform.pay(next(iter(platform.orders))))
    await page.get_by_role("heading", name="缴费成功").wait_for()


async def test_a_platform_that_is_away_is_said_and_tried_again_by_a_tap(
    browser: Browser, world: World, platform: FakePlatform
) -> None:
    fee = await make_owed(world)
    platform.before["order_native"] = [UNREACHED]
    seen = await owner(browser, world, fee)
    page = await seen.open("/h5/demo/pay")
    await page.get_by_text("支付平台暂时没有响应").wait_for()
    world.clock.move(timedelta(seconds=20))
    await page.get_by_role("button", name="显示付款码").click()
    await page.get_by_role("img", name="微信付款二维码").wait_for()


@pytest.mark.parametrize(("opens", "closes", "name"), [(1, 5, "not-open"), (-5, -1, "closed")])
async def test_outside_the_window_it_says_when(
    browser: Browser, world: World, opens: int, closes: int, name: str
) -> None:
    now = world.clock.now()
    fee = await make_owed(world, opens_at=now + timedelta(days=opens), closes_at=now + timedelta(days=closes))
    seen = await owner(browser, world, fee)
    await seen.open("/h5/demo/pay")
    await seen.check(f"pay-{name}")
    await seen.open("/h5/demo/pay?other=1")
    await seen.check("pay-search")
    assert seen.complaints == []
