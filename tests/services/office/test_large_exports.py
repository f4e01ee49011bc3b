"""Large exports: a worker writes them, a page shows the progress, and they are deleted after a day."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from openpyxl import load_workbook

from domain.clock import FixedClock
from domain.errors import Forbidden, NotFound
from domain.ids import new_id
from models.audit import AuditEntry
from services.core.base import Actor, Deps, rows
from services.core.signed_links import Links
from services.files import SealedFiles
from services.files.garbage_collection import FileGarbageCollector
from services.office import ExportRequest, Filter, Range
from services.office import exports as module
from services.office.exports import Exports
from services.office.large_exports import EXPORT_TTL, SILENT, LargeExports
from tests.factories.applicants import make_applicant
from tests.factories.assembly import composed
from tests.factories.files import MemoryFiles

ADMIN = Actor("demo", "pool_admin", account_id=new_id())
ALL = ExportRequest("applications")


@pytest.fixture
def files(clock: FixedClock) -> MemoryFiles:
    return MemoryFiles(clock)


@pytest.fixture
def store(files: MemoryFiles, deps: Deps) -> SealedFiles:
    return SealedFiles(files, deps.keys)


@pytest.fixture
def service(db: str, deps: Deps, store: SealedFiles, clock: FixedClock) -> LargeExports:
    return LargeExports(deps, Links(deps.keys, clock), store, composed(Exports, deps))


async def fill(deps: Deps, count: int) -> None:
    for _ in range(count):
        await make_applicant(deps, state="reviewing", step=0, round=1, name="欧阳明", submitted_at=deps.now())


async def run_jobs(service: LargeExports) -> None:
    """Run the waiting jobs as a worker."""
    for row in await rows("SELECT args->>'order' AS sealed FROM procrastinate_jobs WHERE task_name = 'exports.write'"):
        await service.write_file(row["sealed"])


async def test_the_worker_writes_what_a_request_would_have(service: LargeExports, deps: Deps) -> None:
    await fill(deps, 3)
    token = await service.begin_export(ADMIN, ALL, 3)
    state = await service.state(ADMIN, token)
    assert (state.state, state.done, state.total) == ("waiting", 0, 3)
    with pytest.raises(NotFound):
        await service.get(ADMIN, token)
    await run_jobs(service)
    state = await service.state(ADMIN, token)
    assert (state.state, state.done, state.filename) == ("done", 3, "applications-20261121-1200.xlsx")
    export = await service.get(ADMIN, token)
    assert load_workbook(io.BytesIO(export.content)).worksheets[0].max_row == 4
    written = await AuditEntry.get(action="export")
    assert (written.actor_id, written.details) == (ADMIN.account_id, {"rows": 3})
    await run_jobs(service)
    assert await AuditEntry.filter(action="export").count() == 1


async def test_how_far_it_is_can_be_seen_on_the_way(
    service: LargeExports, deps: Deps, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(deps, 3)
    monkeypatch.setattr(module, "_BATCH", 1)
    monkeypatch.setattr("services.office.large_exports._PROGRESS_EVERY", 1)
    token, done_counts = await service.begin_export(ADMIN, ALL, 3), list[int]()
    make = Exports.make_file

    async def make_and_read_state(
        self: Exports, actor: Actor, request: ExportRequest, progress: module.Progress
    ) -> module.Export:
        async def progress_too(count: int) -> None:
            await progress(count)
            done_counts.append((await service.state(ADMIN, token)).done)

        return await make(self, actor, request, progress_too)

    monkeypatch.setattr(Exports, "make_file", make_and_read_state)
    await run_jobs(service)
    assert done_counts == [1, 2, 3]


async def test_filter_and_range_reach_the_worker_as_they_were_chosen(
    service: LargeExports, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = datetime(2026, 11, 1, tzinfo=UTC)
    requests = [
        ExportRequest(
            "applications", Filter(new_id(), "notice", "", "440300", "first", "王", day, day + timedelta(days=1))
        ),
        ExportRequest("orders", within=Range(day)),
    ]
    orders: list[tuple[Actor, ExportRequest]] = []

    async def make(_self: Exports, actor: Actor, request: ExportRequest, _told: object) -> module.Export:
        orders.append((actor, request))
        return module.Export(b"x", "x.xlsx", 1)

    monkeypatch.setattr(Exports, "make_file", make)
    for request in requests:
        await service.begin_export(ADMIN, request, 1)
    await run_jobs(service)
    assert sorted(orders, key=lambda order: order[1].what) == [(ADMIN, request) for request in requests]


async def test_what_has_grown_too_long_meanwhile_says_what_to_do(
    service: LargeExports, deps: Deps, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(deps, 3)
    token = await service.begin_export(ADMIN, ALL, 2)
    monkeypatch.setattr(module, "ROWS_MAX", 2)
    await run_jobs(service)
    state = await service.state(ADMIN, token)
    assert (state.state, state.message) == ("refused", "超过2行，请缩小范围后分次导出。")


async def test_an_export_without_progress_is_refused(service: LargeExports, clock: FixedClock) -> None:
    token = await service.begin_export(ADMIN, ALL, 3)
    clock.move(SILENT + timedelta(seconds=1))
    state = await service.state(ADMIN, token)
    assert state.state == "refused"
    assert "重新导出" in state.message


async def test_it_is_for_who_ordered_it(service: LargeExports, deps: Deps) -> None:
    await fill(deps, 1)
    token = await service.begin_export(ADMIN, ALL, 1)
    await run_jobs(service)
    for other in (Actor("demo", "pool_admin", new_id()), Actor("hunan", "pool_admin", ADMIN.account_id)):
        with pytest.raises(NotFound):
            await service.get(other, token)
    with pytest.raises(Forbidden):
        await service.state(ADMIN, token[:-2] + "xx")


async def test_after_a_day_nothing_is_left(
    service: LargeExports, deps: Deps, store: SealedFiles, files: MemoryFiles, clock: FixedClock
) -> None:
    await fill(deps, 1)
    token = await service.begin_export(ADMIN, ALL, 1)
    await run_jobs(service)
    assert len(files.contents) == 2
    clock.move(EXPORT_TTL)
    await FileGarbageCollector(deps, store, clock).remove_due()
    assert files.contents == {}
    with pytest.raises(Forbidden):
        await service.state(ADMIN, token)
    await run_jobs(service)
    assert files.contents == {}
