"""Sentences that persons write, by intent: what the classifier learns from.

A file of ``config/intents/sentences/`` holds tables of this form, and no key besides::

    [missed_call]
    paraphrases = ["没接到你们的电话", …]

    [leave]
    paraphrases = ["明天去不了了", …]
    unlike = [["电话没接到，算拒绝吗", "leave_rules"], …]   # similar sentences, and what they mean

``unlike`` protects what loses something: its sentences never lead to the intent in whose table they stand. An empty id
there means none at all, as do the ``sentences`` of ``unknown.toml``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from domain.understanding.intents import UNKNOWN, BadIntents, plain

UNKNOWN_FILE = "unknown.toml"
PARAPHRASES_MIN = 20
"""Fewer can't be learned from."""
_KEYS = {"paraphrases", "unlike"}


@dataclass(frozen=True)
class IntentSentences:
    paraphrases: tuple[str, ...]
    unlike: tuple[tuple[str, str], ...] = ()
    """Sentences, each with the id of the intent that it means; UNKNOWN for none."""


@dataclass(frozen=True)
class Sentences:
    by_intent: Mapping[str, IntentSentences]
    unknown: tuple[str, ...]
    """Sentences that mean no intent."""

    def labelled(self) -> list[tuple[str, str]]:
        """Every sentence once, with the id of the intent that it means, or UNKNOWN."""
        meant = [(text, intent_id) for intent_id, own in self.by_intent.items() for text in own.paraphrases]
        opposites = [pair for own in self.by_intent.values() for pair in own.unlike]
        listed = [*meant, *((text, UNKNOWN) for text in self.unknown), *opposites]
        return list({plain(text): (text, intent_id) for text, intent_id in listed}.values())


def read_sentences(files: Mapping[str, Mapping[str, Any]], intents: Iterable[str]) -> Sentences:
    """Read the parsed files, by name. Raises BadIntents with all faults: unreadable, too few, contradictory, or not of
    exactly these intents."""
    faults: list[str] = []
    by_intent: dict[str, IntentSentences] = {}
    unknown: tuple[str, ...] = ()
    for name, content in files.items():
        if name == UNKNOWN_FILE:
            unknown = tuple(content.get("sentences", ()))
            continue
        for intent_id, table in content.items():
            if intent_id in by_intent:
                faults.append(f"{name}: the intent {intent_id} stands twice")
            own = _read_own(intent_id, table, name, faults)
            if own is not None:
                by_intent[intent_id] = own
    expected = set(intents)
    faults += [f"{intent_id} has no sentences" for intent_id in sorted(expected - set(by_intent))]
    faults += [f"{intent_id} is no intent" for intent_id in sorted(set(by_intent) - expected)]
    sentences = Sentences(by_intent, unknown)
    faults += find_contradictions(sentences)
    if faults:
        raise BadIntents(faults)
    return sentences


def _read_own(intent_id: str, table: Mapping[str, Any], file: str, faults: list[str]) -> IntentSentences | None:
    """None for a table that can't be read."""
    try:
        if strange := set(table) - _KEYS:
            faults.append(f"{file}: {', '.join(sorted(strange))} in {intent_id}")
        own = IntentSentences(
            tuple(table["paraphrases"]), tuple((sentence, meant) for sentence, meant in table.get("unlike", ()))
        )
    except (KeyError, TypeError, ValueError) as error:
        faults.append(f"{file}: {intent_id}: {error!r}")
        return None
    if len(own.paraphrases) < PARAPHRASES_MIN:
        faults.append(f"{file}: {intent_id} has {len(own.paraphrases)} paraphrases, fewer than {PARAPHRASES_MIN}")
    return own


def find_contradictions(sentences: Sentences) -> list[str]:
    """Sentences that say the same, but mean two things, each named with both; and ``unlike`` of an unknown intent."""
    meanings: dict[str, tuple[str, str]] = {}
    faults = []
    listed = [(text, intent_id) for intent_id, own in sentences.by_intent.items() for text in own.paraphrases]
    for sentence, meant in [*listed, *((text, UNKNOWN) for text in sentences.unknown)]:
        first, other = meanings.setdefault(plain(sentence), (sentence, meant))
        if other != meant:
            faults.append(f"{first} ({other or 'unknown'}) and {sentence} ({meant or 'unknown'}) are one sentence")
    for intent_id, own in sentences.by_intent.items():
        for sentence, meant in own.unlike:
            first, other = meanings.setdefault(plain(sentence), (sentence, meant))
            if meant and meant not in sentences.by_intent:
                faults.append(f"{intent_id}: {sentence} means {meant}, which is no intent")
            if other == intent_id:
                faults.append(f"{intent_id}: {sentence} stands both among its paraphrases and its opposites")
            elif other != meant:
                faults.append(f"{first} ({other or 'unknown'}) and {sentence} ({meant or 'unknown'}) are one sentence")
    return faults
