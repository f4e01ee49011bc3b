"""The office gives sentences a meaning (归入), and takes it back (撤销)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.errors import AppError, Conflict, InvalidInput, NotFound
from domain.faults import Faults
from domain.understanding.intents import Intent, plain
from domain.understanding.scrubbing import LONGEST, is_clean
from models.misunderstood import IntentParaphrase, MisunderstoodSentence
from services.core.base import Actor, Deps, Page, record, rows, transaction
from services.core.crypto import TEXT
from services.core.limits import advisory_lock
from services.core.pages import read_page
from services.core.permissions import check
from services.core.short_texts import check_text
from services.understanding.meanings import IntentSource
from services.understanding.misunderstood import HASH_KIND, lock_sentence, sentence_unknown
from services.understanding.paraphrases import COMPARED, Paraphrases

_COUNT = "SELECT count(*)::int AS n FROM intent_paraphrase WHERE pool = $1"


@dataclass(frozen=True)
class ParaphraseView:
    """``title``: of the intent, empty where this release lacks it; ``by``: who gave the sentence its meaning."""

    id: UUID
    sentence: str
    intent_id: str
    title: str
    at: datetime
    by: str


@dataclass(frozen=True)
class ParaphraseEditing:
    deps: Deps
    source: IntentSource
    paraphrases: Paraphrases

    async def page(self, actor: Actor, *, offset: int = 0, limit: int = 20) -> Page[ParaphraseView]:
        """All paraphrases of the pool, newest first."""
        check(actor, "text.manage")
        listed = await read_page(
            "p.*, coalesce(a.real_name, '') AS name",
            "p LEFT JOIN account a ON a.id = p.actor_id",
            "intent_paraphrase p WHERE p.pool = $1",
            "p.at DESC, p.id",
            (actor.pool,),
            offset=offset,
            limit=limit,
        )
        return Page(tuple([self._view(row) for row in listed.rows]), listed.total)

    async def assign(self, actor: Actor, sentence_id: UUID, intent_id: str) -> None:
        """Let a misunderstood sentence mean this intent from now on; a second time changes nothing.

        Raises NotFound, InvalidInput and Conflict as ``add`` does.
        """
        check(actor, "text.manage")
        intent = self._intent(intent_id)
        sentence = await self._read_sentence(actor, sentence_id)
        await asyncio.to_thread(self._check_shipped, sentence, intent)
        async with self._lock(actor.pool):
            await self._append(actor, sentence, intent)
            row = await lock_sentence(actor, sentence_id)
            row.state = "assigned"
            await row.save(update_fields=["state"])
        self.paraphrases.forget(actor.pool)

    async def add(self, actor: Actor, sentence: str, intent_id: str) -> None:
        """Let a sentence that the office has typed mean this intent; a second time changes nothing.

        Raises InvalidInput for an empty, too long or personal sentence and for an act that it doesn't name, Conflict
        for one that means something else, with both, NotFound for an unknown intent.
        """
        check(actor, "text.manage")
        faults = Faults()
        text = faults.check(_check_sentence, sentence)
        intent = faults.check(self._intent, intent_id)
        faults.raise_any()
        await asyncio.to_thread(self._check_shipped, text, intent)
        async with self._lock(actor.pool):
            await self._append(actor, text, intent)
            await self._move(actor, text, "open", "assigned")
        self.paraphrases.forget(actor.pool)

    async def undo(self, actor: Actor, paraphrase_id: UUID) -> None:
        """Take the meaning back: the sentence, where it is still kept, waits for the office again. Raises NotFound."""
        check(actor, "text.manage")
        async with self._lock(actor.pool):
            row = await IntentParaphrase.select_for_update().get_or_none(id=paraphrase_id, pool=actor.pool)
            if row is None:
                raise NotFound("这句话已经撤销，请刷新后查看。", code="paraphrase_unknown")
            await row.delete()
            await self._move(actor, row.sentence, "assigned", "open")
            now = self.deps.now()
            await record(actor, now, "paraphrase.remove", "intent_paraphrase", row.id, intent=row.intent)
        self.paraphrases.forget(actor.pool)

    # ---- helpers

    def _intent(self, intent_id: str) -> Intent:
        intent = self.source.intents.get(intent_id)
        if intent is None:
            raise InvalidInput("请选择归入哪个问题。", code="intent_unknown", field="intent")
        return intent

    @asynccontextmanager
    async def _lock(self, pool: str) -> AsyncIterator[None]:
        """A transaction that holds the lock of the pool's paraphrases. Rows of sentences are locked after it."""
        async with transaction():
            await advisory_lock(f"paraphrases:{pool}")
            yield

    async def _read_sentence(self, actor: Actor, sentence_id: UUID) -> str:
        row = await MisunderstoodSentence.get_or_none(id=sentence_id, pool=actor.pool)
        if row is None:
            raise sentence_unknown()
        return self.deps.keys.open_text(row.sentence_sealed, TEXT)

    async def _append(self, actor: Actor, sentence: str, intent: Intent) -> None:
        """Under the lock. Nothing for a paraphrase that exists."""
        _check_act(sentence, intent)
        present = await IntentParaphrase.get_or_none(pool=actor.pool, plain=plain(sentence))
        if present is not None and present.intent != intent.id:
            raise _contradiction(sentence, intent, present.sentence, self._title(present.intent), "已归入")
        if present is not None:
            return
        if (await rows(_COUNT, actor.pool))[0]["n"] >= COMPARED:
            raise Conflict(f"最多归入{COMPARED}句，请先撤销一些不再用的。", code="too_many_paraphrases")
        now = self.deps.now()
        row = await IntentParaphrase.create(
            pool=actor.pool,
            intent=intent.id,
            sentence=sentence,
            plain=plain(sentence),
            at=now,
            actor_id=actor.account_id,
        )
        await record(actor, now, "paraphrase.add", "intent_paraphrase", row.id, intent=intent.id)

    def _check_shipped(self, sentence: str, intent: Intent) -> None:
        """In a thread: it reads and compares all shipped sentences. Raises Conflict."""
        shipped, wanted = self.source.read_sentences(), plain(sentence)
        for intent_id, own in shipped.by_intent.items():
            meanings = [(text, intent_id) for text in own.paraphrases] + [pair for pair in own.unlike if pair[1]]
            for text, meant in meanings:
                if meant != intent.id and plain(text) == wanted:
                    raise _contradiction(sentence, intent, text, self._title(meant), "系统自带的例句，属于")
        if any(plain(text) == wanted for text, _ in shipped.by_intent[intent.id].unlike):
            raise Conflict(
                f"“{sentence}”是系统自带的反例，不能归入“{intent.title}”。请选择别的问题，或忽略这句话。",
                code="unlike",
                field="intent",
            )

    async def _move(self, actor: Actor, sentence: str, before: str, after: str) -> None:
        """The state of the kept sentence, if there is one."""
        sentence_hash = self.deps.keys.lookup_hash(HASH_KIND, plain(sentence))
        kept_sentences = MisunderstoodSentence.filter(pool=actor.pool, sentence_hash=sentence_hash, state=before)
        await kept_sentences.update(state=after)

    def _title(self, intent_id: str) -> str:
        intent = self.source.intents.get(intent_id)
        return intent.title if intent is not None else ""

    def _view(self, row: Any) -> ParaphraseView:
        title = self._title(row["intent"])
        return ParaphraseView(row["id"], row["sentence"], row["intent"], title, row["at"], row["name"] or "管理员")


def _check_sentence(sentence: str) -> str:
    """Raises InvalidInput."""
    text = check_text(sentence, "sentence", "句子", LONGEST, required=True)
    if not is_clean(text):
        message = "句子中不能有号码、网址、姓名或密码，至少两个汉字。请改成别人也会写的话。"
        raise InvalidInput(message, code="personal", field="sentence")
    return text


def _check_act(sentence: str, intent: Intent) -> None:
    """Raises InvalidInput for a sentence that doesn't name the act it would begin."""
    if intent.names_its_act(sentence):
        return
    excluded = [word for word in intent.excludes if word in plain(sentence)]
    reason = f"有“{excluded[0]}”" if excluded else f"没有“{'”“'.join(intent.needs[:4])}”这样的词"
    raise InvalidInput(
        f"“{intent.title}”会直接开始办理，这句话里{reason}，可能不是要办这件事。请选择别的问题，或忽略。",
        code="act_not_named",
        field="intent",
    )


def _contradiction(sentence: str, intent: Intent, other: str, title: str, relation: str) -> AppError:
    return Conflict(
        f"“{sentence}”不能归入“{intent.title}”：“{other}”{relation}“{title}”，一句话只能有一个意思。",
        code="contradiction",
        field="intent",
    )
