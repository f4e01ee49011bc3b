"""Renders a notice on each channel from the rulebook's texts. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from domain.rulebook.book import Rulebook
from domain.rulebook.notice_texts import CALLS, count_parts, placeholders, render_fields, render_text

CHOICES: Mapping[str, tuple[str, str]] = dict.fromkeys(CALLS, ("参加", "不参加"))
"""Kinds that ask a question, with the two answers; tapped ones come back as menu ids."""


@dataclass(frozen=True)
class VoiceMessage:
    """A vendor template with what it needs; ``keys`` maps a key to the template it speaks, ``bye`` ends the call."""

    template: str
    params: Mapping[str, str]
    keys: Mapping[str, str]
    bye: str


def chat_text(book: Rulebook, kind: str, params: Mapping[str, str]) -> str:
    return render_text(book.texts[kind].chat or "", params)


def card_fields(book: Rulebook, kind: str, params: Mapping[str, str]) -> dict[str, str]:
    """Fields of the official account's template message."""
    text = book.texts[kind].wechat
    return render_fields(text, params) if text else {}


def subscribe_fields(book: Rulebook, kind: str, params: Mapping[str, str]) -> dict[str, str]:
    """Fields of the mini-program's subscribe message."""
    text = book.texts[kind].subscribe
    return render_fields(text, params) if text else {}


def sms_params(book: Rulebook, kind: str, params: Mapping[str, str]) -> dict[str, str]:
    """The variables of the SMS template of this kind."""
    return {name: params[name] for name in sorted(placeholders(book.texts[kind].sms or ""))}


def sms_parts(book: Rulebook, kind: str, params: Mapping[str, str]) -> int:
    """Number of short messages charged by the vendor."""
    return count_parts(render_text(book.texts[kind].sms or "", params))


def voice_message(book: Rulebook, kind: str, params: Mapping[str, str]) -> VoiceMessage:
    text = book.texts[kind].voice
    script = text.script if text else ""
    keys: dict[str, str] = {}
    if kind in CHOICES:
        keys = {book.voice.attend: f"{kind}.attend", book.voice.decline: f"{kind}.decline", book.voice.repeat: kind}
    bye = f"{kind}.bye" if text and text.bye else ""
    return VoiceMessage(kind, {name: params[name] for name in sorted(placeholders(script))}, keys, bye)
