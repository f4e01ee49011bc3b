"""Pictures, voice, stickers and positions outside a conversation."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.messages import Message
from domain.clock import FixedClock
from models.attendance import Attendance
from models.experts import Expert
from tests.bot.conftest import message
from tests.handlers.conftest import Phone, World
from tests.handlers.test_check_in import HALL
from tests.handlers.test_helpdesk import STICKER


def _media(phone: Phone, kind: str, **fields: str) -> Message:
    return message(None, phone.openid, at=phone.world.clock.now(), MsgType=kind, MediaId="M1", **fields)


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        ("voice", "语音输入"),
        ("image", "材料请在申报等页面上传"),
        ("video", "材料请在申报等页面上传"),
        ("shortvideo", "材料请在申报等页面上传"),
        ("link", "链接和文件不能用来办理"),
    ],
)
async def test_what_is_no_text_is_answered_with_what_can_be_done_now(phone: Phone, kind: str, advice: str) -> None:
    told = await phone.sends(_media(phone, kind))
    assert advice in told
    assert "人工服务：400-000-0000" in told
    assert "编号" in await phone.taps("我的状态")


async def test_a_sticker_is_answered(phone: Phone) -> None:
    assert "看不懂这条消息" in await phone.says(STICKER)


async def test_a_voice_message_that_wechat_has_recognised_is_read_as_text(phone: Phone) -> None:
    assert "专家编号" in await phone.sends(_media(phone, "voice", Recognition="我的状态。", Format="amr"))


async def test_a_spoken_answer_is_read_back_before_it_counts(world: World, phone: Phone, expert: Expert) -> None:
    invitation = await world.call(expert)
    assert "请确认" in await phone.sends(_media(phone, "voice", Recognition="我参加"))
    assert await world.state_of(invitation.id) == "open"
    await phone.taps("确认参加")
    assert await world.state_of(invitation.id) == "accepted"


async def test_a_position_checks_in_at_the_panel_that_waits_for_it(
    world: World, clock: FixedClock, phone: Phone, expert: Expert
) -> None:
    invitation = await world.make_accepted_panel(expert)
    clock.set(invitation.gathering_at)
    assert "签到成功" in await phone.sends_position(*HALL)
    assert await Attendance.filter(invitation_id=invitation.id).count() == 1
    assert "没有要用位置签到的评标" in await phone.sends_position(*HALL)


async def test_a_position_far_from_the_venue_checks_nobody_in(
    world: World, clock: FixedClock, phone: Phone, expert: Expert
) -> None:
    clock.set((await world.make_accepted_panel(expert)).gathering_at)
    assert "公里" in await phone.sends_position(23.497428, 113.336438)
    assert not await Attendance.exists()


async def test_a_position_long_before_the_panel_is_not_used(
    world: World, clock: FixedClock, phone: Phone, expert: Expert
) -> None:
    clock.set((await world.make_accepted_panel(expert)).gathering_at - timedelta(days=2))
    assert "没有要用位置签到的评标" in await phone.sends_position(*HALL)
    assert not await Attendance.exists()


async def test_a_strangers_position_is_not_used(stranger: Phone) -> None:
    assert "没有要用位置签到的评标" in await stranger.sends_position(*HALL)
