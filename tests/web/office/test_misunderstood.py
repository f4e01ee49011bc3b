"""没看懂的话: what the chat did not understand gets a meaning by one tap, is put aside, and both can be taken back."""

from __future__ import annotations

import re

import pytest

from models.misunderstood import IntentParaphrase, MisunderstoodSentence
from tests.web.conftest import World
from tests.web.office_scene import Scene, make_scene, misunderstood, post, wrong_fields


@pytest.fixture
async def scene(world: World) -> Scene:
    return await make_scene(world)


async def state_of(row: MisunderstoodSentence) -> str:
    await row.refresh_from_db()
    return row.state


async def test_a_sentence_is_read_with_how_often_when_and_as_whom(scene: Scene) -> None:
    await misunderstood(scene, times=3)
    await misunderstood(scene, "我叫王小红，厕所在几楼")
    page = (await scene.at("/office/misunderstood")).text
    assert page.index("食堂在几楼") < page.index("我叫***,厕所在几楼"), "the most frequent first"
    assert "写过3次" in page
    assert "评标专家" in page
    assert "问过是不是：还有谁评标" in page
    assert "王小红" not in page


async def test_the_likeliest_intent_is_chosen_already_and_one_tap_assigns_it(scene: Scene) -> None:
    row = await misunderstood(scene, "评标那天实在来不了了该怎么弄")
    visitor = await scene.at("/office/misunderstood")
    assert re.search(r'value="cannot_come"\s+selected', await visitor.response.text())
    await visitor.press("归入", intent="cannot_come")
    assert "没有待归入的话" in visitor.text
    paraphrase = await IntentParaphrase.get()
    assert (paraphrase.intent, paraphrase.sentence) == ("cannot_come", "评标那天实在来不了了该怎么弄")
    assert await state_of(row) == "assigned"
    await visitor.get("/office/paraphrases")
    assert "归入“不能参加（请假）”" in visitor.text
    await visitor.press("撤销：评标那天实在来不了了该怎么弄")
    assert "还没有归入的话" in visitor.text
    assert (await state_of(row), await IntentParaphrase.all().count()) == ("open", 0)


async def test_what_is_put_aside_is_listed_apart_and_may_still_get_a_meaning(scene: Scene) -> None:
    row = await misunderstood(scene)
    visitor = await scene.at("/office/misunderstood")
    await visitor.press("忽略")
    assert "没有待归入的话" in visitor.text
    assert await state_of(row) == "dismissed"
    await visitor.get("/office/misunderstood?state=dismissed")
    assert "食堂在几楼" in visitor.text
    await visitor.press("归入", intent="page_trouble")
    assert await state_of(row) == "assigned"


async def test_a_refusal_stands_at_the_sentence_with_both_sides(scene: Scene) -> None:
    row = await misunderstood(scene, "收不到验证短信咋整")
    await scene.world.services.understanding.paraphrase_editing.add(scene.admin, "收不到验证短信，咋整", "page_trouble")
    await MisunderstoodSentence.filter(id=row.id).update(state="open")
    visitor = await scene.at("/office/misunderstood")
    await post(visitor, "/office/misunderstood", command="assign", id=str(row.id), intent="certificate_wrong")
    wrong = await wrong_fields(visitor)
    assert visitor.status == 409
    assert "“收不到验证短信，咋整”已归入“页面打不开”" in wrong["intent1"]
    await post(visitor, "/office/misunderstood", command="assign", id=str(row.id), intent="")
    assert await wrong_fields(visitor) == {"intent1": "请选择归入哪个问题。"}
    await post(visitor, "/office/misunderstood", command="assign", id=str(row.id), intent="cannot_come")
    assert "会直接开始办理" in (await wrong_fields(visitor))["intent1"]


async def test_a_sentence_is_added_by_hand(scene: Scene) -> None:
    visitor = await scene.at("/office/paraphrases")
    await post(visitor, "/office/paraphrases", command="add", sentence="我叫李四，页面是白的", intent="page_trouble")
    assert "不能有号码、网址、姓名" in (await wrong_fields(visitor))["sentence"]
    await post(visitor, "/office/paraphrases", command="add", sentence="点进去一片雪白", intent="page_trouble")
    assert "已添加" in visitor.text
    assert "点进去一片雪白" in visitor.text


async def test_what_was_written_again_and_again_is_open_work(scene: Scene) -> None:
    await misunderstood(scene)
    assert "多次没看懂的话" not in (await scene.at("/office")).text
    await misunderstood(scene, "厕所在几楼", times=2)
    todos = {text: path for text, path in (await scene.at("/office")).page.links.items() if "多次没看懂的话" in text}
    assert list(todos.values()) == ["/office/misunderstood?state=recurring"]
    shown = (await scene.at("/office/misunderstood?state=recurring")).text
    assert ("厕所在几楼" in shown, "食堂在几楼" in shown) == (True, False)
    assert next(iter(todos)).endswith("1"), "of one sentence"


async def test_feedback_leads_there_and_other_pools_see_nothing(scene: Scene) -> None:
    await misunderstood(scene)
    assert 'href="/office/misunderstood"' in await (await scene.at("/office/feedback")).response.text()
    await MisunderstoodSentence.all().update(pool="guangdong")
    assert "食堂在几楼" not in (await scene.at("/office/misunderstood")).text
