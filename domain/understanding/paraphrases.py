"""Sentences that the office has given a meaning, and what a new sentence means that is nearly one of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from domain.understanding.decision import OFFERED, SentenceMeaning
from domain.understanding.intents import Intent, Speaker, plain
from domain.understanding.model import buckets_of

NEARLY_EQUAL = 0.75
"""Jaccard similarity of the n-grams from which a sentence counts as a paraphrase."""


@dataclass(frozen=True)
class Paraphrase:
    """``intent_id``: what it means."""

    sentence: str
    intent_id: str

    @cached_property
    def plain(self) -> str:
        return plain(self.sentence)

    @cached_property
    def buckets(self) -> frozenset[int]:
        return frozenset(buckets_of(self.sentence))


def find_nearest(paraphrases: Iterable[Paraphrase], sentence: str) -> Paraphrase | None:
    """The most similar one that is nearly equal, of equally similar ones the first; None without any."""
    buckets = buckets_of(sentence)
    nearest, highest = None, 0.0
    for paraphrase in paraphrases:
        similarity = _jaccard(paraphrase.buckets, buckets)
        if similarity >= NEARLY_EQUAL and similarity > highest:
            nearest, highest = paraphrase, similarity
    return nearest


def _jaccard(first: frozenset[int], second: set[int]) -> float:
    common = len(first & second)
    return common / (len(first) + len(second) - common)


def find_meaning(
    paraphrases: Iterable[Paraphrase],
    intents: Mapping[str, Intent],
    speakers: Iterable[Speaker],
    sentence: str,
    unsure: SentenceMeaning,
) -> SentenceMeaning:
    """What the nearest paraphrase makes of a sentence whose meaning is ``unsure``.

    Sure for what is no act. An act begins by the very sentence only: for a similar one it is offered, before what was
    offered without it. Paraphrases of intents that such a person doesn't mean count only for a guest, who may be
    anybody.
    """
    speakers = frozenset(speakers)
    meant = [each for each in paraphrases if _may_mean(intents.get(each.intent_id), speakers)]
    nearest = find_nearest(meant, sentence)
    if nearest is None:
        return unsure
    intent_id = nearest.intent_id
    if not intents[intent_id].is_act or nearest.plain == plain(sentence):
        return SentenceMeaning((intent_id,), is_sure=True)
    others = [each for each in unsure.intents if each != intent_id]
    return SentenceMeaning((intent_id, *others)[:OFFERED])


def _may_mean(intent: Intent | None, speakers: frozenset[Speaker]) -> bool:
    return intent is not None and (Speaker.GUEST in speakers or intent.may_be_of(speakers))
