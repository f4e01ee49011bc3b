"""Paying and reading e-mail on the page of phones, in a real browser."""

from __future__ import annotations

import html
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiosmtplib
import pytest
from aiohttp import FormData, web
from playwright.async_api import Browser, Locator, expect

from tests.drivers.waiting import eventually
from tests.plugins.browsers import CHROMIUM
from tests.sandbox.conftest import APPID, MINI, MOBILE, Box, Service, open_box
from tests.sandbox.merchant import Shop, pay_settings, sign
from tests.sandbox.test_mail import make_email
from tests.sandbox.test_page import Seen, open_page
from tests.sandbox.test_qr_reader import picture

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]

POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'"
SCRIPT = """
function pay() {
  const call = JSON.parse(document.querySelector('#call').textContent);
  WeixinJSBridge.invoke('getBrandWCPayRequest', call, (answer) => {
    document.querySelector('output').textContent = answer.err_msg + ' ' + (answer.err_desc || '');
  });
}
function ready() {
  document.querySelector('h1').textContent = /MicroMessenger/.test(navigator.userAgent) ? '请付款' : '请用微信打开';
  document.querySelector('button').addEventListener('click', pay);
}
if (typeof WeixinJSBridge === 'undefined') document.addEventListener('WeixinJSBridgeReady', ready);
else ready();
"""
STAND_IN = """async (call) => {
    const { PhoneView } = await import('/_/phone.js');
    const { get } = await import('/_/api.js');
    const [state, data] = [await get('state'), await get('phones/p1')];
    const account = (pool) => state.accounts.find((each) => each.pool === pool);
    const workspace = { state, now: () => Date.now() / 1000, account };
    const view = new PhoneView(workspace, { ...data, name: '替身' });
    document.querySelector('#workspace').append(view.element);
    window.answer = view.requestPayment(call);
}"""
"""A phone whose mini-program pays: the workspace's own is not accessible from outside."""


@dataclass
class Stage:
    """A page of phones, a shop, and the pages that the shop serves."""

    seen: Seen
    shop: Shop
    call: str = "{}"
    code: str = ""

    def phone(self, name: str) -> Locator:
        return self.seen.page.get_by_role("region", name=f"{name}的手机")

    async def pay_page(self, _request: web.Request) -> web.Response:
        text = (
            '<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>缴费</title>'
            '<script src="/h5/pay.js" defer></script></head><h1>稍候</h1><button>立即支付</button><output></output>'
            f'<template id="source"></template><p id="call" hidden>{html.escape(self.call)}</p>'
            f'<p data-qr="{html.escape(self.code)}">扫码支付</p></html>'
        )
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": POLICY})

    async def script(self, _request: web.Request) -> web.Response:
        return web.Response(text=SCRIPT, content_type="text/javascript")

    async def open(self, name: str) -> Locator:
        """The shop's page in a person's browser."""
        await self.phone(name).get_by_role("button", name="去缴费").last.click()
        frame = self.phone(name).frame_locator("iframe")
        await frame.get_by_role("heading", name="请付款").wait_for()
        return frame.locator("body")

    async def jsapi(self, number: str) -> str:
        """An order of 张三, with the parameters that the page passes to WeChat."""
        openid = await self.shop.box.openid()
        body = self.shop.native_body(number, payer={"openid": openid})
        prepay_id = (await self.shop.call("POST", "/v3/pay/transactions/jsapi", body)).json["prepay_id"]
        call = {"timeStamp": str(self.shop.now()), "nonceStr": "n" * 32, "package": f"prepay_id={prepay_id}"}
        signature = sign(f"{APPID}\n{call['timeStamp']}\n{call['nonceStr']}\n{call['package']}\n")
        return json.dumps({"appId": APPID, **call, "signType": "RSA", "paySign": signature})


@pytest.fixture
async def stage(browser: Browser, service: Service) -> AsyncIterator[Stage]:
    stage = Stage(None, None)  # type: ignore[arg-type]  # both need the running box
    service.pages += [("/h5/pay", stage.pay_page), ("/h5/pay.js", stage.script)]
    await service.start()
    link = f'<a href="{service.url}/h5/pay">去缴费</a>'
    service.says(link)
    box = await open_box(service, pay=pay_settings(), mail={}, wire={"callback_timeout": 2})
    stage.shop = Shop(box)
    await stage.shop.start()
    await box.control(f"phones/{MOBILE}/text", content="缴费")
    stage.seen = await open_page(browser, box, 1280, 800)
    yield stage
    await stage.seen.page.context.close()
    await stage.shop.stop()
    await box.client.close()
    assert stage.seen.complaints == []


async def send_picture(box: Box, text: str) -> None:
    """The account sends a picture of a code."""
    buffer = io.BytesIO()
    picture(text).save(buffer, "PNG")
    form = FormData()
    form.add_field("media", buffer.getvalue(), filename="code.png", content_type="image/png")
    token = await box.token()
    url = "/wechat/cgi-bin/media/upload"
    response = await box.client.post(url, params={"access_token": token, "type": "image"}, data=form)
    media_id = (await response.json(content_type=None))["media_id"]
    body = {"touser": await box.openid(), "msgtype": "image", "image": {"media_id": media_id}}
    assert (await box.api("/cgi-bin/message/custom/send", body))["errcode"] == 0


async def pay(phone: Locator) -> None:
    sheet = phone.get_by_role("dialog", name="微信支付")
    await expect(sheet).to_contain_text("演示协会")
    await expect(sheet).to_contain_text("￥300.00")
    await sheet.get_by_role("button", name="确认支付").click()
    await expect(sheet).to_contain_text("支付成功")
    await sheet.get_by_role("button", name="完成").click()
    await expect(sheet).to_be_hidden()


async def test_a_page_inside_wechat_pays(stage: Stage) -> None:
    stage.call = await stage.jsapi("T-jsapi-1")
    phone, body = stage.phone("张三"), await stage.open("张三")
    await body.get_by_role("button", name="立即支付").click()
    await pay(phone)
    await expect(body.locator("output")).to_have_text("get_brand_wcpay_request:ok ")
    await eventually(lambda: stage.shop.kinds() == ["TRANSACTION.SUCCESS"])
    await phone.get_by_role("button", name="关闭网页").click()
    await phone.get_by_role("button", name="聊天列表").click()
    await phone.get_by_role("button", name="微信支付").click()
    await expect(phone.get_by_role("log", name="聊天记录")).to_contain_text("微信支付凭证")


async def test_a_page_receives_cancelled_and_refused_payments(stage: Stage) -> None:
    stage.call = await stage.jsapi("T-jsapi-2")
    phone, body = stage.phone("张三"), await stage.open("张三")
    await body.get_by_role("button", name="立即支付").click()
    await phone.get_by_role("button", name="取消支付").click()
    await expect(body.locator("output")).to_have_text("get_brand_wcpay_request:cancel ")
    await stage.shop.close("T-jsapi-2")
    await body.get_by_role("button", name="立即支付").click()
    await phone.get_by_role("dialog", name="微信支付").get_by_role("button", name="完成").click()
    await expect(body.locator("output")).to_contain_text("get_brand_wcpay_request:fail 订单已关闭")
    stage.seen.complaints[:] = [line for line in stage.seen.complaints if "400" not in line]


async def test_a_code_on_a_page_is_paid_with_another_phone(stage: Stage) -> None:
    stage.code = await stage.shop.native()
    first, second = stage.phone("张三"), stage.phone("李四")
    await stage.open("张三")
    await second.get_by_role("button", name="扫一扫").click()
    await second.get_by_role("button", name="张三的手机上").click()
    await pay(second)
    assert (await stage.shop.query())["trade_state"] == "SUCCESS"
    await first.frame_locator("iframe").get_by_text("扫码支付").click(button="right")
    await expect(stage.seen.page.get_by_role("alert").filter(has_text="请使用扫一扫")).to_be_visible()


async def test_a_code_in_a_picture_is_refused_by_long_press_and_album_but_scanned(stage: Stage) -> None:
    await send_picture(stage.shop.box, await stage.shop.native())
    page, first, second = stage.seen.page, stage.phone("张三"), stage.phone("李四")
    shown = first.get_by_role("button", name="长按图片")
    await expect(shown).to_have_attribute("data-qr", await code_of(stage))
    for act, answer in (("识别图中的二维码", "请使用扫一扫"), ("保存到相册", "已保存到相册")):
        await shown.click(button="right")
        await first.get_by_role("button", name=act).click()
        await expect(page.locator("#toast")).to_contain_text(answer)
    await first.get_by_role("button", name="更多").click()
    await first.get_by_role("button", name="扫一扫").click()
    scanner = first.get_by_role("dialog", name="扫一扫")
    await expect(scanner).to_contain_text("请用另一部手机扫")
    await scanner.get_by_role("button", name="相册").click()
    await expect(page.locator("#toast")).to_contain_text("请使用扫一扫")
    await second.get_by_role("button", name="扫一扫").click()
    await second.get_by_role("button", name="张三的手机上").click()
    await pay(second)
    assert (await stage.shop.query())["trade_state"] == "SUCCESS"


async def code_of(stage: Stage) -> str:
    orders = (await (await stage.shop.box.client.get("/control/pay/orders")).json())["orders"]
    return str(orders[0]["code"])


async def test_a_mini_program_pays_through_its_host(stage: Stage) -> None:
    page, phone, world = stage.seen.page, stage.phone("替身"), stage.shop.box.world
    openid = world.mini_openid(world.by_mobile[MOBILE], world.minis["demo"])
    body = stage.shop.native_body("T-mini-1", appid=MINI, payer={"openid": openid})
    prepay_id = (await stage.shop.call("POST", "/v3/pay/transactions/jsapi", body)).json["prepay_id"]
    call = {"timeStamp": str(stage.shop.now()), "nonceStr": "m" * 32, "package": f"prepay_id={prepay_id}"}
    signature = sign(f"{MINI}\n{call['timeStamp']}\n{call['nonceStr']}\n{call['package']}\n")
    await page.evaluate(STAND_IN, {**call, "signType": "RSA", "paySign": signature})
    await pay(phone)
    assert await page.evaluate("window.answer") == {"result": "ok", "message": ""}


async def test_an_email_is_read_on_the_phone(stage: Stage) -> None:
    state = await (await stage.shop.box.client.get("/control/state")).json()
    message = make_email(attach=True)
    await aiosmtplib.send(message, hostname="127.0.0.1", port=state["mail"]["smtp_port"], start_tls=False)
    phone = stage.phone("张三")
    await phone.get_by_role("tab", name="邮箱 1").click()
    await phone.get_by_role("button", name="您的电子发票").click()
    await expect(phone.get_by_role("article")).to_contain_text("发票见附件")
    async with stage.seen.page.expect_download() as download:
        await phone.get_by_role("link", name="发票.pdf").click()
    assert (await download.value).suggested_filename == "发票.pdf"


async def test_faults_of_paying_are_offered_for_wechat_pay_only(stage: Stage) -> None:
    page = stage.seen.page
    await page.get_by_role("button", name="故障", exact=True).click()
    await expect(page.get_by_label("什么故障").locator("option[value=sign_probe]")).to_have_count(0)
    await page.get_by_label("哪一家").select_option("pay")
    await page.get_by_label("什么故障").select_option("sign_probe")
    await page.get_by_role("button", name="打开", exact=True).click()
    await page.get_by_text("微信支付 · 先发签名探测").wait_for()
