"""Replies that are no plain texts, rendered by wechatpy, which takes every value as it is and puts it into CDATA."""

from __future__ import annotations

from typing import Any

from wechatpy.fields import StringField
from wechatpy.replies import (
    ArticlesReply,
    ImageReply,
    MusicReply,
    TransferCustomerServiceReply,
    VideoReply,
    VoiceReply,
)

from bot.replies import Article, Image, Music, News, RichReply, TransferToStaff, Video, Voice, fit_cdata


class _StaffField(StringField):  # type: ignore[misc]  # wechatpy has no types
    """``TransInfo``, which wechatpy does not know."""

    def to_xml(self, value: str) -> str:
        return f"<TransInfo><KfAccount><![CDATA[{value}]]></KfAccount></TransInfo>" if value else ""


class _TransferReply(TransferCustomerServiceReply):  # type: ignore[misc]
    staff = _StaffField("TransInfo", "")


def render_rich(reply: RichReply, openid: str, account: str, timestamp: int) -> bytes:
    head = {"source": fit_cdata(account), "target": fit_cdata(openid), "time": timestamp}
    return str(_build(reply, head).render()).encode()


def _build(reply: RichReply, head: dict[str, Any]) -> Any:
    match reply:
        case Image(media_id):
            return ImageReply(image=fit_cdata(media_id), **head)
        case Voice(media_id):
            return VoiceReply(voice=fit_cdata(media_id), **head)
        case Video(media_id, title, description):
            parts = _filled_parts(title=title, description=description)
            return VideoReply(video={"media_id": fit_cdata(media_id), **parts}, **head)
        case Music(thumb, title, description, url, high_quality_url):
            parts = _filled_parts(title=title, description=description, music_url=url, hq_music_url=high_quality_url)
            return MusicReply(music={"thumb_media_id": fit_cdata(thumb), **parts}, **head)
        case News(articles):
            return ArticlesReply(articles=[_card(article) for article in articles], **head)
        case TransferToStaff(staff):
            return _TransferReply(staff=fit_cdata(staff), **head)


def _card(article: Article) -> dict[str, str]:
    return {
        "title": fit_cdata(article.title),
        "description": fit_cdata(article.description),
        "image": fit_cdata(article.picture_url),
        "url": fit_cdata(article.url),
    }


def _filled_parts(**parts: str) -> dict[str, str]:
    """Optional elements are left out when they are empty."""
    return {name: fit_cdata(value) for name, value in parts.items() if value}
