"""Pages of reviewers in a real browser, by touch and by keys; pictures go to ``var/screenshots``."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

import pytest
from playwright.async_api import Browser, expect

from models.accounts import Account
from models.applications import Application, Attachment
from models.audit import AuditEntry
from models.experts import Expert
from models.reviews import ReviewTask
from services.core.base import Actor, transaction
from tests.factories.attachments import upload_file
from tests.factories.files import jpeg, pdf
from tests.factories.people import file_more
from tests.factories.reviews import (
    CITY,
    OTHER_CITY,
    OTHER_DISTRICT,
    PROVINCE,
    make_applicant,
    make_application,
    make_catalogues,
    make_change,
    make_reviewer,
    tasks_of,
)
from tests.plugins.browsers import CHROMIUM, capture
from tests.web.conftest import World
from tests.web.test_browser import PHONE, SCREEN, Seen, look

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]

MOVED = (OTHER_DISTRICT, OTHER_CITY, PROVINCE)


async def handed_in(world: World, name: str, specialties: tuple[str, ...] = ("A0401",)) -> Application:
    """With a photograph and a certificate."""
    deps = world.services.deps
    application = await make_application(
        deps, await make_applicant(deps, name), specialties=specialties, state="draft", round=0
    )
    owner = Actor("demo", "applicant", application.account_id)
    for field, filename, content in (
        ("photo", "寸照.jpg", jpeg(295, 413)),
        ("id_card_front", "身份证正面.jpg", jpeg(856, 540)),
        ("title_proof", "高级工程师证书.pdf", pdf()),
    ):
        await upload_file(
            world.services.applications.attachments,
            owner,
            application.id,
            field,
            row=0,
            filename=filename,
            content=content,
        )
    async with transaction():
        row = await Application.select_for_update().get(id=application.id)
        row.state, row.round = "reviewing", 1
        await row.save()
        await world.services.workflows.reviews.begin(row, deps.now())
    world.clock.move(timedelta(minutes=6))
    return row


async def open_reviewer(
    browser: Browser,
    world: World,
    size: tuple[int, int],
    scheme: Literal["light", "dark"] = "light",
    *,
    region: str = CITY,
) -> Seen:
    seen = await look(browser, world, size, scheme)
    visitor = await world.log_in(await make_reviewer(world.services.deps, "industry", region))
    cookie = visitor.cookie
    await seen.page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": seen.base}])
    return seen


@pytest.fixture(autouse=True)
async def _catalogues(world: World) -> None:
    await make_catalogues()


async def test_a_reviewer_works_through_the_queue_with_a_thumb(browser: Browser, world: World) -> None:
    first = await handed_in(world, "欧阳建国", ("A0401", "A0801"))
    await handed_in(world, "苏航")
    seen = await open_reviewer(browser, world, PHONE, "dark")
    page = await seen.open("/review")
    await seen.check("review-queue")
    await page.get_by_text("筛选", exact=True).first.click()
    await page.get_by_label("评标专业").select_option("A04")
    await page.get_by_role("button", name="筛选").click()
    await page.wait_for_url("**specialty=A04**")
    await seen.check("review-queue-filtered")
    await page.get_by_role("link", name="清除筛选").click()
    await page.get_by_role("link", name="设计 › 建筑设计").first.click()
    await page.locator(".files img").first.wait_for()
    await page.evaluate(
        "Promise.all([...document.images].map((i) => { i.loading = 'eager'; return i.src && i.decode(); }))"
    )
    await seen.check("review-task")
    box = await page.get_by_role("link", name="全部通过（2个专业）").bounding_box()
    assert box
    assert box["x"] >= 16, "in line with the list above"
    await page.get_by_role("link", name="全部通过（2个专业）").click()
    await page.get_by_role("button", name="确认全部通过").wait_for()
    await seen.check("review-all")
    await page.get_by_role("link", name="返回逐项审核").click()
    await page.get_by_role("button", name="显示电子邮箱").click()
    await page.get_by_text("suhang@example.com").wait_for()
    await page.locator("[data-picture]").first.click()
    await page.get_by_role("button", name="关闭").click()
    await page.get_by_role("button", name="退回", exact=True).click()
    await page.get_by_role("button", name="证书扫描件不清晰，请重新上传。").click()
    await capture(page, path="var/screenshots/review-sheet-dark.png")
    await seen.check("review-sheet-full")
    await page.get_by_role("button", name="退回本专业").click()
    await page.get_by_text("已退回：欧阳建国 · 设计 › 建筑设计。").wait_for()
    await expect(page.locator("main")).to_contain_text("施工 › 房屋建筑")
    assert [t.specialty for t in await tasks_of(first, "sent_back")] == ["A0401"]
    assert await AuditEntry.filter(action="review.reveal").count() == 1
    await seen.open("/review/done")
    await seen.check("review-done")
    assert seen.complaints == []


async def test_a_reviewer_works_by_keys_alone_on_a_screen(browser: Browser, world: World) -> None:
    first, second = await handed_in(world, "赵一"), await handed_in(world, "钱二")
    seen = await open_reviewer(browser, world, SCREEN)
    page = await seen.open("/review")
    keys = page.keyboard
    for key in ("j", "j", "k", "Enter"):
        await keys.press(key)
    await page.wait_for_url("**/review/*-*")
    await expect(page.locator(".keys")).to_be_visible()
    await keys.press("j")
    await keys.press("j")
    assert await page.evaluate("scrollY") > 0
    await keys.press("k")
    await keys.press("a")
    await capture(page, path="var/screenshots/review-keys-approve.png")
    await keys.press("Escape")
    await expect(page.locator("[data-sheet]")).to_be_hidden()
    await keys.press("b")
    await keys.press("Enter")
    await page.get_by_text("请写明原因。").wait_for()
    await keys.press("Escape")
    await page.locator("[data-sheet]").wait_for(state="hidden")
    await keys.press("a")
    await page.locator("[data-sheet]").wait_for()
    await keys.press("Enter")
    await page.get_by_text("已通过：赵一 · 设计 › 建筑设计。下一件：钱二").wait_for()
    await expect(page.locator("h1")).to_contain_text("钱二")
    await keys.press("b")
    await keys.type("abjk 工作经历不完整")
    await keys.press("Enter")
    await page.wait_for_url("**/review?done=*")
    assert (await ReviewTask.get(application_id=first.id, step=0)).state == "approved"
    assert (await ReviewTask.get(application_id=second.id)).opinion == "abjk 工作经历不完整"
    assert seen.complaints == []


async def test_a_reviewer_marks_what_has_to_be_corrected(browser: Browser, world: World) -> None:
    """Boxes beside fields and below files; a phrase is one tap; an approval with marks is refused on the page."""
    application = await handed_in(world, "苏航")
    seen = await open_reviewer(browser, world, PHONE)
    page = await seen.open("/review")
    await page.get_by_role("link", name="苏航").click()
    await page.get_by_label("需修改：业务专长").check()
    await page.get_by_label("业务专长的修改说明").fill("请写明项目")
    await page.get_by_label("需修改：高级工程师证书.pdf").check()
    await page.get_by_role("button", name="扫描件不清晰，请重新上传。").last.click()
    await page.get_by_role("button", name="显示电子邮箱").click()
    await page.get_by_text("suhang@example.com").wait_for()
    await page.locator("#f-strengths").scroll_into_view_if_needed()
    await seen.check("review-marks")
    await page.get_by_role("button", name="通过", exact=True).click()
    await page.locator("[data-decision=approve]").click()
    await page.get_by_text("通过前请取消标记").wait_for()
    await page.get_by_role("button", name="取消", exact=True).click()
    await page.get_by_role("button", name="退回（2处）").click()
    await (
        page.get_by_text("已标出2处需要修改：高级工程师证书.pdf、业务专长")
        .or_(page.get_by_text("已标出2处需要修改：业务专长、高级工程师证书.pdf"))
        .wait_for()
    )
    await capture(page, path="var/screenshots/review-marks-sheet.png")
    await page.get_by_role("button", name="退回整份申请").click()
    await page.get_by_text("已退回整份申请：苏航").wait_for()
    task = await ReviewTask.get(application_id=application.id)
    assert {(stored["place"], stored["words"]) for stored in task.returned} == {
        ("strengths", "请写明项目"),
        ("title_proof", "扫描件不清晰，请重新上传。"),
    }
    assert "业务专长：请写明项目" in task.opinion
    assert seen.complaints == []


async def test_tasks_are_handed_and_an_absence_is_arranged(browser: Browser, world: World) -> None:
    application = await handed_in(world, "苏航")
    colleague = await make_reviewer(world.services.deps, "industry", CITY, real_name="李复审")
    seen = await open_reviewer(browser, world, PHONE)
    page = await seen.open("/review/away")
    await page.get_by_text("安排代办").first.click()
    await page.get_by_label("代办同事").select_option(str(colleague.account_id))
    await page.get_by_label("开始日期").fill("2026-11-21")
    await page.get_by_label("结束日期").fill("2026-11-23")
    await page.get_by_role("button", name="安排代办").click()
    await page.get_by_text("代办中").wait_for()
    [task] = await tasks_of(application)
    await seen.open(f"/review/{task.id}")
    await page.get_by_role("link", name="转交同事").click()
    await page.get_by_label("转交给").select_option(str(colleague.account_id))
    await seen.check("review-hand")
    await page.get_by_role("button", name="确认转交").click()
    await page.get_by_text("已转交，并通知了对方。").wait_for()
    await page.get_by_role("link", name="外出代办").click()
    await seen.check("review-away")
    await page.get_by_role("link", name="苏航").click()
    await seen.check("review-handed")
    await page.get_by_role("button", name="不再转交").click()
    await page.get_by_text("任务不再转交").wait_for()
    await page.get_by_role("button", name="退回", exact=True).click()
    await page.get_by_label("请写明原因").fill("照片不清晰")
    await page.get_by_role("button", name="退回整份申请").click()
    await page.get_by_text("已退回整份申请：苏航").wait_for()
    await seen.open(f"/review/{task.id}")
    await page.get_by_text("更正我的决定").click()
    await seen.check("review-reopening")
    await page.get_by_label("更正原因").fill("看错了照片")
    await page.get_by_role("button", name="撤销原决定，重新审核").click()
    await page.get_by_text("原决定已撤销，请重新审核。").wait_for()
    assert (await Application.get(id=application.id)).state == "reviewing"
    assert seen.complaints == []


async def changed(world: World) -> Application:
    """A change of several fields and a certificate, beside a file with the old ones."""
    deps = world.services.deps
    filed = {"strengths": "隧道与地下工程。", "email": "old@example.com", "address": None, "recusal_units": []}
    change = await make_change(
        deps, "欧阳建国", filed=filed, specialties=("A0801", "A0401"), region_path=MOVED, state="draft", round=0
    )
    entered = await make_application(
        deps, await Account.get(id=change.account_id), state="draft", round=0, expert_id=change.expert_id
    )
    for application, title, height in ((entered, "工程师证书.jpg", 541), (change, "高级工程师证书.jpg", 540)):
        await upload_file(
            world.services.applications.attachments,
            Actor("demo", "applicant", change.account_id),
            application.id,
            "title_proof",
            filename=title,
            content=jpeg(856, height),
        )
    await Application.filter(id=entered.id).update(state="entered", ended_at=deps.now())
    proof = await Attachment.get(application_id=entered.id)
    await file_more(deps, await Expert.get(id=change.expert_id), title_proof=[{"row": 0, "file": str(proof.id)}])
    async with transaction():
        row = await Application.select_for_update().get(id=change.id)
        row.state, row.round = "reviewing", 1
        await row.save()
        await world.services.workflows.reviews.begin(row, deps.now())
    return row


async def test_a_change_is_compared_with_the_file(browser: Browser, world: World) -> None:
    """Stacked on a phone, side by side on a screen; both certificates open."""
    await changed(world)
    seen = await open_reviewer(browser, world, PHONE, region=OTHER_CITY)
    page = await seen.open("/review")
    await page.get_by_role("link", name="欧阳建国").first.click()
    await page.get_by_text("与档案对照：7项有变更").wait_for()
    await page.evaluate(
        "Promise.all([...document.images].map((i) => { i.loading = 'eager'; return i.src && i.decode(); }))"
    )
    await seen.check("review-change")
    for width, height, side_by_side in ((*PHONE, False), (*SCREEN, True)):
        await page.set_viewport_size({"width": width, "height": height})
        old, new = [await page.locator(f"#f-region .{side}").bounding_box() for side in ("old", "new")]
        assert old
        assert new
        assert (old["x"] < new["x"], old["y"] < new["y"]) == (side_by_side, not side_by_side)
    await expect(page.locator("#f-photo")).to_be_hidden()
    await page.get_by_role("button", name="显示电子邮箱").click()
    await page.get_by_text("old@example.com").wait_for()
    for name in ("工程师证书.jpg", "高级工程师证书.jpg"):
        await page.get_by_role("link", name=f"查看{name}", exact=True).click()
        await page.locator("[data-viewer-image]").evaluate("(image) => image.decode()")
        await page.get_by_role("button", name="关闭").click()
    await page.get_by_text("未变更的内容").click()
    await expect(page.locator("#f-photo")).to_be_visible()
    assert seen.complaints == []


async def test_without_scripts_the_same_is_done_by_links_and_forms(browser: Browser, world: World) -> None:
    application = await handed_in(world, "赵一")
    visitor = await world.log_in(await make_reviewer(world.services.deps, "industry", CITY))
    cookie = visitor.cookie
    context = await browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    base = str(world.server.make_url("")).rstrip("/")
    await context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": base}])
    page = await context.new_page()
    await page.goto(f"{base}/review")
    await page.get_by_role("link", name="赵一").click()
    await page.get_by_role("link", name="退回").click()
    await page.get_by_label("退回或不通过时必填").fill("照片不清晰")
    await page.get_by_role("button", name="退回整份申请").click()
    await page.get_by_text("已退回整份申请：赵一").wait_for()
    assert (await Application.get(id=application.id)).state == "sent_back"
    await context.close()


async def test_the_public_notice_on_a_phone(browser: Browser, world: World) -> None:
    deps, now = world.services.deps, world.services.deps.now()
    times = {"notice_from": now, "notice_until": now + timedelta(days=5), "approved_at": now}
    for name in ("赵一", "欧阳建国", "苏航"):
        await make_application(
            deps, await make_applicant(deps, name), state="notice", specialties=("A0401", "A0801"), **times
        )
    seen = await look(browser, world)
    page = await seen.open("/h5/demo/notice")
    await seen.check("public-notice")
    citizen = await world.log_in(Actor("demo", "applicant", (await make_applicant(deps, "周义")).id))
    cookie = citizen.cookie
    await page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": seen.base}])
    await page.get_by_role("link", name="苏航").click()
    await seen.check("public-notice-entry")
    await page.get_by_role("link", name="提出异议").click()
    await page.get_by_label("异议的事实和理由").fill("职称证书与公示单位不一致，请核实。")
    await seen.check("public-notice-objection")
    await page.get_by_role("button", name="提交异议").click()
    await page.get_by_text("核查中").wait_for()
    await seen.check("public-notice-own")
    assert seen.complaints == []
