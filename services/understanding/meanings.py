"""Finds what a sentence means, and the article that answers an intent in a pool."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from domain.understanding.decision import SentenceMeaning, decide, rank, split_candidates
from domain.understanding.intents import UNKNOWN, Intent, Speaker, find_labelled
from domain.understanding.model import LinearModel
from domain.understanding.sentences import Sentences
from services.core.base import Deps
from services.core.permissions import AGENCY, APPLICANT


def speaker_of(role: str) -> Speaker:
    """As whom a person writes who works in this role."""
    if role in AGENCY:
        return Speaker.AGENCY
    return Speaker(role) if role == "guest" or role in APPLICANT else Speaker.STAFF


class IntentSource(Protocol):
    """The files of intents, read when they are first asked for."""

    @property
    def intents(self) -> Mapping[str, Intent]: ...

    @property
    def model(self) -> LinearModel | None:
        """None while it can't be read: then no sentence is understood."""

    def read_sentences(self) -> Sentences:
        """All shipped sentences. Reads files for half a second of CPU: only in a thread. Raises BadIntents."""


@dataclass(frozen=True)
class IntentArticle:
    """``page``: label and path, or None. ``taps``: words of the chat offered with it."""

    text: str
    page: tuple[str, str] | None
    taps: tuple[str, ...]


@dataclass(frozen=True)
class Suggestion:
    """What a searched text may mean. ``text`` is empty where only the chat answers, by the person's own state: to
    ``title``, typed there."""

    title: str
    text: str
    page: tuple[str, str] | None


@dataclass(frozen=True)
class Meanings:
    deps: Deps
    source: IntentSource
    _questions: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)
    """The intent that each frequently asked question means: they are few, and change seldom."""

    def understand(self, speakers: Collection[Speaker], sentence: str) -> SentenceMeaning:
        """What a person of these kinds means by it; without a model only labels are understood."""
        model, intents = self.source.model, self.source.intents
        if (labelled := self.find_labelled(speakers, sentence)) is not None:
            return SentenceMeaning((labelled.id,), is_sure=True)
        if model is None:
            return SentenceMeaning()
        scores = dict(zip(model.labels, model.score(sentence), strict=True))
        return decide(rank(scores, *split_candidates(intents.values(), speakers)), intents, sentence)

    def guess(self, speakers: Collection[Speaker], sentence: str) -> str:
        """The id of the likeliest intent that such a person may mean, however unlikely; empty without a model."""
        model, intents = self.source.model, self.source.intents
        if model is None:
            return ""
        scores = dict(zip(model.labels, model.score(sentence), strict=True))
        likely = [each for each in intents.values() if Speaker.GUEST in speakers or each.may_be_of(speakers)]
        return next((each for each in rank(scores, likely) if each != UNKNOWN), "")

    def list_intents(self) -> Collection[Intent]:
        """All of this release."""
        return self.source.intents.values()

    def find(self, intent_id: str) -> Intent | None:
        """None for an intent that this release doesn't know."""
        return self.source.intents.get(intent_id)

    def article(self, pool: str, intent: Intent) -> IntentArticle:
        """The pool's own answer, else the one that all pools share."""
        book = self.deps.book(pool)
        text = self.own_answer(pool, intent) or intent.answer.format(
            hotline=book.pool.hotline, hours=book.help.hours, pool=book.pool.name
        )
        page = None
        if intent.page is not None:
            label, path = intent.page
            page = label, path.format(pool=pool)
        return IntentArticle(text, page, intent.taps)

    def find_labelled(self, speakers: Collection[Speaker], text: str) -> Intent | None:
        """The intent that such a person means by the text, if that is a title or the label of a page or button."""
        return find_labelled(self.source.intents.values(), speakers, text)

    def suggest(self, pool: str, speakers: Collection[Speaker], sentence: str) -> tuple[Suggestion, ...]:
        """For a search on a page: up to three intents, the likeliest first."""
        intents = map(self.find, self.understand(speakers, sentence).intents)
        return tuple(self._suggestion(pool, intent) for intent in intents if intent is not None)

    def _suggestion(self, pool: str, intent: Intent) -> Suggestion:
        if not intent.answer:
            return Suggestion(intent.title, self.own_answer(pool, intent), None)
        article = self.article(pool, intent)
        return Suggestion(intent.title, article.text, article.page)

    def own_answer(self, pool: str, intent: Intent) -> str:
        """The answer of the pool's first frequently asked question that surely means this intent; empty without one."""
        questions = self.deps.book(pool).help.faq
        return next((each.answer for each in questions if self._find_meant(each.question) == intent.id), "")

    def _find_meant(self, question: str) -> str:
        """The intent that anybody who asks so surely means; UNKNOWN without one."""
        if question not in self._questions:
            meaning = self.understand([Speaker.GUEST], question)
            self._questions[question] = meaning.intents[0] if meaning.is_sure else UNKNOWN
        return self._questions[question]
