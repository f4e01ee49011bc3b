"""Longer terms (聘期) of many experts by a sheet: checked and shown, confirmed, and done by a worker row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from domain.clock import print_date
from domain.errors import AppError, Conflict, InvalidInput, NotFound
from domain.experts.correctable import TERM
from domain.experts.file import FileChange, FileSource
from domain.faults import Faults
from models.accounts import Account
from models.experts import Expert, TermSheet
from services.core.base import Actor, Deps, record, transaction
from services.core.permissions import check
from services.core.short_texts import check_text
from services.expert_files import change_file
from services.experts.term_rows import COLUMNS, ROWS_MAX, TermRows, check_term
from services.files import account_of, clean_name
from services.inspection.checker import FileChecker
from services.notifications import Notices
from services.spreadsheets.cells import RowError
from services.spreadsheets.formats import SheetError, format_within

REASON_MAX = 200
BYTES_MAX = 5_000_000
ERRORS_MAX = 1_000
SHEET_TTL = timedelta(days=7)
"""How long a checked sheet waits for its confirmation."""
SILENT = timedelta(minutes=5)
LISTED = 10
SheetState = Literal["checked", "working", "done", "dropped"]


@dataclass(frozen=True)
class TermLine:
    """A row that was valid: the last day of the longer term, and of the present one, None for none by now."""

    number: str
    name: str
    until: datetime
    former: datetime | None


@dataclass(frozen=True)
class TermSheetView:
    """``rows``: number of valid ones, the first ``done`` of which are dealt with; ``lines`` the first of them.
    ``author``: who uploaded it. ``may_confirm`` false: it has no valid row, or has expired."""

    id: UUID
    filename: str
    reason: str
    state: SheetState
    rows: int
    done: int
    lines: tuple[TermLine, ...]
    errors: tuple[RowError, ...]
    failures: tuple[RowError, ...]
    author: str
    created_at: datetime
    finished_at: datetime | None
    silent: bool
    may_confirm: bool


@dataclass(frozen=True)
class TermSheets:
    deps: Deps
    notices: Notices
    checker: FileChecker

    async def upload(self, actor: Actor, content: bytes, filename: str, reason: str) -> UUID:
        """Check a sheet, and keep what it would do. Raises InvalidInput with all faults of the form, or for a file
        that can't be read."""
        check(actor, "expert.manage")
        now, faults = self.deps.now(), Faults()
        words = faults.check(check_text, " ".join(reason.split()), "reason", "原因", REASON_MAX, required=True)
        if not content:
            faults.add(InvalidInput("请选择文件。", code="file_empty", field="file"))
        faults.raise_any()
        try:
            lines = await self.checker.read_sheet(actor.pool, content, format_within(content), COLUMNS, ROWS_MAX)
        except SheetError as error:
            raise InvalidInput(str(error), code="sheet", field="file") from error
        checked = await TermRows(self.deps, actor.pool, now, actor.account_id).check(lines)
        async with transaction():
            sheet = await TermSheet.create(
                pool=actor.pool,
                account_id=account_of(actor),
                filename=clean_name(filename) or "名单",
                reason=words,
                targets=[
                    [target.line, target.number, str(target.expert_id), target.until.isoformat()]
                    for target in checked.targets
                ],
                errors=[[error.line, error.column, error.reason] for error in checked.errors[:ERRORS_MAX]],
                state="checked",
                created_at=now,
                progress_at=now,
            )
            await record(actor, now, "term_sheet.upload", "term_sheet", sheet.id, rows=len(checked.targets))
        return sheet.id

    async def latest(self, actor: Actor) -> tuple[TermSheetView, ...]:
        """The newest sheets of the pool, without their lines."""
        check(actor, "expert.read")
        sheets = await TermSheet.filter(pool=actor.pool).order_by("-created_at").limit(LISTED)
        return tuple([await self._view(sheet, {}) for sheet in sheets])

    async def get(self, actor: Actor, sheet_id: UUID, *, shown: int = 200) -> TermSheetView:
        """With its first lines. Raises NotFound."""
        check(actor, "expert.read")
        sheet = await _find(actor, sheet_id)
        ids = [UUID(expert_id) for _, _, expert_id, _ in sheet.targets[:shown]]
        return await self._view(sheet, {expert.id: expert for expert in await Expert.filter(id__in=ids)})

    async def confirm(self, actor: Actor, sheet_id: UUID) -> None:
        """Let a worker deal with its valid rows; a repetition is harmless. Raises NotFound, Conflict for one without a
        valid row, or that has expired."""
        check(actor, "expert.manage")
        now = self.deps.now()
        async with transaction():
            sheet = await _find(actor, sheet_id, lock=True)
            if sheet.state in ("working", "done"):
                return
            if sheet.state != "checked" or not sheet.targets:
                raise Conflict("这个名单没有可以办理的人，请修改后重新上传。", code="nothing_to_do")
            if sheet.created_at + SHEET_TTL <= now:
                raise Conflict("这次检查已超过7天，请重新上传。", code="sheet_expired")
            sheet.state, sheet.confirmed_by, sheet.progress_at = "working", actor.account_id, now
            await sheet.save(update_fields=["state", "confirmed_by", "progress_at"])
            await record(actor, now, "term_sheet.confirm", "term_sheet", sheet.id)
            await self.deps.jobs.defer("experts.terms", sheet_id=str(sheet.id))

    async def drop(self, actor: Actor, sheet_id: UUID) -> None:
        """Don't do it. A repetition is harmless. Raises NotFound, Conflict once it is confirmed."""
        check(actor, "expert.manage")
        async with transaction():
            sheet = await _find(actor, sheet_id, lock=True)
            if sheet.state in ("working", "done"):
                raise Conflict("这个名单正在办理或已经办理，不能放弃。", code="sheet_confirmed")
            if sheet.state != "dropped":
                sheet.state, sheet.finished_at = "dropped", self.deps.now()
                await sheet.save(update_fields=["state", "finished_at"])
                await record(actor, self.deps.now(), "term_sheet.drop", "term_sheet", sheet.id)

    async def work(self, sheet_id: UUID) -> None:
        """The worker's part: row by row, each with its progress in one transaction, so that after a kill it goes on
        behind the last row that is dealt with."""
        while await self._work_on_next(sheet_id):
            pass

    async def _work_on_next(self, sheet_id: UUID) -> bool:
        """Whether there is more to do."""
        async with transaction():
            sheet = await TermSheet.select_for_update().get(id=sheet_id)
            if sheet.state != "working":
                return False
            now = self.deps.now()
            if sheet.done >= len(sheet.targets):
                sheet.state, sheet.finished_at = "done", now
                await sheet.save(update_fields=["state", "finished_at"])
                return False
            line, number, expert_id, until = sheet.targets[sheet.done]
            try:
                async with transaction():  # a savepoint: a refusal must not undo the progress
                    await self._extend(sheet, UUID(expert_id), datetime.fromisoformat(until), now)
            except AppError as refused:
                if refused.status >= 500:  # an outage: tried again
                    raise
                sheet.failures = [*sheet.failures, [line, number, refused.message]]
            sheet.done, sheet.progress_at = sheet.done + 1, now
            await sheet.save(update_fields=["failures", "done", "progress_at"])
            return True

    async def _extend(self, sheet: TermSheet, expert_id: UUID, until: datetime, now: datetime) -> None:
        """Raises Conflict where it is no longer possible."""
        expert = await Expert.select_for_update().get(id=expert_id, pool=sheet.pool)
        if expert.left_at is not None:
            raise Conflict("该专家已退库。", code="already_left")
        if refusal := check_term(until, expert.term_until, now):
            raise Conflict(f"{refusal}。", code="term_moved")
        change = FileChange(now, FileSource.OFFICE, {TERM: until.isoformat()}, sheet.id, sheet.confirmed_by)
        await change_file(self.deps, expert, change)
        actor = Actor(sheet.pool, "pool_admin", sheet.confirmed_by)
        facts = {"sheet": str(sheet.id), "until": until.isoformat(), "reason": sheet.reason}
        await record(actor, now, "expert.term", "expert", expert.id, **facts)
        await self.notices.notify(
            pool=sheet.pool,
            kind="term_extended",
            expert_id=expert.id,
            dedupe_key=f"term_extended:{sheet.id}:{expert.id}",
            params={"until": print_date(until), "reason": sheet.reason},
        )

    async def _view(self, sheet: TermSheet, experts: Mapping[UUID, Expert]) -> TermSheetView:
        now, author = self.deps.now(), await Account.get_or_none(id=sheet.account_id)
        fresh = sheet.state == "checked" and sheet.created_at + SHEET_TTL > now
        return TermSheetView(
            id=sheet.id,
            filename=sheet.filename,
            reason=sheet.reason,
            state=sheet.state,  # type: ignore[arg-type]  # a column
            rows=len(sheet.targets),
            done=sheet.done,
            lines=tuple(_lines(sheet.targets, experts)),
            errors=tuple(RowError(*error) for error in sheet.errors),
            failures=tuple(RowError(line, number, reason) for line, number, reason in sheet.failures),
            author=author.real_name if author else "",
            created_at=sheet.created_at,
            finished_at=sheet.finished_at,
            silent=sheet.state == "working" and now - sheet.progress_at > SILENT,
            may_confirm=fresh and bool(sheet.targets),
        )


def _lines(targets: Sequence[Sequence[str]], experts: Mapping[UUID, Expert]) -> list[TermLine]:
    """Those of ``targets`` whose experts were read."""
    known = ((experts.get(UUID(expert_id)), until) for _, _, expert_id, until in targets)
    return [
        TermLine(expert.number, expert.name, datetime.fromisoformat(until), expert.term_until)
        for expert, until in known
        if expert is not None
    ]


async def _find(actor: Actor, sheet_id: UUID, *, lock: bool = False) -> TermSheet:
    sheets = TermSheet.filter(id=sheet_id, pool=actor.pool)
    sheet = await (sheets.select_for_update() if lock else sheets).first()
    if sheet is None:
        raise NotFound("找不到这个名单，请返回后重新上传。", code="no_sheet")
    return sheet
