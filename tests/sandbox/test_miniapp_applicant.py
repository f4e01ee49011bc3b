"""An applicant with nothing but the phone: registering, the form, the review, the fee; by hand in a real browser.

The tests are one story: each goes on where the one before ended.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from urllib.parse import quote

import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import FrameLocator, Locator, async_playwright, expect
from playwright.async_api import TimeoutError as PlaywrightTimeout

from app.demo.applicants import Applicant, register_in_mini
from app.demo.forms import application_values
from app.demo.mini import MiniProgram
from app.demo.stage import stage
from app.demo_data import POOL
from app.demo_people import APPLICANTS, REVIEWERS, DemoPerson
from app.preparations import bring_demo_people
from tests.drivers.applicants import Reviewer
from tests.folders import data_folder
from tests.plugins.browsers import CHROMIUM, FLAGS
from tests.sandbox.test_miniapp_pane import INLINE, NAMELESS, PICTURES, Desk

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]

JIANG, LIU, TANG = APPLICANTS
FIRST, FINAL, ADMIN = "王初审", "李复审", "徐管理"
SHOWN = (LIU.name, TANG.name, JIANG.name, FIRST, FINAL, ADMIN)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk() -> AsyncIterator[Desk]:
    with data_folder("applicant") as folder:
        async with (
            stage(folder, prepare=[bring_demo_people], durable=False) as running,
            async_playwright() as playwright,
        ):
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            context = await browser.new_context(viewport={"width": 1600, "height": 900}, locale="zh-CN")
            page = await context.new_page()
            page.set_default_timeout(20_000)
            expect.set_options(timeout=20_000)
            found = Desk(page, running)
            page.on("pageerror", lambda error: found.complaints.append(str(error)))
            ids = {one["name"]: one["id"] for one in (await running.wire.control("/phones?limit=100"))["phones"]}
            chosen = json.dumps(json.dumps([ids[name] for name in SHOWN]))
            await context.add_init_script(f"localStorage.setItem('desk', {chosen})")
            await page.goto(running.wire.sandbox_url)
            yield found
            await browser.close()
            assert found.complaints == []


def web(phone: Locator) -> FrameLocator:
    """The page in the phone's browser."""
    return phone.frame_locator("iframe")


def to_do(phone: Locator) -> Locator:
    """The first item of the mini-program's list."""
    return phone.locator(".m-group", has=phone.page.get_by_text("待办事项")).get_by_role("button").first


def reviews(phone: Locator) -> Locator:
    """The reviewer's way to the desk, with how much waits there."""
    return phone.get_by_role("button", name="待审核的申请")


async def close_page(phone: Locator) -> None:
    await phone.get_by_role("button", name="关闭网页").click()


async def test_a_stranger_binds_registers_and_sees_what_to_do(desk: Desk) -> None:
    phone = await desk.open(LIU.name)
    await expect(phone.locator(".m-app")).to_contain_text("评标")
    become = phone.get_by_role("button", name=re.compile("申请成为评标专家|实名注册"))
    await become.first.click()
    await phone.get_by_label("真实姓名").fill(LIU.name)
    await phone.get_by_label("身份证号").fill(LIU.id_number[:-1] + ("1" if LIU.id_number[-1] != "1" else "2"))
    await phone.get_by_label("本人承诺").check()
    await phone.get_by_role("button", name="注册", exact=True).click()
    await expect(phone.get_by_role("alert").filter(has_text="身份证号")).not_to_have_count(0)
    await phone.get_by_label("身份证号").fill(LIU.id_number)
    await phone.get_by_role("button", name="注册", exact=True).click()
    await expect(phone.get_by_text("未入库")).to_be_visible()
    await expect(phone.get_by_role("button", name="专家常态征集")).to_be_visible()
    await picture(desk, "mini-applicant-home", LIU.name)


async def test_the_form_opens_in_the_phones_browser_and_saves_there(desk: Desk) -> None:
    phone = desk.phone(LIU.name)
    await phone.get_by_role("button", name="专家常态征集").click()
    await desk.allow(LIU.name, "申请退回修改通知")
    await web(phone).get_by_role("button", name="确认登录").click()
    await web(phone).get_by_role("button", name="我已知晓，开始填写").click()
    await web(phone).get_by_label("政治面貌").select_option("群众")
    await expect(web(phone).locator(".saved")).to_contain_text("已保存")
    await picture(desk, "mini-applicant-form", LIU.name)
    await close_page(phone)
    await expect(phone.get_by_role("button", name=re.compile("继续填写"))).to_be_visible()


async def handed_in(desk: Desk, person: DemoPerson) -> Applicant:
    """The person's application, completed and submitted by the driver."""
    mini = MiniProgram(desk.stage.wire, desk.stage.phone(person.mobile, POOL), "")
    await mini.open()
    applicant = Applicant(mini.phone, person.name, person.id_number, mini)
    if any(item["code"] == "register" for item in (await applicant.home())["to_do"]):
        await register_in_mini(mini, person.name, person.id_number)
    await applicant.start()
    employer = (await mini.get(f"/employers?word={quote('广州')}"))["items"][0]["id"]
    specialties = {"specialties": [{"code": "A080101", "choice": "preferred"}]}
    await applicant.fill_in(application_values(employer) | specialties)
    await applicant.attach_missing()
    await applicant.submit()
    return applicant


async def approve(desk: Desk, applicant: Applicant) -> None:
    number = (await applicant.show())["number"]
    for person in REVIEWERS:
        mini = MiniProgram(desk.stage.wire, desk.stage.phone(person.mobile, POOL), "reviewer")
        await mini.open()
        reviewer = Reviewer(mini)
        await reviewer.approve(await reviewer.find(number))


async def test_what_is_handed_in_elsewhere_moves_the_page_and_the_badge(desk: Desk) -> None:
    await handed_in(desk, LIU)
    await expect(desk.phone(LIU.name).get_by_text("行业部门预审").first).to_be_visible()
    for person in (JIANG, TANG):
        await approve(desk, await handed_in(desk, person))


async def test_the_reviewers_open_their_desk_from_the_mini_program_and_pass_it_on(desk: Desk) -> None:
    for name in (FIRST, FINAL):
        phone = await desk.open(name)
        await expect(reviews(phone)).to_contain_text("待审 1 件")
        await reviews(phone).click()
        await desk.allow(name, "待审核提醒")
        await web(phone).get_by_role("button", name="确认登录").click()
        await web(phone).get_by_role("link", name=LIU.name).first.click()
        await expect(web(phone).get_by_role("button", name="通过", exact=True)).to_be_visible()
        await picture(desk, f"mini-review-{name}", name)
        await web(phone).get_by_role("button", name="通过", exact=True).click()
        await web(phone).locator("[data-sheet]:visible").get_by_role("button", name="通过").click()
        await expect(web(phone).get_by_text("已通过：")).to_be_visible()
        await close_page(phone)
        await expect(reviews(phone)).to_contain_text("没有待审的申请")


async def test_the_administrator_opens_the_office_from_the_mini_program(desk: Desk) -> None:
    phone = await desk.open(ADMIN)
    await phone.get_by_role("button", name="管理台").click()
    await web(phone).get_by_role("button", name="确认登录").click()
    await web(phone).get_by_role("link", name="公示中").click()
    await expect(web(phone).get_by_text(LIU.name).first).to_be_visible()
    await picture(desk, "mini-office", ADMIN)
    await close_page(phone)


async def test_after_the_notice_the_fee_is_asked_for_in_the_chat_with_a_link_and_a_picture(desk: Desk) -> None:
    phone = desk.phone(LIU.name)
    await expect(to_do(phone)).to_contain_text("公示中")
    await bind_by_code(desk, LIU.name)
    held = desk.stage.phone(JIANG.mobile, POOL)
    await held.follow()
    await held.bind()
    await desk.stage.advance(4 * 60)
    await expect(to_do(phone)).to_contain_text("待缴费")
    await desk.stage.advance(2 * 60)
    await expect(to_do(phone).locator(".m-tag")).to_have_text("缴费")
    await phone.get_by_role("tab", name=re.compile("微信")).click()
    await desk.stage.phone(LIU.mobile, POOL).say("缴费")
    code = re.compile("weixin://wxpay/")
    await expect(phone.get_by_role("button", name="长按图片")).to_have_attribute("data-qr", code)
    await picture(desk, "pay-chat", LIU.name)


async def bind_by_code(desk: Desk, name: str) -> None:
    """The mini-program's code, pressed long, makes a follower who is known at once; no SMS is sent."""
    phone = desk.phone(name)
    await phone.get_by_role("button", name="绑定公众号").click()
    await expect(phone.get_by_role("region", name="绑定公众号")).to_contain_text(re.compile(r"绑定 \d{4} \d{4}"))
    await picture(desk, "mini-joining", name)
    await phone.get_by_role("button", name="长按识别二维码").click()
    await expect(phone.get_by_role("log", name="聊天记录")).to_contain_text("绑定成功。柳**")
    await phone.get_by_role("tab", name="小程序").click()
    await phone.get_by_role("button", name="完成").click()
    await expect(phone.get_by_role("button", name="绑定公众号")).to_have_count(0)


async def test_a_friend_scans_the_code_from_the_screen_and_the_chat_says_that_it_has_arrived(desk: Desk) -> None:
    payer = desk.phone(TANG.name)
    await payer.get_by_role("button", name="扫一扫").click()
    await payer.get_by_role("dialog", name="扫一扫").get_by_role("button", name=f"{LIU.name}的手机上").click()
    await pay(desk, TANG.name, "pay-scan")
    compose_picture()
    log = desk.phone(LIU.name).get_by_role("log", name="聊天记录")
    await expect(log.get_by_text(re.compile("缴费成功|已收到|已缴")).first).to_be_visible()
    await picture(desk, "pay-told", LIU.name)


async def pay(desk: Desk, name: str, shot: str) -> None:
    sheet = desk.phone(name).get_by_role("dialog", name="微信支付")
    await expect(sheet).to_contain_text("￥1.00")
    await picture(desk, shot, name)
    await sheet.get_by_role("button", name="确认支付").click()
    await sheet.get_by_role("button", name="完成").click()


async def picture(desk: Desk, shot: str, name: str) -> None:
    """Of one phone."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    await desk.page.evaluate("document.querySelectorAll('[class*=toast]').forEach((one) => { one.hidden = true; })")
    await desk.phone(name).screenshot(path=PICTURES / f"{shot}.png", caret="initial")


def compose_picture() -> None:
    """The README's picture: the form, the reviewer's desk, the code in the chat, and the friend who pays it."""
    shots = ("mini-applicant-form", f"mini-review-{FIRST}", "pay-chat", "pay-scan")
    phones = [Image.open(PICTURES / f"{shot}.png").convert("RGB") for shot in shots]
    whole = Image.new("RGB", (sum(one.width for one in phones), phones[0].height), phones[0].getpixel((0, 0)))
    at = 0
    for one in phones:
        whole.paste(one, (at, 0))
        at += one.width
    whole.save(PICTURES / "applicant.png", optimize=True)


async def test_the_mini_program_pays_by_itself_and_shows_it_paid(desk: Desk) -> None:
    phone = await desk.open(TANG.name)
    button = phone.get_by_role("button", name="微信支付", exact=True)
    for _ in range(3):  # the home is drawn anew when the fee opens, and may take a tap away with it
        await to_do(phone).click()
        with suppress(PlaywrightTimeout):
            await button.wait_for(timeout=6000)
            break
    await expect(phone.get_by_text("待缴费", exact=True)).to_be_visible()
    await picture(desk, "mini-fee-open", TANG.name)
    await phone.get_by_role("button", name="微信支付", exact=True).click()
    await pay(desk, TANG.name, "mini-fee-cashier")
    await desk.allow(TANG.name, "缴费成功通知")
    await expect(phone.get_by_text("已缴费")).to_be_visible()
    await picture(desk, "mini-fee-paid", TANG.name)


async def test_the_link_of_the_chat_pays_inside_wechat_without_a_log_in(desk: Desk) -> None:
    phone = desk.phone(JIANG.name)
    await desk.stage.phone(JIANG.mobile, POOL).say("缴费")
    log = phone.get_by_role("log", name="聊天记录")
    await log.get_by_role("link").or_(log.get_by_role("button")).filter(has_text="立即支付").last.click()
    await web(phone).get_by_role("button", name="立即支付").click()
    await pay(desk, JIANG.name, "pay-page-cashier")
    await expect(web(phone).get_by_text("缴费成功")).to_be_visible()
    await picture(desk, "pay-page-paid", JIANG.name)
    address = await web(phone).get_by_role("link", name="下载缴费凭证").evaluate("(link) => link.href")
    answer = await desk.page.request.get(address)
    assert (answer.headers["content-type"], answer.headers["content-disposition"][:6]) == ("application/pdf", "inline")


async def test_every_control_has_a_name_and_nothing_is_inline(desk: Desk) -> None:
    for name in (LIU.name, TANG.name, FIRST, ADMIN):
        await desk.open(name)
    assert await desk.page.evaluate(NAMELESS) == []
    assert await desk.page.evaluate(INLINE) == []
