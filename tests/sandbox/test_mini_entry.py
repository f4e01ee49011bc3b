"""From a link in the chat into the mini-program, in a real browser: one tap, and nothing is typed or read again."""

from __future__ import annotations

import pytest
from playwright.async_api import async_playwright, expect

from app.demo.stage import stage
from app.introductions import introduce
from app.preparations import bring_demo_people
from tests.folders import data_folder
from tests.plugins.browsers import CHROMIUM, FLAGS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]

VERIFIER = "郑核验"


async def test_staff_go_from_the_chat_into_the_mini_program_with_one_tap() -> None:
    with data_folder("entry") as folder:
        async with (
            stage(folder, prepare=[bring_demo_people], durable=False) as running,
            async_playwright() as playwright,
        ):
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = await browser.new_page(viewport={"width": 1600, "height": 900}, locale="zh-CN")
            page.set_default_timeout(15_000)
            expect.set_options(timeout=15_000)
            await introduce(running.settings, running.wire.sandbox_url)
            await page.goto(running.wire.sandbox_url)
            phone = page.get_by_role("region", name=f"{VERIFIER}的手机")
            await phone.get_by_role("tab", name="微信").click()
            await expect(phone.get_by_role("log")).to_be_visible()
            field, switch = phone.get_by_role("textbox", name="消息"), phone.get_by_label("切换到输入")
            await expect(field.or_(switch).first).to_be_visible()
            if await switch.count():
                await switch.click()
            await phone.get_by_role("textbox", name="消息").fill("我的工作")
            await phone.get_by_role("textbox", name="消息").press("Enter")
            await phone.get_by_role("log").get_by_text("去核验").last.click()
            await expect(phone.get_by_role("button", name="是我，进入")).to_be_visible()
            await expect(phone.get_by_text("个人信息处理说明")).to_have_count(0)
            await phone.get_by_role("button", name="是我，进入").click()
            await expect(phone.get_by_role("heading", name="核验")).to_be_visible()
            await browser.close()
