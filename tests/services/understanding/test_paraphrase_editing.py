"""The office gives sentences a meaning: what is refused, with both sides named, what follows, and the way back."""

from __future__ import annotations

import asyncio
import threading

import pytest

from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from domain.ids import new_id
from domain.understanding.intents import Speaker
from models.audit import AuditEntry
from models.misunderstood import IntentParaphrase, MisunderstoodSentence
from services.core.base import Actor
from services.understanding import Misunderstood, ParaphraseEditing, paraphrases
from tests.services.understanding.conftest import FewIntents

pytestmark = pytest.mark.usefixtures("db")


async def keep(misunderstood: Misunderstood, sentence: str) -> MisunderstoodSentence:
    assert await misunderstood.record("demo", [Speaker.EXPERT], sentence, (), sentence)
    return await MisunderstoodSentence.all().order_by("-id").first()  # type: ignore[return-value]


async def state_of(row: MisunderstoodSentence) -> str:
    await row.refresh_from_db()
    return row.state


async def test_a_sentence_gets_a_meaning_and_loses_it_again(
    misunderstood: Misunderstood, editing: ParaphraseEditing, admin: Actor
) -> None:
    row = await keep(misunderstood, "食堂在几楼")
    await editing.assign(admin, row.id, "canteen")
    await editing.assign(admin, row.id, "canteen")
    listed = await editing.page(admin)
    [view] = listed.items
    assert (view.sentence, view.intent_id, view.title, view.by) == ("食堂在几楼", "canteen", "用餐", "王管理")
    assert (await state_of(row), listed.total) == ("assigned", 1)
    await editing.undo(admin, view.id)
    assert (await state_of(row), (await editing.page(admin)).total) == ("open", 0)
    with pytest.raises(NotFound, match="已经撤销"):
        await editing.undo(admin, view.id)
    entries = await AuditEntry.filter(action__startswith="paraphrase.").order_by("at", "id")
    assert [(entry.action, entry.details) for entry in entries] == [
        ("paraphrase.add", {"intent": "canteen"}),
        ("paraphrase.remove", {"intent": "canteen"}),
    ]


async def test_a_dismissed_sentence_can_still_get_a_meaning(
    misunderstood: Misunderstood, editing: ParaphraseEditing, admin: Actor
) -> None:
    row = await keep(misunderstood, "食堂在几楼")
    await misunderstood.dismiss(admin, row.id)
    await editing.assign(admin, row.id, "canteen")
    assert await state_of(row) == "assigned"


async def test_a_sentence_typed_by_the_office_settles_the_same_one_that_waits(
    misunderstood: Misunderstood, editing: ParaphraseEditing, admin: Actor
) -> None:
    row = await keep(misunderstood, "食堂在几楼")
    await editing.add(admin, "食堂，在几楼？", "canteen")
    assert await state_of(row) == "assigned"
    [view] = (await editing.page(admin)).items
    await editing.undo(admin, view.id)
    assert await state_of(row) == "open"


@pytest.mark.parametrize(
    "sentence", ["", "我叫张三怎么吃饭", "13800138000是食堂电话吗", "食堂的密码", "hello", "食" * 61, "食\x07堂"]
)
async def test_a_typed_sentence_is_short_and_nobodys(editing: ParaphraseEditing, admin: Actor, sentence: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await editing.add(admin, sentence, "canteen")
    assert refusal.value.field == "sentence"
    assert await IntentParaphrase.all().count() == 0


async def test_an_intent_must_be_chosen(misunderstood: Misunderstood, editing: ParaphraseEditing, admin: Actor) -> None:
    row = await keep(misunderstood, "食堂在几楼")
    for intent_id in ("", "sauna"):
        with pytest.raises(InvalidInput, match="请选择归入哪个问题"):
            await editing.assign(admin, row.id, intent_id)
    assert await state_of(row) == "open"


@pytest.mark.parametrize(
    ("sentence", "intent_id", "named"),
    [
        ("停车场，在哪里？", "canteen", ("停车场在哪里", "停车", "用餐")),
        ("来不了能点外卖吗", "parking", ("来不了能点外卖吗", "用餐", "停车")),
        ("来不了会怎样", "leave", ("来不了会怎样", "反例", "请假")),
        ("来不了能点外卖吗", "leave", ("来不了能点外卖吗", "用餐", "请假")),
    ],
)
async def test_what_contradicts_a_shipped_sentence_is_refused_with_both(
    editing: ParaphraseEditing, admin: Actor, sentence: str, intent_id: str, named: tuple[str, ...]
) -> None:
    with pytest.raises(Conflict) as refusal:
        await editing.add(admin, sentence, intent_id)
    assert all(f"“{name}”" in refusal.value.message or name == "反例" in refusal.value.message for name in named)
    assert await IntentParaphrase.all().count() == 0


async def test_the_shipped_sentence_of_the_same_intent_and_one_without_meaning_are_taken(
    editing: ParaphraseEditing, admin: Actor
) -> None:
    await editing.add(admin, "停车场在哪里", "parking")
    await editing.add(admin, "今天天气怎么样", "parking")
    assert (await editing.page(admin)).total == 2


async def test_what_contradicts_another_paraphrase_is_refused_with_both(
    misunderstood: Misunderstood, editing: ParaphraseEditing, admin: Actor
) -> None:
    await editing.add(admin, "食堂旁边能停吗", "parking")
    row = await keep(misunderstood, "食堂旁边能停吗？")
    with pytest.raises(Conflict, match="“食堂旁边能停吗”已归入“停车”"):
        await editing.assign(admin, row.id, "canteen")
    assert await state_of(row) == "open"
    other = Actor("guangdong", "pool_admin", admin.account_id)
    await editing.add(other, "食堂旁边能停吗", "canteen")


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [("家里有急事走不开", "没有“来不了”“请假”这样的词"), ("请假有什么规定没有", "有“规定”")],
)
async def test_an_act_takes_only_sentences_that_name_it(
    misunderstood: Misunderstood, editing: ParaphraseEditing, admin: Actor, sentence: str, reason: str
) -> None:
    row = await keep(misunderstood, sentence)
    with pytest.raises(InvalidInput, match=reason):
        await editing.assign(admin, row.id, "leave")
    assert (await state_of(row), await IntentParaphrase.all().count()) == ("open", 0)
    named = await keep(misunderstood, "家里有急事来不了")
    await editing.assign(admin, named.id, "leave")


async def test_of_two_administrators_at_once_one_is_refused(editing: ParaphraseEditing, admin: Actor) -> None:
    outcomes = await asyncio.gather(
        editing.add(admin, "食堂旁边能停吗", "parking"),
        editing.add(admin, "食堂旁边能停吗", "canteen"),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "NoneType"]
    assert await IntentParaphrase.all().count() == 1


async def test_there_are_no_more_than_are_compared(
    editing: ParaphraseEditing, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.understanding.paraphrase_editing.COMPARED", 1)
    await editing.add(admin, "食堂旁边能停吗", "parking")
    with pytest.raises(Conflict, match="最多归入1句"):
        await editing.add(admin, "食堂在几楼", "canteen")
    assert paraphrases.COMPARED == 2_000


async def test_all_sentences_are_read_in_a_thread_and_only_to_compare(
    editing: ParaphraseEditing, admin: Actor, source: FewIntents
) -> None:
    """It takes half a second of CPU, in which the event loop would answer nobody."""
    await editing.page(admin)
    assert source.read_in == []
    await editing.add(admin, "食堂在几楼", "canteen")
    assert source.read_in
    assert threading.main_thread() not in source.read_in


async def test_a_meaning_that_this_release_lacks_is_listed_and_can_be_undone(
    editing: ParaphraseEditing, admin: Actor, source: FewIntents
) -> None:
    await editing.add(admin, "食堂在几楼", "canteen")
    source.intents = {intent_id: intent for intent_id, intent in source.intents.items() if intent_id != "canteen"}
    [view] = (await editing.page(admin)).items
    assert view.title == ""
    await editing.undo(admin, view.id)
    assert (await editing.page(admin)).total == 0


async def test_only_the_office_gives_meanings_and_only_in_its_pool(
    misunderstood: Misunderstood, editing: ParaphraseEditing, admin: Actor
) -> None:
    row = await keep(misunderstood, "食堂在几楼")
    await editing.add(admin, "食堂旁边能停吗", "parking")
    [view] = (await editing.page(admin)).items
    stranger, expert = Actor("guangdong", "pool_admin", new_id()), Actor("demo", "expert", admin.account_id)
    with pytest.raises(NotFound):
        await editing.assign(stranger, row.id, "canteen")
    with pytest.raises(NotFound):
        await editing.undo(stranger, view.id)
    for refused in (
        editing.page(expert),
        editing.assign(expert, row.id, "canteen"),
        editing.add(expert, "食堂在几楼", "canteen"),
        editing.undo(expert, view.id),
    ):
        with pytest.raises(Forbidden):
            await refused
