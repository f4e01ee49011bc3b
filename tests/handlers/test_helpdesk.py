"""意见反馈: words are filed, stickers and emotions are answered and filed nowhere."""

from __future__ import annotations

import pytest

from models.helpdesk import Feedback
from tests.handlers.conftest import Phone

STICKER = "【收到不支持的消息类型，暂无法显示】"
"""What WeChat sends in place of a sticker."""


@pytest.mark.parametrize("answer", [STICKER, "[微笑][微笑][强]", "😀😀😀😀😀😀", "！！！！！！"])
async def test_a_sticker_or_mere_emotions_are_not_filed_as_feedback(phone: Phone, answer: str) -> None:
    assert "请写下您的意见" in await phone.says("反馈")
    told = await phone.says(answer)
    assert "文字" in told or "不要只发表情" in told
    assert await Feedback.all().count() == 0
    assert "已收到，谢谢" in await phone.says("页面打不开[微笑]")
    assert await Feedback.all().count() == 1
