"""Texts of the office in the chat: the longest that may be published fits its bubble, with the choices below it."""

from __future__ import annotations

import pytest

from bot.replies import MAX_TEXT
from domain.rulebook.office_texts import TEXTS
from models.accounts import Account
from services.core.base import Actor
from tests.factories.people import make_account
from tests.handlers.conftest import Phone, World

CUT = "内容较长"


@pytest.fixture
async def admin(world: World) -> Actor:
    account: Account = await make_account(world.services.deps)
    return Actor("demo", "pool_admin", account.id)


async def publish(world: World, admin: Actor, **values: object) -> None:
    for code, value in values.items():
        await world.services.office_texts.texts.publish(admin, code, value, reason="试试", seen=0)


def longest(code: str) -> str:
    """Three bytes a character."""
    text = TEXTS[code]
    return "长" * min(text.longest, text.bytes_max // 3 or text.longest)


async def test_a_follower_reads_what_the_office_published(world: World, admin: Actor, stranger: Phone) -> None:
    await publish(world, admin, welcome="您好，这里是专家库。", hotline="020-12345678", hours="工作日9:00至17:30")
    assert "您好，这里是专家库。" in await stranger.follows()
    told = await stranger.says("帮助")
    assert "020-12345678" in told
    assert "服务时间：工作日9:00至17:30" in told


async def test_the_longest_texts_fit_their_bubbles_with_all_choices(
    world: World, admin: Actor, stranger: Phone, phone: Phone
) -> None:
    await publish(
        world,
        admin,
        welcome=longest("welcome"),
        chat_help=longest("chat_help"),
        privacy=longest("privacy"),
        hours=longest("hours"),
        hotlines=[f"{number}{'长' * 39}" for number in range(5)],
        advice=dict.fromkeys(("440000", "440100", "440300"), f"0755-{'1' * 55}"),
        faq=[{"question": "问" * 60, "answer": "答" * 500, "words": ["停车在哪"]}],
    )
    whole = {
        "follow": await stranger.follows(),
        "help": await phone.says("帮助"),
        "faq": await stranger.says("停车在哪"),
    }
    whole |= {"register": await stranger.says("注册"), "guide": await stranger.says("办理指南")}
    await stranger.says("取消")
    whole |= {"bind": await stranger.says("绑定身份")}
    for name, reply in whole.items():
        assert len(reply.encode()) <= MAX_TEXT, name
        assert name == "guide" or CUT not in reply, name
        assert "weixin://bizmsgmenu" in reply, f"{name} has lost its choices"


async def test_words_of_the_offices_question_bring_its_answer(world: World, admin: Actor, stranger: Phone) -> None:
    question = {"question": "在哪里停车？", "answer": "地下二层。\n每小时5元。", "words": ["停车", "车位"]}
    await publish(world, admin, faq=[question])
    assert "地下二层。\n每小时5元。" in await stranger.says("请问车位在哪儿")
    assert "没有看懂" in await stranger.says("随便问问")
