"""Venues on the office's pages: adding with a preview, positions, ending, history."""

from __future__ import annotations

import pytest

from tests.web.conftest import World
from tests.web.office_scene import Scene, make_scene, wrong_fields

VENUE = {
    "name": "新评标楼",
    "address": "广州市天河区天润路1号",
    "latitude": "23.15",
    "longitude": "113.33",
    "system": "wgs84",
}


@pytest.fixture
async def scene(world: World) -> Scene:
    return await make_scene(world)


async def test_a_venue_is_previewed_added_and_offered_to_agencies(scene: Scene) -> None:
    visitor = await scene.at("/office/venues/new")
    await visitor.press("预览", **VENUE, reason="新楼启用")
    assert "23.150000，113.330000" in visitor.text
    assert "在地图上查看" in visitor.text
    await visitor.press("保存", system="wgs84")
    assert "已添加" in visitor.text
    assert "新评标楼" in visitor.text
    assert "新楼启用" in visitor.text
    assert scene.world.services.deps.book("demo").offered_venues[-1].name == "新评标楼"


async def test_a_moved_venue_says_how_far(scene: Scene) -> None:
    visitor = await scene.at("/office/venues/demo-hall")
    await visitor.press("预览", latitude="23.1596", system="wgs84", reason="正门在北边")
    assert "移动了约1112米" in visitor.text
    await visitor.press("保存", system="wgs84")
    assert "已保存" in visitor.text
    assert scene.world.services.deps.book("demo").venues[0].latitude == 23.1596


async def test_what_differs_from_its_preview_is_previewed_again(scene: Scene) -> None:
    visitor = await scene.at("/office/venues/new")
    await visitor.press("预览", **VENUE, reason="新楼启用")
    await visitor.press("保存", name="另一栋楼", system="wgs84")
    assert "和预览的不一样" in visitor.text
    assert len(scene.world.services.deps.book("demo").venues) == 2
    await visitor.press("保存", system="wgs84")
    assert scene.world.services.deps.book("demo").venues[-1].name == "另一栋楼"


@pytest.mark.parametrize(
    ("typed", "field", "told"),
    [
        ({"latitude": "北纬23度"}, "latitude", "小数形式"),
        ({"latitude": "nan"}, "latitude", "小数形式"),
        ({"latitude": "1e400"}, "latitude", "小数形式"),
        ({"longitude": ""}, "latitude", "一起填写"),
        ({"latitude": "113.33", "longitude": "23.15"}, "latitude", "不在国内"),
        ({"name": ""}, "name", "请填写名称"),
    ],
)
async def test_a_refusal_stands_beside_its_field(scene: Scene, typed: dict[str, str], field: str, told: str) -> None:
    visitor = await scene.at("/office/venues/new")
    await visitor.press("预览", **{**VENUE, **typed}, reason="试试")
    assert told in (await wrong_fields(visitor))[field]


async def test_a_venue_is_ended_and_the_history_leads_back(scene: Scene) -> None:
    visitor = await scene.at("/office/venues/demo-branch")
    await visitor.press("确定停用")
    assert "请填写修改原因" in (await wrong_fields(visitor))["reason"]
    await visitor.press("确定停用", reason="分场装修")
    assert "已停用" in visitor.text
    await visitor.press("确定恢复", reason="装修完成")
    assert scene.world.services.deps.book("demo").venues[1].offered
    listed = await scene.at("/office/venues")
    restore = next(name for name in listed.page.buttons if name.startswith("恢复1"))
    await listed.press(restore)
    assert "已恢复那时的场所" in listed.text
    assert not scene.world.services.deps.book("demo").venues[1].offered


async def test_texts_and_venues_have_pages_of_their_own(scene: Scene) -> None:
    assert "评标场所" not in [
        name for name in (await scene.at("/office/texts")).page.links if name.startswith("评标场所1")
    ]
    assert (await scene.at("/office/texts/venues")).status == 404
    assert (await scene.at("/office/venues/no-such")).status == 404
