"""Intents of the chat: what persons may mean, with sentences as they write them. Data: ``config/intents/*.toml``.

A file holds tables of this form, and no key besides::

    [[intent]]
    id = "missed_call"
    title = "没接到电话"           # what a tap shows that offers it
    who = ["expert"]              # Speaker; "anyone" for all
    paraphrases = ["没接到你们的电话", …]
    unlike = [["电话没接到，算拒绝吗", "leave_rules"], …]   # similar sentences, and what they mean

``unlike`` protects what loses something: its sentences never lead to the intent in whose table they stand. An empty id
there means none at all, as do the ``sentences`` of ``unknown.toml``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

UNKNOWN_FILE = "unknown.toml"
PARAPHRASES_MIN = 20
"""Fewer can't be learned from."""
_KEYS = {"id", "title", "who", "paraphrases", "unlike"}


class Speaker(StrEnum):
    """Who writes; a person may be several."""

    ANYONE = "anyone"
    GUEST = "guest"
    """Not bound to an account."""
    APPLICANT = "applicant"
    EXPERT = "expert"
    AGENCY = "agency"
    """An agency's or a tenderer's clerk."""
    STAFF = "staff"
    """Reviewers, verifiers, venues, supervisors and the office."""


@dataclass(frozen=True)
class Intent:
    id: str
    title: str
    who: frozenset[Speaker]
    paraphrases: tuple[str, ...]
    unlike: tuple[tuple[str, str], ...] = ()
    """Sentences, each with the id of the intent that it means; an empty id for none."""

    def may_be_of(self, speakers: Iterable[Speaker]) -> bool:
        return Speaker.ANYONE in self.who or not self.who.isdisjoint(speakers)


@dataclass(frozen=True)
class IntentCatalogue:
    intents: Mapping[str, Intent]
    """By id."""
    unknown: tuple[str, ...]
    """Sentences that mean no intent."""


class BadIntents(ValueError):
    """``faults``: all that is wrong with the files, one sentence each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def read_intents(files: Mapping[str, Mapping[str, Any]]) -> IntentCatalogue:
    """Read the parsed contents of all files, by name. Raises BadIntents with all faults."""
    faults: list[str] = []
    intents: dict[str, Intent] = {}
    unknown: tuple[str, ...] = ()
    for name, content in files.items():
        if name == UNKNOWN_FILE:
            unknown = tuple(content.get("sentences", ()))
            continue
        for table in content.get("intent", ()):
            intent = _read_intent(table, name, faults)
            if intent is not None and intent.id in intents:
                faults.append(f"{name}: the intent {intent.id} stands twice")
            elif intent is not None:
                intents[intent.id] = intent
    faults += find_contradictions(intents.values(), unknown)
    if faults:
        raise BadIntents(faults)
    return IntentCatalogue(intents, unknown)


def _read_intent(table: Mapping[str, Any], file: str, faults: list[str]) -> Intent | None:
    """None for a table that can't be read."""
    if strange := set(table) - _KEYS:
        faults.append(f"{file}: {', '.join(sorted(strange))} in {table.get('id')}")
    try:
        intent = Intent(
            table["id"],
            table["title"],
            frozenset(map(Speaker, table["who"])),
            tuple(table["paraphrases"]),
            tuple((sentence, meant) for sentence, meant in table.get("unlike", ())),
        )
    except (KeyError, TypeError, ValueError) as error:
        faults.append(f"{file}: {table.get('id')}: {error!r}")
        return None
    if len(intent.paraphrases) < PARAPHRASES_MIN:
        faults.append(f"{file}: {intent.id} has {len(intent.paraphrases)} paraphrases, fewer than {PARAPHRASES_MIN}")
    return intent


def find_contradictions(intents: Iterable[Intent], unknown: Iterable[str]) -> list[str]:
    """Sentences that say the same, but mean two things, each named with both; and ``unlike`` of an unknown intent."""
    listed = list(intents)
    meanings: dict[str, tuple[str, str]] = {}
    faults = []
    sentences = [(sentence, intent.id) for intent in listed for sentence in intent.paraphrases]
    for sentence, meant in [*sentences, *((sentence, "") for sentence in unknown)]:
        first, other = meanings.setdefault(plain(sentence), (sentence, meant))
        if other != meant:
            faults.append(f"{first} ({other or 'unknown'}) and {sentence} ({meant or 'unknown'}) are one sentence")
    ids = {intent.id for intent in listed}
    for intent in listed:
        for sentence, meant in intent.unlike:
            if meant and meant not in ids:
                faults.append(f"{intent.id}: {sentence} means {meant}, which is no intent")
            if meanings.get(plain(sentence), ("", ""))[1] == intent.id:
                faults.append(f"{intent.id}: {sentence} stands both among its paraphrases and its opposites")
    return faults


def plain(sentence: str) -> str:
    """Without width, case, blanks and punctuation; sentences that differ by nothing else are one."""
    folded = unicodedata.normalize("NFKC", sentence).casefold()
    return "".join(filter(str.isalnum, folded)) or folded.strip()
