"""消息 in the chat."""

from __future__ import annotations

from models.experts import Expert
from models.notices import Attempt
from tests.handlers.conftest import Phone, World


async def test_the_newest_are_named_and_the_page_has_the_words(world: World, phone: Phone, expert: Expert) -> None:
    assert "还没有发给您的消息" in await phone.says("消息")
    invitation = await world.make_accepted_panel(expert)
    await Attempt.filter(channel="wechat").update(state="delivered")
    told = await phone.says("我的消息")
    assert "评标参加确认（微信，已送达）" in told
    assert "/h5/demo/notices" in told
    assert invitation.code not in told, "a code is read on the page, behind a log-in"


async def test_a_stranger_is_asked_to_bind_first(stranger: Phone) -> None:
    assert "绑定身份" in await stranger.says("消息")
