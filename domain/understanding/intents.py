"""Intents of the chat: what persons may mean, how they write it, and what answers them.

``config/intents/*.toml`` declares them in tables of this form; the sentences of each stand beside them, in the folder
``sentences`` (``sentences.py``)::

    [missed_call]
    title = "没接到电话"            # what a tap shows that offers it
    who = ["expert"]               # Speaker; "anyone" for all

    [photo_rules]
    title = "照片要求"
    who = ["applicant"]
    answer = "…"                   # an article; a question of the pool's help.faq that means the same replaces it
    page = ["照片要求", "/h5/{pool}/apply"]
    taps = ["申报", "资料下载"]      # words of the chat offered below it
    labels = ["照片说明"]            # names of pages and buttons of ours that mean it, typed exactly

    [status]
    title = "审核进度"
    who = ["applicant", "expert"]
    word = "进度"                   # answered as this word of the chat is

    [leave]
    title = "请假"
    who = ["expert"]
    needs = ["请假", "来不了"]       # it begins an act: a sentence without any of these is asked back
    excludes = ["取消", "不是请假"]   # and so is one with any of these

An intent without ``word`` and ``answer`` is answered by the handler that is registered for its id.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

UNKNOWN: Final = ""
"""Stands for no intent at all."""
_KEYS = {"title", "who", "word", "answer", "page", "taps", "labels", "needs", "excludes"}


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
    word: str = ""
    answer: str = ""
    """May hold {hotline}, {hours} and {pool}, the name of the pool."""
    page: tuple[str, str] | None = None
    """Label, and path with {pool}."""
    taps: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    """Its title, and names of pages and buttons that mean it, as ``plain`` writes them."""
    needs: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()

    @property
    def is_act(self) -> bool:
        return bool(self.needs)

    def may_be_of(self, speakers: Iterable[Speaker]) -> bool:
        return Speaker.ANYONE in self.who or not self.who.isdisjoint(speakers)

    def names_its_act(self, sentence: str) -> bool:
        """Whether the sentence contains one of the act's own words, and none of those that reverse it; True for what is
        no act."""
        text = plain(sentence)
        return not self.needs or (
            any(word in text for word in self.needs) and not any(word in text for word in self.excludes)
        )


class BadIntents(ValueError):
    """``faults``: all that is wrong with the files, one sentence each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def read_intents(files: Mapping[str, Mapping[str, Any]]) -> dict[str, Intent]:
    """Read the parsed declarations, by name of file. Raises BadIntents with all faults."""
    faults: list[str] = []
    intents: dict[str, Intent] = {}
    for name, tables in files.items():
        for intent_id, table in tables.items():
            if intent_id in intents:
                faults.append(f"{name}: the intent {intent_id} stands twice")
            intent = _read_intent(intent_id, table, name, faults)
            if intent is not None:
                faults += _find_ambiguous_labels(intent, intents.values(), name)
                intents[intent_id] = intent
    if faults:
        raise BadIntents(faults)
    return intents


def _read_intent(intent_id: str, table: Mapping[str, Any], file: str, faults: list[str]) -> Intent | None:
    """None for a table that can't be read."""
    try:
        if strange := set(table) - _KEYS:
            faults.append(f"{file}: {', '.join(sorted(strange))} in {intent_id}")
        label, path = table.get("page", ("", ""))
        intent = Intent(
            intent_id,
            table["title"],
            frozenset(map(Speaker, table["who"])),
            table.get("word", ""),
            table.get("answer", ""),
            (label, path) if label else None,
            tuple(table.get("taps", ())),
            tuple(map(plain, (table["title"], *table.get("labels", ())))),
            tuple(map(plain, table.get("needs", ()))),
            tuple(map(plain, table.get("excludes", ()))),
        )
    except (KeyError, TypeError, ValueError) as error:
        faults.append(f"{file}: {intent_id}: {error!r}")
        return None
    if intent.word and intent.answer:
        faults.append(f"{file}: {intent_id} has both a word and an answer")
    if intent.excludes and not intent.needs:
        faults.append(f"{file}: {intent_id} excludes words, but needs none")
    if not intent.answer and (intent.page or intent.taps):
        faults.append(f"{file}: {intent_id} has page or taps without an answer")
    return intent


def _find_ambiguous_labels(intent: Intent, others: Iterable[Intent], file: str) -> list[str]:
    return [
        f"{file}: the label {label} of {intent.id} is one of {other.id} too"
        for other in others
        if other.id != intent.id
        for label in intent.labels
        if label in other.labels and (other.may_be_of(intent.who) or intent.may_be_of(other.who))
    ]


def find_labelled(intents: Iterable[Intent], speakers: Collection[Speaker], sentence: str) -> Intent | None:
    """The intent that such a person means by one of its labels, typed as it is read."""
    label = plain(sentence)
    return next((intent for intent in intents if label in intent.labels and intent.may_be_of(speakers)), None)


def plain(sentence: str) -> str:
    """Without width, case, blanks and punctuation; sentences that differ by nothing else are one."""
    folded = unicodedata.normalize("NFKC", sentence).casefold()
    return "".join(filter(str.isalnum, folded)) or folded.strip()
