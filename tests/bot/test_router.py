"""The handler that gets a message, and the order in which handlers are asked."""

from __future__ import annotations

import pytest

from bot.dialogue import BROKEN, DID_NOT_UNDERSTAND, TEXT_ONLY
from bot.replies import SILENCE, Image
from bot.router import Answer, Router
from bot.talk import Talk, conversation
from bot.turn import Turn
from domain.errors import Forbidden
from tests.bot.conftest import Person


@conversation("问")
async def asking(talk: Talk) -> None:
    await talk.say("答{answer}", answer=await talk.ask("什么？", parse=str))


@conversation("确认邀请")
async def confirming(talk: Talk, invitation: int, attend: bool) -> None:
    sure = await talk.choose(f"{invitation} {attend}？", {"是": True, "否": False})
    await talk.say(str(sure))


async def hello(turn: Turn) -> Answer:
    return f"你好 {turn.message.text}"


async def nothing(_turn: Turn) -> Answer:
    return None


@pytest.fixture
def someone(router: Router) -> Person:
    return Person(router)


async def test_a_keyword_is_found_however_it_is_typed(router: Router, someone: Person) -> None:
    router.keyword(hello, "我的状态", "Status")
    for text in ("我的状态", " 我的状态。", "“我的状态”", "ＳＴＡＴＵＳ", "status!"):
        assert (await someone.says(text)).startswith("你好")


async def test_a_message_without_a_handler(router: Router, someone: Person) -> None:
    assert await someone.says("天气") == DID_NOT_UNDERSTAND
    router.fallback(hello)
    assert await someone.says("天气") == "你好 天气"


async def test_free_text_is_asked_around_in_order_until_one_takes_it(router: Router, someone: Person) -> None:
    async def mine(turn: Turn) -> Answer:
        return "我来" if "来" in turn.message.text else None

    router.text(nothing)
    router.text(mine)
    router.text(hello)
    assert await someone.says("来吗") == "我来"
    assert await someone.says("去吗") == "你好 去吗"


async def test_the_open_talk_comes_before_keywords_and_free_text(router: Router, someone: Person) -> None:
    router.conversation(asking)
    router.keyword(hello, "状态")
    await someone.says("问")
    assert await someone.says("状态") == "答状态"


async def test_a_tap_of_ones_own_range_is_asked_around_with_its_id(router: Router, someone: Person) -> None:
    async def odd(_turn: Turn, tap: int) -> Answer:
        return f"单{tap}" if tap % 2 else None

    async def even(_turn: Turn, tap: int) -> Answer:
        return f"双{tap}"

    router.tap(odd)
    router.tap(even)
    assert await someone.says("参加", bizmsgmenuid=70001) == "单70001"
    assert await someone.says("参加", bizmsgmenuid=70002) == "双70002"


async def test_an_unknown_tap_is_read_as_its_text(router: Router, someone: Person) -> None:
    router.keyword(hello, "状态")
    assert await someone.says("状态", bizmsgmenuid=5) == "你好 状态"


async def test_a_tap_may_begin_a_talk_with_arguments(router: Router, someone: Person) -> None:
    async def answer(_turn: Turn, tap: int) -> Answer:
        return confirming.start(tap, True)

    router.remember(confirming)
    router.conversation(asking)
    router.tap(answer)
    await someone.says("问")
    assert (await someone.says("参加", bizmsgmenuid=70001)).startswith("“问”已放下。\n\n70001 True？")
    assert await someone.says("1") == "True"


async def test_an_argument_that_a_journal_cannot_hold_is_a_bug_of_ours(router: Router, someone: Person) -> None:
    with pytest.raises(TypeError):
        confirming.start(object(), True)  # type: ignore[arg-type]  # the point of the test


async def test_a_menu_click_comes_before_the_open_talk_which_stays(router: Router, someone: Person) -> None:
    router.conversation(asking)
    router.menu("HELLO", hello)
    await someone.says("问")
    assert "还没有完成" in await someone.says(MsgType="event", Event="CLICK", EventKey="HELLO")
    assert await someone.says("x") == "答x"


async def test_a_menu_click_may_begin_a_talk(router: Router, someone: Person) -> None:
    @conversation("登", menu_key="BIND")
    async def binding(talk: Talk) -> None:
        await talk.ask("号码？", parse=str)

    router.conversation(binding)
    assert await someone.says(MsgType="event", Event="CLICK", EventKey="BIND") == "号码？"


async def test_an_old_menu_key_is_answered_politely(someone: Person) -> None:
    assert await someone.says(MsgType="event", Event="CLICK", EventKey="GONE") == DID_NOT_UNDERSTAND


@pytest.mark.parametrize(("event", "key"), [("SCAN", "venue:7"), ("subscribe", "qrscene_venue:7")])
async def test_a_scene_goes_to_its_prefix(router: Router, someone: Person, event: str, key: str) -> None:
    async def venue(_turn: Turn, rest: str) -> Answer:
        return f"场地{rest}"

    async def any_scene(_turn: Turn, rest: str) -> Answer:
        return f"别的{rest}"

    router.scene("v", any_scene)
    router.scene("venue:", venue)
    router.event("subscribe", hello)
    assert await someone.says(MsgType="event", Event=event, EventKey=key) == "场地7"


async def test_a_new_follower_is_welcomed_with_or_without_a_scene(router: Router, someone: Person) -> None:
    async def welcome(_turn: Turn) -> Answer:
        return "欢迎"

    router.event("subscribe", welcome)
    assert await someone.says(MsgType="event", Event="subscribe") == "欢迎"
    assert await someone.says(MsgType="event", Event="subscribe", EventKey="qrscene_unknown") == "欢迎"


async def test_all_handlers_of_an_event_run_and_reports_show_nothing(router: Router, someone: Person) -> None:
    seen: list[str] = []

    async def first(turn: Turn) -> Answer:
        seen.append(turn.message.get("Status"))
        return "shown to nobody"

    async def second(_turn: Turn) -> Answer:
        seen.append("second")
        return None

    router.event("TEMPLATESENDJOBFINISH", first)
    router.event("templatesendjobfinish", second)
    assert await someone.says(MsgType="event", Event="TEMPLATESENDJOBFINISH", Status="success", MsgID=1) == ""
    assert someone.last is not None
    assert someone.last.reply is SILENCE
    assert seen == ["success", "second"]


@pytest.mark.parametrize("event", ["VIEW", "LOCATION", "poi_check_notify", "never_heard_of"])
async def test_other_events_show_nothing_and_leave_the_talk_open(router: Router, someone: Person, event: str) -> None:
    router.conversation(asking)
    await someone.says("问")
    assert await someone.says(MsgType="event", Event=event, EventKey="x") == ""
    assert await someone.says("x") == "答x"


@pytest.mark.parametrize("kind", ["image", "voice", "video", "shortvideo", "link", "location", "hologram"])
async def test_what_we_cannot_read_is_answered_politely(router: Router, someone: Person, kind: str) -> None:
    assert await someone.says(MsgType=kind) == TEXT_ONLY
    router.kind(kind, hello)
    assert (await someone.says(MsgType=kind)).startswith("你好")


async def test_a_handler_may_answer_with_a_picture(router: Router, someone: Person) -> None:
    async def picture(_turn: Turn) -> Answer:
        return Image("M1")

    router.keyword(picture, "图")
    await someone.says("图")
    assert someone.last is not None
    assert someone.last.reply == Image("M1")


async def test_a_refusal_is_the_reply_and_a_bug_an_apology(router: Router, someone: Person) -> None:
    async def refuse(_turn: Turn) -> Answer:
        raise Forbidden("请先绑定身份，回复“绑定”。")

    async def crash(_turn: Turn) -> Answer:
        raise KeyError("mobile 13800000000")

    router.keyword(refuse, "活动")
    router.keyword(crash, "坏")
    assert await someone.says("活动") == "请先绑定身份，回复“绑定”。"
    assert await someone.says("坏") == BROKEN


async def test_help_and_menu_can_be_ones_own(router: Router, someone: Person) -> None:
    router.conversation(asking)
    assert "问" in (await someone.says("菜单")).split("\n")
    router.keyword(hello, "帮助", "菜单")
    assert await someone.says("帮助") == "你好 帮助"


def test_a_name_taken_twice_is_refused_at_start() -> None:
    router = Router()
    router.conversation(asking)
    for again in (
        lambda: router.conversation(asking),
        lambda: router.keyword(hello, "问"),
        lambda: router.keyword(hello, "取消"),
    ):
        with pytest.raises(ValueError, match=r"twice|engine"):
            again()
