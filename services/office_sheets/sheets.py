"""Acts on many experts by a sheet: checked and shown, confirmed, and done by a worker row by row. The ``SheetAct`` of
its kind says what is done, and to whom it can be done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.errors import AppError, Conflict, InvalidInput, NotFound
from domain.faults import Faults
from models.office_sheets import OfficeSheet
from services.core.base import Actor, Deps, execute, from_row, record, rows, transaction
from services.core.permissions import check
from services.files import account_of, clean_name
from services.inspection.checker import FileChecker
from services.office_sheets.acts import ConfirmedSheet, Details, Form, SheetAct, Target
from services.office_sheets.expert_rows import ROWS_MAX, ExpertRows
from services.office_sheets.sanctions import SanctionAct
from services.office_sheets.terms import TermAct
from services.office_sheets.views import OfficeSheetLine, OfficeSheetView, SheetState
from services.spreadsheets.cells import RowError
from services.spreadsheets.formats import Column, Line, SheetError, format_within

BYTES_MAX = 5_000_000
ERRORS_MAX = 1_000
SHEET_TTL = timedelta(days=7)
"""How long a checked sheet waits for its confirmation."""
SILENT = timedelta(minutes=5)
"""After so long without progress, waiting is useless."""
WAITING_SHEETS = "state = 'checked' AND second_person AND created_at > {since}"
"""Sheets that wait for a second person; ``since``: ``SHEET_TTL`` ago."""
_OWN_PROPOSAL = "own_proposal"
_SHOWN = 200
"""Rows of which a sheet's page tells details."""
_LATEST = """
SELECT s.id, s.terms, s.filename, s.state, jsonb_array_length(s.targets) AS rows, coalesce(a.real_name, '') AS author,
  s.created_at
FROM office_sheet s LEFT JOIN account a ON a.id = s.account_id
WHERE s.pool = $1 AND s.kind = $2 ORDER BY s.created_at DESC LIMIT 10
"""
_SHEET = """
SELECT s AS sheet, coalesce(a.real_name, '') AS author FROM office_sheet s LEFT JOIN account a ON a.id = s.account_id
WHERE s.id = $1 AND s.pool = $2 AND s.kind = $3
"""
_NEXT_ROW = """
SELECT id, pool, kind, account_id, confirmed_by, terms, targets->done AS target FROM office_sheet
WHERE id = $1 AND state = 'working' FOR UPDATE
"""
"""Without the other rows, which are thousands: it is read once for each."""
_FINISH = "UPDATE office_sheet SET state = 'done', finished_at = $2 WHERE id = $1"
_ADVANCE = """
UPDATE office_sheet SET done = done + 1, failures = failures || $2::jsonb, progress_at = $3 WHERE id = $1
"""


@dataclass(frozen=True)
class OfficeSheets:
    deps: Deps
    checker: FileChecker
    terms: TermAct
    sanctions: SanctionAct

    async def upload(self, actor: Actor, act: SheetAct[Form, Any], form: Form, content: bytes, filename: str) -> UUID:
        """Check a sheet, and keep what it would do. Raises InvalidInput with all faults of the form, or for a file that
        can't be read."""
        check(actor, "expert.manage")
        now, faults = self.deps.now(), Faults()
        terms = faults.check(act.read_form, form, now)
        if not content:
            faults.add(InvalidInput("请选择文件。", code="file_empty", field="file"))
        faults.raise_any()
        lines = await self._read_lines(actor.pool, content, act.columns)
        checked = await ExpertRows(self.deps, act, terms, actor.pool, now, actor.account_id).check(lines)
        async with transaction():
            sheet = await OfficeSheet.create(
                pool=actor.pool,
                account_id=account_of(actor),
                kind=act.kind,
                filename=clean_name(filename) or "名单",
                terms=terms,
                second_person=act.needs_second_person(actor.pool, terms),
                targets=[target.to_stored() for target in checked.targets],
                errors=[[error.line, error.column, error.reason] for error in checked.errors[:ERRORS_MAX]],
                state=SheetState.CHECKED,
                created_at=now,
                progress_at=now,
            )
            name, count = act.name_of(terms), len(checked.targets)
            await record(actor, now, "office_sheet.upload", "office_sheet", sheet.id, act=name, rows=count)
        return sheet.id

    async def _read_lines(self, pool: str, content: bytes, columns: tuple[Column, ...]) -> list[Line]:
        try:
            return list(await self.checker.read_sheet(pool, content, format_within(content), columns, ROWS_MAX))
        except SheetError as error:
            raise InvalidInput(str(error), code="sheet", field="file") from error

    async def latest(self, actor: Actor, act: SheetAct[Any, Any]) -> tuple[OfficeSheetLine, ...]:
        """The newest sheets of a kind in the pool."""
        check(actor, "expert.read")
        return tuple(
            OfficeSheetLine(
                id=row["id"],
                act=act.name_of(json.loads(row["terms"])),
                filename=row["filename"],
                state=SheetState(row["state"]),
                rows=row["rows"],
                author=row["author"],
                created_at=row["created_at"],
            )
            for row in await rows(_LATEST, actor.pool, act.kind)
        )

    async def get(self, actor: Actor, act: SheetAct[Any, Details], sheet_id: UUID) -> OfficeSheetView[Details]:
        """Raises NotFound, also for a sheet of another kind."""
        check(actor, "expert.read")
        listed = await rows(_SHEET, sheet_id, actor.pool, act.kind)
        if not listed:
            raise _not_found()
        sheet, now = from_row(OfficeSheet, listed[0]["sheet"]), self.deps.now()
        targets = [Target.from_stored(stored) for stored in sheet.targets]
        refusal = _refuse_confirmation(actor, sheet, now)
        return OfficeSheetView(
            id=sheet.id,
            act=act.name_of(sheet.terms),
            filename=sheet.filename,
            state=SheetState(sheet.state),
            rows=len(targets),
            author=listed[0]["author"],
            created_at=sheet.created_at,
            reason=sheet.terms["reason"],
            done=sheet.done,
            numbers=tuple(target.number for target in targets),
            errors=tuple(RowError(*error) for error in sheet.errors),
            failures=tuple(RowError(*failure) for failure in sheet.failures),
            finished_at=sheet.finished_at,
            silent=sheet.state == SheetState.WORKING and now - sheet.progress_at > SILENT,
            may_confirm=refusal is None,
            waits_for_other=refusal is not None and refusal.code == _OWN_PROPOSAL,
            details=await act.describe(sheet.terms, targets[:_SHOWN]),
        )

    async def confirm(self, actor: Actor, act: SheetAct[Any, Any], sheet_id: UUID) -> None:
        """Let a worker deal with its valid rows; a repetition is harmless. Raises NotFound, Conflict for one without a
        valid row, that has expired, or that another member of the office has to confirm."""
        check(actor, "expert.manage")
        now = self.deps.now()
        async with transaction():
            sheet = await _lock(actor, act, sheet_id)
            if sheet.state in (SheetState.WORKING, SheetState.DONE):
                return
            if refusal := _refuse_confirmation(actor, sheet, now):
                raise refusal
            sheet.state, sheet.confirmed_by, sheet.progress_at = SheetState.WORKING, actor.account_id, now
            await sheet.save(update_fields=["state", "confirmed_by", "progress_at"])
            name = act.name_of(sheet.terms)
            await record(actor, now, "office_sheet.confirm", "office_sheet", sheet.id, act=name)
            await self.deps.jobs.defer("office_sheets.work", sheet_id=str(sheet.id))

    async def drop(self, actor: Actor, act: SheetAct[Any, Any], sheet_id: UUID) -> None:
        """Don't do it. A repetition is harmless. Raises NotFound, Conflict once it is confirmed."""
        check(actor, "expert.manage")
        now = self.deps.now()
        async with transaction():
            sheet = await _lock(actor, act, sheet_id)
            if sheet.state in (SheetState.WORKING, SheetState.DONE):
                raise Conflict("这个名单正在办理或已经办理，不能放弃。", code="sheet_confirmed")
            if sheet.state != SheetState.DROPPED:
                sheet.state, sheet.finished_at = SheetState.DROPPED, now
                await sheet.save(update_fields=["state", "finished_at"])
                name = act.name_of(sheet.terms)
                await record(actor, now, "office_sheet.drop", "office_sheet", sheet.id, act=name)

    async def work(self, sheet_id: UUID) -> None:
        """The worker's part: row by row, each with its progress in one transaction, so that after a kill it goes on
        behind the last row that is dealt with."""
        while await self._work_on_next(sheet_id):
            pass

    async def _work_on_next(self, sheet_id: UUID) -> bool:
        """Whether there is more to do."""
        async with transaction():
            working = await rows(_NEXT_ROW, sheet_id)
            if not working:
                return False
            now, sheet = self.deps.now(), working[0]
            if sheet["target"] is None:
                await execute(_FINISH, sheet_id, now)
                return False
            failures = await self._carry_out(sheet, Target.from_stored(json.loads(sheet["target"])), now)
            await execute(_ADVANCE, sheet_id, json.dumps(failures), now)
            return True

    async def _carry_out(self, sheet: Mapping[str, Any], target: Target, now: datetime) -> list[list[Any]]:
        """The failure of the row, if it was refused."""
        pool, accounts = sheet["pool"], (sheet["account_id"], sheet["confirmed_by"])
        proposer, confirmer = (Actor(pool, "pool_admin", account_id) for account_id in accounts)
        confirmed = ConfirmedSheet(sheet["id"], pool, json.loads(sheet["terms"]), proposer, confirmer)
        act = next(act for act in (self.terms, self.sanctions) if act.kind == sheet["kind"])
        try:
            async with transaction():  # a savepoint: a refusal must not undo the progress
                await act.carry_out(confirmed, target, now)
        except AppError as refused:
            if refused.status >= 500:  # an outage: tried again
                raise
            return [[target.line, target.number, refused.message]]
        return []


def _refuse_confirmation(actor: Actor, sheet: OfficeSheet, now: datetime) -> Conflict | None:
    """The refusal of a confirmation by this administrator; None where it is possible."""
    if sheet.state != SheetState.CHECKED or not sheet.targets:
        return Conflict("这个名单没有可以办理的人，请修改后重新上传。", code="nothing_to_do")
    if sheet.created_at + SHEET_TTL <= now:
        return Conflict("这次检查已超过7天，请重新上传。", code="sheet_expired")
    if sheet.second_person and sheet.account_id == actor.account_id:
        return Conflict("上传的人不能自己确认，请由另一位管理员确认。", code=_OWN_PROPOSAL)
    return None


async def _lock(actor: Actor, act: SheetAct[Any, Any], sheet_id: UUID) -> OfficeSheet:
    """Raises NotFound, also for a sheet of another kind."""
    sheets = OfficeSheet.filter(id=sheet_id, pool=actor.pool, kind=act.kind)
    sheet = await sheets.select_for_update().first()
    if sheet is None:
        raise _not_found()
    return sheet


def _not_found() -> NotFound:
    return NotFound("找不到这个名单，请返回后重新上传。", code="no_sheet")
