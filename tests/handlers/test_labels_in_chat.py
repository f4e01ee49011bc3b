"""A person who types the name of a page or button that a text quotes (点“撤回申请”) is understood."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from app.intent_files import SHIPPED_INTENTS
from bot.router import Router
from domain.understanding.intents import Speaker
from handlers import register_all
from services.understanding import Meanings

_ROOT = Path(__file__).resolve().parents[2]
_SOURCES = (
    *(_ROOT / "handlers").rglob("*.py"),
    *(_ROOT / "config/intents").glob("*.toml"),
    *(_ROOT / "config/rulebooks").glob("*.toml"),
)
_QUOTED = re.compile("“([^”{}\n]*[\u4e00-\u9fff][^”{}\n]*)”")
_LABEL_MAX = 14
_LINK = re.compile(r'^_?[A-Z_]*PAGE = "([^"{}]+)"', re.MULTILINE)
"""A link's label, where it is declared."""
_SPEAKERS = tuple(speaker for speaker in Speaker if speaker != Speaker.ANYONE)
_NO_LABELS = {
    "不通过": "a decision of a reviewer",
    "专家常态征集": "a campaign of Hunan's",
    "其他": "an option of a list",
    "参加": "an answer to an open invitation",
    "不参加": "an answer to an open invitation",
    "取消": "ends the open talk",
    "删除": "a button beside each file",
    "位置": "a button of WeChat",
    "已存": "a sign of the examination page",
    "未存": "a sign of the examination page",
    "待参与续聘": "a state of Hunan's",
    "重发": "an answer to the question for a code",
    "换号": "an answer to the question for a code",
    "重新写": "an answer to a text that is read back",
    "跳过": "an answer to the question for files",
    "政采云平台": "a platform of others",
    "新疆建设工程招标投标协会": "an association",
}
"""What stands in quotation marks without being the label of a page or button of ours, and what it is."""


def _labels_in(text: str) -> list[str]:
    return [label for label in _QUOTED.findall(text) if 2 <= len(label) <= _LABEL_MAX]


def _quoted() -> Iterator[str]:
    for path in _SOURCES:
        yield from _labels_in(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def router() -> Router:
    router = Router()
    register_all(router)
    return router


def _find_mute(router: Router, labels: Iterable[str], speakers: Iterable[Speaker] = _SPEAKERS) -> list[str]:
    """Those that nobody of the speakers can type."""
    meanings, speakers = Meanings(cast(Any, None), SHIPPED_INTENTS), tuple(speakers)
    return [
        label
        for label in sorted(labels)
        if router.find_keyword(label) is None
        and not any(meanings.understand([speaker], label).is_sure for speaker in speakers)
    ]


def test_quoted_labels_are_understood_when_they_are_typed(router: Router) -> None:
    labels = set(_quoted()) - set(_NO_LABELS)
    assert len(labels) > 60
    assert _find_mute(router, labels) == []


def test_labels_of_links_are_understood_when_they_are_typed(router: Router) -> None:
    declared = {label for path in _SOURCES for label in _LINK.findall(path.read_text(encoding="utf-8"))}
    pages = {intent.page[0] for intent in SHIPPED_INTENTS.intents.values() if intent.page is not None}
    labels = {label for label in declared | pages if len(label) <= _LABEL_MAX}
    assert len(labels) > 60
    assert _find_mute(router, labels) == []


def test_what_is_no_label_is_still_quoted() -> None:
    assert set(_NO_LABELS) - set(_quoted()) == set()


def test_an_article_quotes_what_its_readers_can_type(router: Router) -> None:
    for intent in SHIPPED_INTENTS.intents.values():
        readers = [speaker for speaker in _SPEAKERS if intent.may_be_of([speaker])]
        assert _find_mute(router, set(_labels_in(intent.answer)) - set(_NO_LABELS), readers) == [], intent.id


def test_a_label_means_what_the_readers_role_does_with_it() -> None:
    meanings = Meanings(cast(Any, None), SHIPPED_INTENTS)
    for speaker, meant in ((Speaker.AGENCY, "draw_withdraw"), (Speaker.APPLICANT, "withdraw_application")):
        assert meanings.understand([speaker], "撤回申请").intents == (meant,)
    for speaker, meant in ((Speaker.AGENCY, "draw_withdraw"), (Speaker.EXPERT, "pause")):
        assert meanings.understand([speaker], "暂停抽取").intents == (meant,)
