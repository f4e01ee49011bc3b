"""What experts hear of a call notice (语音通知), and which field reaches them on which channel. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.rulebook.book import Rulebook
from domain.rulebook.notice_texts import (
    KindTexts,
    name_days,
    placeholders,
    remark_params,
    render_text,
    spoken_seconds,
    time_params,
)
from services.draws.setup.forms import CallNoticeForm

_CONFIRMATION = "draw_accepted"
_PLACEHOLDERS: Mapping[str, frozenset[str]] = {
    "venue": frozenset({"venue"}),
    "address": frozenset({"place"}),
    "room": frozenset({"place"}),
    "gathering_at": frozenset({"gathering", "gathering_full", "gathering_short", "gathering_spoken"}),
    "contact": frozenset({"contact"}),
    "contact_phone": frozenset({"contact_phone"}),
    "remark": frozenset({"remark"}),
}
"""Placeholders of texts by the field that fills them."""


@dataclass(frozen=True)
class SpokenCall:
    """The text that a call speaks before a key is pressed, and about how many seconds that takes."""

    text: str
    seconds: int


def spoken_call(book: Rulebook, draw_kind: str, form: CallNoticeForm, at: datetime, now: datetime) -> SpokenCall:
    """The call about a gathering ``at``, as it would be made ``now``."""
    place = f"{form.address} {form.room}".strip()
    params = name_days({**time_params(at), "place": place, **remark_params(form.remark)}, now)
    voice = book.texts[_invitation(draw_kind)].voice
    text = render_text(voice.script, params) if voice else ""
    return SpokenCall(text, spoken_seconds(text))


def channels_by_field(book: Rulebook, draw_kind: str) -> Mapping[str, tuple[str, ...]]:
    """On which channels invitation and confirmation tell each field of a notice; their page tells all."""
    texts = [book.texts[kind] for kind in (_invitation(draw_kind), _CONFIRMATION)]
    used = {name: frozenset().union(*(_used(text, name) for text in texts)) for name in ("电话", "短信", "微信")}
    return {
        field: tuple(name for name, known in used.items() if known & wanted) for field, wanted in _PLACEHOLDERS.items()
    }


def _invitation(draw_kind: str) -> str:
    return "recall_call" if draw_kind == "recall" else "draw_call"


def _used(text: KindTexts, channel: str) -> frozenset[str]:
    return frozenset().union(*map(placeholders, _texts(text, channel)))


def _texts(text: KindTexts, channel: str) -> Iterator[str]:
    if channel == "电话" and text.voice is not None:
        yield text.voice.script
    if channel == "短信" and text.sms is not None:
        yield text.sms
    if channel == "微信":
        yield text.chat or ""
        for card in (text.wechat, text.mini):
            yield from (line.text for line in card.fields.values()) if card else ()
