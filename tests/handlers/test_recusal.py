"""申报回避: the word leads to the page."""

from __future__ import annotations

import pytest

from models.experts import Expert
from models.invitations import Invitation
from services.core.base import Actor
from services.draws import UnitForm
from tests.handlers.conftest import Phone, World


@pytest.mark.parametrize("word", ["回避", "申报回避", "回避单位"])
async def test_the_word_leads_to_the_page(phone: Phone, word: str) -> None:
    told = await phone.says(word)
    assert ("/h5/demo/file/recusal" in told, "立即生效" in told) == (True, True)


async def test_a_stranger_is_asked_to_bind_first(stranger: Phone) -> None:
    assert "绑定身份" in await stranger.says("申报回避")


async def test_a_late_answer_to_a_call_that_ended_by_a_declaration_says_why(
    world: World, phone: Phone, expert: Expert
) -> None:
    invitation = await world.call(expert)
    actor = Actor("demo", "expert", (await Expert.get(id=expert.id)).account_id, expert.id)
    await world.services.draws.declared_recusals.declare(actor, UnitForm("配偶", "广州水务有限公司", "", ""))
    assert (await Invitation.get(id=invitation.id)).state == "declined"
    assert "您须回避，无需到场" in await phone.says("参加", bizmsgmenuid=invitation.menu_id)
