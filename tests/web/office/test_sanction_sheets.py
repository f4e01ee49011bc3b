"""Acts against many experts on the office's page, in a browser without scripts and in a real one."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from models.sanctions import Sanction
from tests.factories.people import make_account, make_expert, make_grant
from tests.plugins.browsers import CHROMIUM
from tests.web.conftest import World
from tests.web.office.sheet_uploads import send, work
from tests.web.office.test_office_browser import open_administrator
from tests.web.office_scene import Scene, make_scene, sheets
from tests.web.test_browser import PHONE, SCREEN

PATH = "/office/sanctions/sheets"


@pytest.fixture
async def scene(world: World) -> Scene:
    return await make_scene(world)


async def other_scene(scene: Scene) -> Scene:
    """Of another administrator."""
    account = await make_account(scene.world.services.deps, real_name="李管理")
    await make_grant(account, "pool_admin")
    return Scene(scene.world, scene.admin, account)


async def test_a_sheet_is_uploaded_looked_at_and_confirmed_by_a_second_person(scene: Scene) -> None:
    experts = [await make_expert(scene.world.services.deps) for _ in range(2)]
    admin = await scene.at("/office/sanctions")
    await admin.get(admin.page.links["批量处理"])
    template = await admin.client.get(admin.page.links["下载Excel模板"])
    act = scene.world.services.office_sheets.sheets.sanctions
    assert (template.status, sheets(await template.read())) == (200, sheets(act.render_template("xlsx")))
    await send(admin, PATH, "")
    assert (admin.status, "请选择要办理的处理" in admin.text or "请选择文件" in admin.text) == (422, True)
    names = "\n".join(["专家编号", *(expert.number for expert in experts), "没有"])
    await send(admin, PATH, names, kind="suspension", reason=" ")
    assert (admin.status, "请填写原因" in admin.text) == (422, True)
    await send(admin, PATH, names, kind="suspension", reason="未按规定参加继续教育")
    page = admin.path
    for told in ("可以办理 2人", "不能办理 1行", "第4行 专家编号", "没有这位专家", "须由另一位管理员"):
        assert told in admin.text, told
    assert not [name for name in admin.page.buttons if name.startswith("确认办理")]
    other = await (await other_scene(scene)).at("/office")
    await other.click(next(text for text in other.page.links if text.startswith("待确认的批量处理")))
    await other.get(page)
    await other.press("确认办理2人")
    assert ("正在办理" in other.text, "已办理0人，共2人" in other.text) == (True, True)
    await work(scene)
    await other.get(page)
    assert ("2人已办理" in other.text, await Sanction.filter(state="imposed").count()) == (True, 2)
    await admin.get(PATH)
    assert ("list.csv" in admin.text, "已办理" in admin.text) == (True, True)
    await send(admin, PATH, names, kind="warning", reason="迟到")
    await admin.press("不办理")
    assert (admin.path, "已放弃，没有办理" in admin.text) == (PATH, True)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")
async def test_the_pages_read_well(browser: Browser, scene: Scene) -> None:
    experts = [await make_expert(scene.world.services.deps) for _ in range(12)]
    names = "\n".join(["专家编号", *(expert.number for expert in experts), "没有", experts[0].number])
    for kind in ("warning", "suspension"):
        visitor = await scene.at(PATH)
        await send(visitor, PATH, names, kind=kind, reason="多次不按时到场，经提醒仍不改正")
    other = await other_scene(scene)
    for size in (PHONE, SCREEN):
        seen = await open_administrator(browser, other, size)
        await seen.check_page(f"office-sanction-sheets-{size[0]}", PATH)
        await seen.check_page(f"office-sanction-sheet-{size[0]}", visitor.path)
        assert seen.complaints == []
