"""Sheets of experts that the office uploads: a worker checks them, the office sees what would change, and a worker
imports them whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from domain.clock import print_full
from domain.errors import AppError, Conflict, InvalidInput, NotFound
from domain.ids import new_id
from domain.masking import mask_mobile
from models.experts import ExpertSheet
from models.files import FileRemoval
from services.core.base import Actor, Deps, execute, record, transaction
from services.core.permissions import check
from services.experts.expert_import import ExpertImport, ImportReport, MovedMobile, Progress
from services.experts.import_sheet import PAGE_ROWS_MAX
from services.files import FileLost, SealedFiles, account_of, clean_name, new_key, schedule_removal
from services.notifications import NoticeRequest, Notices, Recipient
from services.spreadsheets.cells import RowError
from services.spreadsheets.formats import Format, SheetError, format_within

BYTES_MAX = 40_000_000
SHEET_TTL = timedelta(days=1)
"""How long a checked sheet is kept for the decision."""
SILENT = timedelta(minutes=5)
"""After so long without a word from the worker, waiting is useless."""
LISTED = 10
_TOLD_AT_ONCE = 500

State = Literal["checking", "checked", "importing", "done", "refused", "dropped"]


@dataclass(frozen=True)
class SheetView:
    """``done`` of ``total`` lines of a ``stage`` (read, check, write; total 0: unknown) while a worker has it.

    ``created`` and ``updated`` are numbers of experts, planned or, once imported, done. ``failure``: why the whole
    sheet was refused; ``errors`` the invalid cells. ``silent``: the worker doesn't answer.
    """

    id: UUID
    filename: str
    state: State
    stage: str
    done: int
    total: int
    created: int
    updated: int
    errors: tuple[RowError, ...]
    more_errors: bool
    failure: str
    created_at: datetime
    finished_at: datetime | None
    silent: bool


@dataclass(frozen=True)
class ExpertSheets:
    deps: Deps
    store: SealedFiles
    imports: ExpertImport
    notices: Notices

    async def upload(self, actor: Actor, content: bytes, filename: str) -> UUID:
        """Keep a sheet, and let a worker check it. Raises InvalidInput for a file of another kind, Unavailable."""
        check(actor, "import")
        if len(content) > BYTES_MAX:
            raise InvalidInput(f"文件过大，最大{BYTES_MAX // 1_000_000}MB，请分成几个文件导入。", field="file")
        try:
            form = format_within(content)
        except SheetError as error:
            raise InvalidInput(str(error), code="sheet", field="file") from error
        now, sheet_id = self.deps.now(), new_id()
        key = new_key(actor.pool, now)
        await self.store.put(key, content)  # never inside a transaction
        async with transaction():
            await ExpertSheet.create(
                id=sheet_id,
                pool=actor.pool,
                account_id=account_of(actor),
                filename=clean_name(filename) or "名单",
                form=form,
                key=key,
                state="checking",
                created_at=now,
                progress_at=now,
            )
            await FileRemoval.create(key=key, due_at=now + 2 * SHEET_TTL)  # whatever becomes of it
            await record(actor, now, "expert_sheet.upload", "expert_sheet", sheet_id, bytes=len(content))
            await self.deps.jobs.defer("experts.sheet", sheet_id=str(sheet_id))
        return sheet_id

    async def latest(self, actor: Actor) -> tuple[SheetView, ...]:
        """The newest sheets of the pool."""
        check(actor, "import")
        sheets = await ExpertSheet.filter(pool=actor.pool).order_by("-created_at").limit(LISTED)
        return tuple(self._view(sheet) for sheet in sheets)

    async def get(self, actor: Actor, sheet_id: UUID) -> SheetView:
        """Raises NotFound."""
        check(actor, "import")
        return self._view(await _find(actor, sheet_id))

    async def confirm(self, actor: Actor, sheet_id: UUID) -> None:
        """Import the checked sheet; a repetition is harmless. Raises Conflict for one with errors, or that expired."""
        check(actor, "import")
        now = self.deps.now()
        async with transaction():
            sheet = await _find(actor, sheet_id, lock=True)
            if sheet.state in ("importing", "done"):
                return
            if sheet.state != "checked" or sheet.errors:
                raise Conflict("这个名单还不能导入，请按提示修改后重新上传。", code="sheet_not_ready")
            if sheet.created_at + SHEET_TTL <= now:
                raise Conflict("这次检查已超过一天，请重新上传。", code="sheet_expired")
            sheet.state, sheet.stage, sheet.done, sheet.progress_at = "importing", "read", 0, now
            await sheet.save(update_fields=["state", "stage", "done", "progress_at"])
            await record(actor, now, "expert_sheet.confirm", "expert_sheet", sheet.id)
            await self.deps.jobs.defer("experts.sheet", sheet_id=str(sheet.id))

    async def drop(self, actor: Actor, sheet_id: UUID) -> None:
        """Don't import it: the file is deleted. A repetition is harmless. Raises Conflict while it is imported."""
        check(actor, "import")
        async with transaction():
            sheet = await _find(actor, sheet_id, lock=True)
            if sheet.state in ("importing", "done"):
                raise Conflict("这个名单正在导入或已经导入，不能放弃。", code="sheet_importing")
            if sheet.state != "dropped":
                await self._finish(sheet, "dropped")
                await record(actor, self.deps.now(), "expert_sheet.drop", "expert_sheet", sheet.id)

    async def work(self, sheet_id: UUID) -> None:
        """The worker's part: check or import. Killed at any moment, it is repeated as if it had never begun; what was
        done once is not done again."""
        sheet = await ExpertSheet.get(id=sheet_id)
        if sheet.state not in ("checking", "importing"):
            return
        checking = sheet.state == "checking"
        actor = Actor(sheet.pool, "pool_admin", sheet.account_id)

        async def conclude(report: ImportReport) -> None:
            await self._conclude(await _lock(sheet), report, checking=checking)

        try:
            content = await self.store.get(sheet.key)
            async with _reported(sheet.id, self.deps) as progress:
                report = await self.imports.run(
                    actor,
                    content,
                    _form(sheet),
                    progress=progress,
                    dry_run=checking,
                    conclude=conclude,
                    rows_max=PAGE_ROWS_MAX,
                )
            if report.errors:
                async with transaction():
                    await self._conclude(await _lock(sheet), report, checking=True)
        except _DecidedMeanwhile:
            return
        except FileLost:
            await self._refuse(sheet, "文件已过期，请重新上传。")
        except SheetError as error:
            await self._refuse(sheet, str(error))
        except AppError as error:
            if error.status >= 500:  # an outage: tried again
                raise
            await self._refuse(sheet, error.message)

    async def _conclude(self, sheet: ExpertSheet, report: ImportReport, *, checking: bool) -> None:
        """Write the result, in the transaction that made it."""
        sheet.total = sheet.done = report.total
        sheet.created, sheet.updated, sheet.more_errors = report.created, report.updated, report.more_errors
        sheet.errors = [[error.line, error.column, error.reason] for error in report.errors]
        sheet.state = "checked"
        await sheet.save(update_fields=["total", "done", "created", "updated", "more_errors", "errors", "state"])
        if not checking:
            await self._finish(sheet, "done")
            await self._notify_moved(sheet, report.moved)

    async def _notify_moved(self, sheet: ExpertSheet, moved: Sequence[MovedMobile]) -> None:
        """Each expert whose number the sheet changed is told, at the former number as well: a call that goes elsewhere
        would answer for him."""
        now = self.deps.now()
        common = {"at": print_full(now), "hotline": self.deps.book(sheet.pool).pool.hotline}
        requests = [
            NoticeRequest("mobile_changed", Recipient(f"sheet:{sheet.id}:{each.expert_id}:{which}", params, None, *to))
            for each in moved
            for params in [{**common, "mobile": mask_mobile(each.after)}]
            for which, to in (("new", (each.expert_id, None)), ("old", (None, each.before)))
        ]
        for start in range(0, len(requests), _TOLD_AT_ONCE):
            await self.notices.notify_each(sheet.pool, requests[start : start + _TOLD_AT_ONCE])

    async def _refuse(self, sheet: ExpertSheet, why: str) -> None:
        with suppress(_DecidedMeanwhile):
            async with transaction():
                locked = await _lock(sheet)
                locked.failure = why[:200]
                await locked.save(update_fields=["failure"])
                await self._finish(locked, "refused")

    async def _finish(self, sheet: ExpertSheet, state: State) -> None:
        sheet.state, sheet.finished_at = state, self.deps.now()
        await sheet.save(update_fields=["state", "finished_at"])
        await schedule_removal(sheet.key, self.deps.now())

    def _view(self, sheet: ExpertSheet) -> SheetView:
        working = sheet.state in ("checking", "importing")
        return SheetView(
            id=sheet.id,
            filename=sheet.filename,
            state=sheet.state,  # type: ignore[arg-type]  # a column
            stage=sheet.stage,
            done=sheet.done,
            total=sheet.total,
            created=sheet.created,
            updated=sheet.updated,
            errors=tuple(RowError(*error) for error in sheet.errors),
            more_errors=sheet.more_errors,
            failure=sheet.failure,
            created_at=sheet.created_at,
            finished_at=sheet.finished_at,
            silent=working and self.deps.now() - sheet.progress_at > SILENT,
        )


class _DecidedMeanwhile(Exception):  # no error of anybody's
    """Another worker concluded the sheet, or the office dropped it."""


async def _lock(sheet: ExpertSheet) -> ExpertSheet:
    """The row locked, if it is still as the worker found it."""
    locked = await ExpertSheet.select_for_update().get(id=sheet.id)
    if locked.state != sheet.state:
        raise _DecidedMeanwhile
    return locked


async def _find(actor: Actor, sheet_id: UUID, *, lock: bool = False) -> ExpertSheet:
    sheets = ExpertSheet.filter(id=sheet_id, pool=actor.pool)
    sheet = await (sheets.select_for_update() if lock else sheets).first()
    if sheet is None:
        raise NotFound("找不到这个名单，请返回后重新上传。", code="no_sheet")
    return sheet


def _form(sheet: ExpertSheet) -> Format:
    return "xlsx" if sheet.form == "xlsx" else "csv"


@asynccontextmanager
async def _reported(sheet_id: UUID, deps: Deps) -> AsyncIterator[Progress]:
    """A function to call, from any thread, with the progress; a task beside the import's transaction writes it down."""
    loop, changed = asyncio.get_running_loop(), asyncio.Event()
    newest: tuple[str, int, int] = ("read", 0, 0)

    def report(stage: str, done: int, total: int) -> None:
        nonlocal newest
        newest = (stage, done, total)
        loop.call_soon_threadsafe(changed.set)

    async def write() -> None:
        while True:
            await changed.wait()
            changed.clear()
            stage, done, total = newest
            await execute(_PROGRESS, sheet_id, stage, done, total, deps.now())

    writing = asyncio.create_task(write())
    try:
        yield report
    finally:
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing


_PROGRESS = (
    "UPDATE expert_sheet SET stage = $2, done = $3, total = $4, progress_at = $5 "
    "WHERE id = $1 AND state IN ('checking', 'importing')"
)
