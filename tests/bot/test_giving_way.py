"""Questions that give way to any other message, answers in passing, and answers with which a talk ends."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.router import Answer, NewerQuestion, Router, WordAnswer
from bot.talk import Talk, conversation
from bot.turn import Turn
from tests.bot.conftest import Person


@conversation("您是想问", gives_way=True)
async def asking_back(talk: Talk) -> Answer:
    chosen = await talk.choose("您是想问：", {"地点": "place", "订座": "book", "时间": "time", "都不是": ""})
    if chosen == "book":
        return booking.start()
    if chosen == "time":
        return WordAnswer("几点")
    if not chosen:
        await talk.say("还是没有看懂。")
        return None
    return f"{talk.message.text}：三楼"


@conversation("订座")
async def booking(talk: Talk) -> None:
    people = await talk.choose("几个人？", {"一个": 1, "两个": 2})
    await talk.say(f"已订{people}人。")


@conversation("修车")
async def repairing(talk: Talk) -> None:
    part = await talk.ask("什么坏了？", parse=str)
    await talk.say(f"{part}：登记了。")


async def tell_time(_turn: Turn) -> str:
    return "九点。"


async def understand(turn: Turn) -> Answer:
    return asking_back.start() if "哪" in turn.message.text else None


async def answer_in_passing(turn: Turn) -> Answer:
    if turn.message.text == "几点开门":
        return "九点开门。"
    return repairing.start() if turn.message.text == "修车" else None


@pytest.fixture
def someone(router: Router) -> Person:
    router.remember(asking_back)
    router.conversation(booking)
    router.remember(repairing)
    router.keyword(tell_time, "几点")
    router.text(understand)
    router.aside(answer_in_passing)
    return Person(router)


async def test_a_talk_may_end_with_an_answer(someone: Person) -> None:
    assert "您是想问" in await someone.says("在哪")
    assert await someone.taps_on("地点") == "在哪：三楼"
    assert not someone.is_talking


async def test_a_talk_may_end_by_beginning_another(someone: Person) -> None:
    await someone.says("在哪")
    assert "几个人" in await someone.taps_on("订座")
    assert await someone.taps_on("两个") == "已订2人。"


async def test_a_choice_of_the_first_talk_is_none_of_the_second(someone: Person) -> None:
    await someone.says("在哪")
    place = someone.taps["地点"]
    await someone.taps_on("订座")
    assert "已经失效" in await someone.says("地点", bizmsgmenuid=place)
    assert await someone.taps_on("一个") == "已订1人。"


async def test_a_talk_may_end_with_a_word(someone: Person) -> None:
    await someone.says("在哪")
    assert await someone.says("3") == "九点。"
    assert not someone.is_talking


async def test_another_message_is_answered_for_itself_and_the_question_is_gone(someone: Person) -> None:
    await someone.says("在哪")
    assert await someone.says("几点") == "九点。"
    assert not someone.is_talking
    await someone.says("在哪")
    assert "没有看懂您的意思" in await someone.says("随便")
    assert "没有正在办理" in await someone.says("取消")


async def test_what_the_person_does_not_see_leaves_the_question_open(someone: Person) -> None:
    await someone.says("在哪")
    await someone.says(MsgType="event", Event="VIEW", EventKey="http://x")
    assert "三楼" in await someone.taps_on("地点")


async def test_a_forgotten_question_is_not_mentioned(someone: Person) -> None:
    await someone.says("在哪")
    someone.waits(60)
    assert await someone.says("几点") == "九点。"


async def test_a_question_in_the_middle_of_a_talk_is_answered_and_leaves_it_open(someone: Person) -> None:
    await someone.says("订座")
    for _ in range(4):
        told = await someone.says("几点开门")
        assert told.startswith("九点开门。")
        assert "“订座”还没有完成" in told
        assert "找人工" not in told
    assert await someone.taps_on("两个") == "已订2人。"


async def test_another_talk_that_is_begun_in_passing_puts_the_open_one_aside(someone: Person) -> None:
    await someone.says("订座")
    told = await someone.says("修车")
    assert told.startswith("“订座”已放下。")
    assert await someone.says("刹车") == "刹车：登记了。"


@pytest.mark.parametrize(
    ("typed", "told"),
    [("2", "哪一个"), ("两个", "哪一个"), ("随便", "哪一个"), ("几点", "九点。"), ("修车", "什么坏了？")],
)
async def test_a_newer_question_is_not_answered_by_a_word_for_an_older_one(
    someone: Person, router: Router, typed: str, told: str
) -> None:
    async def find_newer_question(turn: Turn, since: datetime) -> NewerQuestion | None:
        if since >= turn.now - timedelta(seconds=30):
            return None
        return NewerQuestion(repairing.start() if turn.message.text == "修车" else None, "答复请点：几点")

    router.newer(find_newer_question)
    await someone.says("订座")
    someone.waits(1)
    answered = await someone.says(typed)
    assert told in answered
    if told == "哪一个":
        assert "答复请点：几点" in answered
        assert "几个人" in answered
        assert await someone.says("2") == "已订2人。", "read below its own question, it counts"


async def test_a_tap_answers_its_own_question_though_another_was_asked_since(someone: Person, router: Router) -> None:
    async def find_newer_question(_turn: Turn, _since: datetime) -> NewerQuestion | None:
        return NewerQuestion(None, "答复请点：几点")

    router.newer(find_newer_question)
    await someone.says("订座")
    assert await someone.taps_on("两个") == "已订2人。"
