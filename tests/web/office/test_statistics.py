"""The office's statistics: what happened is counted on the page, in its file, and in the public data without names."""

from __future__ import annotations

import io
import json

import pytest
from openpyxl import load_workbook
from playwright.async_api import Browser

from models.draws import Draw
from models.experts import CatalogueEntry, Expert
from tests.factories.remuneration import ended_panel, meet, part
from tests.plugins.browsers import CHROMIUM
from tests.web.conftest import World
from tests.web.office.test_office_browser import open_administrator
from tests.web.office_scene import Scene, make_scene
from tests.web.test_browser import PHONE, SCREEN

PATH = "/office/statistics"


@pytest.fixture
async def scene(world: World) -> Scene:
    return await make_scene(world)


async def test_a_finished_draw_is_counted_by_month_by_region_and_in_the_file(world: World, scene: Scene) -> None:
    await ended_panel(world.office, world.clock, needed=2)
    admin = await scene.at("/office")
    await admin.get(admin.page.links["统计"])
    month = f"{world.clock.now():%Y年}{world.clock.now().month}月"
    assert f"{month}1" in admin.text.replace(" ", "")
    await admin.click("按地区")
    assert "广州市" in admin.text
    file = await admin.client.get(admin.page.links["导出Excel"])
    totals = {sheet.title: list(sheet.values)[-1] for sheet in load_workbook(io.BytesIO(await file.read()))}
    assert (totals["抽取活动"][:3], totals["到场"][:3]) == (("合计", 1, 1), ("合计", 2, 2))


async def test_months_that_make_no_range_are_refused_at_their_field(scene: Scene) -> None:
    admin = await scene.at(f"{PATH}?since=2026-11&until=2026-01")
    assert "截止月份应不早于起始月份" in admin.text
    await admin.get(f"{PATH}?since=<x>&until=2026-01")
    assert "起始月份请填写为年份和月份" in admin.text


async def test_coverage_leads_from_level_to_level_and_into_a_file(world: World, scene: Scene) -> None:
    await ended_panel(world.office, world.clock, needed=2)
    admin = await scene.at(PATH)
    await admin.click("专业覆盖哪些专业在哪些地区专家偏少")
    name = (await CatalogueEntry.get(kind="specialty", code="A04")).name
    await admin.click(name)
    assert (admin.status, "全部专业" in admin.text) == (200, True)
    file = await admin.client.get(admin.page.links["导出Excel"])
    assert load_workbook(io.BytesIO(await file.read())).sheetnames == ["可抽取专家", "近一年通知", "近一年同意"]


async def test_open_data_hold_finished_draws_and_no_name(world: World) -> None:
    draw_id, invitations = await meet(world.office, world.clock, needed=2)
    visitor = await world.visitor().get("/record")
    await visitor.click("公开数据")
    await visitor.click(world.services.deps.book("demo").pool.name)
    [month, *_] = [text for text in visitor.page.links.values() if text.endswith(".json")]
    assert (await (await visitor.client.get(month)).json())["draws"] == []
    await part(world.office, world.clock, draw_id, invitations, 3)
    text = await (await visitor.client.get(month)).text()
    draw = await Draw.get(id=draw_id).select_related("project")
    [shown] = json.loads(text)["draws"]
    assert [shown[name] for name in ("number", "called", "agreed", "present")] == [draw.number, 2, 2, 2]
    assert (await visitor.get(shown["record"].removeprefix(world.services.deps.public_url))).status == 200
    names = [str(name) for name in await Expert.all().values_list("name", flat=True)]
    assert [name for name in (*names, draw.name, draw.project.name, draw.project.tenderee_name) if name in text] == []


@pytest.mark.parametrize(("path", "status"), [("demo/draws/2026-13.json", 422), ("nowhere/draws/2026-11.json", 404)])
async def test_open_data_refuse_what_is_no_month_or_pool(world: World, path: str, status: int) -> None:
    response = await world.visitor().client.get(f"/open-data/{path}")
    refusal = await response.json(content_type="application/problem+json")
    assert (response.status, refusal["status"], bool(refusal["detail"])) == (status, status, True)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")
@pytest.mark.parametrize("size", [PHONE, SCREEN])
async def test_statistics_read_well(browser: Browser, world: World, scene: Scene, size: tuple[int, int]) -> None:
    await ended_panel(world.office, world.clock, needed=2)
    seen = await open_administrator(browser, scene, size)
    pages = {
        "months": PATH,
        "regions": f"{PATH}?by=region",
        "specialties": f"{PATH}/specialties?below=A",
        "open-data": "/open-data/demo",
    }
    await seen.check_pages(f"statistics-{size[0]}", pages)
    assert seen.complaints == []
