"""Catalogues on the office's pages: levels, adding, ending, and the successors of an ended code."""

from __future__ import annotations

import pytest

from models.experts import CatalogueEntry, CatalogueMapping, Expert
from tests.factories.people import make_expert
from tests.web.conftest import World
from tests.web.office_scene import Scene, make_scene, wrong_fields


@pytest.fixture
async def scene(world: World) -> Scene:
    return await make_scene(world)


async def test_levels_and_a_word_lead_to_each_entry(scene: Scene) -> None:
    kinds = await scene.at("/office/catalogues")
    assert "评标专业" in kinds.text
    assert "执业资格" in kinds.text
    visitor = await scene.at("/office/catalogues/specialty")
    await visitor.click("工程类的下级")
    await visitor.click("施工的下级")
    await visitor.click("办理房屋建筑")
    assert visitor.path == "/office/catalogues/specialty/A0801"
    assert "0份档案使用" in visitor.text
    assert "房屋建筑" in (await scene.at("/office/catalogues/specialty?q=房屋")).text
    assert "没有名称或代码含" in (await scene.at("/office/catalogues/specialty?q=<b>")).text


async def test_an_entry_is_added_below_the_level_that_its_code_names(scene: Scene) -> None:
    visitor = await scene.at("/office/catalogues/specialty?parent=A08")
    await visitor.press("添加")
    wrong = await wrong_fields(visitor)
    assert set(wrong) == {"code", "name", "reason"}
    await visitor.press("添加", code="A0802", name="桥梁", reason="新专业")
    assert ("已添加" in visitor.text, "桥梁" in visitor.text) == (True, True), "on the level of the new entry"
    assert (await CatalogueEntry.get(code="A0802")).parent == "A08"


async def test_an_ended_code_is_mapped_after_a_preview(scene: Scene) -> None:
    deps = scene.world.services.deps
    expert = await make_expert(deps, name="孙明远", specialties=["A0801"], specialty_path=["A", "A08", "A0801"])
    visitor = await scene.at("/office/catalogues/specialty/A0801")
    assert "新代码" not in visitor.page.buttons
    await visitor.press("确定停用", reason="并入建筑设计")
    assert "已停用" in visitor.text
    assert "旧代码" in visitor.text
    assert "房屋建筑（已停用）" in (await scene.at(f"/office/experts/{expert.id}")).text
    await visitor.press("预览", successors="A0401", reason="合并")
    assert "孙明远" in visitor.text
    assert "将把1份档案中的" in visitor.text
    assert await CatalogueMapping.all().count() == 0
    await visitor.press("确定对应", successors="A08")
    assert await CatalogueMapping.all().count() == 0, "what differs from its preview is previewed again"
    await visitor.press("确定对应")
    assert "已开始对应" in visitor.text
    mapping = await CatalogueMapping.get()
    await scene.world.services.office.catalogue_upkeep.carry_out(mapping.id)
    assert (await Expert.get(id=expert.id)).specialties == ["A08"]
    visitor = await scene.at("/office/catalogues/specialty/A0801")
    assert "更新了1份档案" in visitor.text
    await visitor.press("确定继续使用", reason="恢复")
    assert (await CatalogueEntry.get(code="A0801")).ends_on is None


async def test_a_mapping_to_nowhere_says_so(scene: Scene) -> None:
    visitor = await scene.at("/office/catalogues/specialty/A0801")
    await visitor.press("确定停用", reason="停用")
    await visitor.press("预览", successors="Z99，A0801", reason="试试")
    assert "不能对应到自己" in (await wrong_fields(visitor))["successors"]
    await visitor.press("预览", successors="Z99", reason="试试")
    assert "不在使用中" in (await wrong_fields(visitor))["successors"]


async def test_an_unknown_kind_or_code_is_not_there(scene: Scene) -> None:
    assert (await scene.at("/office/catalogues/colour")).status == 404
    assert (await scene.at("/office/catalogues/specialty/Z99")).status == 404
