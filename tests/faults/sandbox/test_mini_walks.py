"""The mini-program on the page of phones, by hand in a real browser, with the whole service on the other side."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from playwright.async_api import expect

from app.demo.story import Story
from app.players.people import EXPERTS
from tests.faults.sandbox.mini_workspace import MiniWorkspace, mini_workspace
from tests.faults.sandbox.offices import VENUE, VERIFIER, bind_offices, web
from tests.plugins.browsers import CHROMIUM

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def workspace() -> AsyncIterator[MiniWorkspace]:
    async with mini_workspace("mini", before=bind_offices) as opened:
        yield opened


async def call(workspace: MiniWorkspace) -> tuple[str, Story]:
    """The agency's draw calls experts, none shown in the workspace; opens one phone and returns its owner's name."""
    await workspace.page.get_by_role("button", name=f"把{EXPERTS[0].name}的手机从桌面拿开").click()
    story = Story(workspace.stage, report=lambda _: None)
    await story.set_up()
    await story.fix_order()
    await story.start()
    chip = workspace.page.locator('#news .news-chip[data-role="expert"]').first
    name = (await chip.inner_text()).split(" · ")[0]
    await workspace.page.locator("#news").get_by_role("button", name=name).click()
    return name, story


async def test_one_tap_leads_staff_from_the_chat_to_the_web_page_in_the_mini_program(
    workspace: MiniWorkspace,
) -> None:
    await workspace.add_phone(VERIFIER)
    phone = workspace.phone(VERIFIER)
    await phone.get_by_role("tab", name="微信").click()
    chat = phone.get_by_role("log", name="聊天记录")
    field, switch = phone.get_by_role("textbox", name="消息"), phone.get_by_label("切换到输入")
    await expect(field.or_(switch).first).to_be_visible()
    if await switch.count():
        await switch.click()
    await field.fill("我的工作")
    await field.press("Enter")
    await chat.get_by_text("去核验").last.click()
    await expect(phone.get_by_role("button", name="是我，进入")).to_be_visible()
    await expect(phone.get_by_text("个人信息处理说明")).to_have_count(0)
    await workspace.check(phone, "mini-entry")
    await phone.get_by_role("button", name="是我，进入").click()
    await expect(web(phone).get_by_role("link", name="核验申请")).to_be_visible()
    await phone.get_by_role("button", name="关闭网页").click()
    await expect(phone.get_by_role("button", name="去核验")).to_be_visible()


async def test_without_a_network_it_says_so_and_goes_on_afterwards(workspace: MiniWorkspace) -> None:
    phone = workspace.phone(VERIFIER)
    held = next(
        known_phone
        for known_phone in (await workspace.stage.http_client.control("/phones?limit=100"))["phones"]
        if known_phone["name"] == VERIFIER
    )
    await workspace.stage.http_client.control(f"/phones/{held['id']}", {"net": "lost"})
    await expect(phone.get_by_text("无服务")).to_be_visible()
    await phone.get_by_role("button", name="我的账号").click()
    await expect(phone.get_by_text("网络不通，没有办成。")).to_be_visible()
    await workspace.check(phone, "mini-failed")
    await workspace.stage.http_client.control(f"/phones/{held['id']}", {"net": "normal"})
    await expect(phone.get_by_text("5G")).to_be_visible()
    await phone.get_by_role("button", name="重试").click()
    await expect(phone.get_by_role("button", name="退出登录")).to_be_visible()


async def test_an_expert_logs_in_agrees_takes_it_back_and_checks_in_by_scanning(workspace: MiniWorkspace) -> None:
    name, story = await call(workspace)
    phone = await workspace.open(name)
    await workspace.check(phone, "mini-home")
    await phone.get_by_role("button", name="待答复").click()
    await expect(phone.get_by_text("请答复是否参加。")).to_be_visible()
    await workspace.check(phone, "mini-invitation")
    await phone.get_by_role("button", name="参加", exact=True).click()
    await workspace.allow(name, "评标到场提醒")
    await expect(phone.get_by_text("我的验证码")).to_be_visible()
    await phone.get_by_role("button", name="点错了，撤销同意").click()
    await phone.get_by_role("button", name="参加", exact=True).click()
    await expect(phone.get_by_text("您已同意参加，请按时到场。")).to_be_visible()

    await phone.get_by_role("button", name="请假", exact=True).click()
    reason = phone.get_by_role("dialog", name="请假")
    await reason.get_by_role("textbox", name="原因").fill("出差")
    await workspace.check(phone, "mini-question")
    await reason.get_by_role("button", name="取消").click()
    await expect(reason).to_have_count(0)

    await workspace.page.reload()
    await expect(
        phone.get_by_text("您已同意参加，请按时到场。"), "the page that was open is shown again"
    ).to_be_visible()
    await workspace.stage.advance_to(story.times.gathering - timedelta(minutes=10))
    await workspace.add_phone(VENUE)
    venue = await workspace.open(VENUE)
    await venue.get_by_role("button", name="打开签到台").click()
    await web(venue).get_by_role("button", name="确认登录").click()
    await web(venue).get_by_role("link", name=re.compile("抽取|评标")).first.click()
    await web(venue).get_by_role("link", name="现场签到大屏").click()
    await expect(web(venue).get_by_role("img", name="签到二维码")).to_be_visible()
    await phone.get_by_role("button", name="扫码签到").click()
    await phone.get_by_role("dialog", name="扫一扫").get_by_role("button", name=f"{VENUE}的手机上").click()
    await expect(phone.get_by_text("签到成功。")).to_be_visible()
    await workspace.check(phone, "mini-arrival")
    await phone.get_by_role("button", name="返回", exact=True).click()
    await expect(phone.get_by_text("您已签到，请听从现场安排。")).to_be_visible()
