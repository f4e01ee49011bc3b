"""Sentences that were not understood: counted, without whose they were, at most so many of a person, and forgotten."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from app.intent_files import SHIPPED_INTENTS
from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, NotFound
from domain.ids import new_id
from domain.understanding.intents import Speaker
from models.accounts import IdempotencyKey
from models.misunderstood import MisunderstoodSentence, MisunderstoodWriter
from services.core.base import Actor, Deps, rows
from services.understanding import MISUNDERSTOOD_TTL, Meanings, Misunderstood, ParaphraseEditing
from services.understanding.misunderstood import KEPT_PER_DAY
from tests.drivers.tables import sums_of_all
from tests.factories.assembly import make_services

pytestmark = pytest.mark.usefixtures("db")
EXPERT = [Speaker.EXPERT]
SENTENCE = "食堂在几楼"


async def record(misunderstood: Misunderstood, sentence: str = SENTENCE, writer: str = "w1", **changed: object) -> bool:
    arguments: dict[str, object] = {"pool": "demo", "speakers": EXPERT, "offered": (), **changed}
    return await misunderstood.record(sentence=sentence, writer=writer, **arguments)  # type: ignore[arg-type]


async def test_the_same_sentence_counts_in_one_row(
    misunderstood: Misunderstood, admin: Actor, clock: FixedClock
) -> None:
    begun = clock.now()
    await record(misunderstood)
    clock.move(timedelta(hours=1))
    await record(
        misunderstood, " 食堂，在几楼？", "w2", speakers=[Speaker.GUEST, Speaker.APPLICANT], offered=["canteen"]
    )
    await record(misunderstood, "电梯在哪里")
    listed = await misunderstood.page(admin, "open")
    assert listed.total == 2
    view = listed.items[0]
    assert (view.sentence, view.count, view.first_at, view.last_at) == (SENTENCE, 2, begun, clock.now())
    assert view.speakers == (Speaker.APPLICANT, Speaker.EXPERT, Speaker.GUEST)
    assert view.offered == ("用餐",)
    assert [view.count for view in listed.items] == [2, 1]


async def test_pools_are_apart(misunderstood: Misunderstood, admin: Actor) -> None:
    await record(misunderstood, pool="guangdong")
    assert (await misunderstood.page(admin, "open")).total == 0
    other = Actor("guangdong", "pool_admin", admin.account_id)
    [view] = (await misunderstood.page(other, "open")).items
    with pytest.raises(NotFound):
        await misunderstood.dismiss(admin, view.id)


async def test_nothing_stored_says_who_wrote_what(misunderstood: Misunderstood, admin: Actor) -> None:
    """Not the row, nor one of the same moment beside it."""
    assert await record(misunderstood, "我叫张三，手机13800138000换了怎么办", str(admin.account_id), key="talk:1-a")
    [sentence] = await rows("SELECT m::text AS line FROM misunderstood_sentence m")
    [writer] = await rows("SELECT w::text AS line FROM misunderstood_writer w")
    [claim] = await rows("SELECT k::text AS line FROM idempotency_key k")
    for line in (sentence["line"], writer["line"], claim["line"]):
        assert not any(part in line for part in ("张三", "13800138000", "怎么办", str(admin.account_id)))
    [view] = (await misunderstood.page(admin, "open")).items
    assert view.sentence == "我叫***,手机***换了怎么办"


async def test_no_two_days_tell_the_same_person(misunderstood: Misunderstood, clock: FixedClock) -> None:
    await record(misunderstood)
    clock.move(timedelta(days=1))
    await record(misunderstood)
    assert len(set(await MisunderstoodWriter.all().values_list("writer_hash", flat=True))) == 2


@pytest.mark.parametrize("sentence", ["13800138000", "A1B2C3D4", "我的密码是生日", "？？？", ""])
async def test_a_code_or_password_is_not_kept(misunderstood: Misunderstood, sentence: str) -> None:
    before = await sums_of_all()
    assert not await record(misunderstood, sentence)
    assert await sums_of_all() == before


async def test_one_person_fills_no_list(misunderstood: Misunderstood, admin: Actor, clock: FixedClock) -> None:
    written = [await record(misunderstood, f"{chr(0x4E10 + number)}在哪里呀") for number in range(KEPT_PER_DAY + 5)]
    assert written == [True] * KEPT_PER_DAY + [False] * 5
    assert (await misunderstood.page(admin, "open")).total == KEPT_PER_DAY
    assert await record(misunderstood, writer="w2"), "another person writes on"
    clock.move(timedelta(days=1))
    assert await record(misunderstood), "and the same one the day after"


async def test_many_at_once_are_all_counted_and_none_beyond_the_limit(
    misunderstood: Misunderstood, admin: Actor
) -> None:
    written = await asyncio.gather(*(record(misunderstood) for _ in range(KEPT_PER_DAY + 5)))
    assert sum(written) == KEPT_PER_DAY
    [view] = (await misunderstood.page(admin, "open")).items
    assert view.count == KEPT_PER_DAY


async def test_a_step_of_a_talk_that_is_repeated_counts_once(misunderstood: Misunderstood, admin: Actor) -> None:
    assert await record(misunderstood, key="talk:2-a")
    assert await record(misunderstood, key="talk:2-a")
    [view] = (await misunderstood.page(admin, "open")).items
    assert (view.count, await IdempotencyKey.all().count()) == (1, 1)


async def test_the_list_has_pages(misunderstood: Misunderstood, admin: Actor) -> None:
    for number, sentence in enumerate(("电梯在哪里", "食堂在几楼", "厕所在哪里")):
        for _ in range(3 - number):
            await record(misunderstood, sentence)
    second = await misunderstood.page(admin, "open", offset=1, limit=1)
    assert ([view.sentence for view in second.items], second.total) == (["食堂在几楼"], 3)


async def test_what_is_dismissed_stays_so_when_it_is_written_again(misunderstood: Misunderstood, admin: Actor) -> None:
    await record(misunderstood)
    [view] = (await misunderstood.page(admin, "open")).items
    await misunderstood.dismiss(admin, view.id)
    await misunderstood.dismiss(admin, view.id)
    await record(misunderstood)
    assert (await misunderstood.page(admin, "open")).total == 0
    [dismissed] = (await misunderstood.page(admin, "dismissed")).items
    assert dismissed.count == 2


async def test_a_sentence_with_a_meaning_is_not_dismissed(
    misunderstood: Misunderstood, editing: ParaphraseEditing, admin: Actor
) -> None:
    await record(misunderstood)
    [view] = (await misunderstood.page(admin, "open")).items
    await editing.assign(admin, view.id, "canteen")
    with pytest.raises(Conflict, match="已经归入"):
        await misunderstood.dismiss(admin, view.id)


async def test_only_the_office_reads_and_decides(misunderstood: Misunderstood, admin: Actor) -> None:
    await record(misunderstood)
    [view] = (await misunderstood.page(admin, "open")).items
    for role in ("reviewer", "verifier", "expert", "agent"):
        actor = Actor("demo", role, admin.account_id)
        with pytest.raises(Forbidden):
            await misunderstood.page(actor, "open")
        with pytest.raises(Forbidden):
            await misunderstood.dismiss(actor, view.id)
    with pytest.raises(NotFound):
        await misunderstood.dismiss(admin, new_id())


async def test_the_likeliest_intent_of_such_a_person_is_guessed(deps: Deps, admin: Actor) -> None:
    misunderstood = Misunderstood(deps, Meanings(deps, SHIPPED_INTENTS))
    await record(misunderstood, "明天的评标来不了怎么办才好呀")
    [view] = (await misunderstood.page(admin, "open")).items
    assert view.guess == "cannot_come"
    assert SHIPPED_INTENTS.intents[view.guess].may_be_of(EXPERT)


async def test_a_sentence_nobody_wrote_for_90_days_is_deleted(
    misunderstood: Misunderstood, deps: Deps, admin: Actor, clock: FixedClock
) -> None:
    await record(misunderstood)
    clock.move(MISUNDERSTOOD_TTL - timedelta(days=1))
    await record(misunderstood, "电梯在哪里")
    await record(misunderstood, writer="w2")
    clock.move(timedelta(days=2))
    scheduler = make_services(deps).operations.scheduler
    await scheduler.process("sweep")
    assert await MisunderstoodSentence.all().count() == 2, "written again meanwhile"
    assert await MisunderstoodWriter.all().count() == 0
    clock.move(MISUNDERSTOOD_TTL)
    await scheduler.process("sweep")
    assert await MisunderstoodSentence.all().count() == 0
