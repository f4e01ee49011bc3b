"""Import of employers on the office's page, in a browser without scripts."""

from __future__ import annotations

import io

import aiohttp
import pytest

from models.campaigns import Employer
from services.organisations import render_template
from tests.web.conftest import PUBLIC_URL, Visitor, World
from tests.web.office_scene import Scene, make_scene, sheets, token_of

PATH = "/office/employers/import"


@pytest.fixture
async def scene(world: World) -> Scene:
    return await make_scene(world)


async def send(visitor: Visitor, content: bytes) -> Visitor:
    data = aiohttp.FormData(token_of(visitor))
    data.add_field("file", io.BytesIO(content), filename="a.csv" if content else "")
    return await visitor._show(await visitor.client.post(PATH, data=data, headers={"Origin": PUBLIC_URL}))


async def test_a_good_sheet_is_looked_at_and_confirmed(scene: Scene) -> None:
    admin = await scene.at("/office/employers")
    await admin.get(admin.page.links["批量导入"])
    template = await admin.client.get(admin.page.links["下载Excel模板"])
    assert (template.status, sheets(await template.read())) == (200, sheets(render_template("xlsx")))
    await send(admin, await template.read())
    assert ("还没有添加任何单位" in admin.text, "新增 1家" in admin.text) == (True, True)
    assert not await Employer.exists()
    page = admin.path
    await admin.press("确认导入")
    assert ("导入完成" in admin.text, "新增 1家" in admin.text) == (True, True)
    assert await Employer.all().count() == 1
    await admin.get(page)
    assert "确认导入" not in admin.page.buttons


async def test_of_a_bad_one_the_good_lines_can_be_taken(scene: Scene) -> None:
    admin = await scene.at(PATH)
    await send(admin, "单位名称\n甲公司\n无\n<b>乙</b>公司\n".encode("gb18030"))
    assert "第3行 单位名称 请填写单位全称。" in admin.text
    assert "将新增：甲公司、<b>乙</b>公司" in admin.text
    assert "<b>乙" not in await admin.response.text()
    await admin.press("只导入无误的2行")
    assert "未导入 1行" in admin.text
    assert sorted([employer.name for employer in await Employer.all()]) == ["<b>乙</b>公司", "甲公司"]


async def test_what_cannot_be_read_is_said_beside_the_field(scene: Scene) -> None:
    admin = await scene.at(PATH)
    for content, message in ((b"", "请选择文件。"), (b"\xd0\xcf\x11\xe0", "旧版 .xls"), (b"\xff\xfe\x80", "编码")):
        await send(admin, content)
        assert (admin.status, message in admin.text) == (422, True)
    assert (await admin.get("/office/employers/template.exe")).status == 404
    assert (await admin.get(f"{PATH}/nothing")).status == 404


async def test_a_decision_that_is_none_is_asked_again(scene: Scene) -> None:
    admin = await scene.at(PATH)
    await send(admin, "单位名称\n甲公司\n".encode())
    await admin.press("确认导入", command="everything")
    assert (admin.status, "没有收到您的选择" in admin.text) == (422, True)
    await admin.press("确认导入")
    assert await Employer.exists()
