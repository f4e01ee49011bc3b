"""A notice to a group on the office's pages: from a list to a draft, a preview, sending, and the person's page."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from playwright.async_api import Browser

from models.notices import GroupNotice
from tests.factories.applications import make_campaign, make_codes
from tests.factories.offices import add_experts
from tests.plugins.browsers import CHROMIUM
from tests.web.conftest import World
from tests.web.office.test_office_browser import open_administrator
from tests.web.office_scene import Scene, make_scene
from tests.web.test_browser import PHONE, SCREEN

TITLE, TEXT = "继续教育培训通知", "请于月底前完成培训，\n咨询电话020-12345678。"


@pytest.fixture
async def scene(world: World) -> Scene:
    return await make_scene(world)


async def test_from_the_list_of_experts_to_what_they_read(world: World, scene: Scene) -> None:
    [row, other] = await add_experts(world.office, 2)
    admin = await scene.at(f"/office/experts?search={row.number}")
    await admin.click("群发通知")
    assert ("1人" in admin.text, row.number in admin.text) == (True, True)
    await admin.press("下一步：预览", title="", text=TEXT)
    assert "请填写标题" in admin.text
    await admin.press("下一步：预览", title=TITLE, text=TEXT)
    assert (f"{TITLE}，全文见" in admin.text, "最多" in admin.text) == (True, True)
    await admin.press("先发给自己")
    assert "已发送到您本人" in admin.text
    await admin.press("发给1人")
    await world.services.office.group_sending.send_due()
    await admin.get(admin.path.partition("?")[0])
    assert ("已发送" in admin.text, "等待送达1人" in admin.text.replace(" ", "")) == (True, True)
    group = await GroupNotice.get()
    reader = await world.log_in_expert(row.id)
    await reader.get(f"/h5/demo/announcements/{group.id}")
    assert (TITLE in reader.text, reader.page.links["020-12345678"]) == (True, "tel:020-12345678")
    stranger = await world.log_in_expert(other.id)
    await stranger.get(f"/h5/demo/announcements/{group.id}")
    assert stranger.status == 404


async def test_a_pasted_list_with_an_unknown_number_is_refused_and_nothing_is_lost(world: World, scene: Scene) -> None:
    [row] = await add_experts(world.office, 1)
    admin = await scene.at("/office/group-notices")
    await admin.click("发给名单中的人粘贴专家编号、手机号或身份证号")
    await admin.press("下一步：预览", title=TITLE, text=TEXT, numbers=f"{row.number}\nZJ404")
    assert "找不到ZJ404" in admin.text
    await admin.press("下一步：预览", numbers=row.number, text=TEXT)
    assert TITLE in admin.text
    await admin.press("放弃")
    assert (admin.path.startswith("/office/group-notices"), TITLE in admin.text) == (True, False)


async def test_the_audience_is_told_in_words_without_personal_numbers(world: World, scene: Scene) -> None:
    [row] = await add_experts(world.office, 1)
    await make_codes(world.services.deps.book("demo"))
    mobile = world.services.deps.keys.open_text(row.mobile_sealed, "mobile")
    filters = {"audience": "experts", "title": "10", "employer": "设计", "specialty": "A01", "search": mobile}
    admin = await scene.at(f"/office/group-notices/new?{urlencode(filters)}")
    assert "专家：在库，专业“A01”，正高级，单位“设计”，按手机号查找，0人" in admin.text
    campaign = await make_campaign(world.services.deps)
    dates = {"from": "2026-11-01", "until": "2026-11-30"}
    filters = {"audience": "applications", "campaign": str(campaign.id), **dates}
    await admin.get(f"/office/group-notices/new?{urlencode(filters)}")
    days = "2026年11月1日起提交，2026年11月30日前提交"
    assert f"{days}，{campaign.name}，0人" in admin.text
    await admin.get("/office/group-notices/new?audience=applications&from=tomorrow")
    assert "提交起始日期请填写为日期" in admin.text


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")
@pytest.mark.parametrize("size", [PHONE, SCREEN])
async def test_group_notices_read_well(browser: Browser, world: World, scene: Scene, size: tuple[int, int]) -> None:
    await add_experts(world.office, 3)
    admin = await scene.at("/office/group-notices/new?audience=experts&state=in_pool")
    await admin.press("下一步：预览", title=TITLE, text=TEXT)
    group = await GroupNotice.get()
    seen = await open_administrator(browser, scene, size)
    pages = {
        "list": "/office/group-notices",
        "new": "/office/group-notices/new",
        "draft": f"/office/group-notices/{group.id}",
        "read": f"/h5/demo/announcements/{group.id}",
    }
    await seen.check_pages(f"group-notices-{size[0]}", pages)
    assert seen.complaints == []
