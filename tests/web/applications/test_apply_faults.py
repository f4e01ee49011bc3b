"""What can go wrong while a person fills in the form: two devices, bad lines, log-ins that end, windows that close."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from playwright.async_api import Browser, Route, expect

from models.accounts import Account, Session
from models.campaigns import Campaign
from services.applications import read_values
from services.core.base import Actor
from tests.plugins.browsers import CHROMIUM, hold_requests
from tests.web.applicants import FORM, ApplyingWorld, field, saved, serious, state_of, tab, upload, world
from tests.web.test_browser import PHONE

__all__ = ["world"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]


async def test_the_slower_device_chooses_between_its_own_text_and_the_other_ones(
    browser: Browser, world: ApplyingWorld
) -> None:
    actor = await world.person()
    application = await world.begun(actor)
    seen = await world.at_page(browser, actor, PHONE)
    page = await seen.open(f"{FORM}#evaluation")
    strengths = page.get_by_label("业务专长")
    await strengths.wait_for()
    await save_elsewhere(world, actor, application, "另一台设备写的。")
    await strengths.fill("本机写的。")
    await page.get_by_role("button", name="保存").click()
    await expect(page.get_by_role("alert").filter(has_text="已在另一台设备修改")).to_be_visible()
    await seen.check("apply-conflict")
    await page.get_by_role("button", name="以本页内容为准").click()
    await saved(page)
    assert (await read_values(world.deps, application))["strengths"] == "本机写的。"
    await save_elsewhere(world, actor, application, "又在别处写的。")
    await strengths.fill("本机又写的。")
    await page.get_by_role("button", name="保存").click()
    await page.get_by_role("button", name="载入最新内容").click()
    await expect(page.get_by_label("业务专长")).to_have_value("又在别处写的。")


async def save_elsewhere(world: ApplyingWorld, actor: Actor, application: UUID, text: str) -> None:
    view = await world.services.applications.queries.get(actor, application)
    section = next(part for part in view.sections if part.code == "evaluation")
    values = dict(section.values) | {"strengths": text}
    await world.services.applications.drafts.save_section(actor, application, "evaluation", values, section.version)


async def test_what_another_device_wrote_during_an_upload_is_shown_before_it_is_changed(
    browser: Browser, world: ApplyingWorld
) -> None:
    """The page opens the next section after the upload, with values that it fetches then."""
    actor = await world.person()
    application = await world.begun(actor)
    seen = await world.at_page(browser, actor, PHONE)
    page = await seen.open(f"{FORM}#attachments")
    completion = await hold_requests(page, "**/completion")
    await field(page, "一寸免冠照片").locator("input[type=file]").set_input_files(upload("寸照.jpg"))
    await tab(page, "评标信息")
    await page.get_by_text("传完后自动继续").wait_for()
    await save_elsewhere(world, actor, application, "另一台设备写的。")
    completion.set()
    strengths = page.get_by_label("业务专长")
    await expect(strengths).to_have_value("另一台设备写的。")
    assert (await read_values(world.deps, application))["strengths"] == "另一台设备写的。"


@pytest.mark.parametrize("status", [0, 429, 503])
async def test_what_is_typed_on_a_bad_line_stays_on_the_page_and_is_sent_again(
    browser: Browser, world: ApplyingWorld, status: int
) -> None:
    actor = await world.person()
    application = await world.begun(actor)
    seen = await world.at_page(browser, actor, PHONE)
    page = await seen.open(f"{FORM}#evaluation")
    await page.get_by_label("业务专长").wait_for()
    failed: list[str] = []

    async def fail(route: Route) -> None:
        failed.append(route.request.method)
        if status:
            body = '{"detail": "系统繁忙，请稍后重试。", "code": "busy"}'
            await route.fulfill(status=status, content_type="application/problem+json", body=body)
        else:
            await route.abort("internetdisconnected")

    await page.route("**/sections/*", fail)
    await page.get_by_label("业务专长").fill("隧道与地下工程。")
    await tab(page, "附件上传")
    await expect(page.get_by_role("alert").filter(has_text="稍后会自动重试")).to_be_visible()
    await expect(page.get_by_label("业务专长")).to_have_value("隧道与地下工程。")
    assert failed == ["PUT"]
    await page.unroute("**/sections/*")
    await page.evaluate("dispatchEvent(new Event('online'))")
    await saved(page)
    await expect(page.get_by_role("alert").filter(has_text="稍后会自动重试")).to_have_count(0)
    assert (await read_values(world.deps, application))["strengths"] == "隧道与地下工程。"
    assert serious(seen) == []


async def test_a_token_that_has_run_out_is_replaced_without_a_word(browser: Browser, world: ApplyingWorld) -> None:
    actor = await world.person()
    application = await world.begun(actor)
    seen = await world.at_page(browser, actor, PHONE)
    page = await seen.open(f"{FORM}#evaluation")
    await page.get_by_label("业务专长").wait_for()
    world.clock.move(timedelta(minutes=40))
    await page.get_by_label("业务专长").fill("隧道。")
    await saved(page)
    assert (await read_values(world.deps, application))["strengths"] == "隧道。"


async def test_a_log_in_that_has_ended_leads_to_the_log_in_and_what_was_typed_comes_back(
    browser: Browser, world: ApplyingWorld
) -> None:
    actor = await world.person()
    application = await world.begun(actor)
    seen = await world.at_page(browser, actor, PHONE)
    page = await seen.open(f"{FORM}#evaluation")
    await page.get_by_label("业务专长").wait_for()
    await Session.filter(account_id=actor.account_id).update(revoked_at=world.clock.now())
    await page.get_by_label("业务专长").fill("隧道与地下工程。")
    await page.wait_for_url("**/h5/login**")
    account = await Account.get(id=actor.account_id)
    world.clock.move(timedelta(minutes=2))
    await page.get_by_label("手机号").fill(world.deps.keys.open_text(account.mobile_sealed, "mobile"))
    await page.get_by_role("button", name="获取验证码").click()
    await page.get_by_label("短信验证码").wait_for()
    await page.get_by_label("短信验证码").fill(await world.last_code())
    await page.get_by_role("button", name="登录", exact=True).click()
    await expect(page.get_by_label("业务专长")).to_have_value("隧道与地下工程。")
    await saved(page)
    assert (await read_values(world.deps, application))["strengths"] == "隧道与地下工程。"
    assert await page.evaluate("sessionStorage.length") == 0


async def test_a_reviewer_on_the_form_is_asked_to_change_the_role(browser: Browser, world: ApplyingWorld) -> None:
    actor = await world.person()
    await world.begun(actor)
    seen = await world.at_page(browser, actor, PHONE)
    await Session.filter(account_id=actor.account_id).update(role="reviewer")
    page = await seen.open(FORM)
    await expect(page.get_by_role("alert")).to_contain_text("请先切换为申请人")
    assert serious(seen) == []


async def test_a_window_that_closes_at_the_last_moment_keeps_the_form_and_says_so(
    browser: Browser, world: ApplyingWorld
) -> None:
    actor = await world.person()
    application = await world.begun(actor, files=True)
    seen = await world.at_page(browser, actor, PHONE)
    page = await seen.open(f"{FORM}#check")
    await page.get_by_role("button", name="提交审核").click()
    await Campaign.all().update(enrol_until=world.clock.now())
    world.clock.move(timedelta(seconds=1))
    await page.get_by_role("button", name="确认提交").click()
    await expect(page.get_by_role("alert").filter(has_text="截止")).to_be_visible()
    await seen.check("apply-closed")
    assert await state_of(application) == "draft"
    assert (await read_values(world.deps, application))["strengths"]
