"""Paraphrases of a pool, as every message that the model doesn't surely understand is compared with them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.understanding.decision import SentenceMeaning
from domain.understanding.intents import Speaker
from domain.understanding.paraphrases import Paraphrase, find_meaning
from domain.understanding.scrubbing import mask_personal
from services.core.base import Deps, rows
from services.understanding.meanings import IntentSource

CACHED_FOR = timedelta(seconds=30)
"""How long a process uses what it has read: so long another process may not know a new paraphrase."""
COMPARED = 2_000
"""The newest paraphrases of a pool; the office adds no more than these."""
_NEWEST = "SELECT sentence, intent FROM intent_paraphrase WHERE pool = $1 ORDER BY at DESC LIMIT $2"


@dataclass(frozen=True)
class Paraphrases:
    deps: Deps
    source: IntentSource
    _cached: dict[str, tuple[datetime, tuple[Paraphrase, ...]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """When they were read, and the paraphrases, by pool."""

    async def refine(
        self, pool: str, speakers: Collection[Speaker], sentence: str, meaning: SentenceMeaning
    ) -> SentenceMeaning:
        """The meaning that the pool's paraphrases give to a sentence; ``meaning``, the model's, where that is sure or
        none of them is nearly equal."""
        if meaning.is_sure:
            return meaning
        paraphrases = await self._read(pool)
        return find_meaning(paraphrases, self.source.intents, speakers, mask_personal(sentence), meaning)

    def forget(self, pool: str) -> None:
        """Read the pool's paraphrases again before the next comparison in this process, since they have changed."""
        self._cached.pop(pool, None)

    async def _read(self, pool: str) -> tuple[Paraphrase, ...]:
        now = self.deps.now()
        read_at, paraphrases = self._cached.get(pool, (None, ()))
        if read_at is None or not read_at <= now < read_at + CACHED_FOR:
            paraphrases = tuple(
                [Paraphrase(row["sentence"], row["intent"]) for row in await rows(_NEWEST, pool, COMPARED)]
            )
            self._cached[pool] = now, paraphrases
        return paraphrases
