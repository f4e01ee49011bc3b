"""The item bank in a real browser, on a phone and on a computer; pictures go to ``var/screenshots``."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from models.exams import ExamItem, ExamItemKey
from services.core.base import Actor
from tests.factories.exam_items import case, judged, make_exam, make_items, multiple, single
from tests.factories.files import jpeg
from tests.plugins.browsers import CHROMIUM
from tests.web.conftest import World
from tests.web.office.test_office_browser import open_administrator
from tests.web.office_scene import Scene, make_scene
from tests.web.test_browser import PHONE

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
BAD = """题型,题干,选项A,选项B,答案,章节
单选题,评标委员会成员人数为,三人,五人,B,组成
判断题,,,,错,组成
多选题,题,甲,甲,AC,组成
"""


async def fill(scene: Scene, admin: Actor) -> dict[str, str]:
    """A bank with something of every kind; pages by name."""
    exams, deps = scene.world.services.exams, scene.world.services.deps
    case_id, item, *_ = await make_items(deps, case(), single(), multiple(), judged())
    await exams.bank.add(admin, single("组成是否合法？", chapter="案例"), case_id=case_id)
    await make_exam(deps, item)
    await exams.bank.revise(admin, item, single(difficulty=4))
    await exams.bank.add_picture(admin, item, jpeg(1200, 500), "评标委员会的组成")
    checked = await exams.item_import.read(admin, BAD.encode())
    return {
        "list": "",
        "item": f"/item/{item}",
        "edit": f"/item/{item}/edit",
        "case": f"/item/{case_id}",
        "new": "/new?kind=multiple",
        "import": "/import",
        "checked": f"/import/{checked.id}",
        "export": "/export",
    }


async def test_every_page_reads_well(browser: Browser, world: World) -> None:
    scene = await make_scene(world)
    pages = await fill(scene, scene.admin)
    seen = await open_administrator(browser, scene, PHONE)
    await seen.check_pages("bank", {name: f"/office/bank{path}" for name, path in pages.items()})
    assert seen.complaints == []


async def test_an_item_is_written_on_a_phone(browser: Browser, world: World) -> None:
    scene = await make_scene(world)
    seen = await open_administrator(browser, scene, PHONE)
    page = await seen.open("/office")
    await page.get_by_role("list", name="全部功能").get_by_text("培训考试").click()
    await page.get_by_role("link", name="题库").click()
    await page.get_by_role("link", name="新建题目").click()
    await page.get_by_role("link", name="单选题").click()
    await page.get_by_label("题干").fill("依法必须招标的项目，评标委员会成员人数为（ ）。")
    for letter, option in zip("ABC", ("三人以上单数", "五人以上单数", "七人以上单数"), strict=True):
        await page.get_by_label(f"选项{letter}", exact=True).fill(option)
    await page.get_by_label("答案：B").check()
    await page.get_by_role("button", name="保存").click()
    await page.get_by_text("章节不能为空。").wait_for()
    await expect(page.get_by_label("答案：B")).to_be_checked()
    await seen.check("bank-wrong")
    await page.get_by_label("章节").fill("评标委员会")
    await page.get_by_role("button", name="保存").click()
    await page.get_by_text("题目已添加。").wait_for()
    assert (await ExamItem.get()).chapter == "评标委员会"
    assert (await ExamItemKey.get()).mask == 2
    assert [line for line in seen.complaints if "422" not in line] == []
