"""Garbage collection of the file store: files named by a row are kept, all others deleted."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from tortoise import Tortoise
from tortoise.fields import CharField

from domain.clock import FixedClock
from domain.errors import Unavailable
from models.applications import Attachment, PrintedForm
from models.files import FileRemoval, StoreSearch
from services.applications.attachments import Attachments
from services.core.base import Deps, rows, transaction
from services.files import SealedFiles, new_key, schedule_removal
from services.files.garbage_collection import (
    FEW,
    NAMED_IN,
    ORPHAN_TTL,
    REMOVALS_DUE,
    SEARCH_DUE,
    FileGarbageCollector,
    Search,
)
from tests.factories.applicants import Applicant, make_applicant
from tests.factories.attachments import upload_file
from tests.factories.files import MemoryFiles, QuickChecker, jpeg
from tests.factories.people import make_expert, make_sanction
from tests.services.conftest import end_pauses

pytestmark = pytest.mark.usefixtures("db")
DAY = timedelta(days=1)


@pytest.fixture
def files(clock: FixedClock) -> MemoryFiles:
    return MemoryFiles(clock)


@pytest.fixture
def store(files: MemoryFiles, deps: Deps) -> SealedFiles:
    return SealedFiles(files, deps.keys)


@pytest.fixture
def collector(deps: Deps, store: SealedFiles, clock: FixedClock) -> FileGarbageCollector:
    return FileGarbageCollector(deps, store, clock)


@pytest.fixture
async def applicant(db: str, deps: Deps) -> Applicant:
    return await make_applicant(deps)


async def is_due(condition: str, deps: Deps) -> bool:
    return bool((await rows(f"SELECT {condition} AS due", deps.now()))[0]["due"])


async def fill(deps: Deps, store: SealedFiles, files: MemoryFiles, applicant: Applicant) -> set[str]:
    """Store a file of every kind that rows name; returns their keys."""
    attachments = Attachments(deps, store, QuickChecker())
    await upload_file(attachments, applicant.actor, applicant.id, "photo", filename="a.jpg", content=jpeg())
    begun = await attachments.begin(applicant.actor, applicant.id, "id_card_front", filename="b.jpg", size=5000)
    await attachments.append(applicant.actor, begun.id, 0, jpeg()[:1000])
    key = new_key("demo", deps.now())
    await PrintedForm.create(
        application_id=applicant.id, code="A" * 16, version=1, digest="", key=key, printed_at=deps.now()
    )
    await store.put(key, b"%PDF-")
    return set(files.contents)


async def schedule_and_fail(key: str, deps: Deps) -> None:
    async with transaction():
        await schedule_removal(key, deps.now())
        _ = 1 / 0


# ---- what was given up


async def test_what_was_given_up_goes_once_its_transaction_has_ended(
    collector: FileGarbageCollector, store: SealedFiles, files: MemoryFiles, deps: Deps
) -> None:
    key = new_key("demo", deps.now())
    await store.put(key, b"x")
    with pytest.raises(ZeroDivisionError):
        await schedule_and_fail(key, deps)
    assert not await is_due(REMOVALS_DUE, deps)
    async with transaction():
        await schedule_removal(key, deps.now())
    assert await is_due(REMOVALS_DUE, deps)
    assert await collector.remove_due() == 1
    assert (files.contents, await FileRemoval.exists(), await is_due(REMOVALS_DUE, deps)) == ({}, False, False)


async def test_a_store_that_is_away_is_asked_again(
    collector: FileGarbageCollector, store: SealedFiles, files: MemoryFiles, deps: Deps
) -> None:
    key = new_key("demo", deps.now())
    await store.put(key, b"x")
    await schedule_removal(key, deps.now())
    files.away = True
    await collector.remove_due()
    assert await is_due(REMOVALS_DUE, deps)
    files.away = False
    await end_pauses()
    await collector.remove_due()
    assert files.contents == {}


# ---- what no row names


async def test_what_rows_name_stays_and_what_none_names_goes(
    collector: FileGarbageCollector,
    store: SealedFiles,
    files: MemoryFiles,
    deps: Deps,
    applicant: Applicant,
    clock: FixedClock,
) -> None:
    named = await fill(deps, store, files, applicant)
    assert len(named) == 5, "a file, its thumbnail and preview, a part, a print"
    lost = new_key("demo", deps.now())
    for key in (lost, f"{lost}.thumb", f"{lost}.preview", f"{lost}.parts/000000000000-ab", f"doctor/{'0' * 32}"):
        await store.put(key, b"x")
    clock.move(ORPHAN_TTL + timedelta(seconds=1))
    assert await collector.search_store() == Search(10, 5, withheld=False)
    assert set(files.contents) == named


async def test_parts_of_a_file_that_is_whole_are_left_over(
    collector: FileGarbageCollector,
    store: SealedFiles,
    files: MemoryFiles,
    deps: Deps,
    applicant: Applicant,
    clock: FixedClock,
) -> None:
    named = await fill(deps, store, files, applicant)
    whole = (await Attachment.get(state="ready")).key
    await store.put(f"{whole}.parts/000000000000-ab", b"cleared away in vain")
    clock.move(ORPHAN_TTL + timedelta(seconds=1))
    await collector.search_store()
    assert set(files.contents) == named


async def test_young_files_and_those_of_others_are_none_of_ours(
    collector: FileGarbageCollector, files: MemoryFiles, deps: Deps, clock: FixedClock
) -> None:
    theirs = ["sichuan/2026/11/" + "0" * 32, "demo/readme.txt", "demo/2026/11/short", "logs/2026/11/x"]
    for key in theirs:
        await files.put(key, b"x")
    clock.move(ORPHAN_TTL + timedelta(seconds=1))
    young = new_key("demo", deps.now())
    await files.put(young, b"x")
    clock.move(timedelta(hours=23))
    assert await collector.search_store() == Search(0, 0, withheld=False)
    clock.move(DAY)
    assert await collector.search_store() == Search(1, 1, withheld=False)
    assert sorted(files.contents) == sorted(theirs)


async def test_age_is_the_stores_own_whatever_the_sandbox_does_with_its_clock(
    store: SealedFiles, files: MemoryFiles, deps: Deps, clock: FixedClock
) -> None:
    files.clock = wall = FixedClock(clock.now())
    await files.put(new_key("demo", deps.now()), b"still being written")
    clock.move(timedelta(days=5))
    assert await FileGarbageCollector(deps, store, wall).search_store() == Search(0, 0, withheld=False)


async def test_where_most_files_are_unknown_nothing_is_deleted(
    collector: FileGarbageCollector,
    store: SealedFiles,
    files: MemoryFiles,
    deps: Deps,
    applicant: Applicant,
    clock: FixedClock,
) -> None:
    """An empty or old database beside a full store must not empty it."""
    await fill(deps, store, files, applicant)
    for _ in range(FEW + 1):
        await store.put(new_key("demo", deps.now()), b"x")
    before = dict(files.contents)
    clock.move(ORPHAN_TTL + timedelta(seconds=1))
    assert await collector.search_store() == Search(FEW + 6, FEW + 1, withheld=True)
    assert files.contents == before
    assert (await StoreSearch.get()).withheld


async def test_it_is_searched_once_a_day_by_one_alone(
    collector: FileGarbageCollector, deps: Deps, clock: FixedClock
) -> None:
    assert await is_due(SEARCH_DUE, deps)
    searches = await asyncio.gather(*(collector.search_store() for _ in range(4)))
    assert searches.count(None) == 3
    assert not await is_due(SEARCH_DUE, deps)
    clock.move(DAY)
    assert await is_due(SEARCH_DUE, deps)
    assert await collector.search_store() is not None
    clock.move(timedelta(days=40))
    await collector.search_store()
    assert await StoreSearch.all().count() == 1, "old searches are forgotten"


async def test_a_store_that_is_away_is_searched_an_hour_later(
    collector: FileGarbageCollector, store: SealedFiles, files: MemoryFiles, deps: Deps, clock: FixedClock
) -> None:
    await store.put(new_key("demo", deps.now()), b"x")
    clock.move(ORPHAN_TTL + timedelta(seconds=1))
    files.away = True
    with pytest.raises(Unavailable):
        await collector.search_store()
    assert not await is_due(SEARCH_DUE, deps)
    clock.move(timedelta(hours=1))
    assert await is_due(SEARCH_DUE, deps)
    files.away = False
    assert await collector.search_store() == Search(1, 1, withheld=False)


async def test_a_row_that_comes_meanwhile_saves_its_file(
    collector: FileGarbageCollector,
    store: SealedFiles,
    files: MemoryFiles,
    deps: Deps,
    applicant: Applicant,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = new_key("demo", deps.now())
    await store.put(key, b"x")
    clock.move(ORPHAN_TTL + timedelta(seconds=1))
    find = collector._find_orphans

    async def find_before_a_row_comes(*_: Any) -> tuple[int, list[str]]:
        orphans = await find()
        await PrintedForm.create(
            application_id=applicant.id, code="B" * 16, version=1, digest="", key=key, printed_at=deps.now()
        )
        return orphans

    monkeypatch.setattr(FileGarbageCollector, "_find_orphans", find_before_a_row_comes)
    await collector.search_store()
    assert list(files.contents) == [key]


async def test_evidence_of_an_act_against_an_expert_stays(
    collector: FileGarbageCollector, store: SealedFiles, files: MemoryFiles, deps: Deps, clock: FixedClock
) -> None:
    named, orphan = new_key("demo", deps.now()), new_key("demo", deps.now())
    for key in (named, orphan):
        await store.put(key, b"x")
    await make_sanction(await make_expert(deps), files=[{"key": named, "filename": "a.pdf"}])
    clock.move(ORPHAN_TTL + timedelta(seconds=1))
    await collector.search_store()
    assert list(files.contents) == [named]


async def test_every_table_that_names_a_file_is_asked(db: str) -> None:
    """A column that holds a key of the store must stand in ``NAMED_IN``, or its files would be deleted."""
    assert Tortoise.apps is not None
    tables = {
        (str(model._meta.db_table), name)
        for model in Tortoise.apps["models"].values()
        for name, field in model._meta.fields_map.items()
        if isinstance(field, CharField) and field.max_length == 100 and (name == "key" or name.endswith("_key"))
    }
    assert tables - {("attachment", "thumb_key"), ("file_removal", "key")} == set(NAMED_IN.items())


def test_new_keys_are_recognised(deps: Deps) -> None:
    """A new shape of keys must be added to the search."""
    from services.files.garbage_collection import _OURS

    for pool in ("demo", "guangdong"):
        match = _OURS.fullmatch(new_key(pool, deps.now()))
        assert match is not None
        assert match["pool"] == pool
