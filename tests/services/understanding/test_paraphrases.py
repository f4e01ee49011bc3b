"""Paraphrases as the chat compares sentences with them: read once in a while, by every process on its own."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.understanding.decision import SentenceMeaning
from domain.understanding.intents import Speaker
from services.core.base import Actor, Deps
from services.understanding import Misunderstood, ParaphraseEditing, Paraphrases
from services.understanding.paraphrases import CACHED_FOR
from tests.drivers.statements import count_statements
from tests.services.understanding.conftest import FewIntents

pytestmark = pytest.mark.usefixtures("db")
NOTHING = SentenceMeaning()
CANTEEN = SentenceMeaning(("canteen",), is_sure=True)


async def refine(
    paraphrases: Paraphrases, sentence: str = "食堂在几楼", pool: str = "demo", meaning: SentenceMeaning = NOTHING
) -> SentenceMeaning:
    return await paraphrases.refine(pool, [Speaker.EXPERT], sentence, meaning)


async def test_what_the_office_has_decided_holds_at_once_here_and_soon_elsewhere(
    editing: ParaphraseEditing,
    paraphrases: Paraphrases,
    admin: Actor,
    deps: Deps,
    source: FewIntents,
    clock: FixedClock,
) -> None:
    elsewhere = Paraphrases(deps, source)
    assert (await refine(paraphrases), await refine(elsewhere)) == (NOTHING, NOTHING)
    await editing.add(admin, "食堂在几楼", "canteen")
    assert (await refine(paraphrases), await refine(elsewhere)) == (CANTEEN, NOTHING)
    assert await refine(paraphrases, pool="guangdong") == NOTHING
    clock.move(CACHED_FOR)
    assert await refine(elsewhere) == CANTEEN
    [view] = (await editing.page(admin)).items
    await editing.undo(admin, view.id)
    assert await refine(paraphrases) == NOTHING


async def test_a_sentence_with_another_name_means_the_same(
    editing: ParaphraseEditing, misunderstood: Misunderstood, paraphrases: Paraphrases, admin: Actor
) -> None:
    """The office has read it without the name."""
    assert await misunderstood.record("demo", [Speaker.EXPERT], "我叫王小红，手机13800138000，在哪里吃饭", (), "w1")
    [view] = (await misunderstood.page(admin, "open")).items
    await editing.assign(admin, view.id, "canteen")
    assert await refine(paraphrases, "我叫欧阳建国，手机 139 0013 9000，在哪里吃饭") == CANTEEN


async def test_a_sure_meaning_stays_and_nothing_is_read(paraphrases: Paraphrases) -> None:
    sure = SentenceMeaning(("parking",), is_sure=True)
    with count_statements() as statements:
        assert await refine(paraphrases, meaning=sure) == sure
    assert len(statements) == 0


async def test_they_are_read_once_in_a_while(paraphrases: Paraphrases, clock: FixedClock) -> None:
    with count_statements() as statements:
        for _ in range(5):
            await refine(paraphrases)
            clock.move(timedelta(seconds=5))
    assert len(statements) == 1
    clock.move(CACHED_FOR)
    with count_statements() as statements:
        await refine(paraphrases)
    assert len(statements) == 1
