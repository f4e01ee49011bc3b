"""The rulebook on the office's pages: sections, words that are searched, origins."""

from __future__ import annotations

import pytest

from tests.web.conftest import World
from tests.web.office_scene import Scene, make_scene


@pytest.fixture
async def scene(world: World) -> Scene:
    return await make_scene(world)


async def test_the_sections_lead_to_their_rules_with_value_and_origin(scene: Scene) -> None:
    listed = await scene.at("/office/rules")
    assert "条待确认" in listed.text
    for section, shown in (
        ("fee", "1.00元"),
        ("draw", "常驻地、意愿评标地"),
        ("ladder", "微信公众号"),
        ("form", "必填"),
    ):
        assert shown in (await scene.at(f"/office/rules/{section}")).text
    assert "手册未规定，由平台设定，需省级主管部门确认" in (await scene.at("/office/rules/login")).text


async def test_rules_are_narrowed_by_their_origin(scene: Scene) -> None:
    decisions = (await scene.at("/office/rules/login?origin=decision")).text
    stated = (await scene.at("/office/rules/login?origin=source")).text
    assert "验证码有效时间" in decisions
    assert "验证码有效时间" not in stated
    assert "广东手册 L28" in stated
    assert "广东手册 L28" not in decisions


async def test_a_word_finds_rules_of_all_sections_by_name_value_or_source(scene: Scene) -> None:
    for word, shown in (
        ("签到", "签到位置的范围"),
        ("常驻地", "专家地区的抽取方式"),
        ("民法典", "须申报工作单位的亲属"),
    ):
        assert shown in (await scene.at(f"/office/rules?q={word}")).text
    nothing = await scene.at("/office/rules?q=<script>")
    assert "没有含“<script>”的规则" in nothing.text
    assert "<script>”" not in await nothing.response.text()


async def test_an_edited_text_says_that_it_is_the_offices(scene: Scene) -> None:
    await scene.world.services.office_texts.texts.publish(scene.admin, "hotline", "020-1234567", reason="换号", seen=0)
    shown = (await scene.at("/office/rules/pool?origin=office")).text
    assert "020-1234567" in shown
    assert "办公室发布的内容" in shown


async def test_an_unknown_section_is_not_there(scene: Scene) -> None:
    assert (await scene.at("/office/rules/no_such")).status == 404
