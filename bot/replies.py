"""Replies to a person: objects and their XML; ``domain.chat_links`` makes the tappable parts of a text.

Source: WeChat's page 回复用户消息 (passive replies). One reply per message; ``None`` or ``Silence`` sends nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from domain.chat_links import link

MAX_TEXT = 2048
"""Bytes of UTF-8 that WeChat shows of one text (a commonly cited figure; no page states it for passive replies)."""

_CUT = "……\n（内容较长，未完全显示）"
_LINK = re.compile(r"<a\b[^>]*>.*?</a>", re.DOTALL)
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Text:
    """Plain text; may contain the output of ``link`` and ``choice``. Shortened when rendered if too long."""

    content: str


@dataclass(frozen=True)
class Image:
    """``media_id`` of an uploaded image (no animated gif)."""

    media_id: str


@dataclass(frozen=True)
class Voice:
    media_id: str


@dataclass(frozen=True)
class Video:
    media_id: str
    title: str = ""
    description: str = ""


@dataclass(frozen=True)
class Music:
    """``thumb_media_id`` is the only required field."""

    thumb_media_id: str
    title: str = ""
    description: str = ""
    url: str = ""
    high_quality_url: str = ""


@dataclass(frozen=True)
class Article:
    title: str
    description: str
    url: str
    picture_url: str = ""


@dataclass(frozen=True)
class News:
    """Article cards. WeChat shows one after an ordinary message and up to eight after an event."""

    articles: Sequence[Article]


@dataclass(frozen=True)
class TransferToStaff:
    """Hands the conversation to the human-service console (``account`` names one of its agents)."""

    account: str = ""


@dataclass(frozen=True)
class Silence:
    """Shows the user nothing."""


Reply: TypeAlias = Text | Image | Voice | Video | Music | News | TransferToStaff | Silence

SILENCE = Silence()


def shorten(text: str, limit: int = MAX_TEXT) -> str:
    """``text`` within ``limit`` bytes of UTF-8, cut at a line or a character, never inside a link, with a note that it
    was cut."""
    if len(text.encode()) <= limit:
        return text
    room = limit - len(_CUT.encode())
    kept = text.encode()[:room].decode("utf-8", "ignore")
    for found in _LINK.finditer(text):
        if found.start() < len(kept) < found.end():
            kept = kept[: found.start()]
            break
    line = kept.rfind("\n")
    return (kept[:line] if line > len(kept) // 2 else kept).rstrip() + _CUT


def render(reply: Reply, openid: str, account: str, timestamp: int, *, articles: int = 1) -> bytes | None:
    """XML of a passive reply, or None for silence. ``articles`` is how many cards the trigger allows."""
    body = _render_body(reply, articles)
    if body is None:
        return None
    kind, inner = body
    return (
        f"<xml><ToUserName>{_cdata(openid)}</ToUserName><FromUserName>{_cdata(account)}</FromUserName>"
        f"<CreateTime>{timestamp}</CreateTime><MsgType>{_cdata(kind)}</MsgType>{inner}</xml>"
    ).encode()


def _render_body(reply: Reply, articles: int) -> tuple[str, str] | None:
    match reply:
        case Text(content):
            return ("text", _element("Content", shorten(content))) if content.strip() else None
        case Image(media_id):
            return "image", f"<Image>{_element('MediaId', media_id)}</Image>"
        case Voice(media_id):
            return "voice", f"<Voice>{_element('MediaId', media_id)}</Voice>"
        case Video():
            return "video", _render_video(reply)
        case Music():
            return "music", _render_music(reply)
        case News(cards):
            return ("news", _render_news(list(cards)[:articles])) if cards else None
        case TransferToStaff(name):
            who = f"<TransInfo>{_element('KfAccount', name)}</TransInfo>" if name else ""
            return "transfer_customer_service", who
        case Silence():
            return None


def _render_video(video: Video) -> str:
    parts = {"MediaId": video.media_id, "Title": video.title, "Description": video.description}
    return f"<Video>{_elements(parts)}</Video>"


def _render_music(music: Music) -> str:
    parts = {
        "Title": music.title,
        "Description": music.description,
        "MusicUrl": music.url,
        "HQMusicUrl": music.high_quality_url,
        "ThumbMediaId": music.thumb_media_id,
    }
    return f"<Music>{_elements(parts)}</Music>"


def _render_news(articles: Sequence[Article]) -> str:
    items = "".join(
        "<item>"
        + _element("Title", article.title)
        + _element("Description", article.description)
        + _element("PicUrl", article.picture_url)
        + _element("Url", article.url)
        + "</item>"
        for article in articles
    )
    return f"<ArticleCount>{len(articles)}</ArticleCount><Articles>{items}</Articles>"


def speak(fields: Mapping[str, object]) -> str:
    """A rendered reply as a customer-service text, for when the passive reply came too late; empty when it has no
    text."""
    match fields:
        case {"MsgType": "text", "Content": str(content)}:
            return content
        case {"MsgType": "news", "Articles": {"item": found}}:
            items = found if isinstance(found, list) else [found]
            return shorten("\n".join(f"{item['Title']} {link('查看', item['Url'])}" for item in items))
        case _:
            return ""


def _elements(parts: dict[str, str]) -> str:
    return "".join(_element(name, value) for name, value in parts.items() if value)


def _element(name: str, value: str) -> str:
    return f"<{name}>{_cdata(value)}</{name}>"


def _cdata(value: str) -> str:
    """``]]>`` is split over two sections; characters that XML can't hold are dropped."""
    safe = _ILLEGAL.sub("", value).replace("]]>", "]]]]><![CDATA[>")
    return f"<![CDATA[{safe}]]>"
