"""From the scores of a sentence to what is done: answered, asked back, or admitted not to be understood."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from domain.understanding.intents import UNKNOWN, Intent, Speaker

SURE = 0.55
"""Probability from which a question is answered at once."""
SURE_OF_AN_ACT = 0.9
"""The same for what begins an act; its words must stand in the sentence besides."""
WORTH_OFFERING = 0.07
"""Probability from which an intent is among those that are asked back."""
UNDERSTOOD = 0.30
"""Probability of all offered intents together, below which nothing is offered."""
OFFERED = 3
SMALL_TALK: Final = frozenset({"greeting", "capabilities"})
"""Answered if they are surely meant; offering them would be silly."""
UNLIKELY = 3.0
"""What the score of an intent loses that such a person hardly means."""


@dataclass(frozen=True)
class SentenceMeaning:
    """``intents``: ids, the likeliest first; exactly one if ``is_sure``, none if the sentence wasn't understood."""

    intents: tuple[str, ...] = ()
    is_sure: bool = False


def split_candidates(intents: Collection[Intent], speakers: Collection[Speaker]) -> tuple[list[Intent], list[Intent]]:
    """The intents that such a person may mean, and those that he hardly means: a guest may be anybody who has not bound
    yet, so that all others are among them; of anybody else none is."""
    likely = [intent for intent in intents if intent.may_be_of(speakers)]
    if Speaker.GUEST not in speakers:
        return likely, []
    return likely, [intent for intent in intents if not intent.may_be_of(speakers)]


def rank(scores: Mapping[str, float], likely: Iterable[Intent], unlikely: Iterable[Intent] = ()) -> dict[str, float]:
    """Probabilities by id of intent and of UNKNOWN, the highest first; they add up to 1.

    ``likely`` are the intents that such a person may mean, ``unlikely`` those that he hardly means. Intents without a
    score are left out.
    """
    listed = {UNKNOWN: scores[UNKNOWN]}
    listed |= {intent.id: scores[intent.id] for intent in likely if intent.id in scores}
    listed |= {intent.id: scores[intent.id] - UNLIKELY for intent in unlikely if intent.id in scores}
    highest = max(listed.values())
    powers = {intent_id: math.exp(score - highest) for intent_id, score in listed.items()}
    total = sum(powers.values())
    return {intent_id: powers[intent_id] / total for intent_id in sorted(powers, key=lambda each: -powers[each])}


def decide(ranked: Mapping[str, float], intents: Mapping[str, Intent], sentence: str) -> SentenceMeaning:
    """``ranked`` as of ``rank``; ``intents`` by id."""
    best_id = next(iter(ranked))
    if best_id == UNKNOWN:
        return SentenceMeaning()
    best = intents[best_id]
    needed = SURE_OF_AN_ACT if best.is_act else SURE
    if ranked[best_id] >= needed and best.names_its_act(sentence):
        return SentenceMeaning((best_id,), is_sure=True)
    worth = [each for each in ranked if each != UNKNOWN and ranked[each] >= WORTH_OFFERING]
    offered = [each for each in worth if each not in SMALL_TALK][:OFFERED]
    if sum(ranked[each] for each in offered) < UNDERSTOOD:
        return SentenceMeaning()
    return SentenceMeaning(tuple(offered))
