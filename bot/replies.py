"""Replies to a person; ``domain.chat_links`` makes the tappable parts of a text, ``bot.rendering`` the XML.

Source: WeChat's page 回复用户消息 (passive replies). One reply per message; ``None`` or ``Silence`` sends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bot.messages import ILLEGAL_IN_XML
from domain.chat_links import link

MAX_TEXT = 2048
"""Bytes of UTF-8 that WeChat shows of one text (a commonly cited figure; no page states it for passive replies)."""

_CUT = "……\n（内容较长，未完全显示）"


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


RichReply: TypeAlias = Image | Voice | Video | Music | News | TransferToStaff
Reply: TypeAlias = Text | RichReply | Silence

SILENCE = Silence()


def shorten(text: str, limit: int = MAX_TEXT) -> str:
    """``text`` within ``limit`` bytes of UTF-8, cut at a line or a character, never inside a link, with a note that it
    was cut."""
    if len(text.encode()) <= limit:
        return text
    room = limit - len(_CUT.encode())
    shortened = text.encode()[:room].decode("utf-8", "ignore")
    opened = text.rfind("<a ", 0, len(shortened) + 2)
    if opened >= 0 and text.find("</a>", opened) + len("</a>") > len(shortened):
        shortened = shortened[:opened]
    line = shortened.rfind("\n")
    return (shortened[:line] if line > len(shortened) // 2 else shortened).rstrip() + _CUT


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


def fit_cdata(value: str) -> str:
    """The text as it may stand in a CDATA section: ``]]>`` is split over two sections, and characters that XML can't
    hold are dropped."""
    return ILLEGAL_IN_XML.sub("", value).replace("]]>", "]]]]><![CDATA[>")
