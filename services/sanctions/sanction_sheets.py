"""Acts against many experts by a sheet (批量处理): checked and shown, confirmed, and done by a worker row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from domain.errors import AppError, Conflict, InvalidInput, NotFound
from domain.experts.lifecycles import SanctionKind, SanctionState
from domain.experts.sanctions import period_words
from domain.faults import Faults
from models.accounts import Account
from models.sanctions import Sanction, SanctionSheet
from services.core.base import Actor, Deps, record, transaction
from services.core.permissions import check
from services.files import account_of, clean_name
from services.inspection.checker import FileChecker
from services.sanctions.sanction_rules import SanctionForm, Terms, check_reason, read_terms
from services.sanctions.sanctions import Sanctions
from services.sanctions.sheet_rows import COLUMNS, ROWS_MAX, RowChecks
from services.spreadsheets.cells import RowError
from services.spreadsheets.formats import SheetError, format_within

BYTES_MAX = 5_000_000
ERRORS_MAX = 1_000
SHEET_TTL = timedelta(days=7)
"""How long a checked sheet waits for its confirmation."""
SILENT = timedelta(minutes=5)
LISTED = 10
ACTS: Mapping[str, str] = {"suspension": "暂停抽取", "lift": "恢复抽取", "warning": "警告", "removal": "退库"}
SheetState = Literal["checked", "working", "done", "dropped"]
WAITING_SHEETS = "state = 'checked' AND second_person AND created_at > {since}"


@dataclass(frozen=True)
class SanctionSheetView:
    """``rows``: number of valid ones, the first ``done`` of which are dealt with. ``author``: who uploaded it.

    ``may_confirm`` false: it has no valid row, has expired, or another member of the office has to.
    """

    id: UUID
    filename: str
    act: str
    period: str
    reason: str
    state: SheetState
    second_person: bool
    rows: int
    done: int
    numbers: tuple[str, ...]
    errors: tuple[RowError, ...]
    failures: tuple[RowError, ...]
    author: str
    created_at: datetime
    finished_at: datetime | None
    silent: bool
    may_confirm: bool


@dataclass(frozen=True)
class SanctionSheets:
    deps: Deps
    sanctions: Sanctions
    checker: FileChecker

    async def upload(self, actor: Actor, content: bytes, filename: str, form: SanctionForm) -> UUID:
        """Check a sheet, and keep what it would do. ``form.kind``: a kind of sanction, or lift.

        Raises InvalidInput with all faults of the form, or for a file that can't be read.
        """
        check(actor, "expert.manage")
        now, faults = self.deps.now(), Faults()
        terms = faults.check(_read, form, now)
        if not content:
            faults.add(InvalidInput("请选择文件。", code="file_empty", field="file"))
        faults.raise_any()
        try:
            lines = await self.checker.read_sheet(actor.pool, content, format_within(content), COLUMNS, ROWS_MAX)
        except SheetError as error:
            raise InvalidInput(str(error), code="sheet", field="file") from error
        begin = max(terms.starts_at or now, now)
        checks = RowChecks(self.deps, actor.pool, form.kind, begin, terms.ends_at, actor.account_id)
        checked = await checks.check(lines)
        async with transaction():
            sheet = await SanctionSheet.create(
                pool=actor.pool,
                account_id=account_of(actor),
                filename=clean_name(filename) or "名单",
                act=form.kind,
                terms=_store(terms),
                second_person=form.kind in self.deps.book(actor.pool).sanctions.second_person,
                targets=[[target.line, target.number, str(target.expert_id)] for target in checked.targets],
                errors=[[error.line, error.column, error.reason] for error in checked.errors[:ERRORS_MAX]],
                state="checked",
                created_at=now,
                progress_at=now,
            )
            await record(actor, now, "sanction_sheet.upload", "sanction_sheet", sheet.id, rows=len(checked.targets))
        return sheet.id

    async def latest(self, actor: Actor) -> tuple[SanctionSheetView, ...]:
        """The newest sheets of the pool."""
        check(actor, "expert.read")
        sheets = await SanctionSheet.filter(pool=actor.pool).order_by("-created_at").limit(LISTED)
        return tuple([await self._view(actor, sheet) for sheet in sheets])

    async def get(self, actor: Actor, sheet_id: UUID) -> SanctionSheetView:
        """Raises NotFound."""
        check(actor, "expert.read")
        return await self._view(actor, await _find(actor, sheet_id))

    async def confirm(self, actor: Actor, sheet_id: UUID) -> None:
        """Let a worker deal with its valid rows; a repetition is harmless. Raises NotFound, Conflict for one without a
        valid row, that has expired, or that another member of the office has to confirm."""
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
            if sheet.second_person and sheet.account_id == actor.account_id:
                raise Conflict("上传的人不能自己确认，请由另一位管理员确认。", code="own_proposal")
            sheet.state, sheet.confirmed_by, sheet.progress_at = "working", actor.account_id, now
            await sheet.save(update_fields=["state", "confirmed_by", "progress_at"])
            await record(actor, now, "sanction_sheet.confirm", "sanction_sheet", sheet.id, act=sheet.act)
            await self.deps.jobs.defer("sanctions.sheet", sheet_id=str(sheet.id))

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
                await record(actor, self.deps.now(), "sanction_sheet.drop", "sanction_sheet", sheet.id)

    async def work(self, sheet_id: UUID) -> None:
        """The worker's part: row by row, each with its progress in one transaction, so that after a kill it goes on
        behind the last row that is dealt with."""
        while await self._work_on_next(sheet_id):
            pass

    async def _work_on_next(self, sheet_id: UUID) -> bool:
        """Whether there is more to do."""
        async with transaction():
            sheet = await SanctionSheet.select_for_update().get(id=sheet_id)
            if sheet.state != "working":
                return False
            now = self.deps.now()
            if sheet.done >= len(sheet.targets):
                sheet.state, sheet.finished_at = "done", now
                await sheet.save(update_fields=["state", "finished_at"])
                return False
            line, number, expert_id = sheet.targets[sheet.done]
            try:
                async with transaction():  # a savepoint: a refusal must not undo the progress
                    await self._act(sheet, UUID(expert_id))
            except AppError as refused:
                if refused.status >= 500:  # an outage: tried again
                    raise
                sheet.failures = [*sheet.failures, [line, number, refused.message]]
            sheet.done, sheet.progress_at = sheet.done + 1, now
            await sheet.save(update_fields=["failures", "done", "progress_at"])
            return True

    async def _act(self, sheet: SanctionSheet, expert_id: UUID) -> None:
        proposer = Actor(sheet.pool, "pool_admin", sheet.account_id)
        confirmer = replace(proposer, account_id=sheet.confirmed_by)
        terms = _stored(sheet)
        if sheet.act == "lift":
            await self._lift(confirmer, expert_id, terms.reason)
        else:
            await self.sanctions.impose_confirmed(proposer, confirmer, expert_id, terms)

    async def _lift(self, actor: Actor, expert_id: UUID, reason: str) -> None:
        """The suspension in force, or else the next one."""
        kind, now = SanctionKind.SUSPENSION, self.deps.now()
        imposed = Sanction.filter(expert_id=expert_id, kind=kind, state=SanctionState.IMPOSED).order_by("starts_at")
        for sanction in await imposed:
            if sanction.ends_at is None or sanction.ends_at > now:
                await self.sanctions.lift(actor, sanction.id, reason)
                return
        raise Conflict("该专家没有被管理机构暂停抽取。", code="not_suspended")

    async def _view(self, actor: Actor, sheet: SanctionSheet) -> SanctionSheetView:
        now, terms = self.deps.now(), _stored(sheet)
        author = await Account.get_or_none(id=sheet.account_id)
        timed = sheet.act in (SanctionKind.SUSPENSION, SanctionKind.WARNING)
        fresh = sheet.state == "checked" and sheet.created_at + SHEET_TTL > now
        other = not sheet.second_person or sheet.account_id != actor.account_id
        return SanctionSheetView(
            id=sheet.id,
            filename=sheet.filename,
            act=ACTS[sheet.act],
            period=period_words(terms.starts_at, terms.ends_at) if timed else "",
            reason=terms.reason,
            state=sheet.state,  # type: ignore[arg-type]  # a column
            second_person=sheet.second_person,
            rows=len(sheet.targets),
            done=sheet.done,
            numbers=tuple(number for _, number, _ in sheet.targets),
            errors=tuple(RowError(*error) for error in sheet.errors),
            failures=tuple(RowError(*failure) for failure in sheet.failures),
            author=author.real_name if author else "",
            created_at=sheet.created_at,
            finished_at=sheet.finished_at,
            silent=sheet.state == "working" and now - sheet.progress_at > SILENT,
            may_confirm=fresh and other and bool(sheet.targets),
        )


def _read(form: SanctionForm, now: datetime) -> Terms:
    """Raises InvalidInput with all faults."""
    if form.kind in (SanctionKind.SUSPENSION, SanctionKind.WARNING):
        return read_terms(form, now)
    faults = Faults()
    if form.kind not in ACTS:
        faults.add(InvalidInput("请选择要办理的处理。", code="no_choice", field="kind"))
    elif form.starts_on or form.ends_on:
        faults.add(InvalidInput("恢复抽取和退库立即生效，请不要填写日期。", code="no_days", field="starts_on"))
    reason = faults.check(check_reason, form.reason)
    faults.raise_any()
    kind = SanctionKind.REMOVAL if form.kind == SanctionKind.REMOVAL else SanctionKind.SUSPENSION
    return Terms(kind, str(reason), withdraws_calls=kind == SanctionKind.REMOVAL)


def _store(terms: Terms) -> dict[str, object]:
    return {
        "kind": terms.kind.value,
        "reason": terms.reason,
        "starts_at": terms.starts_at.isoformat() if terms.starts_at else None,
        "ends_at": terms.ends_at.isoformat() if terms.ends_at else None,
        "withdraws_calls": terms.withdraws_calls,
    }


def _stored(sheet: SanctionSheet) -> Terms:
    given = sheet.terms
    begin, end = (datetime.fromisoformat(given[name]) if given[name] else None for name in ("starts_at", "ends_at"))
    return Terms(SanctionKind(given["kind"]), given["reason"], begin, end, given["withdraws_calls"])


async def _find(actor: Actor, sheet_id: UUID, *, lock: bool = False) -> SanctionSheet:
    sheets = SanctionSheet.filter(id=sheet_id, pool=actor.pool)
    sheet = await (sheets.select_for_update() if lock else sheets).first()
    if sheet is None:
        raise NotFound("找不到这个名单，请返回后重新上传。", code="no_sheet")
    return sheet
