"""Passive replies: checking an account's answers, and showing them."""

from __future__ import annotations

from typing import Any

from sandbox import jsons
from sandbox.config import AccountConfig
from sandbox.jsons import Json
from sandbox.phones import Bubble, Chat, Phone, Segment
from sandbox.wechat import content
from sandbox.wechat.envelopes import ReplyError, open_reply
from sandbox.world import World

ORDINARY = frozenset({"text", "image", "voice", "video", "shortvideo", "link", "location"})
"""Triggers after which a news reply may hold one article only; otherwise eight."""
_MEDIA = {"image": "[图片]", "voice": "[语音]", "video": "[视频]"}


def show_reply(
    world: World, account: AccountConfig, receiver: tuple[Phone, Chat], trigger: Json, answer: bytes | None
) -> list[Bubble]:
    """The bubbles the answer makes: none for an empty one or ``success``. ReplyError for anything unusable."""
    if answer is None:
        raise ReplyError("no answer in time")
    if answer in (b"", b"success"):
        return []
    phone, chat = receiver
    reply = open_reply(account, answer)
    if reply.target != chat.openid:
        raise ReplyError("the reply is addressed to another user")
    if reply.source != account.original_id:
        raise ReplyError("the reply comes from another account")
    if reply.type == "transfer_customer_service":
        return []
    segments, title, image = _content(world, reply, jsons.text(trigger, "MsgType"))
    return [world.show(phone, chat, "account", reply.type, segments, title=title, image=image, source="reply")]


def _content(world: World, reply: Any, trigger: str) -> tuple[list[Segment], str, str]:
    """Segments, title and media id of one of wechatpy's replies."""
    if reply.type == "text":
        return _text(reply.content, world.config.wire.passive_text_limit), "", ""
    if reply.type == "news":
        return _news(reply, trigger), "", ""
    if reply.type in _MEDIA:
        if not reply.media_id:
            raise ReplyError(f"the {reply.type} has no MediaId")
        return [Segment(_MEDIA[reply.type])], getattr(reply, "title", "") or "", reply.media_id
    if reply.type == "music":
        return [Segment(reply.description or "[音乐]")], reply.title or "", ""
    raise ReplyError(f"no reply type {reply.type!r}")


def _text(text: str | None, limit: int) -> list[Segment]:
    if not text:
        raise ReplyError("the text is empty")
    if len(text.encode()) > limit:
        raise ReplyError("the text is too long")
    return content.segments_of(text)


def _news(reply: Any, trigger: str) -> list[Segment]:
    limit = 1 if trigger in ORDINARY else 8
    if not 1 <= len(reply.articles) <= limit or reply.count != len(reply.articles):
        raise ReplyError(f"news must hold 1 to {limit} articles and say how many")
    return content.article_segments(reply.articles)
