"""Checks of SMS and voice: each pool needs its own signature and templates, or must share a pool with the same
texts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from app.doctor.findings import CheckFinding, problem
from config.settings import Settings, SmsSettings, VoiceSettings
from domain.rulebook.book import Rulebook
from domain.rulebook.notice_texts import KindTexts, sms_templates, voice_templates

TEMPLATES = "模板"
Texts = Callable[[Mapping[str, KindTexts]], dict[str, str]]


def check_phones(settings: Settings, books: Mapping[str, Rulebook]) -> list[CheckFinding]:
    problems = [
        *_check("短信", "PBT_SMS__POOLS", settings.sms, books, sms_templates),
        *_check("语音", "PBT_VOICE__POOLS", settings.voice, books, voice_templates),
    ]
    return [problem(TEMPLATES, text) for text in problems]


def _check(
    channel: str, name: str, settings: SmsSettings | VoiceSettings, books: Mapping[str, Rulebook], texts: Texts
) -> Iterator[str]:
    for pool, book in books.items():
        wanted, agreed = texts(book.texts), settings.of(pool)
        share = settings.pools[pool].share if agreed is not None else ""
        if missing := _list(wanted.keys() - (agreed.templates.keys() if agreed else set())):
            where = f"{name} 中 {share or pool} 的 templates"
            yield f"{pool} 的{channel}缺少模板编号：{missing}。请在阿里云申请后填入 {where}。"
        lender = books.get(share)
        if lender is not None:
            theirs = texts(lender.texts)
            if other := _list(kind for kind, text in wanted.items() if theirs.get(kind, text) != text):
                yield f"{pool} 与 {lender.pool.code} 共用{channel}模板，但文字不同：{other}。请为 {pool} 单独申请。"
    yield from _same_code(channel, settings, books, texts)


def _same_code(
    channel: str, settings: SmsSettings | VoiceSettings, books: Mapping[str, Rulebook], texts: Texts
) -> Iterator[str]:
    """A template code used for two texts: the vendor has only one of them."""
    first: dict[str, tuple[str, str, str]] = {}
    for pool, book in books.items():
        agreed = settings.of(pool)
        if agreed is None or settings.pools[pool].share:
            continue
        for kind, text in texts(book.texts).items():
            code = agreed.templates.get(kind)
            if code is None:
                continue
            other = first.setdefault(code, (pool, kind, text))
            if other[2] != text:
                both = f"{other[0]} 的 {other[1]} 和 {pool} 的 {kind}"
                yield f"{channel}模板 {code} 同时用于 {both}，但文字不同，请分别申请。"


def missing_pools(settings: Settings) -> list[str]:
    """Pools that could send nothing, which prevents a production start."""
    return [
        f"{name} 中没有 {pool}：请填写它自己的{what}，或用 share 指明与哪个专家库共用。"
        for name, what, known in (
            ("PBT_SMS__POOLS", "短信签名和模板", settings.sms.pools),
            ("PBT_VOICE__POOLS", "语音号码和模板", settings.voice.pools),
        )
        for pool in settings.pools
        if pool not in known
    ]


def _list(kinds: Iterable[str]) -> str:
    return "、".join(sorted(set(kinds)))
