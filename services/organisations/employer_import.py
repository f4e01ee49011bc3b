"""Importing employers from a sheet: checked and shown first, then imported completely, or only valid lines."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Literal
from uuid import UUID

from domain.draws.recusal_keys import normalise_unit_name
from domain.ids import new_id
from models.campaigns import Employer
from models.campaigns import EmployerImport as Sheet
from models.experts import CatalogueEntry
from services.core.base import Actor, Deps
from services.core.permissions import check
from services.core.pinyin import sort_name
from services.inspection.checker import FileChecker
from services.organisations.employers import Employers
from services.spreadsheets import formats
from services.spreadsheets.cells import (
    BadCell,
    Cells,
    Lookup,
    RowError,
    UniqueValues,
    credit_code,
    limited_text,
    required_text,
)
from services.spreadsheets.formats import Column, Format, Line
from services.spreadsheets.imports import ImportView, SheetImports, SheetKind, Words, read_rows

Act = Literal["add", "restore", "complete", "same"]
"""Effect of a row on the list: new unit, retired unit restored, missing data added, none."""

LINES_MAX = 10_000
BYTES_MAX = 10_000_000
COLUMNS = (
    Column("name", "单位名称", True, "营业执照上的全称，不超过200个字", "广州粤建工程咨询有限公司"),
    Column("credit_code", "统一社会信用代码", False, "18位；暂不清楚可不填", "91440101MA5CPPQ71E"),
    Column("region", "地区", False, "地区代码或名称，如 440100 或 广东省广州市；可不填", "440100"),
)
_TITLES = {column.name: column.title for column in COLUMNS}


@dataclass(frozen=True)
class EmployerRow:
    """A valid line. ``region`` is a code; both may be empty."""

    line: int
    name: str
    credit_code: str
    region: str
    act: Act = "add"


@dataclass(frozen=True)
class EmployerImporter:
    deps: Deps
    employers: Employers
    checker: FileChecker

    @cached_property
    def _sheets(self) -> SheetImports[EmployerRow]:
        return SheetImports(self.deps, self.checker, KIND)

    async def read(self, actor: Actor, content: bytes, filename: str = "") -> ImportView:
        """Check a sheet, and store it for the decision; nothing is added yet. Raises InvalidInput for an invalid
        one."""
        check(actor, "employer.manage")
        lines = await self._sheets.open_file(actor, content)
        rows, errors = await asyncio.to_thread(_read_employers, lines, await self._region_lookup(actor.pool))
        rows, clashes = await _compare(actor.pool, rows)
        return await self._sheets.store_sheet(actor, filename, rows, [*errors, *clashes])

    async def get(self, actor: Actor, import_id: UUID) -> ImportView:
        """Raises NotFound for an import of another pool, or an expired one."""
        check(actor, "employer.manage")
        return await self._sheets.get(actor, import_id)

    async def apply(self, actor: Actor, import_id: UUID, *, only_good: bool = False) -> ImportView:
        """Import the sheet; a repetition returns the same.

        Compares with the list's present state. Raises Conflict while a line is invalid, unless ``only_good``. People
        who requested one of these units are notified.
        """
        check(actor, "employer.manage")
        return await self._sheets.apply(
            actor,
            import_id,
            lambda rows: _compare(actor.pool, rows),
            lambda rows, now: self._write(actor, rows, now),
            only_good=only_good,
        )

    # ---- helpers

    async def _region_lookup(self, pool: str) -> Lookup:
        entries = await CatalogueEntry.filter(pool__in=["", pool], kind="region").order_by("pool")
        return Lookup(
            "地区", {entry.code: entry.parent for entry in entries}, {entry.code: entry.name for entry in entries}
        )

    async def _write(self, actor: Actor, rows: Sequence[EmployerRow], now: datetime) -> None:
        added = await asyncio.to_thread(_new_employers, actor.pool, rows, now)
        await Employer.bulk_create(added, batch_size=500)
        changed = {row.name: row for row in rows if row.act in ("restore", "complete")}
        listed = await Employer.filter(pool=actor.pool, name__in=list(changed)) if changed else []
        for employer in listed:
            row = changed[employer.name]
            employer.credit_code, employer.region = (
                row.credit_code or employer.credit_code,
                row.region or employer.region,
            )
            employer.retired_at = None
            await employer.save(update_fields=["credit_code", "region", "retired_at"])
        await self.employers.notify_requesters(actor, [*added, *listed], now)


def _new_employers(pool: str, rows: Sequence[EmployerRow], now: datetime) -> list[Employer]:
    """Runs in a thread, since sort keys are computed for thousands of names."""
    return [
        Employer(
            id=new_id(),
            pool=pool,
            name=row.name,
            name_sort=sort_name(row.name),
            credit_code=row.credit_code,
            region=row.region,
            created_at=now,
        )
        for row in rows
        if row.act == "add"
    ]


def render_template(form: Format) -> bytes:
    """A sheet with the heading and one sample line."""
    return formats.render_template(form, "单位", COLUMNS)


def _read_employers(lines: Sequence[Line], places: Lookup) -> tuple[list[EmployerRow], list[RowError]]:
    """Runs in a thread: there may be thousands."""
    return read_rows(lines, COLUMNS, lambda line, cells, unique: _employer_row(line, cells, unique, places))


def _employer_row(line: Line, cells: Cells, unique: UniqueValues, places: Lookup) -> EmployerRow:
    def name(text: str) -> str:
        if not normalise_unit_name(required_text(text)):
            raise BadCell("请填写单位全称")
        return unique("name", limited_text(text, 200), line.number)

    def code(text: str) -> str:
        return unique("credit_code", credit_code(text), line.number) if text else ""

    return EmployerRow(
        line.number,
        cells.get("name", name, ""),
        cells.get("credit_code", code, ""),
        cells.get("region", lambda text: places.code(text) if text else "", ""),
    )


async def _compare(pool: str, rows: Iterable[EmployerRow]) -> tuple[list[EmployerRow], list[RowError]]:
    """The effect of each row on the list's present state, and conflicting rows."""
    listed = await Employer.filter(pool=pool)
    employers_by_name = {employer.name: employer for employer in listed}
    names_by_code = {
        employer.credit_code: employer.name
        for employer in listed
        if employer.credit_code and employer.retired_at is None
    }
    valid_rows, clashes = list[EmployerRow](), list[RowError]()
    for row in rows:
        employer = employers_by_name.get(row.name)
        code = row.credit_code or (employer.credit_code if employer else "")
        if code and names_by_code.get(code, row.name) != row.name:
            clashes.append(_clash(row, "credit_code", f"“{names_by_code[code]}”已使用代码{code}，请核对。"))
        elif employer is not None and (clash := _find_difference(row, employer)):
            clashes.append(clash)
        else:
            valid_rows.append(replace(row, act=_act(row, employer)))
            if code:
                names_by_code[code] = row.name
    return valid_rows, clashes


def _find_difference(row: EmployerRow, employer: Employer) -> RowError | None:
    """An import may complete a listed unit, but never change it."""
    if employer.retired_at is not None:
        return None
    for name, title in (("credit_code", "代码"), ("region", "地区")):
        imported, listed = getattr(row, name), getattr(employer, name)
        if imported and listed and imported != listed:
            return _clash(row, name, f"列表中该单位的{title}是{listed}，请核对；确需修改请在列表中编辑。")
    return None


def _act(row: EmployerRow, employer: Employer | None) -> Act:
    if employer is None:
        return "add"
    if employer.retired_at is not None:
        return "restore"
    completes = (row.credit_code and not employer.credit_code) or (row.region and not employer.region)
    return "complete" if completes else "same"


def _clash(row: EmployerRow, column: str, reason: str) -> RowError:
    return RowError(row.line, _TITLES[column], reason)


def _counts(rows: Iterable[EmployerRow]) -> dict[str, int]:
    counts = {"add": 0, "restore": 0, "complete": 0, "same": 0}
    for row in rows:
        counts[row.act] += 1
    return counts


KIND = SheetKind(
    table=Sheet,
    row=EmployerRow,
    columns=COLUMNS,
    lines_max=LINES_MAX,
    bytes_max=BYTES_MAX,
    noun="employer",
    subject="employer_import",
    lock="employers",
    words=Words("导入", "未添加任何单位", "导入"),
    counts=_counts,
    sample=lambda row: row.name if row.act == "add" else "",
)
