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


async def test_a_unit_is_removed_by_a_change_with_review(world: World, phone: Phone, expert: Expert) -> None:
    told = await phone.says("删除回避单位")
    assert "须办理异动申请，审核通过后生效" in told
    assert "/h5/demo/apply?entry_type=change" in told
    await Expert.filter(id=expert.id).update(membership_status="temporary")
    told = await phone.says("申报回避")
    assert "正式专家" in told
    assert "entry_type=change" not in told
    world.set_rules(campaigns={"entry_types": ("first", "renewal")})
    assert "请拨打400-000-0000" in await phone.says("申报回避")


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
