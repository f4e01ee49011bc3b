"""我要举报 in the chat: named here, anonymous on the page; and the answers to the question after an evaluation."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from models.accounts import RoleGrant
from models.experts import Expert
from models.reports import ContactAnswer, Report
from services.core.base import Actor
from tests.factories.offices import enter_all
from tests.factories.reports import TEXT, dump, make_reader, none_in
from tests.handlers.conftest import Phone, World

ADVICE = "不要答应，不要收下"
FURTHER = "那个人还说认识代理公司的经理，让我别声张。"
CODE = re.compile(r"[2-9A-Z]{4}(?:-[2-9A-Z]{4}){4}")


@pytest.fixture
async def reader(world: World) -> Actor:
    return await make_reader(world.services.deps)


@pytest.mark.parametrize(
    "word", ["我要举报", "举报", "匿名举报", "有人给我塞钱我要举报", "有人打电话问我是不是评委，我要举报"]
)
async def test_the_word_and_sentences_say_that_the_chat_is_not_anonymous(
    world: World, reader: Actor, phone: Phone, word: str
) -> None:
    told = await phone.says(word)
    assert "在这里只能实名举报" in told
    assert "去网页匿名举报" in told


async def test_an_anonymous_reporter_gets_the_address_of_the_page_without_any_token(
    world: World, reader: Actor, phone: Phone
) -> None:
    await phone.says("我要举报")
    told = await phone.taps("去网页匿名举报")
    addresses = set(re.findall(r"https?://[^\s\"<>]+", told))
    assert addresses == {f"{world.services.deps.public_url}/h5/demo/reports/new"}
    assert await Report.all().count() == 0


async def test_a_named_report_is_handed_in_once_it_is_confirmed(
    world: World, reader: Actor, phone: Phone, expert: Expert
) -> None:
    await phone.says("我要举报")
    await phone.taps("在这里实名举报")
    await phone.taps("送礼、送钱")
    assert "至少10个字" in await phone.says("有人送")
    await phone.says(TEXT)
    assert "跳过" in await phone.says("不晓得是哪个")
    assert "确认提交吗" in await phone.says("CQSQ202611210001")
    assert TEXT[:20] in await phone.says(FURTHER)
    told = await phone.taps("确认提交")
    match = CODE.search(told)
    assert match is not None
    assert "只显示这一次" in told
    [line] = (await world.services.reports.examination.page(reader)).items
    read = await world.services.reports.examination.read(reader, line.id)
    assert (read.content.text, read.content.draw) == (f"{TEXT}\n{FURTHER}", "CQSQ202611210001")
    assert read.reporter is not None
    assert (read.reporter.name, read.reporter.mobile) == (expert.name, world.mobile_of(expert))
    assert (await world.services.reports.reporting.follow("demo", match[0])).number == line.number
    assert none_in(await dump(), TEXT[:12], match[0]) == []


@pytest.mark.parametrize("end", ["不举报了", "取消"])
async def test_who_stops_leaves_nothing_and_reads_what_to_do(
    world: World, reader: Actor, phone: Phone, end: str
) -> None:
    await phone.says("我要举报")
    told = await phone.says(end)
    assert ADVICE in told or end == "取消"
    await phone.says("我要举报")
    await phone.taps("在这里实名举报")
    await phone.taps("其他")
    await phone.says(TEXT)
    await phone.says("跳过")
    assert "什么都没有留下" in await phone.taps("不提交")
    assert await Report.all().count() == 0


async def test_a_stranger_is_led_to_the_page_and_may_bind(world: World, reader: Actor, stranger: Phone) -> None:
    told = await stranger.says("我要举报")
    assert "/h5/demo/reports/new" in told
    assert "绑定身份" in told


async def test_where_nobody_reads_reports_nothing_is_asked(world: World, phone: Phone) -> None:
    told = await phone.says("我要举报")
    assert "12388" in told
    assert "这里不收举报" in told
    assert "在这里实名举报" not in told


async def test_nobody_who_begins_while_the_last_reader_leaves_reports_in_vain(
    world: World, reader: Actor, phone: Phone
) -> None:
    await phone.says("我要举报")
    await phone.taps("在这里实名举报")
    await phone.taps("其他")
    await phone.says(TEXT)
    await RoleGrant.all().delete()
    await phone.says("跳过")
    assert "没有收下任何内容" in await phone.taps("确认提交")
    assert await Report.all().count() == 0


@pytest.mark.parametrize("word", ["查询举报", "我的举报", "举报进度"])
async def test_a_report_is_followed_on_the_page_not_in_the_chat(phone: Phone, word: str) -> None:
    told = await phone.says(word)
    assert "/h5/demo/reports" in told
    assert "查询码不要发到这里" in told


async def test_a_number_that_is_typed_opens_nothing(world: World, reader: Actor, phone: Phone) -> None:
    await phone.says("我要举报")
    await phone.taps("在这里实名举报")
    await phone.taps("其他")
    await phone.says(TEXT)
    await phone.says("跳过")
    await phone.taps("确认提交")
    [line] = (await world.services.reports.examination.page(reader)).items
    told = await phone.says(line.number)
    assert "凭举报编号不能查询" in told
    assert "/h5/demo/reports" in told


async def ended(world: World, phone: Phone, expert: Expert) -> None:
    """An evaluation of the expert about which he is asked."""
    invitation = await world.call(expert)
    await phone.says("参加", bizmsgmenuid=invitation.menu_id)
    await world.office.run.advance(invitation.draw_id)
    world.clock.set(invitation.gathering_at + timedelta(minutes=30))
    await enter_all(invitation.draw_id)
    world.clock.move(timedelta(days=1))
    await world.office.activity_end.end_due()
    world.clock.move(timedelta(hours=1))
    await world.services.reports.contact_questions.ask_due()


async def test_the_question_is_answered_by_a_word(world: World, reader: Actor, phone: Phone, expert: Expert) -> None:
    assert "没有要您回答的评标" in await phone.says("没有人联系我")
    await ended(world, phone, expert)
    assert "没有人就评标联系过您" in await phone.says("没有人联系我")
    assert "没有要您回答的评标" in await phone.says("有人联系过我")
    [counted] = (await world.services.reports.contact_questions.count(reader)).items
    assert (counted.none, counted.some) == (1, 0)


async def test_a_yes_leads_to_a_report(world: World, reader: Actor, phone: Phone, expert: Expert) -> None:
    await ended(world, phone, expert)
    told = await phone.says("有人联系过我")
    assert "/h5/demo/reports/new" in told
    assert "我要举报" in told
    assert await ContactAnswer.all().count() == 1


async def test_a_stranger_has_nothing_to_answer(stranger: Phone) -> None:
    assert "绑定身份" in await stranger.says("没有人联系我")
