"""Checks of SMS and voice: each pool needs its own signature and templates, or must share a pool with the same
texts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from app.doctor.findings import CheckFinding, problem, skipped
from config.settings import Settings, SmsSettings, VoiceSettings
from domain.rulebook.book import Rulebook
from domain.rulebook.notice_texts import KindTexts, sms_templates, voice_templates
from gateways.alibaba.incoming_calls import plain_number

TEMPLATES, CALL_BACKS = "模板", "来电"
Texts = Callable[[Mapping[str, KindTexts]], dict[str, str]]


def check_phones(settings: Settings, books: Mapping[str, Rulebook]) -> list[CheckFinding]:
    problems = [
        *_check("短信", "PBT_SMS__POOLS", settings.sms, books, sms_templates),
        *_check("语音", "PBT_VOICE__POOLS", settings.voice, books, voice_templates),
    ]
    return [*(problem(TEMPLATES, text) for text in problems), *_check_call_backs(settings.voice, settings.pools)]


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


def _check_call_backs(voice: VoiceSettings, pools: Iterable[str]) -> Iterator[CheckFinding]:
    """Experts are told to save the number: it has to be one, and whoever calls it back has to be answered."""
    by_number: dict[str, list[str]] = {}
    for pool in pools:
        agreed = voice.of(pool)
        if agreed is None or not agreed.show_number:
            continue
        if not (number := plain_number(agreed.show_number)):
            text = f"{pool} 的主叫号码（PBT_VOICE__POOLS 的 show_number）不是电话号码：{agreed.show_number}。"
            yield problem(CALL_BACKS, text)
        elif not agreed.takes_calls:
            text = f"{pool} 的专家回拨 {number} 无人应答；在阿里云开通呼入后，在 PBT_VOICE__POOLS 中设置 takes_calls。"
            yield skipped(CALL_BACKS, text)
        by_number.setdefault(number, []).append(pool)
    for number, sharing in by_number.items():
        if len({voice.pools[pool].share or pool for pool in sharing}) > 1:
            both = "、".join(sharing)
            text = f"{both} 使用同一个主叫号码 {number}，却没有用 share 共用：请各用自己的号码，或设置 share。"
            yield problem(CALL_BACKS, text)


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
