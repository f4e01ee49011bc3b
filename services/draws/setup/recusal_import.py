"""Importing recusal units or persons from a sheet: all or nothing, with a reason for every invalid line."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

from domain.errors import AppError, InvalidInput, RuleViolation
from services.core.base import Actor, transaction
from services.core.short_texts import check_text
from services.draws.setup.recusal_lists import RecusalLists
from services.inspection.checker import FileChecker
from services.spreadsheets import formats
from services.spreadsheets.cells import find_faults
from services.spreadsheets.formats import Column, Format, Line, SheetError, format_within

Kind = Literal["units", "persons"]
LINES_MAX = 500
ERRORS_MAX = 50
_TITLES: dict[Kind, str] = {"units": "回避单位", "persons": "回避人员"}
_UNIT = "广州示范咨询有限公司"
_COLUMNS: dict[Kind, tuple[Column, ...]] = {
    "units": (
        Column("name", "单位名称", True, "单位全称", _UNIT),
        Column("code", "统一社会信用代码", False, "", ""),
        Column("reason", "回避原因", True, "", ""),
        Column("evidence", "回避依据", True, "", ""),
    ),
    "persons": (
        Column("name", "姓名", True, "", "张三"),
        Column("id_number", "身份证号", False, "不清楚时必须填写单位名称", ""),
        Column("unit", "单位名称", False, "", _UNIT),
        Column("reason", "回避原因", True, "", ""),
        Column("evidence", "回避依据", True, "", ""),
    ),
}
_LONGEST: dict[Kind, dict[str, int]] = {
    "units": {"name": 200, "code": 40, "reason": 100, "evidence": 50},
    "persons": {"name": 50, "id_number": 40, "unit": 200, "reason": 100, "evidence": 50},
}
"""Characters of a cell."""
Add = Callable[[Sequence[str]], Awaitable[UUID]]


@dataclass(frozen=True)
class RecusalImport:
    lists: RecusalLists
    checker: FileChecker

    async def import_units(self, actor: Actor, draw_id: UUID, content: bytes) -> int:
        """Returns the number added. Raises InvalidInput with ``params["errors"]``: the line and a Chinese reason."""

        async def add(cells: Sequence[str]) -> UUID:
            name, code, reason, evidence = cells
            return await self.lists.add_unit(actor, draw_id, name, code, reason, evidence)

        return await self._import_lines(actor, draw_id, "units", content, add)

    async def import_persons(self, actor: Actor, draw_id: UUID, content: bytes) -> int:
        """The same for persons."""

        async def add(cells: Sequence[str]) -> UUID:
            name, id_number, unit, reason, evidence = cells
            return await self.lists.add_person(actor, draw_id, name, id_number, unit, reason, evidence)

        return await self._import_lines(actor, draw_id, "persons", content, add)

    async def _import_lines(self, actor: Actor, draw_id: UUID, kind: Kind, content: bytes, add: Add) -> int:
        await self.lists.check_editable(actor, draw_id)
        try:
            form = format_within(content)
            lines = await self.checker.read_sheet(actor.pool, content, form, _COLUMNS[kind], LINES_MAX)
        except SheetError as error:
            raise InvalidInput(str(error), code="sheet_unreadable", field="file") from error
        errors: list[dict[str, object]] = []
        async with transaction():
            for line in lines:
                try:
                    _check_faults(kind, line)
                    await add(_checked_cells(kind, line))
                except (InvalidInput, RuleViolation) as refusal:
                    errors.append({"line": line.number, "message": refusal.message})
                    if len(errors) >= ERRORS_MAX:
                        break
            if errors:
                raise _refusal(errors)
        return len(lines)


def render_template(kind: Kind, form: Format, reasons: Sequence[str], evidence: Sequence[str]) -> bytes:
    """A sheet with the headings and one sample line; XLSX also lists reasons and evidence."""
    *others, reason, proof = _COLUMNS[kind]
    columns = [*others, replace(reason, sample=reasons[0]), replace(proof, sample=evidence[0])]
    notes = [
        ["回避原因只能填写下列之一，请勿修改"],
        *([text] for text in reasons),
        ["回避依据只能填写下列之一，请勿修改"],
        *([text] for text in evidence),
    ]
    return formats.render_template(form, _TITLES[kind], columns, ("回避原因和依据", notes))


def _check_faults(kind: Kind, line: Line) -> None:
    """Raises InvalidInput for cells that can't be read."""
    if faults := find_faults(line, _COLUMNS[kind]):
        raise InvalidInput("".join(f"{fault.column}：{fault.reason}" for fault in faults), field="file")


def _checked_cells(kind: Kind, line: Line) -> list[str]:
    return [
        check_text(cell, "file", column.title, _LONGEST[kind][column.name])
        for cell, column in zip(line.cells, _COLUMNS[kind], strict=True)
    ]


def _refusal(errors: Sequence[dict[str, object]]) -> AppError:
    first = errors[0]
    return InvalidInput(
        f"有{len(errors)}行不能导入，未添加任何内容。第{first['line']}行：{first['message']}",
        code="sheet_errors",
        field="file",
        params={"errors": list(errors)},
    )
