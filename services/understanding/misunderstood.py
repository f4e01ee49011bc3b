"""Sentences that the chat did not understand: kept without whose they were, and listed for the office."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.clock import local
from domain.errors import Conflict, NotFound
from domain.ids import new_id
from domain.understanding.intents import Speaker, plain
from domain.understanding.scrubbing import scrub
from models.misunderstood import MisunderstoodSentence
from services.core.base import Actor, Deps, Page, record, rows, transaction
from services.core.crypto import TEXT
from services.core.idempotency import once
from services.core.pages import read_page
from services.core.permissions import check
from services.understanding.meanings import Meanings

MISUNDERSTOOD_TTL = timedelta(days=90)
"""A sentence that was not written again so long is deleted."""
KEPT_PER_DAY = 20
"""Sentences of one person a day; more would fill the office's list with one person's words."""
RECURRING = 2
"""How often a sentence was written before it counts as open work of the office."""
HASH_KIND = "misunderstood"
_KEEP = """
WITH counted AS (
  INSERT INTO misunderstood_writer AS w (id, writer_hash, day, count) VALUES ($1, $2, $3, 1)
  ON CONFLICT (writer_hash) DO UPDATE SET count = w.count + 1 WHERE w.count < $4 RETURNING 1)
INSERT INTO misunderstood_sentence AS m
  (id, pool, sentence_hash, sentence_sealed, speakers, offered, count, first_at, last_at, state)
SELECT $5::uuid, $6, $7, $8, $9, $10::text[], 1, $11::timestamptz, $11, 'open' FROM counted
ON CONFLICT (pool, sentence_hash) DO UPDATE SET count = m.count + 1, last_at = excluded.last_at,
  offered = excluded.offered, speakers = (SELECT string_agg(DISTINCT code, ',' ORDER BY code)
    FROM unnest(string_to_array(m.speakers || ',' || excluded.speakers, ',')) AS code)
RETURNING 1
"""


@dataclass(frozen=True)
class SentenceView:
    """``offered``: titles of the intents that were offered for it; ``guess``: the model's best, which may be wrong;
    empty without a model."""

    id: UUID
    sentence: str
    speakers: tuple[Speaker, ...]
    offered: tuple[str, ...]
    guess: str
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class Misunderstood:
    deps: Deps
    meanings: Meanings

    async def record(
        self,
        pool: str,
        speakers: Collection[Speaker],
        sentence: str,
        offered: Collection[str],
        writer: str,
        *,
        key: str | None = None,
    ) -> bool:
        """Keep a sentence that was not understood; False for one that must not be kept, or of a person who has written
        KEPT_PER_DAY today.

        ``offered``: ids of the intents that were asked back. ``writer``: id of the account, or the openid.
        """
        text = scrub(sentence)
        if not text:
            return False

        async def run() -> bool:
            return await self._keep(pool, speakers, text, offered, writer)

        if key is None:
            return await run()
        return await once(owner=f"{HASH_KIND}:{pool}", key=key, deps=self.deps, answer=bool, run=run, request=text)

    async def page(
        self, actor: Actor, state: str, *, least: int = 1, offset: int = 0, limit: int = 10
    ) -> Page[SentenceView]:
        """Sentences in this state (open, dismissed) that were written ``least`` times or more, the most frequent
        first."""
        check(actor, "text.manage")
        listed = await read_page(
            "m.*",
            "m",
            "misunderstood_sentence m WHERE m.pool = $1 AND m.state = $2 AND m.count >= $3",
            "m.count DESC, m.last_at DESC, m.id",
            (actor.pool, state, least),
            offset=offset,
            limit=limit,
        )
        return Page(tuple([self._view(row) for row in listed.rows]), listed.total)

    async def dismiss(self, actor: Actor, sentence_id: UUID) -> None:
        """Put a sentence aside: it means nothing that the chat could answer. Raises NotFound; Conflict for one with a
        meaning."""
        check(actor, "text.manage")
        async with transaction():
            row = await lock_sentence(actor, sentence_id)
            if row.state == "assigned":
                raise Conflict("这句话已经归入，要改请先在已归入中撤销。", code="sentence_assigned")
            row.state = "dismissed"
            await row.save(update_fields=["state"])
            await record(actor, self.deps.now(), "sentence.dismiss", "chat_sentence", row.id)

    async def _keep(
        self, pool: str, speakers: Collection[Speaker], text: str, offered: Collection[str], writer: str
    ) -> bool:
        keys, now = self.deps.keys, self.deps.now()
        day = local(now).date()
        inserted = await rows(
            _KEEP,
            new_id(),
            keys.lookup_hash(f"{HASH_KIND}_writer", f"{day}:{writer}"),
            day,
            KEPT_PER_DAY,
            new_id(),
            pool,
            keys.lookup_hash(HASH_KIND, plain(text)),
            keys.seal(text, TEXT),
            ",".join(sorted(speakers)),
            list(offered),
            now,
        )
        return bool(inserted)

    def _view(self, row: Any) -> SentenceView:
        sentence = self.deps.keys.open_text(row["sentence_sealed"], TEXT)
        speakers = tuple(map(Speaker, filter(None, row["speakers"].split(","))))
        intents = [intent for intent in map(self.meanings.find, row["offered"]) if intent is not None]
        return SentenceView(
            row["id"],
            sentence,
            speakers,
            tuple(intent.title for intent in intents),
            self.meanings.guess(speakers, sentence),
            row["count"],
            row["first_at"],
            row["last_at"],
        )


async def lock_sentence(actor: Actor, sentence_id: UUID) -> MisunderstoodSentence:
    """The row, locked for the transaction under way. Raises NotFound."""
    row = await MisunderstoodSentence.select_for_update().get_or_none(id=sentence_id, pool=actor.pool)
    if row is None:
        raise sentence_unknown()
    return row


def sentence_unknown() -> NotFound:
    return NotFound("没有这句话，请刷新后重试。", code="sentence_unknown")
