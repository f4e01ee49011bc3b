"""The office's work on one application in a real browser; pictures go to ``var/screenshots``."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from playwright.async_api import Browser

from models.applications import Application
from services.office_sheets import TermForm
from tests.factories.people import file_more, make_expert
from tests.factories.reviews import begin, make_change, make_reviewer
from tests.plugins.browsers import CHROMIUM
from tests.web.conftest import World
from tests.web.office.test_office_browser import open_administrator
from tests.web.office_scene import handed_in, make_scene
from tests.web.test_browser import PHONE

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]


async def test_an_application_is_taken_up_again_and_written_to(browser: Browser, world: World) -> None:
    scene = await make_scene(world)
    services = world.services
    await make_reviewer(services.deps, "industry", "440100", real_name="李审核")
    refused = await handed_in(scene, "欧阳建国")
    await Application.filter(id=refused.id).update(state="refused", ended_at=world.clock.now(), reason="证书看不清")
    change = await make_change(services.deps, filed={"email": "old@example.com", "address": "旧路9号"})
    await begin(services.workflows.reviews, services.deps, change)
    world.clock.move(timedelta(minutes=1))
    seen = await open_administrator(browser, scene, PHONE)
    page = await seen.open(f"/office/applications/{refused.id}")
    await page.get_by_text("重新受理", exact=True).click()
    await page.get_by_label("提交申请截止时间").fill("2026-12-24T18:00")
    await page.locator("#f-reason-reinstate").fill("经核实，职称证书真实有效")
    await seen.check("office-reinstate")
    await page.get_by_role("button", name="提出重新受理").click()
    await page.get_by_text("已提出").wait_for()
    await page.get_by_text("记内部备注").click()
    await page.get_by_label("备注").fill("已电话核实发证单位")
    await page.get_by_role("button", name="记下").click()
    await page.get_by_text("已记下").wait_for()
    await page.get_by_text("给申请人留言", exact=True).click()
    await page.get_by_label("留言").fill("请带职称证书原件到窗口核对。")
    await page.get_by_role("button", name="预览").click()
    await page.get_by_role("button", name="发送").wait_for()
    await seen.check("office-application-message")
    await page.get_by_role("button", name="发送").click()
    await page.get_by_text("已发送").first.wait_for()
    await seen.check("office-application-acts")
    await seen.check_pages("office", {"application-change": f"/office/applications/{change.id}"})
    expert = await make_expert(services.deps)
    paths = {"file": "file", "photo": "attachments/photo", "willing": "file/willing_regions"}
    await seen.check_pages("correct", {part: f"/office/people/{expert.id}/{path}" for part, path in paths.items()})
    assert seen.complaints == []


async def test_the_list_of_experts_and_a_sheet_of_terms(browser: Browser, world: World) -> None:
    scene = await make_scene(world)
    deps, sheets = world.services.deps, world.services.office_sheets.sheets
    experts = [await make_expert(deps) for _ in range(2)]
    for expert in experts:
        await file_more(deps, expert, deps.now(), term_until=(deps.now() + timedelta(days=30)).isoformat())
    heading = "专家编号,身份证号,聘期至"
    good = "\n".join([heading, *(f"{expert.number},,2029-03-01" for expert in experts)])
    wrong = f"{heading}\nZJ9999999,,2029-03-01\n{experts[0].number},,2020-03-01"
    texts = {"term-sheet": good, "term-sheet-wrong": wrong}
    upload = partial(sheets.upload, scene.admin, sheets.terms, TermForm("换届"))
    ids = {name: await upload(text.encode(), "聘期.csv") for name, text in texts.items()}
    seen = await open_administrator(browser, scene, PHONE)
    addresses = {name: f"/office/experts/terms/{sheet_id}" for name, sheet_id in ids.items()}
    lists = {"terms": "/office/experts/terms", "experts-searched": "/office/experts?search=欧阳"}
    await seen.check_pages("office", lists | addresses)
    page = await seen.open(addresses["term-sheet"])
    await page.get_by_text("2026年12月21日 → 2029年3月1日").first.wait_for()
    page = await seen.open(addresses["term-sheet-wrong"])
    await page.locator(".button.primary", has_text="重新上传").wait_for()
    assert seen.complaints == []
