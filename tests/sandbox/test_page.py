"""The page of phones in a real browser: wide and narrow, by finger and by keyboard."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Browser, Locator, Page, expect

from tests.drivers.waiting import eventually
from tests.plugins.browsers import CHROMIUM
from tests.sandbox.conftest import LINE, MOBILE, Box, Delivery, Service, open_box
from tests.sandbox.test_alibaba import ASK, reports
from tests.sandbox.test_incoming import PROMPTS

SCREENSHOTS = Path("var/screenshots")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]


@dataclass
class Seen:
    """A page, and the errors that it logged."""

    page: Page
    box: Box
    complaints: list[str] = field(default_factory=list)


async def code_page(_request: web.Request) -> web.Response:
    text = (
        '<!doctype html><html lang="zh"><meta charset="utf-8"><title>登录</title>'
        '<label>验证码<input autocomplete="one-time-code"></label></html>'
    )
    return web.Response(text=text, content_type="text/html")


async def h5(_request: web.Request) -> web.Response:
    text = (
        '<!doctype html><html lang="zh"><meta charset="utf-8"><title>签到</title><h1>现场签到</h1>'
        '<p data-qr="http://weixin.qq.com/q/demo/checkin-7">签到码</p></html>'
    )
    return web.Response(text=text, content_type="text/html", headers={"X-Frame-Options": "DENY"})


def answer(service: Service) -> None:
    def reply(delivery: Delivery) -> bytes:
        link = f'<a href="{service.url}/h5/checkin">打开签到页</a>'
        choice = '<a href="weixin://bizmsgmenu?msgmenucontent=参加&msgmenuid=101">参加</a>'
        return service.passive(delivery, MsgType="text", Content=f"请选择：{choice}，或{link}")

    service.reply = reply


async def open_page(browser: Browser, box: Box, width: int, height: int) -> Seen:
    context = await browser.new_context(viewport={"width": width, "height": height})
    page = await context.new_page()
    seen = Seen(page, box)
    page.on("console", lambda line: seen.complaints.append(line.text) if line.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.set_default_timeout(30_000)
    await page.goto(str(box.client.make_url("/")))
    await page.locator(".slot").first.wait_for()
    return seen


@pytest.fixture
async def wide(browser: Browser, service: Service) -> AsyncIterator[Seen]:
    service.pages += [("/h5/checkin", h5), ("/h5/login", code_page)]
    await service.start()
    answer(service)
    box = await open_box(service, wire={"callback_timeout": 2, "speech_rate": 100000, "key_wait": 600})
    seen = await open_page(browser, box, 1280, 800)
    yield seen
    await seen.page.context.close()
    await box.client.close()
    assert seen.complaints == []


async def test_choice_is_tapped_and_a_page_opens_inside_the_phone(wide: Seen) -> None:
    phone = wide.page.get_by_role("region", name="张三的手机")
    await phone.get_by_role("textbox", name="消息").fill("你好")
    await wide.page.keyboard.press("Enter")
    await phone.get_by_role("button", name="参加", exact=True).click()
    await eventually(lambda: wide.box.service.deliveries[-1].fields.get("bizmsgmenuid") == "101")
    await phone.get_by_role("button", name="打开签到页").first.click()
    await phone.frame_locator("iframe").get_by_role("heading", name="现场签到").wait_for()
    await phone.get_by_role("heading", name="签到", exact=True).wait_for()


async def test_code_on_one_phone_is_scanned_with_another(wide: Seen) -> None:
    first = wide.page.get_by_role("region", name="张三的手机")
    second = wide.page.get_by_role("region", name="李四的手机")
    await first.get_by_role("textbox", name="消息").fill("1")
    await wide.page.keyboard.press("Enter")
    await first.get_by_role("button", name="打开签到页").click()
    await first.frame_locator("iframe").get_by_role("heading", name="现场签到").wait_for()
    await second.get_by_role("button", name="扫一扫").click()
    await second.get_by_role("button", name="张三的手机上").click()
    await eventually(lambda: wide.box.service.deliveries[-1].fields.get("EventKey") == "qrscene_checkin-7")
    await second.get_by_role("textbox", name="消息").wait_for()


async def is_large(button: Locator) -> bool:
    box = await button.bounding_box()
    return box is not None and box["height"] >= 44


async def test_ringing_call_is_answered_and_confirmed_by_keyboard(wide: Seen) -> None:
    await wide.box.rpc("voice", "IvrCall", **ASK)
    call = wide.page.get_by_role("dialog", name="来电")
    await call.get_by_role("button", name="接听").click()
    await call.get_by_text("参加请按1").wait_for()
    await call.get_by_role("button", name="按 1").click()
    await call.get_by_text("再按1确认").wait_for()
    await wide.page.keyboard.press("1")
    await eventually(lambda: reports(wide.box))  # the same key again ends the menu, and the machine hangs up
    assert reports(wide.box)[0]["dtmf"] == "11"


async def test_the_pools_number_is_called_and_answered_by_keys(wide: Seen) -> None:
    wide.box.service.prompts = PROMPTS
    phone = wide.page.get_by_role("region", name="张三的手机")
    await phone.get_by_role("tab", name="电话").click()
    dial = phone.get_by_role("button", name=f"拨打 {LINE}")
    await eventually(lambda: is_large(dial))  # the page replaces the button when a call or a message arrives
    await dial.click()
    call = phone.get_by_role("dialog", name="来电")
    await call.get_by_text("请输入您身份证号的后四位").wait_for()
    for key in "123":
        await call.get_by_role("button", name=f"按 {key}").click()
    await wide.page.keyboard.press("*")
    await call.get_by_text("参加请按1").wait_for()
    await wide.page.screenshot(path=SCREENSHOTS / "sandbox-incoming-call.png")
    await call.get_by_role("button", name="按 1").click()
    await phone.get_by_text("已拨打 · 按键 123*1").wait_for()
    events = [(event["event"], event["dtmf"]) for event in wide.box.service.calls]
    assert events[:3] == [("start", ""), ("dtmf", "123*"), ("dtmf", "1")]
    await expect(call).to_be_hidden()
    await wide.page.screenshot(path=SCREENSHOTS / "sandbox-incoming-call-list.png")
    await phone.get_by_role("button", name=f"回拨{LINE}").click()
    await call.get_by_text("请输入您身份证号的后四位").wait_for()
    await call.get_by_role("button", name="挂断").click()
    await eventually(lambda: wide.box.service.calls[-1]["event"] == "hangup")


async def test_sms_raises_a_badge_and_offers_its_code(wide: Seen) -> None:
    sms = {"PhoneNumbers": MOBILE, "SignName": "评标通", "TemplateCode": "CODE", "TemplateParam": '{"code":"483920"}'}
    await wide.box.rpc("sms", "SendSms", **sms)
    phone = wide.page.get_by_role("region", name="张三的手机")
    await phone.get_by_role("tab", name="短信 1").click()
    await phone.get_by_role("button", name="复制验证码 483920").wait_for()


async def test_what_a_load_has_shown_is_not_shown_again_by_its_event(wide: Seen) -> None:
    sms = {"PhoneNumbers": MOBILE, "SignName": "评标通", "TemplateCode": "CODE", "TemplateParam": '{"code":"483920"}'}
    await wide.box.rpc("sms", "SendSms", **sms)
    phone = wide.page.get_by_role("region", name="张三的手机")
    await phone.get_by_role("tab", name="短信 1").wait_for()
    known = wide.box.world.by_mobile[MOBILE]
    first = known.sms[-1]
    wide.box.world.hub.publish("sms", {"phone": known.id, "sms": first.as_json()})
    wide.box.world.show_sms(known, replace(first, id=-1, text="验证码100200"))
    await phone.get_by_role("tab", name="短信 2").click()
    await phone.get_by_role("button", name="复制验证码 100200").wait_for()
    await expect(phone.get_by_role("button", name="复制验证码 483920")).to_have_count(1)


async def test_sms_lies_over_an_open_page_and_its_code_is_filled_in_by_a_tap(wide: Seen) -> None:
    wide.box.service.says(f'<a href="{wide.box.service.url}/h5/login">去登录</a>')
    phone = wide.page.get_by_role("region", name="张三的手机")
    await phone.get_by_role("textbox", name="消息").fill("登录")
    await wide.page.keyboard.press("Enter")
    await phone.get_by_role("button", name="去登录").click()
    field = phone.frame_locator("iframe").get_by_label("验证码")
    await field.wait_for()
    sms = {"PhoneNumbers": MOBILE, "SignName": "评标通", "TemplateCode": "CODE", "TemplateParam": '{"code":"483920"}'}
    await wide.box.rpc("sms", "SendSms", **sms)
    await phone.get_by_role("button", name="填入验证码 483920").click()
    assert await field.input_value() == "483920"
    await phone.get_by_role("tab", name="短信").click()
    await phone.get_by_role("button", name="复制验证码 483920").wait_for()
    await expect(phone.locator("iframe")).not_to_be_visible()
    await phone.get_by_role("tab", name="微信").click()
    assert await field.input_value() == "483920", "the page was lost while another app was looked at"


async def test_the_owners_id_number_is_at_hand_and_copied_by_a_tap(wide: Seen) -> None:
    await wide.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    phone = wide.page.get_by_role("region", name="张三的手机")
    await phone.get_by_role("button", name="张三的演示身份证").click()
    number = wide.box.world.by_mobile[MOBILE].id_number
    await phone.get_by_role("button", name=number or MOBILE, exact=True).click()
    assert await wide.page.evaluate("navigator.clipboard.readText()") == (number or MOBILE)


async def test_menu_and_its_sub_menu_push_their_clicks(wide: Seen) -> None:
    buttons = [{"name": "办事", "sub_button": [{"type": "click", "name": "请假", "key": "LEAVE"}]}]
    await wide.box.api("/cgi-bin/menu/create", {"button": buttons})
    phone = wide.page.get_by_role("region", name="张三的手机")
    await phone.get_by_role("button", name="办事").click()
    await phone.get_by_role("button", name="请假").click()
    await eventually(lambda: wide.box.service.events()[-1:] == ["CLICK"])


async def test_clock_faults_and_phones_are_set_in_the_panel(wide: Seen) -> None:
    page = wide.page
    await page.get_by_role("button", name="+1 天").click()
    await eventually(lambda: wide.box.world.clock.offset == 86400)
    await page.get_by_role("button", name="故障", exact=True).click()
    await page.get_by_label("什么故障").select_option("lost")
    await page.get_by_role("button", name="打开", exact=True).click()
    await page.get_by_text("全部 · 推送丢失").wait_for()
    assert [fault.kind for fault in wide.box.world.faults.all()] == ["lost"]
    await page.get_by_role("button", name="手机", exact=True).click()
    await page.get_by_label("姓名", exact=True).fill("新人")
    await page.get_by_label("手机号", exact=True).fill("13700000000")
    await page.get_by_role("button", name="添加").click()
    await page.get_by_role("region", name="新人的手机").wait_for()


async def test_phone_that_is_not_shown_announces_itself(wide: Seen) -> None:
    await wide.page.get_by_role("button", name="把张三的手机从桌面拿开").click()
    await wide.box.rpc("voice", "IvrCall", **ASK)
    await wide.page.get_by_role("button", name="张三 · 来电").click()
    await wide.page.get_by_role("dialog", name="来电").wait_for()


async def test_every_control_has_a_name_and_nothing_is_written_inline(wide: Seen) -> None:
    nameless = await wide.page.evaluate(
        """() => [...document.querySelectorAll('button, input, select, iframe')]
            .filter((e) => !(e.textContent.trim() || e.ariaLabel || e.title || e.labels?.length))
            .map((e) => e.outerHTML)"""
    )
    assert nameless == []
    assert await wide.page.evaluate("document.querySelectorAll('[style], style, script:not([src])').length") == 0


async def test_narrow_page_shows_one_phone_and_never_scrolls_sideways(browser: Browser, box: Box) -> None:
    seen = await open_page(browser, box, 390, 844)
    sizes = json.loads(
        await seen.page.evaluate(
            """() => JSON.stringify([document.documentElement.scrollWidth,
                document.querySelector('.slot').getBoundingClientRect().width])"""
        )
    )
    assert sizes == [390, 390]
    await seen.page.get_by_role("button", name="手机", exact=True).click()
    await seen.page.get_by_role("heading", name="手机与时钟").wait_for()
    await seen.page.keyboard.press("Escape")
    await seen.page.context.close()
    assert seen.complaints == []


_OPEN_WEB = """async (addresses) => {
  const script = document.querySelector('script[src$="app.js"]').src;
  const { PhoneView } = await import(script.replace('app.js', 'phone.js'));
  return addresses.map((address) => {
    const outcome = [];
    const phone = { id: '1', webLeft: null, workspace: { state: { service_url: 'http://127.0.0.1:9' } } };
    phone.browsers = new Map([['mini', { open: (path, shown) => outcome.push(path, shown) }]]);
    const fail = () => outcome.push('failed');
    PhoneView.prototype.openWeb.call(phone, address.replace('SELF', location.origin), { fail });
    return outcome;
  });
}"""


async def test_a_guest_opens_pages_from_the_mini_program(wide: Seen) -> None:
    """A guest's pages have the address of the mini-program's server, which is the phones' own here."""
    help_page = ["/phone/1.mini/service/h5/demo/help", "http://127.0.0.1:9/h5/demo/help"]
    addresses = ["SELF/service/h5/demo/help", "http://127.0.0.1:9/h5/demo/help", "http://127.0.0.1:8/h5/demo/help"]
    assert await wide.page.evaluate(_OPEN_WEB, addresses) == [help_page, help_page, ["failed"]]
