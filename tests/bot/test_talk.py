"""Conversations replayed from a journal."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from bot.dialogue import BUSY, STALE_TAP
from bot.messages import Location
from bot.router import Router
from bot.talk import CHOOSE_AGAIN, EXPIRED_TAP, FIRST_TAP, Talk, conversation
from domain.errors import Conflict, InvalidInput, Unavailable
from services.ports import MenuItem
from tests.bot.conftest import NOW, Person, message


def digits(text: str) -> str:
    if not text.isdigit():
        raise InvalidInput("请输入数字。")
    return text


def tomorrow(_text: str, asked_at: datetime) -> datetime:
    return asked_at + timedelta(days=1)


class Bookings:
    """A service that remembers which keys it has seen, as the real ones do in PostgreSQL."""

    def __init__(self) -> None:
        self.done: dict[str, MenuItem] = {}
        self.calls = 0
        self.fault: Exception | None = None
        self.deps = SimpleNamespace(book=lambda _pool: SimpleNamespace(pool=SimpleNamespace(hotline="020-12345678")))

    async def book(self, number: str, *, key: str | None = None) -> MenuItem:
        self.calls += 1
        if self.fault is not None:
            raise self.fault
        assert key is not None
        return self.done.setdefault(key, MenuItem(int(number), "booked"))

    async def count(self) -> int:
        return len(self.done)

    async def look(self) -> int:
        self.calls += 1
        return self.calls


@conversation("登记", "登个记", menu_key="BOOK")
async def booking(talk: Talk) -> None:
    await talk.say("您好。")
    number = await talk.ask("请输入号码。", parse=digits)
    booked = await talk.once(talk.services.book, number)  # type: ignore[attr-defined]  # the Bookings above
    when = await talk.ask("{id} 已登记。哪天来？", parse=tomorrow, id=booked.id)
    await talk.say("好的，{day}。", day=when.isoformat())


@pytest.fixture
def bookings() -> Bookings:
    return Bookings()


@pytest.fixture
def someone(router: Router, bookings: Bookings) -> Person:
    router.conversation(booking)
    return Person(router, services=bookings)


async def test_a_talk_reads_like_the_coroutine(someone: Person, bookings: Bookings) -> None:
    assert await someone.says("登记") == "您好。\n\n请输入号码。"
    assert await someone.says("42") == "42 已登记。哪天来？"
    assert await someone.says("明天") == f"好的，{(NOW + timedelta(days=1)).isoformat()}。"
    assert not someone.is_talking
    assert bookings.calls == 1


async def test_a_wrong_answer_is_asked_again_with_the_reason(someone: Person) -> None:
    await someone.says("登记")
    assert await someone.says("abc") == "请输入数字。"
    assert await someone.says("42") == "42 已登记。哪天来？"


async def test_a_picture_is_no_answer(someone: Person) -> None:
    await someone.says("登记")
    assert "文字" in await someone.says(MsgType="image", PicUrl="http://p", MediaId="M1")
    assert await someone.says("42") == "42 已登记。哪天来？"


async def test_three_wrong_answers_name_a_contact_and_leave_the_question_open(someone: Person) -> None:
    await someone.says("登记")
    for miss in ("a", "b"):
        assert await someone.says(miss) == "请输入数字。"
    for miss in ("c", "d"):
        told = await someone.says(miss)
        assert told.startswith("请输入数字。")
        assert "拨打020-12345678找人工" in told
        assert "取消" in told
    assert await someone.says("42") == "42 已登记。哪天来？"


async def test_three_misses_of_a_choice_offer_it_again_and_the_person_who_knows(router: Router) -> None:
    @conversation("选")
    async def choosing(talk: Talk) -> None:
        talk.contact = "王场地 020-28866000"
        await talk.say("已选{what}。", what=await talk.choose("哪一个？", ["甲", "乙"]))

    router.conversation(choosing)
    person = Person(router)
    await person.says("选")
    told = [await person.says(miss) for miss in ("丙", "丁", "戊")]
    assert all("msgmenucontent=乙" in reply for reply in told)
    assert ["王场地 020-28866000" in reply for reply in told] == [False, False, True]
    assert await person.says("2") == "已选乙。"


@pytest.mark.parametrize(
    ("words", "meant"),
    [("对", True), ("好的，谢谢", True), ("嗯。", True), ("1", True), ("不用了，谢谢", False), ("2", False)],
)
async def test_whatever_asks_yes_or_no_understands_plain_words(router: Router, words: str, meant: bool) -> None:
    @conversation("问")
    async def asking(talk: Talk) -> None:
        sure = await talk.choose("删除吗？", {"确定删除": True, "不删除": False})
        again = await talk.choose(
            "保存吗？", {"对，保存": "save", "重填": "again", "不填了": "drop"}, plain=("save", "again")
        )
        await talk.say(f"{sure} {again}")

    router.conversation(asking)
    person = Person(router)
    await person.says("问")
    await person.says(words)
    assert await person.says(words) == f"{meant} {'save' if meant else 'again'}"


async def test_cancel_ends_a_talk_and_says_so_when_there_is_none(someone: Person) -> None:
    await someone.says("登记")
    assert await someone.says("取消。") == "已取消“登记”。"
    assert not someone.is_talking
    assert "没有正在办理" in await someone.says("取消")


async def test_help_and_menu_work_in_the_middle_and_leave_the_talk_open(someone: Person) -> None:
    await someone.says("登记")
    for word in ("帮助", "菜单"):
        answer = await someone.says(word)
        assert "登记" in answer
        assert "还没有完成" in answer
    assert await someone.says("42") == "42 已登记。哪天来？"


async def test_half_an_hour_of_silence_ends_the_talk_and_says_so(someone: Person) -> None:
    await someone.says("登记")
    someone.waits(31)
    assert (await someone.says("在吗")).endswith("需要时请回复“登记”重新开始。"), "the answer stands first"
    assert not someone.is_talking
    assert "超过" not in await someone.says("42")


async def test_each_answer_winds_the_clock_up_again(someone: Person) -> None:
    await someone.says("登记")
    someone.waits(29)
    await someone.says("42")
    someone.waits(29)
    assert (await someone.says("明天")).startswith("好的")


async def test_a_date_means_the_same_after_midnight(router: Router) -> None:
    @conversation("约")
    async def meeting(talk: Talk) -> None:
        when = await talk.ask("哪天？", parse=tomorrow)
        await talk.ask("几点？", parse=str)
        await talk.say(when.isoformat())

    router.conversation(meeting)
    someone = Person(router)
    await someone.says("约")
    await someone.says("明天")
    someone.waits(20)
    assert await someone.says("三点") == (NOW + timedelta(days=1)).isoformat()


async def test_a_step_that_was_carried_out_before_a_crash_is_not_carried_out_again(
    someone: Person, bookings: Bookings
) -> None:
    await someone.says("登记")
    before = someone.sealed
    await someone.says("42")
    someone.sealed = before  # the process died after the service committed and before the journal was written
    assert await someone.says("42") == "42 已登记。哪天来？"
    assert len(bookings.done) == 1


async def test_a_corrected_answer_after_a_crash_is_a_new_step(someone: Person, bookings: Bookings) -> None:
    await someone.says("登记")
    before = someone.sealed
    await someone.says("42")
    someone.sealed = before
    assert await someone.says("43") == "43 已登记。哪天来？"
    assert len(bookings.done) == 2


async def test_a_repeated_first_message_begins_the_same_talk(router: Router, bookings: Bookings) -> None:
    @conversation("马上")
    async def at_once(talk: Talk) -> None:
        await talk.once(talk.services.book, "1")  # type: ignore[attr-defined]  # the Bookings above
        await talk.ask("还有吗？", parse=str)

    router.conversation(at_once)
    first = message("马上")
    for _delivery in range(2):
        await Person(router, services=bookings).sends(first)
    assert len(bookings.done) == 1


async def test_a_refusal_of_the_service_is_the_reply_and_ends_the_talk(someone: Person, bookings: Bookings) -> None:
    await someone.says("登记")
    bookings.fault = Conflict("已经有人登记了，请换一个。")
    assert await someone.says("42") == "已经有人登记了，请换一个。"
    assert not someone.is_talking


async def test_a_refusal_may_be_handled_and_is_not_asked_for_again(router: Router, bookings: Bookings) -> None:
    @conversation("试")
    async def trying(talk: Talk) -> None:
        while True:
            number = await talk.ask("号码？", parse=digits)
            try:
                await talk.once(talk.services.book, number)  # type: ignore[attr-defined]  # the Bookings above
            except Conflict as error:
                await talk.say(error.message)
            else:
                return await talk.say("成了")

    router.conversation(trying)
    someone = Person(router, services=bookings)
    await someone.says("试")
    bookings.fault = Conflict("占用")
    assert await someone.says("1") == "占用\n\n号码？"
    bookings.fault = None
    assert await someone.says("2") == "成了"
    assert bookings.calls == 2


@pytest.mark.parametrize("fault", [Unavailable("x"), TimeoutError(), ConnectionRefusedError()])
async def test_an_outage_leaves_the_talk_where_it_was(someone: Person, bookings: Bookings, fault: Exception) -> None:
    await someone.says("登记")
    bookings.fault = fault
    assert await someone.says("42") == BUSY
    bookings.fault = None
    assert await someone.says("42") == "42 已登记。哪天来？"


async def test_a_bug_is_an_apology_and_never_a_trace(someone: Person, bookings: Bookings) -> None:
    await someone.says("登记")
    bookings.fault = ZeroDivisionError("secret")
    answer = await someone.says("42")
    assert "抱歉" in answer
    assert "secret" not in answer


async def test_a_changed_version_starts_anew_and_says_so(someone: Person, router: Router) -> None:
    await someone.says("登记")

    @conversation("登记", version=2)
    async def other(talk: Talk) -> None:
        await talk.ask("姓名？", parse=str)

    router.conversations["登记"] = other
    assert await someone.says("42") == "“登记”刚刚更新过，请重新开始。\n\n姓名？"
    assert await someone.says("王") == ""


async def test_a_flow_that_changed_without_its_version_starts_anew(someone: Person, router: Router) -> None:
    await someone.says("登记")
    await someone.says("42")

    @conversation("登记")
    async def other(talk: Talk) -> None:
        await talk.ask_location("在哪？")

    router.conversations["登记"] = other
    assert "请重新开始" in await someone.says("43")


class Options:
    """The options change between two messages."""

    def __init__(self) -> None:
        self.now = {"甲": 1, "乙": 2}

    async def list(self) -> dict[str, int]:
        return self.now


@conversation("选")
async def choosing(talk: Talk) -> None:
    options = await talk.read(talk.services.list)  # type: ignore[attr-defined]  # the Options above
    chosen = await talk.choose("哪一个？", options, words={"第一家": 1}.get)
    await talk.say("选了{n}", n=chosen)


@pytest.fixture
def chooser(router: Router) -> Person:
    router.conversation(choosing)
    return Person(router, services=Options())


@pytest.mark.parametrize("answer", ["2", "２", "乙", " 乙。", "②"])
async def test_a_choice_is_its_number_or_its_label(chooser: Person, answer: str) -> None:
    await chooser.says("选")
    assert await chooser.says(answer) == "选了2"


async def test_a_choice_may_be_tapped(chooser: Person) -> None:
    question = await chooser.says("选")
    assert f"msgmenucontent=乙&msgmenuid={chooser.taps['乙']}" in question
    assert FIRST_TAP <= chooser.taps["乙"] < 2**53
    assert await chooser.taps_on("乙") == "选了2"


async def test_a_choice_may_be_plain_words(chooser: Person) -> None:
    await chooser.says("选")
    assert await chooser.says("第一家") == "选了1"


async def test_what_is_no_choice_is_offered_again(chooser: Person) -> None:
    await chooser.says("选")
    again = await chooser.says("丙")
    assert again.startswith(CHOOSE_AGAIN)
    assert "msgmenuid=" in again
    assert await chooser.says("3") != "选了3"


async def test_the_options_that_were_offered_hold(chooser: Person) -> None:
    await chooser.says("选")
    chooser.services.now = {"乙": 2, "丙": 3}
    assert await chooser.says("1") == "选了1"


async def test_an_old_tap_is_not_an_answer_to_a_new_question(chooser: Person) -> None:
    await chooser.says("选")
    old = chooser.taps["甲"]
    await chooser.taps_on("甲")
    await chooser.says("选")
    assert (await chooser.says("甲", bizmsgmenuid=old)).startswith(EXPIRED_TAP)
    assert chooser.is_talking


async def test_a_tap_offered_to_another_person_is_refused(router: Router, chooser: Person) -> None:
    await chooser.says("选")
    other = Person(router, services=Options(), openid="oB")
    assert await other.says("甲", bizmsgmenuid=chooser.taps["甲"]) == STALE_TAP
    await other.says("选")
    assert (await other.says("甲", bizmsgmenuid=chooser.taps["甲"])).startswith(EXPIRED_TAP)


async def test_a_place_may_be_sent_or_skipped(router: Router) -> None:
    places: list[Location | None] = []

    @conversation("到")
    async def arriving(talk: Talk) -> None:
        places.append(await talk.ask_location("在哪？"))

    router.conversation(arriving)
    someone = Person(router)
    await someone.says("到")
    await someone.says(MsgType="location", Location_X="23.1", Location_Y="113.3", Scale="20", Label="广州")
    await someone.says("到")
    await someone.says("跳过")
    assert places == [Location(23.1, 113.3, "广州"), None]


async def test_a_command_in_place_of_an_answer_is_the_command(router: Router, someone: Person) -> None:
    router.remember(choosing)
    router.keyword(_hello, "状态")
    await someone.says("登记")
    answer = await someone.says("状态")
    assert answer.startswith("一切正常")
    assert "还没有完成" in answer
    assert await someone.says("42") == "42 已登记。哪天来？"


async def _hello(_turn: object) -> str:
    return "一切正常"


async def test_a_method_without_a_key_is_called_once_and_answers_from_the_journal(
    router: Router, bookings: Bookings
) -> None:
    @conversation("看一眼")
    async def looking(talk: Talk) -> None:
        seen = await talk.once(talk.services.look)  # type: ignore[attr-defined]  # the Bookings above
        await talk.ask("{seen}", parse=digits, seen=seen)
        await talk.say("还是{seen}。", seen=seen)

    router.conversation(looking)
    person = Person(router, services=bookings)
    assert await person.says("看一眼") == "1"
    assert await person.says("5") == "还是1。"
    assert bookings.calls == 1
