"""Passive replies: decrypting and checking an account's answers, and showing them."""

from __future__ import annotations

from sandbox import jsons
from sandbox.config import AccountConfig
from sandbox.jsons import Json
from sandbox.phones import Bubble, Chat, Phone, Segment
from sandbox.wechat import content, crypto, xml
from sandbox.world import World

ORDINARY = frozenset({"text", "image", "voice", "video", "shortvideo", "link", "location"})
"""Triggers after which a news reply may hold one article only; otherwise eight."""


class ReplyError(Exception):
    """The platform does not accept the answer; the message says why, for the ledger."""


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
    if jsons.text(reply, "ToUserName") != chat.openid:
        raise ReplyError("the reply is addressed to another user")
    if jsons.text(reply, "FromUserName") != account.original_id:
        raise ReplyError("the reply comes from another account")
    kind = jsons.text(reply, "MsgType")
    if kind == "transfer_customer_service":
        return []
    segments, title, image = _content(world, reply, kind, jsons.text(trigger, "MsgType"))
    return [world.show(phone, chat, "account", kind, segments, title=title, image=image, source="reply")]


def open_reply(account: AccountConfig, answer: bytes) -> Json:
    """The reply's fields, decrypted and with its signature checked when the mode asks for it."""
    try:
        outer = xml.read(answer)
        if account.mode == "plain":
            return outer
        encrypted = jsons.text(outer, "Encrypt")
        if not encrypted:
            raise ReplyError("the reply is not encrypted")
        expected = crypto.signature(
            account.token, jsons.text(outer, "TimeStamp"), jsons.text(outer, "Nonce"), encrypted
        )
        if not crypto.same(expected, jsons.text(outer, "MsgSignature")):
            raise ReplyError("the reply's MsgSignature is wrong")
        return xml.read(crypto.decrypt(account.aes_key, account.appid, encrypted).encode())
    except (xml.XmlError, crypto.CryptoError) as error:
        raise ReplyError(str(error)) from error


def _content(world: World, reply: Json, kind: str, trigger: str) -> tuple[list[Segment], str, str]:
    """Segments, title and media id of a reply."""
    if kind == "text":
        text = jsons.text(reply, "Content")
        if not text:
            raise ReplyError("the text is empty")
        if len(text.encode()) > world.config.wire.passive_text_limit:
            raise ReplyError("the text is too long")
        return content.segments_of(text), "", ""
    if kind == "news":
        return _news(reply, trigger), "", ""
    if kind in ("image", "voice", "video"):
        item = jsons.mapping(reply, kind.capitalize())
        media_id = jsons.text(item, "MediaId")
        if not media_id:
            raise ReplyError(f"the {kind} has no MediaId")
        label = {"image": "[图片]", "voice": "[语音]", "video": "[视频]"}[kind]
        return [Segment(label)], jsons.text(item, "Title"), media_id
    if kind == "music":
        item = jsons.mapping(reply, "Music")
        return [Segment(jsons.text(item, "Description") or "[音乐]")], jsons.text(item, "Title"), ""
    raise ReplyError(f"no reply type {kind!r}")


def _news(reply: Json, trigger: str) -> list[Segment]:
    items = jsons.mapping(reply, "Articles").get("item")
    articles = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else [items]
    known = [item for item in articles if isinstance(item, dict)]
    limit = 1 if trigger in ORDINARY else 8
    if not known or len(known) > limit or jsons.text(reply, "ArticleCount") != str(len(known)):
        raise ReplyError(f"news must hold 1 to {limit} articles and say how many")
    return content.article_segments(known, "Title")
