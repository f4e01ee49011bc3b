"""为什么没抽到我: answered in one bubble, by what bars the expert, else by the count of past months."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.experts import Expert
from tests.factories.people import make_sanction
from tests.handlers.conftest import Phone, World


@pytest.mark.parametrize("word", ["为什么没抽到我", "没有抽到", "为什么没有抽到我？", "怎么一直没抽到我呢", "没抽到"])
async def test_an_expert_whom_nothing_bars_reads_that_it_is_chance(world: World, phone: Phone, word: str) -> None:
    shown = await phone.says(word)
    assert "您现在正常参加抽取" in shown
    assert ("三方摇号的随机顺序" in shown, "/h5/demo/chances" in shown) == (True, True)


async def test_what_bars_is_said_instead_with_where_to_turn(world: World, phone: Phone, expert: Expert) -> None:
    hotline = world.services.deps.book("demo").pool.hotline
    await Expert.filter(id=expert.id).update(term_until=world.clock.now() - timedelta(days=1))
    await make_sanction(expert)
    shown = await phone.says("为什么没抽到我")
    assert ("目前的抽取不会抽到您" in shown, "管理机构已暂停您参加抽取" in shown, hotline in shown) == (
        True,
        True,
        True,
    )
    assert ("您的聘期已于" in shown, "三方摇号" in shown) == (True, False)


async def test_a_draw_that_calls_him_now_changes_not_a_word(world: World, phone: Phone, expert: Expert) -> None:
    before = await phone.says("为什么没抽到我")
    await world.call(expert)
    assert await phone.says("为什么没抽到我") == before


async def test_strangers_and_applicants_are_told_what_to_do_first(stranger: Phone) -> None:
    assert "绑定身份" in await stranger.says("为什么没抽到我")
