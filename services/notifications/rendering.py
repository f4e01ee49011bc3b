"""Renders a notice on each channel from the rulebook's texts, as it is sent at the moment ``now``. Pure.

Days of today and tomorrow are said so, beside their date: a message may be read later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.rulebook.book import Rulebook
from domain.rulebook.notice_texts import (
    CALLS,
    count_parts,
    name_days,
    placeholders,
    render_fields,
    render_text,
)

CHOICES: Mapping[str, tuple[str, str]] = dict.fromkeys(CALLS, ("参加", "不参加"))
"""Kinds that ask a question, with the two answers; tapped ones come back as menu ids."""


@dataclass(frozen=True)
class VoiceMessage:
    """A vendor template with what it needs; ``keys`` maps a key to the template it speaks, ``bye`` ends the call."""

    template: str
    params: Mapping[str, str]
    keys: Mapping[str, str]
    bye: str


def chat_text(book: Rulebook, kind: str, params: Mapping[str, str], now: datetime) -> str:
    return render_text(book.texts[kind].chat or "", name_days(params, now))


def card_fields(book: Rulebook, kind: str, params: Mapping[str, str], now: datetime) -> dict[str, str]:
    """Fields of the official account's template message."""
    text = book.texts[kind].wechat
    return render_fields(text, params, now) if text else {}


def subscribe_fields(book: Rulebook, kind: str, params: Mapping[str, str], now: datetime) -> dict[str, str]:
    """Fields of the mini-program's subscribe message."""
    text = book.texts[kind].subscribe
    return render_fields(text, params, now) if text else {}


def sms_params(book: Rulebook, kind: str, params: Mapping[str, str], now: datetime) -> dict[str, str]:
    """The variables of the SMS template of this kind. Near days are named where that costs no further message."""
    text, named = book.texts[kind].sms or "", name_days(params, now)
    fits = count_parts(render_text(text, named)) == count_parts(render_text(text, params))
    return {name: (named if fits else params)[name] for name in sorted(placeholders(text))}


def sms_parts(book: Rulebook, kind: str, params: Mapping[str, str]) -> int:
    """Number of short messages charged by the vendor."""
    return count_parts(render_text(book.texts[kind].sms or "", params))


def voice_message(book: Rulebook, kind: str, params: Mapping[str, str], now: datetime) -> VoiceMessage:
    text = book.texts[kind].voice
    script = text.script if text else ""
    keys: dict[str, str] = {}
    if kind in CHOICES:
        keys = {book.voice.attend: f"{kind}.attend", book.voice.decline: f"{kind}.decline", book.voice.repeat: kind}
    bye = f"{kind}.bye" if text and text.bye else ""
    named = name_days(params, now)
    return VoiceMessage(kind, {name: named[name] for name in sorted(placeholders(script))}, keys, bye)
