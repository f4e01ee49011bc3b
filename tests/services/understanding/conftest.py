"""A few intents with their sentences, in place of the shipped ones, and an administrator."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from domain.understanding.intents import Intent, Speaker
from domain.understanding.model import LinearModel
from domain.understanding.sentences import IntentSentences, Sentences
from services.core.base import Actor, Deps
from services.understanding import Meanings, Misunderstood, ParaphraseEditing, Paraphrases
from tests.factories.people import make_account

INTENTS = {
    "parking": Intent("parking", "停车", frozenset({Speaker.EXPERT})),
    "canteen": Intent("canteen", "用餐", frozenset({Speaker.ANYONE})),
    "leave": Intent("leave", "请假", frozenset({Speaker.EXPERT}), needs=("来不了", "请假"), excludes=("规定",)),
}
SENTENCES = Sentences(
    {
        "parking": IntentSentences(("停车场在哪里",)),
        "canteen": IntentSentences(("中午管饭吗",)),
        "leave": IntentSentences(("明天来不了",), unlike=(("来不了会怎样", ""), ("来不了能点外卖吗", "canteen"))),
    },
    unknown=("今天天气怎么样",),
)


@dataclass
class FewIntents:
    """``read_in``: the threads in which the sentences were read."""

    intents: Mapping[str, Intent] = field(default_factory=lambda: INTENTS)
    model: LinearModel | None = None
    read_in: list[threading.Thread] = field(default_factory=list)

    def read_sentences(self) -> Sentences:
        self.read_in.append(threading.current_thread())
        return SENTENCES


@pytest.fixture
def source() -> FewIntents:
    return FewIntents()


@pytest.fixture
def misunderstood(deps: Deps, source: FewIntents) -> Misunderstood:
    return Misunderstood(deps, Meanings(deps, source))


@pytest.fixture
def paraphrases(deps: Deps, source: FewIntents) -> Paraphrases:
    return Paraphrases(deps, source)


@pytest.fixture
def editing(deps: Deps, source: FewIntents, paraphrases: Paraphrases) -> ParaphraseEditing:
    return ParaphraseEditing(deps, source, paraphrases)


@pytest.fixture
async def admin(db: str, deps: Deps) -> Actor:
    return Actor("demo", "pool_admin", (await make_account(deps, real_name="王管理")).id)
