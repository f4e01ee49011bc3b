"""The office imports experts on a page: checked first, then whole or not at all, whatever happens to the worker."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, Unavailable
from domain.ids import new_id
from models.audit import AuditEntry
from models.experts import Expert, ExpertFileChange, ExpertSheet
from models.files import FileRemoval
from models.notices import Notice
from services.catalogues import Catalogues
from services.core.base import Actor, Deps, rows, system
from services.experts import expert_import
from services.experts.expert_sheets import BYTES_MAX, SHEET_TTL, SILENT, ExpertSheets, SheetView
from services.files import SealedFiles
from tests.factories.assembly import composed
from tests.services.experts.test_expert_import import SECOND, _catalogues, _row, _sheet

pytestmark = pytest.mark.usefixtures("db")
ADMIN = Actor("demo", "pool_admin", new_id())
GOOD = _sheet(_row(), _row(专家编号="ZJ2", 身份证号=SECOND, 手机号="13800000002"))


@pytest.fixture
async def sheets(deps: Deps) -> ExpertSheets:
    await Catalogues(deps).replace(system("demo"), _catalogues())
    return composed(ExpertSheets, deps)


async def work(sheets: ExpertSheets) -> None:
    """All jobs that wait, as a worker does them."""
    sql = "DELETE FROM procrastinate_jobs WHERE task_name = 'experts.sheet' RETURNING args->>'sheet_id' AS id"
    for job in await rows(sql):
        await sheets.work(UUID(job["id"]))


async def checked(sheets: ExpertSheets, content: bytes = GOOD, filename: str = "名单.csv") -> SheetView:
    sheet_id = await sheets.upload(ADMIN, content, filename)
    await work(sheets)
    return await sheets.get(ADMIN, sheet_id)


async def test_a_sheet_is_checked_shown_and_imported_once(sheets: ExpertSheets) -> None:
    view = await checked(sheets)
    assert (view.state, view.total, view.created, view.updated, view.errors) == ("checked", 2, 2, 0, ())
    assert await Expert.all().count() == 0, "nothing is written before the decision"
    for _ in range(2):
        await sheets.confirm(ADMIN, view.id)
        await work(sheets)
    view = await sheets.get(ADMIN, view.id)
    assert (view.state, view.created, view.done, view.finished_at is not None) == ("done", 2, 2, True)
    assert await Expert.all().count() == 2
    assert await ExpertFileChange.all().count() == 2
    await sheets.work(view.id)
    assert await ExpertFileChange.all().count() == 2, "a job that comes twice does nothing"
    actions = {entry.action for entry in await AuditEntry.filter(subject_id=str(view.id))}
    assert actions == {"expert_sheet.upload", "expert_sheet.confirm"}
    [imported] = await AuditEntry.filter(action="expert.import")
    assert imported.actor_id == ADMIN.account_id


async def test_whose_number_a_sheet_changes_is_told_at_both(sheets: ExpertSheets, deps: Deps) -> None:
    for content in (GOOD, GOOD.replace(b"13800000001", b"13800000009")):
        view = await checked(sheets, content)
        assert await Notice.all().count() == 0, "a check tells nobody"
        await sheets.confirm(ADMIN, view.id)
        await work(sheets)
    moved = await Expert.get(number="ZJ1")
    own, former = await Notice.filter(kind="mobile_changed").order_by("expert_id")
    assert (own.expert_id, former.expert_id) == (moved.id, None)
    assert deps.keys.open_text(former.mobile_sealed, "mobile") == "13800000001"
    assert own.params["mobile"] == former.params["mobile"] == "138****0009"


async def test_errors_are_listed_and_nothing_can_be_confirmed(sheets: ExpertSheets) -> None:
    view = await checked(sheets, _sheet(_row(手机号="1"), _row(专家编号="ZJ2", 身份证号="2")))
    assert (view.state, {(error.line, error.column) for error in view.errors}) == (
        "checked",
        {(2, "手机号"), (3, "身份证号")},
    )
    with pytest.raises(Conflict, match="还不能导入"):
        await sheets.confirm(ADMIN, view.id)
    await sheets.drop(ADMIN, view.id)
    await sheets.drop(ADMIN, view.id)
    assert (await sheets.get(ADMIN, view.id)).state == "dropped"
    [removal] = await FileRemoval.filter(due_at__lte=sheets.deps.now())
    assert removal.key == (await ExpertSheet.get(id=view.id)).key


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"\xd0\xcf\x11\xe0", "旧版 .xls"), (b"x" * (BYTES_MAX + 1), "文件过大")],
)
async def test_a_file_of_another_kind_is_refused_at_once(sheets: ExpertSheets, content: bytes, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason) as refused:
        await sheets.upload(ADMIN, content, "名单.xls")
    assert refused.value.field == "file"
    with pytest.raises(Forbidden):
        await sheets.upload(Actor("demo", "reviewer", new_id()), GOOD, "名单.csv")


async def test_a_file_that_no_one_can_read_is_refused_with_the_reason(sheets: ExpertSheets) -> None:
    view = await checked(sheets, "别的,内容\n1,2".encode())
    assert (view.state, view.failure != "") == ("refused", True)
    assert "列" in view.failure


async def test_another_pool_sees_no_sheet(sheets: ExpertSheets) -> None:
    view = await checked(sheets)
    stranger = Actor("hunan", "pool_admin", new_id())
    for act in (sheets.get, sheets.confirm, sheets.drop):
        with pytest.raises(NotFound):
            await act(stranger, view.id)  # type: ignore[operator]  # three methods of one signature
    assert await sheets.latest(stranger) == ()
    assert [sheet.id for sheet in await sheets.latest(ADMIN)] == [view.id]


async def test_a_check_is_good_for_a_day(sheets: ExpertSheets, clock: FixedClock) -> None:
    view = await checked(sheets)
    clock.move(SHEET_TTL)
    with pytest.raises(Conflict, match="已超过一天"):
        await sheets.confirm(ADMIN, view.id)


@pytest.mark.parametrize("place", ["_clashes", "_write"])
async def test_a_worker_that_dies_in_the_middle_leaves_nothing_and_is_repeated(
    sheets: ExpertSheets, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    view = await checked(sheets)
    await sheets.confirm(ADMIN, view.id)

    async def die(*_: Any) -> None:
        raise Unavailable("数据库暂时无法连接。")

    with monkeypatch.context() as patch:
        patch.setattr(expert_import.ExpertImport, place, die)
        with pytest.raises(Unavailable):
            await sheets.work(view.id)
    assert (await Expert.all().count(), (await sheets.get(ADMIN, view.id)).state) == (0, "importing")
    await sheets.work(view.id)
    assert (await Expert.all().count(), (await sheets.get(ADMIN, view.id)).state) == (2, "done")


async def test_a_sheet_dropped_while_it_is_checked_stays_dropped(
    sheets: ExpertSheets, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet_id = await sheets.upload(ADMIN, GOOD, "名单.csv")
    read = SealedFiles.get

    async def drop(store: SealedFiles, key: str) -> bytes:
        content = await read(store, key)
        await sheets.drop(ADMIN, sheet_id)
        return content

    monkeypatch.setattr(SealedFiles, "get", drop)
    await work(sheets)
    view = await sheets.get(ADMIN, sheet_id)
    assert (view.state, view.total) == ("dropped", 0)
    await sheets.work(sheet_id)
    assert await Expert.all().count() == 0


async def test_progress_is_written_beside_the_transaction_and_silence_is_noticed(
    sheets: ExpertSheets, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expert_import, "_PROGRESS_EVERY", 1)
    view = await checked(sheets)
    assert view.stage in ("read", "check"), "what was reported while the import's transaction was open"
    sheet_id = await sheets.upload(ADMIN, GOOD, "名单.csv")
    clock.move(SILENT + timedelta(seconds=1))
    assert (await sheets.get(ADMIN, sheet_id)).silent
    await work(sheets)
    assert not (await sheets.get(ADMIN, sheet_id)).silent
