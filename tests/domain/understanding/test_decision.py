"""What is done with the scores of a sentence."""

from __future__ import annotations

import math

import pytest

from domain.understanding.decision import (
    OFFERED,
    SURE,
    SURE_OF_AN_ACT,
    UNLIKELY,
    SentenceMeaning,
    decide,
    rank,
    split_candidates,
)
from domain.understanding.intents import UNKNOWN, Intent, Speaker

EXPERT = frozenset({Speaker.EXPERT})
PLACE, TIME, LATE = (Intent(name, name, EXPERT) for name in ("place", "time", "late"))
LEAVE = Intent("leave", "请假", EXPERT, needs=("请假",))
INTENTS = {intent.id: intent for intent in (PLACE, TIME, LATE, LEAVE)}


def _ranked(**chances: float) -> dict[str, float]:
    rest = 1 - sum(chances.values())
    return dict(sorted([*chances.items(), (UNKNOWN, rest)], key=lambda pair: -pair[1]))


def test_only_a_guest_may_mean_what_others_mean() -> None:
    fee = Intent("fee", "缴费", frozenset({Speaker.GUEST}))
    assert split_candidates([PLACE, fee], [Speaker.EXPERT]) == ([PLACE], [])
    assert split_candidates([PLACE, fee], [Speaker.GUEST, Speaker.APPLICANT]) == ([fee], [PLACE])


def test_probabilities_add_up_and_the_best_comes_first() -> None:
    ranked = rank({UNKNOWN: 0.0, "place": 2.0, "time": 1.0}, [TIME, PLACE])
    assert list(ranked) == ["place", "time", UNKNOWN]
    assert sum(ranked.values()) == pytest.approx(1)
    assert ranked["place"] / ranked["time"] == pytest.approx(math.e)


def test_only_candidates_are_ranked_and_the_unlikely_need_more() -> None:
    scores = {UNKNOWN: 0.0, "place": UNLIKELY + 1, "time": 2.0, "leave": 99.0}
    assert list(rank(scores, [TIME])) == ["time", UNKNOWN]
    assert list(rank(scores, [TIME], [PLACE])) == ["time", "place", UNKNOWN]


def test_an_intent_that_the_model_does_not_know_is_left_out() -> None:
    assert list(rank({UNKNOWN: 0.0}, [PLACE])) == [UNKNOWN]


@pytest.mark.parametrize(
    ("ranked", "sentence", "meaning"),
    [
        (_ranked(place=SURE), "在哪", SentenceMeaning(("place",), is_sure=True)),
        (_ranked(leave=SURE_OF_AN_ACT), "我请假", SentenceMeaning(("leave",), is_sure=True)),
        (_ranked(leave=SURE_OF_AN_ACT), "我要走", SentenceMeaning(("leave",))),
        (_ranked(leave=SURE_OF_AN_ACT - 0.01), "我请假", SentenceMeaning(("leave",))),
        (_ranked(place=0.4, time=0.3), "在哪", SentenceMeaning(("place", "time"))),
        (_ranked(place=0.51, time=0.01), "在哪", SentenceMeaning(("place",))),
        (_ranked(place=0.3, time=0.25, late=0.2, leave=0.15), "在哪", SentenceMeaning(("place", "time", "late"))),
        (_ranked(place=0.25), "在哪", SentenceMeaning()),
        (_ranked(place=0.1, time=0.1), "在哪", SentenceMeaning()),
        (_ranked(), "在哪", SentenceMeaning()),
    ],
)
def test_a_sentence_is_answered_asked_back_or_not_understood(
    ranked: dict[str, float], sentence: str, meaning: SentenceMeaning
) -> None:
    assert decide(ranked, INTENTS, sentence) == meaning
    assert len(meaning.intents) <= OFFERED
