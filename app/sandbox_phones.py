"""SMS and voice of the demonstration: every pool has its own signature, number and template codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from config.settings import Settings, SmsPool, SmsSettings, VoicePool, VoiceSettings
from domain.rulebook.book import Rulebook
from domain.rulebook.notice_texts import KINDS, sms_templates, voice_templates

_SIGNS = {"hunan": "湘评标", "xinjiang": "新评标", "jilin": "吉评标", "guangdong": "粤评标"}
"""Signatures of three characters, as the limit of 65 characters per text assumes; other pools use 评标通."""
_VIRTUAL_NUMBER = "057156210010"
_FIRST_NUMBER = 57156210011
"""Without its leading zero: from which the first pool calls, the others from those that follow."""
_SPOKEN = ("", ".attend", ".decline", ".bye")


def with_demo_phones(settings: Settings) -> Settings:
    """Settings with templates for every pool that has none."""
    sms = {pool: _sms(pool) for pool in settings.pools} | settings.sms.pools
    voice = {pool: _voice(pool, place) for place, pool in enumerate(settings.pools)} | settings.voice.pools
    return settings.model_copy(
        update={
            "sms": settings.sms.model_copy(update={"pools": sms}),
            "voice": settings.voice.model_copy(update={"pools": voice}),
        }
    )


def _sms(pool: str) -> SmsPool:
    return SmsPool(sign_name=_SIGNS.get(pool, "评标通"), templates={kind: f"SMS_{pool}.{kind}" for kind in KINDS})


def _voice(pool: str, place: int) -> VoicePool:
    names = [f"{kind}{name}" for kind in KINDS for name in _SPOKEN]
    return VoicePool(
        show_number=str(_FIRST_NUMBER + place).zfill(12),
        takes_calls=True,
        virtual_number=_VIRTUAL_NUMBER,
        templates={name: f"TTS_{pool}.{name}" for name in names},
    )


def lines(settings: VoiceSettings, pools: Iterable[str]) -> dict[str, str]:
    """Numbers that phones of the sandbox can call, by pool."""
    given = {pool: settings.of(pool) for pool in pools}
    return {pool: voice.show_number for pool, voice in given.items() if voice is not None and voice.takes_calls}


def sms_texts(settings: SmsSettings, books: Mapping[str, Rulebook]) -> dict[str, str]:
    """The sandbox's templates: text by code. Where pools share a code, the first one's text."""
    texts_by_code: dict[str, str] = {}
    for pool, book in books.items():
        _add(texts_by_code, settings.of(pool), sms_templates(book.texts))
    return texts_by_code


def voice_texts(settings: VoiceSettings, books: Mapping[str, Rulebook]) -> dict[str, str]:
    texts_by_code: dict[str, str] = {}
    for pool, book in books.items():
        _add(texts_by_code, settings.of(pool), voice_templates(book.texts))
    return texts_by_code


def _add(texts_by_code: dict[str, str], agreed: SmsPool | VoicePool | None, texts: Mapping[str, str]) -> None:
    for kind, text in texts.items():
        if agreed is not None and kind in agreed.templates:
            texts_by_code.setdefault(agreed.templates[kind], text)


def signs(settings: SmsSettings) -> list[str]:
    return sorted({sms_pool.sign_name for sms_pool in settings.pools.values() if sms_pool.sign_name})
