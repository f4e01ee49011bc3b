"""Answering an invitation while its gathering moves: by buttons, words, numbers and confirmations from before."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import print_time
from models.experts import Expert
from models.invitations import Invitation
from tests.factories.moved_invitations import INVITE, move_gathering
from tests.handlers.conftest import Phone, World


async def moved_invitation(world: World, kind: str) -> tuple[Phone, Invitation, str]:
    """An open invitation whose gathering moved after its message was read, the phone, and the new time."""
    invitation = await INVITE[kind](world.office)
    phone = await world.phone_of(await Expert.get(id=invitation.expert_id))
    await phone.says("答复邀请")
    at = invitation.gathering_at - timedelta(minutes=30)
    await move_gathering(world.office, invitation, at)
    return phone, invitation, print_time(at)


@pytest.mark.parametrize("label", ["参加", "不参加"])
@pytest.mark.parametrize("kind", INVITE)
async def test_a_button_of_an_old_message_asks_for_the_moved_time(world: World, kind: str, label: str) -> None:
    phone, invitation, at = await moved_invitation(world, kind)
    question = await phone.taps_answer(invitation, label)
    assert at in question
    assert await world.state_of(invitation.id) == "open"
    if label == "参加":
        assert f"集合时间已改为{at}，请核对后再答复。" in question
        assert at in await phone.taps("参加")
        assert await world.state_of(invitation.id) == "accepted"
    else:
        await phone.taps("确认不参加")
        assert await world.state_of(invitation.id) == "declined"


@pytest.mark.parametrize("word", ["参加", "1"])
@pytest.mark.parametrize("kind", INVITE)
async def test_a_word_or_number_for_a_question_from_before_a_move_is_asked_again(
    world: World, kind: str, word: str
) -> None:
    phone, invitation, at = await moved_invitation(world, kind)
    question = await phone.says(word)
    assert f"集合时间已改为{at}，请核对后再答复。" in question
    assert await world.state_of(invitation.id) == "open"
    assert at in await phone.taps("参加")
    assert await world.state_of(invitation.id) == "accepted"
    await world.check()


@pytest.mark.parametrize("choice", ["参加", "不参加"])
@pytest.mark.parametrize("kind", INVITE)
async def test_a_confirmation_of_a_time_from_before_a_move_is_asked_again(world: World, kind: str, choice: str) -> None:
    invitation = await INVITE[kind](world.office)
    phone = await world.phone_of(await Expert.get(id=invitation.expert_id))
    read_back = await phone.says({"参加": "我参加", "不参加": "不参加"}[choice])
    assert print_time(invitation.gathering_at) in read_back
    at = invitation.gathering_at - timedelta(minutes=30)
    await move_gathering(world.office, invitation, at)
    question = await phone.taps(f"确认{choice}")
    assert f"集合时间已改为{print_time(at)}，请核对后再答复。" in question
    assert await world.state_of(invitation.id) == "open"
    at -= timedelta(minutes=10)
    await move_gathering(world.office, invitation, at)
    assert f"集合时间已改为{print_time(at)}" in await phone.says("1"), "moved again, asked again"
    await phone.says("1")
    assert await world.state_of(invitation.id) == "accepted"


@pytest.mark.parametrize("kind", INVITE)
async def test_agreeing_to_a_move_by_its_word_is_read_back_while_the_invitation_is_open(
    world: World, kind: str
) -> None:
    """The word tells no time: the message that was read may be the one before the last."""
    phone, invitation, at = await moved_invitation(world, kind)
    await phone.says("取消")
    assert at in await phone.says("同意改期")
    assert await world.state_of(invitation.id) == "open"
    await phone.taps("确认参加")
    assert await world.state_of(invitation.id) == "accepted"
