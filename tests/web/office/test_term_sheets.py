"""Longer terms of many experts on the office's page, in a browser without scripts and in a real one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import Browser

from models.experts import Expert
from services.core.base import Deps
from tests.factories.people import file_more, make_expert
from tests.plugins.browsers import CHROMIUM
from tests.web.conftest import World
from tests.web.office.sheet_uploads import send, work
from tests.web.office.test_office_browser import open_administrator
from tests.web.office_scene import Scene, make_scene, sheets, wrong_fields
from tests.web.test_browser import PHONE, SCREEN

PATH = "/office/experts/terms"


@pytest.fixture
async def scene(world: World) -> Scene:
    return await make_scene(world)


async def with_term(deps: Deps) -> Expert:
    expert = await make_expert(deps)
    await file_more(deps, expert, deps.now(), term_until=(deps.now() + timedelta(days=30)).isoformat())
    return expert


def listed(*experts: Expert) -> str:
    return "\n".join(["专家编号,聘期至", *(f"{expert.number},2029-03-01" for expert in experts), "没有,2029-03-01"])


async def test_a_sheet_is_uploaded_looked_at_and_done(scene: Scene) -> None:
    experts = [await with_term(scene.world.services.deps) for _ in range(2)]
    admin = await scene.at("/office/experts")
    await admin.get(admin.page.links["批量延长聘期"])
    template = await admin.client.get(admin.page.links["下载Excel模板"])
    act = scene.world.services.office_sheets.sheets.terms
    assert (template.status, sheets(await template.read())) == (200, sheets(act.render_template("xlsx")))
    await send(admin, PATH, "")
    assert set(await wrong_fields(admin)) == {"reason", "file"}
    await send(admin, PATH, listed(*experts), reason="换届前统一延长")
    page = admin.path
    for words in ("可以办理 2人", "不能办理 1行", "第4行 专家编号", "没有这位专家", "12月21日 → 2029年3月1日"):
        assert words in admin.text, words
    await admin.press("确认延长2人")
    assert ("正在办理" in admin.text, "已办理0人，共2人" in admin.text) == (True, True)
    await work(scene)
    await admin.get(page)
    assert "2人已办理" in admin.text
    await admin.get(f"/office/experts/{experts[0].id}")
    assert ("至2029年3月1日" in admin.text or "2029年3月1日" in admin.text, "周管理" in admin.text) == (True, True)
    await admin.get(PATH)
    await send(admin, PATH, listed(*experts), reason="再来一次")
    assert "没有可以办理的人" in admin.text
    await admin.press("不办理")
    assert (admin.path, "已放弃，没有办理" in admin.text) == (PATH, True)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")
async def test_the_pages_read_well(browser: Browser, world: World) -> None:
    scene = await make_scene(world)
    experts = [await with_term(world.services.deps) for _ in range(2)]
    admin = await scene.at(PATH)
    await send(admin, PATH, listed(*experts), reason="换届前统一延长")
    for size in (PHONE, SCREEN):
        seen = await open_administrator(browser, scene, size)
        paths = {"terms": PATH, "term-sheet": admin.path, "experts-head": "/office/experts"}
        await seen.check_pages(f"office-{size[0]}", paths)
        assert seen.complaints == []
