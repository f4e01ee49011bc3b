"""Bringing employers in from a sheet: checked and shown first, then taken in whole, or as far as it is right."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from domain.draws.recusal import normalise_unit_name
from domain.errors import Conflict, InvalidInput, NotFound
from domain.ids import new_id
from models.campaigns import Employer
from models.campaigns import EmployerImport as Sheet
from models.experts import CatalogueEntry
from services.core.base import Actor, Deps, record, transaction
from services.core.limits import advisory_lock
from services.core.permissions import check
from services.core.pinyin import sort_name
from services.inspection.checker import FileChecker
from services.organisations.employers import Employers
from services.spreadsheets import formats
from services.spreadsheets.cells import BadCell, Cells, Lookup, Once, RowError, credit_code, needed, places_of, short
from services.spreadsheets.formats import Column, Format, Line, SheetError, format_within

Act = Literal["add", "restore", "complete", "same"]
"""What a row does to the list: a new unit, a retired one back, what was not known added, nothing."""

LINES_MAX = 10_000
BYTES_MAX = 10_000_000
ERRORS_SHOWN = 200
SAMPLE = 5
IMPORT_TTL = timedelta(days=1)
"""How long a checked sheet waits for the decision."""
COLUMNS = (
    Column("name", "单位名称", True, "营业执照上的全称，不超过200个字", "广州粤建工程咨询有限公司"),
    Column("credit_code", "统一社会信用代码", False, "18位；暂不清楚可不填", "91440101MA5CPPQ71E"),
    Column("region", "地区", False, "地区代码或名称，如 440100 或 广东省广州市；可不填", "440100"),
)
_PLACES = places_of(COLUMNS)
_TITLES = {column.name: column.title for column in COLUMNS}


@dataclass(frozen=True)
class Row:
    """A line that can be used. ``region`` is a code; both may be empty."""

    line: int
    name: str
    credit_code: str
    region: str
    act: Act = "add"


@dataclass(frozen=True)
class ImportView:
    """A sheet and what came of it. ``counts`` by act: what it would do, or, once done, did; ``sample`` are the first
    names that would be added. ``bad`` counts the lines that can't be used, ``errors`` says why, as far as people read.
    """

    id: UUID
    filename: str
    state: Literal["checked", "done"]
    counts: Mapping[str, int]
    sample: tuple[str, ...]
    bad: int
    errors: tuple[RowError, ...]
    created_at: datetime
    done_at: datetime | None


class EmployerImport:
    def __init__(self, deps: Deps, employers: Employers, checker: FileChecker) -> None:
        self._deps = deps
        self._employers = employers
        self._checker = checker

    async def read(self, actor: Actor, content: bytes, filename: str = "") -> ImportView:
        """Check a sheet, and keep it for the decision; nothing is added yet. Raises InvalidInput for what is none."""
        check(actor, "employer.manage")
        if len(content) > BYTES_MAX:
            raise InvalidInput(
                f"文件最大{BYTES_MAX // 1_000_000}MB，请拆分后再上传。", code="file_too_large", field="file"
            )
        places = await self._regions(actor.pool)
        try:
            lines = await self._checker.read_sheet(content, format_within(content), COLUMNS, LINES_MAX)
        except SheetError as error:
            raise InvalidInput(str(error), code="sheet_unreadable", field="file") from error
        rows, errors = await asyncio.to_thread(_read, lines, places)
        rows, clashes = await _compare(actor.pool, rows)
        errors = sorted([*errors, *clashes], key=lambda one: one.line)
        now = self._deps.now()
        async with transaction():
            await Sheet.filter(pool=actor.pool, created_at__lt=now - IMPORT_TTL, state="checked").delete()
            kept = await Sheet.create(
                pool=actor.pool,
                account_id=actor.account_id,
                filename=filename[-200:],
                created_at=now,
                lines=[asdict(row) for row in rows],
                errors=[asdict(one) for one in errors],
            )
            await record(actor, now, "employer.sheet", "employer_import", kept.id, good=len(rows), bad=len(errors))
        return _view(kept)

    async def get(self, actor: Actor, import_id: UUID) -> ImportView:
        """Raises NotFound for another pool's, and one that waited too long."""
        check(actor, "employer.manage")
        return _view(await self._get(actor, import_id))

    async def carry_out(self, actor: Actor, import_id: UUID, *, only_good: bool = False) -> ImportView:
        """Take the sheet in; again, the answer is the same.

        What the list has become meanwhile counts. Raises Conflict while a line can't be used, unless ``only_good``.
        Whoever asked for one of these units is told.
        """
        check(actor, "employer.manage")
        now = self._deps.now()
        async with transaction():
            await advisory_lock(f"employers:{actor.pool}")
            sheet = await self._get(actor, import_id, lock=True)
            if sheet.state == "done":
                return _view(sheet)
            rows, clashes = await _compare(actor.pool, [Row(**line) for line in sheet.lines])
            errors = sorted([*_errors(sheet), *clashes], key=lambda one: one.line)
            if errors and not only_good:
                raise _refusal(errors)
            if not rows:
                raise Conflict("没有可以导入的行，请修改后重新上传。", code="sheet_empty")
            await self._write(actor, rows, now)
            sheet.errors, sheet.lines = [asdict(one) for one in errors], []
            sheet.result, sheet.state, sheet.done_at = _counts(rows), "done", now
            await sheet.save()
            await record(actor, now, "employer.import", "employer_import", sheet.id, **_counts(rows))
        return _view(sheet)

    # ---- parts of the above

    async def _get(self, actor: Actor, import_id: UUID, *, lock: bool = False) -> Sheet:
        query = Sheet.select_for_update() if lock else Sheet.all()
        found = await query.get_or_none(id=import_id, pool=actor.pool)
        if found is None or (found.state == "checked" and found.created_at < self._deps.now() - IMPORT_TTL):
            raise NotFound("这次导入已过期，请重新上传文件。", code="import_unknown")
        return found

    async def _regions(self, pool: str) -> Lookup:
        entries = await CatalogueEntry.filter(pool__in=["", pool], kind="region").order_by("pool")
        return Lookup("地区", {one.code: one.parent for one in entries}, {one.code: one.name for one in entries})

    async def _write(self, actor: Actor, rows: Sequence[Row], now: datetime) -> None:
        added = [
            Employer(
                id=new_id(),
                pool=actor.pool,
                name=row.name,
                name_sort=sort_name(row.name),
                credit_code=row.credit_code,
                region=row.region,
                created_at=now,
            )
            for row in rows
            if row.act == "add"
        ]
        await Employer.bulk_create(added, batch_size=500)
        changed = {row.name: row for row in rows if row.act in ("restore", "complete")}
        known = await Employer.filter(pool=actor.pool, name__in=list(changed)) if changed else []
        for one in known:
            row = changed[one.name]
            one.credit_code, one.region = row.credit_code or one.credit_code, row.region or one.region
            one.retired_at = None
            await one.save(update_fields=["credit_code", "region", "retired_at"])
        await self._employers.tell_added(actor, [*added, *known], now)


def render_template(form: Format) -> bytes:
    """A sheet with the heading and one sample line."""
    return formats.render_template(form, "单位", COLUMNS)


def _read(lines: Iterable[Line], places: Lookup) -> tuple[list[Row], list[RowError]]:
    """The lines that can be used and what is wrong with the others; runs in a thread."""
    once, rows, errors = Once(), list[Row](), list[RowError]()
    for line in lines:
        cells = Cells(line, _PLACES)
        row = _row(line, cells, once, places)
        if cells.errors:
            errors += cells.errors
        else:
            rows.append(row)
    return rows, errors


def _row(line: Line, cells: Cells, once: Once, places: Lookup) -> Row:
    def name(text: str) -> str:
        if not normalise_unit_name(needed(text)):
            raise BadCell("请填写单位全称")
        return once("name", short(text, 200), line.number)

    def code(text: str) -> str:
        return once("credit_code", credit_code(text), line.number) if text else ""

    return Row(
        line.number,
        cells.get("name", name, ""),
        cells.get("credit_code", code, ""),
        cells.get("region", lambda text: places.code(text) if text else "", ""),
    )


async def _compare(pool: str, rows: Iterable[Row]) -> tuple[list[Row], list[RowError]]:
    """What each row does to the list as it is now, and which clash with it."""
    listed = await Employer.filter(pool=pool)
    names = {one.name: one for one in listed}
    holders = {one.credit_code: one.name for one in listed if one.credit_code and one.retired_at is None}
    good, bad = list[Row](), list[RowError]()
    for row in rows:
        here = names.get(row.name)
        code = row.credit_code or (here.credit_code if here else "")
        if code and holders.get(code, row.name) != row.name:
            bad.append(_clash(row, "credit_code", f"“{holders[code]}”已使用代码{code}，请核对。"))
        elif here is not None and (problem := _differs(row, here)):
            bad.append(problem)
        else:
            good.append(replace(row, act=_act(row, here)))
            if code:
                holders[code] = row.name
    return good, bad


def _differs(row: Row, here: Employer) -> RowError | None:
    """A unit that is listed may be completed, never changed by the way."""
    if here.retired_at is not None:
        return None
    for name, title in (("credit_code", "代码"), ("region", "地区")):
        said, known = getattr(row, name), getattr(here, name)
        if said and known and said != known:
            return _clash(row, name, f"列表中该单位的{title}是{known}，请核对；确需修改请在列表中编辑。")
    return None


def _act(row: Row, here: Employer | None) -> Act:
    if here is None:
        return "add"
    if here.retired_at is not None:
        return "restore"
    completes = (row.credit_code and not here.credit_code) or (row.region and not here.region)
    return "complete" if completes else "same"


def _clash(row: Row, column: str, reason: str) -> RowError:
    return RowError(row.line, _TITLES[column], reason)


def _refusal(errors: Sequence[RowError]) -> Conflict:
    lines = len({one.line for one in errors})
    return Conflict(
        f"有{lines}行不能导入，未添加任何单位。请修改后重新上传，或只导入无误的行。",
        code="sheet_errors",
        params={"errors": [asdict(one) for one in errors[:ERRORS_SHOWN]]},
    )


def _counts(rows: Iterable[Row]) -> dict[str, int]:
    counts = {"add": 0, "restore": 0, "complete": 0, "same": 0}
    for row in rows:
        counts[row.act] += 1
    return counts


def _errors(sheet: Sheet) -> list[RowError]:
    return [RowError(**one) for one in sheet.errors]


def _view(sheet: Sheet) -> ImportView:
    errors, names = _errors(sheet), [line["name"] for line in sheet.lines if line["act"] == "add"]
    counts = dict(sheet.result) if sheet.state == "done" else _counts(Row(**line) for line in sheet.lines)
    return ImportView(
        id=sheet.id,
        filename=sheet.filename,
        state="done" if sheet.state == "done" else "checked",
        counts=counts,
        sample=tuple(names[:SAMPLE]),
        bad=len({one.line for one in errors}),
        errors=tuple(errors[:ERRORS_SHOWN]),
        created_at=sheet.created_at,
        done_at=sheet.done_at,
    )
