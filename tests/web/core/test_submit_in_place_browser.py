"""Typed values stay on the page, marks vanish when corrected, and back leads to the previous page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import Browser, expect

from services.applications import read_values
from tests.factories.people import mobile_number
from tests.plugins.browsers import CHROMIUM
from tests.web.applicants import FORM, ApplyingWorld, field, saved, serious, world
from tests.web.test_browser import PHONE, look

__all__ = ["world"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
PASSWORD = "Abcd1234"


async def test_passwords_survive_what_is_refused_elsewhere_and_marks_go_when_mended(
    browser: Browser, world: ApplyingWorld
) -> None:
    seen = await look(browser, world)
    page = await seen.open("/h5/register?pool=demo")
    await page.get_by_label("手机号").fill(mobile_number())
    await page.get_by_role("button", name="获取验证码").click()
    await page.get_by_label("短信验证码").wait_for()
    await page.reload()
    await page.get_by_label("短信验证码").fill(await world.last_code())
    await page.get_by_label("真实姓名").fill("周大同")
    await page.get_by_label("身份证号").fill("110105194912310021")
    await page.locator("#password").fill(PASSWORD)
    await page.locator("#again").fill(PASSWORD)
    for box in await page.get_by_role("checkbox").all():
        await box.check()
    await page.get_by_role("button", name="注册", exact=True).click()
    refusal = page.get_by_role("alert").filter(has_text="身份证号有误")
    await refusal.wait_for()
    await seen.check("register-refused")
    await expect(page.locator("#password")).to_have_value(PASSWORD)
    await expect(page.locator("#again")).to_have_value(PASSWORD)
    await expect(page.get_by_role("checkbox").first).to_be_checked()
    await page.get_by_label("身份证号").fill("11010519491231002X")
    await expect(refusal).to_be_hidden()
    await page.locator("#again").fill("Abcd12345")
    await page.get_by_role("button", name="注册", exact=True).click()
    await page.get_by_text("两次输入的密码不一致").wait_for()
    await expect(page.locator("#again")).to_have_value("")
    await page.locator("#password").fill(PASSWORD)
    await page.locator("#again").fill(PASSWORD)
    await page.get_by_role("button", name="注册", exact=True).click()
    await page.wait_for_url("**/apply**")
    assert serious(seen) == []


async def test_a_line_that_is_down_keeps_the_page(browser: Browser, world: ApplyingWorld) -> None:
    seen = await look(browser, world)
    page = await seen.open("/h5/login/password?pool=demo")
    await page.get_by_label("手机号或身份证号").fill("13800000000")
    await page.get_by_label("密码", exact=True).fill(PASSWORD)
    await page.context.set_offline(offline=True)
    await page.get_by_role("button", name="登录", exact=True).click()
    await page.get_by_text("网络不通，内容还在本页").wait_for()
    await expect(page.get_by_label("密码", exact=True)).to_have_value(PASSWORD)


async def test_a_file_is_saved_and_the_page_stays_usable(browser: Browser, world: ApplyingWorld) -> None:
    seen = await world.at_page(browser, await world.person(), PHONE)
    world.clock.set(world.clock.now() + timedelta(minutes=2))  # the log-in took a code just now
    page = await seen.open("/h5/demo/account/data")
    await page.get_by_role("button", name="获取验证码").click()
    await page.get_by_label("短信验证码").fill("12")
    await page.get_by_role("button", name="下载", exact=True).click()
    await page.locator(".wrong").wait_for()
    await page.get_by_label("短信验证码").fill(await world.last_code())
    async with page.expect_download() as saving:
        await page.get_by_role("button", name="下载", exact=True).click()
    assert (await saving.value).suggested_filename == "my-data.json"
    await page.get_by_text("文件已下载").wait_for()
    await page.get_by_role("button", name="发到邮箱").click()
    await page.get_by_text("请填写电子邮箱").wait_for()
    assert serious(seen) == []


async def test_the_way_back_leads_to_the_section_before(browser: Browser, world: ApplyingWorld) -> None:
    actor = await world.person()
    application = await world.begun(actor, but=frozenset({"remote_evaluation"}))
    seen = await world.at_page(browser, actor, PHONE)
    page = await seen.open(f"{FORM}#basic")
    title = page.locator(".fields h2")
    first = await title.text_content()
    await page.get_by_role("button", name="下一步").click()
    await expect(title).not_to_have_text(first or "")
    await page.go_back()
    await expect(title).to_have_text(first or "")
    await page.go_forward()
    await expect(title).not_to_have_text(first or "")
    remote = field(page, "是否接受异地评标")
    while not await remote.count():
        await page.get_by_role("button", name="下一步").click()
        await page.wait_for_load_state("networkidle")
    await expect(remote.locator("input:checked"), "nobody chose yet").to_have_count(0)
    await expect(remote).to_contain_text("不选按“否”办理。")
    await expect(remote.locator(".must")).to_have_count(0)
    await remote.get_by_label("是", exact=True).check()
    await saved(page)
    assert (await read_values(world.deps, application))["remote_evaluation"] is True
    await expect(page.locator(".saved")).to_have_text("已保存 12:00")
    assert serious(seen) == []
