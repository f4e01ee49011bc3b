"""An applicant on the phone only: registering, the form, the review, the fee; in a real browser.

The tests are one story: each goes on where the one before ended.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import Locator, expect

from app.demo.data import POOL
from app.players.applicants import Applicant, register_in_mini
from app.players.forms import application_values
from app.players.mini_program import MiniProgram
from app.players.people import APPLICANTS, REVIEWERS, DemoPerson
from app.players.reviewers import Reviewer
from tests.faults.sandbox.mini_workspace import MiniWorkspace, close_page, mini_workspace
from tests.faults.sandbox.offices import PICTURES, web
from tests.plugins.browsers import CHROMIUM

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
async def workspace() -> AsyncIterator[MiniWorkspace]:
    async with mini_workspace("applicant", SHOWN) as opened:
        yield opened


def first_task(phone: Locator) -> Locator:
    """The first item of the mini-program's list."""
    return phone.locator(".group", has=phone.page.get_by_text("待办事项")).get_by_role("button").first


async def test_a_new_applicant_registers_and_fills_in_the_form_inside_the_mini_program(
    workspace: MiniWorkspace,
) -> None:
    phone = await workspace.open(LIU.name)
    await phone.get_by_role("button", name="申请成为评标专家").click()
    await phone.get_by_label("真实姓名").fill(LIU.name)
    await phone.get_by_label("身份证号").fill(LIU.id_number[:-1] + ("1" if LIU.id_number[-1] != "1" else "2"))
    await phone.get_by_label("本人承诺").check()
    await workspace.check(phone, "mini-register")
    await register(phone)
    refusal = phone.get_by_role("dialog", name="没有办成")
    await expect(refusal).to_contain_text("身份证号")
    await refusal.get_by_role("button", name="知道了").click()
    await phone.get_by_label("身份证号").fill(LIU.id_number)
    await register(phone)
    await expect(phone.get_by_text("未入库")).to_be_visible()
    await workspace.check(phone, "mini-applicant-home")
    await phone.get_by_role("button", name="专家常态征集").click()
    await workspace.allow(LIU.name, "申请退回修改通知")
    await web(phone).get_by_role("button", name="确认登录").click()
    await web(phone).get_by_role("button", name="我已知晓，开始填写").click()
    await web(phone).get_by_label("政治面貌").select_option("群众")
    await expect(web(phone).locator(".saved")).to_contain_text("已保存")
    await workspace.picture(phone, "mini-applicant-form")
    await close_page(phone)
    await expect(phone.get_by_role("button", name=re.compile("继续填写"))).to_be_visible()


async def register(phone: Locator) -> None:
    await phone.get_by_role("button", name="注册", exact=True).click()
    await phone.get_by_role("dialog", name="请核对").get_by_role("button", name="确认注册").click()


async def submit_application(workspace: MiniWorkspace, person: DemoPerson) -> Applicant:
    """The person's application, completed and submitted by the driver."""
    mini = MiniProgram(workspace.stage.http_client, workspace.stage.phone(person.mobile, POOL), "")
    await mini.open()
    applicant = Applicant(mini.phone, person.name, person.id_number, mini)
    if any(item["code"] == "register" for item in (await applicant.home())["to_do"]):
        await register_in_mini(mini, person.name, person.id_number)
    await applicant.start()
    employer = await applicant.find_employer("广州")
    specialties = {"specialties": [{"code": "A080101", "choice": "preferred"}]}
    await applicant.fill_in(application_values(employer) | specialties)
    await applicant.attach_missing()
    await applicant.submit()
    return applicant


async def approve(workspace: MiniWorkspace, applicant: Applicant) -> None:
    number = (await applicant.show())["number"]
    for person in REVIEWERS:
        mini = MiniProgram(workspace.stage.http_client, workspace.stage.phone(person.mobile, POOL), "reviewer")
        await mini.open()
        reviewer = Reviewer(mini)
        await reviewer.approve(await reviewer.find(number))


async def test_what_is_handed_in_elsewhere_moves_the_page(workspace: MiniWorkspace) -> None:
    phone = workspace.phone(LIU.name)
    await phone.get_by_role("button", name="申请进度").click()
    await submit_application(workspace, LIU)
    await expect(phone.get_by_text("行业部门预审").first).to_be_visible()
    await workspace.check(phone, "mini-status")
    await phone.get_by_role("button", name="返回", exact=True).click()
    for person in (JIANG, TANG):
        await approve(workspace, await submit_application(workspace, person))


async def test_reviewers_open_review_pages_from_the_mini_program_and_approve(workspace: MiniWorkspace) -> None:
    for name in (FIRST, FINAL):
        phone = await workspace.open(name)
        await phone.get_by_role("button", name="去审核").click()
        await workspace.allow(name, "待审核提醒")
        await web(phone).get_by_role("button", name="确认登录").click()
        await web(phone).get_by_role("link", name=LIU.name).first.click()
        await expect(web(phone).get_by_role("button", name="通过", exact=True)).to_be_visible()
        await workspace.picture(phone, f"mini-review-{name}")
        await web(phone).get_by_role("button", name="通过", exact=True).click()
        await web(phone).locator("[data-sheet]:visible").get_by_role("button", name="通过").click()
        await expect(web(phone).get_by_text("已通过：")).to_be_visible()
        await close_page(phone)
        await expect(phone.get_by_role("button", name="去审核")).to_be_visible()


async def test_the_administrator_opens_the_office_from_the_mini_program(workspace: MiniWorkspace) -> None:
    phone = await workspace.open(ADMIN)
    await phone.get_by_role("button", name="打开管理台").click()
    await web(phone).get_by_role("button", name="确认登录").click()
    await web(phone).get_by_role("link", name="公示中").click()
    await expect(web(phone).get_by_text(LIU.name).first).to_be_visible()
    await close_page(phone)


async def test_after_the_public_notice_the_chat_asks_for_the_fee_with_a_link_and_a_code(
    workspace: MiniWorkspace,
) -> None:
    phone = workspace.phone(LIU.name)
    await expect(first_task(phone)).to_contain_text("公示中")
    await bind_by_code(workspace, LIU.name)
    held = workspace.stage.phone(JIANG.mobile, POOL)
    await held.follow()
    await held.bind()
    await workspace.stage.advance(4 * 60)
    await expect(first_task(phone)).to_contain_text("待缴费")
    await workspace.stage.advance(2 * 60)
    await expect(first_task(phone).locator(".tag")).to_have_text("缴费")
    await phone.get_by_role("tab", name=re.compile("微信")).click()
    await workspace.stage.phone(LIU.mobile, POOL).say("缴费")
    code = re.compile("weixin://wxpay/")
    await expect(phone.get_by_role("button", name="长按图片")).to_have_attribute("data-qr", code)
    await workspace.picture(workspace.phone(LIU.name), "pay-chat")


async def bind_by_code(workspace: MiniWorkspace, name: str) -> None:
    """Bind by sending the mini-program's code to the account, without an SMS."""
    phone = workspace.phone(name)
    held = workspace.stage.phone(LIU.mobile, POOL)
    await phone.get_by_role("button", name="绑定公众号").click()
    await expect(phone.get_by_role("heading", name="我的账号")).to_be_visible()
    await phone.get_by_role("button", name="绑定公众号").click()
    dialog = phone.get_by_role("dialog", name="绑定公众号")
    code = re.search(r"绑定 \d{8}", await dialog.inner_text())
    assert code
    await dialog.get_by_role("button", name="复制").click()
    await held.follow()
    assert "绑定成功" in await held.say(code.group())
    await phone.get_by_role("button", name="返回", exact=True).click()
    await expect(phone.get_by_role("button", name="绑定公众号")).to_have_count(0)


async def test_another_person_pays_by_scanning_the_code_and_the_chat_confirms_it(
    workspace: MiniWorkspace,
) -> None:
    payer = workspace.phone(TANG.name)
    await payer.get_by_role("button", name="扫一扫").click()
    await payer.get_by_role("dialog", name="扫一扫").get_by_role("button", name=f"{LIU.name}的手机上").click()
    await pay(workspace, TANG.name, "pay-scan")
    compose_picture()
    log = workspace.phone(LIU.name).get_by_role("log", name="聊天记录")
    await expect(log.get_by_text(re.compile("缴费成功|已收到|已缴")).first).to_be_visible()
    await workspace.picture(workspace.phone(LIU.name), "pay-told")


async def pay(workspace: MiniWorkspace, name: str, shot: str) -> None:
    sheet = workspace.phone(name).get_by_role("dialog", name="微信支付")
    await expect(sheet).to_contain_text("￥1.00")
    await workspace.picture(workspace.phone(name), shot)
    await sheet.get_by_role("button", name="确认支付").click()
    await sheet.get_by_role("button", name="完成").click()


def compose_picture() -> None:
    """The README's picture: the form, the review page, the code in the chat, and the other person who pays it."""
    shots = ("mini-applicant-form", f"mini-review-{FIRST}", "pay-chat", "pay-scan")
    phones = [Image.open(PICTURES / f"{shot}.png").convert("RGB") for shot in shots]
    whole = Image.new("RGB", (sum(picture.width for picture in phones), phones[0].height), phones[0].getpixel((0, 0)))
    at = 0
    for picture in phones:
        whole.paste(picture, (at, 0))
        at += picture.width
    whole.save(PICTURES / "applicant.png", optimize=True)


async def test_the_mini_program_pays_by_itself_and_shows_it_paid(workspace: MiniWorkspace) -> None:
    phone = await workspace.open(TANG.name)
    await phone.get_by_role("button", name="我的缴费").click()
    await expect(phone.get_by_text("待缴费", exact=True)).to_be_visible()
    await workspace.check(phone, "mini-fee-open")
    await phone.get_by_role("button", name="微信支付", exact=True).click()
    await pay(workspace, TANG.name, "mini-fee-cashier")
    await workspace.allow(TANG.name, "缴费成功通知")
    await expect(phone.get_by_text("已缴费")).to_be_visible()
    await workspace.check(phone, "mini-fee-paid")


async def test_the_link_of_the_chat_pays_inside_wechat_without_a_log_in(workspace: MiniWorkspace) -> None:
    phone = workspace.phone(JIANG.name)
    await workspace.stage.phone(JIANG.mobile, POOL).say("缴费")
    log = phone.get_by_role("log", name="聊天记录")
    await log.get_by_role("link").or_(log.get_by_role("button")).filter(has_text="立即支付").last.click()
    await web(phone).get_by_role("button", name="立即支付").click()
    await pay(workspace, JIANG.name, "pay-page-cashier")
    await expect(web(phone).get_by_text("缴费成功")).to_be_visible()
    await workspace.picture(workspace.phone(JIANG.name), "pay-page-paid")
    address = await web(phone).get_by_role("link", name="下载缴费凭证").evaluate("(link) => link.href")
    answer = await workspace.page.request.get(address)
    assert (answer.headers["content-type"], answer.headers["content-disposition"][:6]) == ("application/pdf", "inline")
