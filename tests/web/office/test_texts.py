"""Texts of the office on their pages: preview, publishing, history, the way back, and where people read them."""

from __future__ import annotations

import html
import re

import pytest

from models.office_texts import OfficeTextEdit
from tests.factories.people import make_expert
from tests.web.conftest import Visitor, World
from tests.web.office_scene import Scene, make_scene, post, wrong_fields


@pytest.fixture
async def scene(world: World) -> Scene:
    return await make_scene(world)


_AREA = re.compile(r'<textarea[^>]*? name="([^"]+)"[^>]*>\n?(.*?)</textarea>', re.DOTALL)


async def press(visitor: Visitor, button: str, **typed: str) -> Visitor:
    """Press a button of the form with the value, which holds what its boxes show but for what is ``typed``."""
    markup = await visitor.response.text()
    shown = {name: html.unescape(text) for name, text in _AREA.findall(markup)}
    return await visitor.press(button, **{**shown, **typed})


async def publish(scene: Scene, code: str, reason: str = "更新", **typed: str) -> Visitor:
    """Preview, then publish what the preview showed."""
    visitor = await scene.at(f"/office/texts/{code}")
    await press(visitor, "预览", **typed, reason=reason)
    assert visitor.status == 200, await visitor.response.text()
    return await press(visitor, "发布")


async def typed_in(visitor: Visitor) -> dict[str, str]:
    """The fields of the form with the value."""
    form, _ = visitor.page.buttons["预览"]
    return {**form["fields"], **dict(_AREA.findall(await visitor.response.text()))}


async def test_the_list_leads_to_each_text_and_tells_which_are_the_offices(scene: Scene) -> None:
    listed = await scene.at("/office/texts")
    for name in ("服务热线", "办理指南", "常见问题", "隐私说明", "欢迎语", "审核意见常用语"):
        assert name in listed.text
    assert "已修改" not in listed.text
    published = await publish(scene, "hotline", value="020-12345678")
    assert "已发布" in published.text
    listed = await scene.at("/office/texts")
    assert "已修改" in listed.text
    assert "周管理" in listed.text


async def test_what_is_published_was_previewed_and_people_read_it(scene: Scene) -> None:
    visitor = await scene.at("/office/texts/guide")
    await press(visitor, "预览", value="一、注册\n二、申报", reason="改短")
    assert "预览" in visitor.text
    assert "一、注册" in visitor.text
    assert await OfficeTextEdit.all().count() == 0
    assert "二、申报" not in (await scene.at("/h5/demo/help")).text
    await press(visitor, "发布")
    assert "已发布" in visitor.text
    assert "二、申报" in (await scene.at("/h5/demo/help")).text


async def test_what_differs_from_its_preview_is_previewed_again(scene: Scene) -> None:
    visitor = await scene.at("/office/texts/welcome")
    await press(visitor, "预览", value="您好。", reason="改短")
    await press(visitor, "发布", value="欢迎您。")
    assert "和预览的不一样" in visitor.text
    assert await OfficeTextEdit.all().count() == 0
    await press(visitor, "发布")
    assert (await OfficeTextEdit.get()).value == '"欢迎您。"'


async def test_questions_are_added_changed_and_removed_row_by_row(scene: Scene) -> None:
    visitor = await scene.at("/office/texts/faq")
    rows = int((await typed_in(visitor))["rows"])
    await press(visitor, "再加一条")
    assert int((await typed_in(visitor))["rows"]) == rows + 1
    gone = {"question-1": "", "answer-1": "", "words-1": ""}
    added = {f"question-{rows}": "在哪里停车？", f"answer-{rows}": "地下二层。", f"words-{rows}": "停车、车位 停哪"}
    await press(visitor, "预览", **gone, **added, reason="常有人问")
    await press(visitor, "发布")
    assert "已发布" in visitor.text
    faq = scene.world.services.deps.book("demo").help.faq
    assert (faq[-1].question, faq[-1].words) == ("在哪里停车？", ("停车", "车位", "停哪"))
    assert len(faq) == rows - 1
    assert "地下二层" in (await scene.at("/h5/demo/help")).text


async def test_a_refused_row_says_so_beside_its_field_and_keeps_what_was_typed(scene: Scene) -> None:
    visitor = await scene.at("/office/texts/faq")
    await press(visitor, "预览", **{"words-2": "问", "answer-1": ""})
    wrong = await wrong_fields(visitor)
    assert "太短" in wrong["words-2"]
    assert "请填写回答" in wrong["answer-1"]
    assert (await typed_in(visitor))["words-2"] == "问"


async def test_contacts_of_regions_are_typed_by_name_and_shown_to_people(scene: Scene) -> None:
    visitor = await publish(scene, "advice", value="广州市 020-83112233\n深圳市：0755-12345")
    assert "已发布" in visitor.text
    assert scene.world.services.deps.book("demo").help.advice == {"440100": "020-83112233", "440300": "0755-12345"}
    shown = await scene.at("/h5/demo/help")
    assert "广州市： 020-83112233" in shown.text
    visitor = await scene.at("/office/texts/advice")
    await press(visitor, "预览", value="火星市 1", reason="试试")
    assert "没有“火星市”这个地区" in (await wrong_fields(visitor))["value"]


async def test_a_new_privacy_text_asks_for_consent_before_anything_else(scene: Scene) -> None:
    expert = await make_expert(scene.world.services.deps)
    person = await scene.world.log_in_expert(expert.id)
    visitor = await scene.at("/office/texts/privacy")
    await press(visitor, "预览", value="只收集必要的信息。", reason="改短")
    assert "所有人下次进入时都要重新阅读并同意" in visitor.text
    await person.get("/h5/demo/panels")
    assert person.path == "/h5/demo/panels", "a preview asks nobody"
    await press(visitor, "发布")
    await person.get("/h5/demo/panels")
    assert person.path == "/h5/demo/consent"
    assert "只收集必要的信息。" in person.text
    await person.press("同意并继续")
    assert (await person.get("/h5/demo/panels")).path == "/h5/demo/panels"


async def test_the_history_shows_before_and_after_and_leads_back(scene: Scene) -> None:
    await publish(scene, "hours", value="工作日9:00至17:30", reason="首次填写")
    await publish(scene, "hours", value="每天9:00至17:30", reason="周末也接听")
    visitor = await scene.at("/office/texts/hours")
    assert "首次填写" in visitor.text
    assert "周管理" in visitor.text
    restore = next(name for name in visitor.page.buttons if name.endswith("的内容") and name.startswith("恢复1"))
    await visitor.press(restore)
    assert "已恢复这个版本" in visitor.text
    assert scene.world.services.deps.book("demo").help.hours == "工作日9:00至17:30"
    await visitor.press("恢复并发布")
    assert "请填写修改原因" in (await wrong_fields(visitor))["reason"]
    assert (await typed_in(visitor))["value"] == "工作日9:00至17:30", "the other form keeps what holds"
    await visitor.press("恢复并发布", reason="不再公布")
    assert scene.world.services.deps.book("demo").help.hours == ""


async def test_an_edit_that_came_first_is_shown_before_one_publishes_over_it(scene: Scene) -> None:
    visitor = await scene.at("/office/texts/welcome")
    await press(visitor, "预览", value="您好。", reason="甲")
    await scene.world.services.office_texts.texts.publish(scene.admin, "welcome", "欢迎您。", reason="乙", seen=0)
    await press(visitor, "发布")
    assert visitor.status == 409
    assert "刚刚被修改过" in visitor.text
    assert "欢迎您。" in visitor.text
    await press(visitor, "预览")
    await press(visitor, "发布")
    assert scene.world.services.deps.book("demo").pool.welcome == "您好。"


async def test_hostile_text_is_shown_as_text(scene: Scene) -> None:
    visitor = await scene.at("/office/texts/media")
    await press(visitor, "预览", value='手册"onmouseover=alert(1) & {{ 7*7 }} %s', reason="<b>试</b>")
    await press(visitor, "发布")
    assert "已发布" in visitor.text
    for path in ("/office/texts/media", "/office/texts", "/h5/demo/help"):
        markup = await (await scene.at(path)).response.text()
        assert "<b>试" not in markup
        assert 'onmouseover=alert(1)"' not in markup.replace("&#34;", "'")
        assert "49" not in markup.split("手册")[-1][:40]


async def test_a_pool_has_only_the_texts_that_it_uses(scene: Scene) -> None:
    assert (await scene.at("/office/texts/registration_closed")).status == 404
    assert (await scene.at("/office/texts/no_such")).status == 404
    visitor = await scene.at("/office/texts/hotline")
    await post(visitor, "/office/texts/no_such", command="preview", value="1")
    assert visitor.status == 404
