"""Materials for download: permissions, times, and refused files."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, Unauthenticated, Unavailable
from domain.ids import new_id
from models.audit import AuditEntry
from models.materials import Material
from services.core.base import Actor, Deps
from services.files import MaterialData, Materials, SealedFiles
from services.files import materials as module
from services.files.garbage_collection import ORPHAN_TTL, FileGarbageCollector
from services.files.material_queries import MaterialQueries
from tests.factories.documents import archive, docx, xlsx
from tests.factories.files import MemoryFiles, QuickChecker, pdf
from tests.factories.people import make_account

pytestmark = pytest.mark.usefixtures("db")
GUIDE = MaterialData("申报指南", "操作手册")
SOMEBODY = Actor("demo", "applicant", new_id())


@pytest.fixture
def files(clock: FixedClock) -> MemoryFiles:
    return MemoryFiles(clock)


@pytest.fixture
def store(files: MemoryFiles, deps: Deps) -> SealedFiles:
    return SealedFiles(files, deps.keys)


@pytest.fixture
def materials(deps: Deps, store: SealedFiles) -> Materials:
    return Materials(deps, store, QuickChecker(), MaterialQueries(deps, store))


@pytest.fixture
def queries(deps: Deps, store: SealedFiles) -> MaterialQueries:
    return MaterialQueries(deps, store)


@pytest.fixture
async def admin(deps: Deps) -> Actor:
    return Actor("demo", "pool_admin", (await make_account(deps)).id)


async def titles(queries: MaterialQueries, pool: str = "demo") -> list[str]:
    return [material.title for material in await queries.list_shown(pool)]


async def test_what_the_office_offers_everybody_can_have(
    materials: Materials, queries: MaterialQueries, admin: Actor, files: MemoryFiles
) -> None:
    added = await materials.add(admin, GUIDE, pdf(2))
    [material] = await queries.list_shown("demo")
    assert (material.title, material.kind, material.filename) == ("申报指南", "pdf", "申报指南.pdf")
    opened = await queries.get("demo", added.id, None)
    assert (await queries.content(opened), opened.media_type) == (pdf(2), "application/pdf")
    assert pdf(2) not in files.contents.values(), "sealed like everything else"
    assert (await AuditEntry.get(action="material.add")).details == {"title": "申报指南"}


async def test_the_rulebooks_categories_come_in_its_order_then_position_then_title(
    materials: Materials, queries: MaterialQueries, admin: Actor
) -> None:
    for title, category, position in (
        ("丁", "模板", 0),
        ("丙", "资格审查材料", 2),
        ("乙", "资格审查材料", 1),
        ("甲", "资格审查材料", 2),
        ("戊", "培训资料", 0),
    ):
        await materials.add(admin, MaterialData(title, category, position=position), pdf())
    assert await titles(queries) == ["乙", "丙", "甲", "戊", "丁"]
    assert await titles(queries, "guangdong") == []


async def test_it_is_shown_from_and_until(
    materials: Materials, queries: MaterialQueries, admin: Actor, clock: FixedClock
) -> None:
    now = clock.now()
    data = replace(GUIDE, shown_from=now + timedelta(hours=1), shown_until=now + timedelta(hours=2))
    added = await materials.add(admin, data, pdf())
    states = []
    for _ in range(3):
        [material] = await queries.list_all(admin)
        states.append((material.state, len(await titles(queries))))
        clock.move(timedelta(hours=1))
    assert states == [("coming", 0), ("shown", 1), ("over", 0)]
    with pytest.raises(NotFound, match="已下架"):
        await queries.get("demo", added.id, SOMEBODY)
    assert (await queries.get("demo", added.id, admin)).state == "over", "the office may look"


async def test_what_is_for_applicants_asks_for_a_log_in(
    materials: Materials, queries: MaterialQueries, admin: Actor
) -> None:
    added = await materials.add(admin, replace(GUIDE, audience="applicants"), pdf())
    assert await titles(queries) == ["申报指南"]
    for nobody in (None, Actor("demo", "guest"), replace(SOMEBODY, pool="guangdong")):
        with pytest.raises(Unauthenticated, match="请先登录"):
            await queries.get("demo", added.id, nobody)
    with pytest.raises(Forbidden):
        await queries.get("demo", added.id, replace(SOMEBODY, role="agent"))
    for role in ("applicant", "expert", "reviewer"):
        assert await queries.get("demo", added.id, replace(SOMEBODY, role=role))


async def test_another_pools_material_is_not_there(
    materials: Materials, queries: MaterialQueries, admin: Actor
) -> None:
    added = await materials.add(admin, GUIDE, pdf())
    stranger = replace(admin, pool="guangdong")
    with pytest.raises(NotFound):
        await queries.get("guangdong", added.id, None)
    with pytest.raises(NotFound):
        await materials.change(stranger, added.id, GUIDE)
    await materials.remove(stranger, added.id)
    assert await titles(queries) == ["申报指南"]


async def test_only_the_office_manages_it(materials: Materials, queries: MaterialQueries, admin: Actor) -> None:
    added = await materials.add(admin, GUIDE, pdf())
    for act in (
        queries.list_all(SOMEBODY),
        materials.add(SOMEBODY, GUIDE, pdf()),
        materials.change(SOMEBODY, added.id, GUIDE),
        materials.remove(SOMEBODY, added.id),
    ):
        with pytest.raises(Forbidden):
            await act


async def test_another_file_takes_its_place_and_the_old_one_goes(
    materials: Materials, queries: MaterialQueries, admin: Actor, files: MemoryFiles, store: SealedFiles, deps: Deps
) -> None:
    added = await materials.add(admin, GUIDE, pdf())
    before = set(files.contents)
    changed = await materials.change(admin, added.id, replace(GUIDE, title="申报指南（2026版）"), docx())
    assert (changed.id, changed.filename, changed.kind) == (added.id, "申报指南（2026版）.docx", "docx")
    assert changed.etag != added.etag
    assert await queries.content(await queries.get("demo", added.id, None)) == docx()
    with pytest.raises(NotFound, match="刚刚更新"):
        await queries.content(added)
    await FileGarbageCollector(deps, store).remove_due()
    assert len(files.contents) == 1
    assert not before & set(files.contents)


async def test_a_bad_file_changes_nothing(
    materials: Materials, queries: MaterialQueries, admin: Actor, files: MemoryFiles
) -> None:
    added = await materials.add(admin, GUIDE, pdf())
    with pytest.raises(InvalidInput) as refusal:
        await materials.change(admin, added.id, replace(GUIDE, title="别的"), archive({"a.exe": b"MZ"}))
    assert (refusal.value.field, await titles(queries), len(files.contents)) == ("file", ["申报指南"], 1)


async def test_what_is_removed_is_gone_and_twice_is_harmless(
    materials: Materials, queries: MaterialQueries, admin: Actor, files: MemoryFiles, store: SealedFiles, deps: Deps
) -> None:
    added = await materials.add(admin, GUIDE, pdf())
    for _ in range(2):
        await materials.remove(admin, added.id)
    await FileGarbageCollector(deps, store).remove_due()
    assert (await titles(queries), files.contents) == ([], {})
    assert await AuditEntry.filter(action="material.remove").count() == 1


async def test_pressing_twice_adds_one(
    materials: Materials, admin: Actor, files: MemoryFiles, store: SealedFiles, deps: Deps, clock: FixedClock
) -> None:
    first = await materials.add(admin, GUIDE, pdf(), key="key-of-the-form")
    assert await materials.add(admin, GUIDE, pdf(), key="key-of-the-form") == first
    assert await Material.all().count() == 1
    clock.move(ORPHAN_TTL + timedelta(seconds=1))
    await FileGarbageCollector(deps, store, clock).search_store()
    assert len(files.contents) == 1


@pytest.mark.parametrize(
    ("data", "content", "field"),
    [
        (replace(GUIDE, title=" "), pdf(), "title"),
        (replace(GUIDE, title="长" * 101), pdf(), "title"),
        (replace(GUIDE, category="别的"), pdf(), "category"),
        (replace(GUIDE, position=-1), pdf(), "position"),
        (GUIDE, b"", "file"),
        (GUIDE, b"MZ\x90", "file"),
        (GUIDE, archive({"a.pdf": pdf()}), "file"),
        (GUIDE, docx(more={"word/vbaProject.bin": b"x"}), "file"),
    ],
)
async def test_what_cannot_be_taken_says_which_field(
    materials: Materials, admin: Actor, files: MemoryFiles, data: MaterialData, content: bytes, field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await materials.add(admin, data, content)
    assert (refusal.value.field, files.contents) == (field, {})


async def test_all_that_is_wrong_is_said_at_once(materials: Materials, admin: Actor, files: MemoryFiles) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await materials.add(admin, MaterialData("", "", position=-1), b"")
    assert [fault.field for fault in refusal.value.faults] == ["title", "category", "position", "file"]
    added = await materials.add(admin, GUIDE, pdf())
    with pytest.raises(InvalidInput) as refusal:
        await materials.change(admin, added.id, replace(GUIDE, title=""), b"MZ")
    assert [fault.field for fault in refusal.value.faults] == ["title", "file"]
    assert len(files.contents) == 1


async def test_an_end_before_the_beginning_is_refused(materials: Materials, admin: Actor, clock: FixedClock) -> None:
    with pytest.raises(InvalidInput, match="晚于"):
        await materials.add(admin, replace(GUIDE, shown_until=clock.now()), pdf())
    added = await materials.add(admin, GUIDE, xlsx())
    clock.move(timedelta(days=1))
    changed = await materials.change(admin, added.id, replace(GUIDE, shown_until=clock.now()))
    assert (changed.state, changed.shown_from) == ("over", added.shown_from)


async def test_too_many_are_refused(materials: Materials, admin: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MATERIALS_MAX", 1)
    await materials.add(admin, GUIDE, pdf())
    with pytest.raises(Conflict, match="最多1份"):
        await materials.add(admin, GUIDE, pdf())


async def test_an_unreachable_store_or_a_lost_file_is_reported(
    materials: Materials, queries: MaterialQueries, admin: Actor, files: MemoryFiles
) -> None:
    added = await materials.add(admin, GUIDE, pdf())
    files.away = True
    for act in (queries.content(added), materials.add(admin, GUIDE, pdf())):
        with pytest.raises(Unavailable):
            await act
    files.away = False
    files.contents.clear()
    with pytest.raises(Unavailable, match="已记录"):
        await queries.content(added)
