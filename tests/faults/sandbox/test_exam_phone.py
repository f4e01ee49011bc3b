"""The demonstration's examination on the page of phones, from the chat to the receipt, whatever goes wrong."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import FrameLocator, Locator, Page, async_playwright, expect

from app.demo.data import POOL
from app.demo.exams import EXAMPLE, call_example
from app.demo.stage import stage
from app.preparations import bring_demo_items, bring_demo_people
from tests.faults.sandbox.mini_workspace import log_in
from tests.faults.sandbox.offices import PICTURES
from tests.plugins.browsers import CHROMIUM, FLAGS, capture
from tests.plugins.data_folders import data_folder

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page() -> AsyncIterator[Page]:
    with data_folder("exam-phone") as folder:
        async with (
            stage(folder, prepare=[bring_demo_people, bring_demo_items], durable=False) as running,
            async_playwright() as playwright,
        ):
            phone = running.phone(EXAMPLE.mobile, POOL)
            await phone.follow()
            await phone.bind()
            assert await call_example(running.deps) == 1
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            context = await browser.new_context(viewport={"width": 900, "height": 900}, locale="zh-CN")
            context.set_default_timeout(20_000)
            expect.set_options(timeout=20_000)
            ids = {
                known_phone["name"]: known_phone["id"]
                for known_phone in (await running.http_client.control("/phones?limit=100"))["phones"]
            }
            chosen = json.dumps(json.dumps([ids[EXAMPLE.name]]))
            await context.add_init_script(f"localStorage.setItem('phones', {chosen})")
            workspace = await context.new_page()
            complaints: list[str] = []
            workspace.on("pageerror", lambda error: complaints.append(str(error)))
            await workspace.goto(running.http_client.sandbox_url)
            yield workspace
            await browser.close()
            assert complaints == []


def phone_of(page: Page) -> Locator:
    return page.get_by_role("region", name=f"{EXAMPLE.name}的手机")


async def answer(frame: FrameLocator) -> None:
    await frame.locator(".exam-option input").first.click()
    await frame.get_by_role("button", name="下一题").click()


async def test_it_is_sat_on_the_phone_whatever_happens_to_it(page: Page) -> None:
    phone, frame = phone_of(page), page.frame_locator("iframe")
    await phone.get_by_role("textbox", name="消息").fill("考试")
    await page.keyboard.press("Enter")
    await phone.get_by_role("button", name="进入考试").last.click()
    for box in ("我已阅读考试须知", "请提前检查设备、电量和网络"):
        await frame.get_by_label(box).check()
    await frame.get_by_role("button", name="确认并继续").click()
    await frame.get_by_role("link", name="开始考试").click()
    await frame.get_by_text("第1题，共5题").wait_for()
    state = frame.locator(".exam-state")

    await phone.get_by_role("button", name=f"{EXAMPLE.name}的网络与时钟").click()
    await phone.get_by_role("button", name="网络断开").click()
    await answer(frame)
    await expect(state).to_contain_text("网络不通，1题未上传")
    await phone.get_by_role("button", name="网络正常").click()
    await expect(state).to_contain_text("已存")

    await phone.get_by_label("手机时钟快一天").check()
    await phone.get_by_role("button", name=f"{EXAMPLE.name}的网络与时钟").click()
    await frame.locator("body").evaluate("(body) => { body.dataset.before = '1'; }")
    await phone.get_by_role("button", name="刷新网页").click()
    await frame.locator("body:not([data-before]) [role=timer]").wait_for()
    ahead = await frame.locator("body").evaluate("() => Date.now()") / 1000 - time.time()
    assert ahead > 86_000
    await expect(frame.get_by_role("timer")).to_have_text(re.compile(r"0[89]:\d\d"))  # of ten minutes


async def test_another_device_goes_on_and_hands_in(page: Page) -> None:
    phone, frame = phone_of(page), page.frame_locator("iframe")
    await phone.get_by_role("button", name=f"{EXAMPLE.name}的网络与时钟").click()
    await capture(page, path=PICTURES / "device.png")
    async with page.context.expect_page() as opened:
        await phone.get_by_role("button", name="换一台设备打开这一页").click()
    second = await opened.value
    await second.get_by_role("button", name="答题卡 1/5").wait_for()
    await answer(frame)
    await frame.get_by_role("heading", name="已在另一台设备上继续").wait_for()
    await second.get_by_role("button", name="交卷").click()
    await second.get_by_role("button", name="确定交卷").click()
    await second.get_by_role("heading", name="已交卷").wait_for()


async def test_the_mini_program_leads_to_the_examination_and_back(page: Page) -> None:
    phone = phone_of(page)
    await phone.get_by_role("button", name=f"{EXAMPLE.name}的网络与时钟").click()  # which closes it
    await phone.get_by_role("tab", name="小程序").click()
    await log_in(phone)
    await phone.get_by_role("button", name="考试与培训").click()
    await expect(phone.get_by_role("heading", name="考试与培训")).to_be_visible()
    exam = phone.locator(".scroll:not([hidden]) .cell").first
    name = await exam.locator(".label").inner_text()
    await exam.click()
    shown = phone.get_by_role("tabpanel", name="小程序").frame_locator("iframe")
    await shown.get_by_role("heading", name=name).or_(shown.get_by_role("button", name="确认登录")).first.wait_for()
    if await shown.get_by_role("button", name="确认登录").count():
        await shown.get_by_role("button", name="确认登录").click()
    await shown.get_by_role("heading", name=name).wait_for()
    await phone.get_by_role("button", name="关闭网页").click()
    await expect(phone.get_by_role("heading", name="考试与培训")).to_be_visible()
