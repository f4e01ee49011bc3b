"""Importing experts on the office's page, in a browser without scripts and in a real one."""

from __future__ import annotations

import io
from uuid import UUID

import aiohttp
import pytest
from playwright.async_api import Browser

from models.experts import Expert
from services.core.base import rows
from services.experts import render_template
from tests.factories.applications import SPECIALTY, make_codes
from tests.plugins.browsers import CHROMIUM
from tests.web.conftest import PUBLIC_URL, Visitor, World
from tests.web.office.test_office_browser import open_administrator
from tests.web.office_scene import Scene, make_scene, sheets, token_of
from tests.web.test_browser import PHONE, SCREEN

PATH = "/office/experts/import"
HEADING = "专家编号,姓名,身份证号,手机号,常驻地,评标专业,工作单位"
GOOD = f"{HEADING}\nZJ9000001,欧阳锋,11010519491231002X,13800000001,440106,{SPECIALTY},广州示范工程有限公司\n"


@pytest.fixture
async def scene(world: World) -> Scene:
    scene = await make_scene(world)
    await make_codes(scene.world.services.deps.book("demo"))
    return scene


async def send(visitor: Visitor, content: bytes) -> Visitor:
    data = aiohttp.FormData(token_of(visitor))
    data.add_field("file", io.BytesIO(content), filename="experts.csv" if content else "")
    return await visitor._show(await visitor.client.post(PATH, data=data, headers={"Origin": PUBLIC_URL}))


async def work(scene: Scene) -> None:
    sql = "DELETE FROM procrastinate_jobs WHERE task_name = 'experts.sheet' RETURNING args->>'sheet_id' AS id"
    for job in await rows(sql):
        await scene.world.services.experts.sheets.work(UUID(job["id"]))


async def test_a_sheet_is_uploaded_looked_at_and_confirmed(scene: Scene) -> None:
    admin = await scene.at("/office/experts")
    await admin.get(admin.page.links["批量导入"])
    template = await admin.client.get(admin.page.links["下载Excel模板"])
    assert (template.status, sheets(await template.read())) == (200, sheets(render_template("xlsx")))
    await send(admin, GOOD.encode())
    assert ("正在检查" in admin.text, "读取并检查" in admin.text) == (True, True)
    page = admin.path
    await work(scene)
    await admin.get(page)
    assert ("将新增 1人" in admin.text, "将更新 0人" in admin.text) == (True, True)
    assert not await Expert.exists(number="ZJ9000001")
    await admin.press("确认导入")
    assert "正在导入" in admin.text
    await work(scene)
    await admin.get(page)
    assert ("已导入" in admin.text, "新增 1人" in admin.text) == (True, True)
    assert await Expert.exists(number="ZJ9000001")
    assert "确认导入" not in admin.page.buttons
    await admin.get(PATH)
    assert "experts.csv" in admin.text


async def test_faults_are_said_where_they_are(scene: Scene) -> None:
    admin = await scene.at(PATH)
    for content, message in ((b"", "请选择文件。"), (b"\xd0\xcf\x11\xe0", "旧版 .xls")):
        await send(admin, content)
        assert (admin.status, message in admin.text) == (422, True)
    await send(admin, GOOD.replace("13800000001", "<b>1</b>").encode())
    page = admin.path
    await work(scene)
    await admin.get(page)
    assert ("第2行 手机号 应为11位手机号" in admin.text, "确认导入" in admin.page.buttons) == (True, False)
    assert ("有错误，未导入" in admin.text, "待确认" in admin.text) == (True, False)
    await admin.press("删除这个文件")
    assert (admin.path, "已放弃" in admin.text) == (PATH, True)
    assert (await admin.get("/office/experts/template.exe")).status == 404
    assert (await admin.get(f"{PATH}/nothing")).status == 404


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")
@pytest.mark.parametrize("device", [PHONE, SCREEN], ids=["phone", "screen"])
async def test_the_page_follows_the_worker(browser: Browser, scene: Scene, device: dict[str, object]) -> None:
    seen = await open_administrator(browser, scene, device)
    page = await seen.open(PATH)
    await page.locator("input[type=file]").set_input_files(
        {"name": "名单.csv", "mimeType": "text/csv", "buffer": GOOD.encode()}
    )
    await page.get_by_role("button", name="上传并检查").click()
    await page.get_by_role("heading", name="正在检查").wait_for()
    await seen.check("expert-sheet-checking")
    await work(scene)
    await page.get_by_role("button", name="确认导入").wait_for()
    await seen.check("expert-sheet-checked")
    assert seen.complaints == []
