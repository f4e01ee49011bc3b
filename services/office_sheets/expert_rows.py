"""The rows of a sheet: which expert each names, what it sets for him, and why one can't be dealt with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.parsing import person_search
from domain.typed_text import half_width
from services.core.base import Deps, rows
from services.core.sql_values import SqlValues
from services.office_sheets.acts import EXPERT_COLUMNS, Refusal, SheetAct, SheetTerms, Target
from services.spreadsheets.cells import BadCell, Cells, RowError, UniqueValues, places_of
from services.spreadsheets.formats import Line

ROWS_MAX = 5_000
_EXPERTS = """
SELECT e.id, e.number, e.id_number_hash, e.account_id, e.left_at, {facts} FROM expert e
 WHERE e.pool = $1 AND (e.number = ANY($2::text[]) OR e.id_number_hash = ANY($3::text[]))
"""
_NUMBER_MAX = 32


@dataclass(frozen=True)
class CheckedRows:
    targets: tuple[Target, ...]
    errors: tuple[RowError, ...]


@dataclass(frozen=True)
class _NamedRow:
    line: int
    number: str
    digest: str
    """Look-up hash of the identity number; empty: none."""
    value: str


@dataclass(frozen=True)
class ExpertRows:
    """``own_account``: the account of the administrator who uploads the sheet; a row that names him is refused."""

    deps: Deps
    act: SheetAct[Any, Any]
    terms: SheetTerms
    pool: str
    now: datetime
    own_account: UUID | None
    _unique: UniqueValues = field(default_factory=UniqueValues)

    async def check(self, lines: Sequence[Line]) -> CheckedRows:
        """An invalid row becomes an error with its line, column and reason; nothing is raised."""
        named, errors = self._read(lines)
        experts = await self._find_experts(named)
        by_number = {expert["number"]: expert for expert in experts}
        by_digest = {expert["id_number_hash"]: expert for expert in experts}
        targets = []
        for row in named:
            expert = by_number.get(row.number) if row.number else by_digest.get(row.digest)
            if expert is None:
                errors.append(self._error(row, Refusal("专家库中没有这位专家，请核对")))
            elif refusal := self._refuse(row, expert):
                errors.append(self._error(row, refusal))
            else:
                targets.append(Target(row.line, expert["number"], expert["id"], row.value))
        return CheckedRows(tuple(targets), tuple(sorted(errors, key=lambda error: error.line)))

    def _read(self, lines: Iterable[Line]) -> tuple[list[_NamedRow], list[RowError]]:
        named, errors, places = list[_NamedRow](), list[RowError](), places_of(self.act.columns)
        for line in lines:
            cells = Cells(line, places)
            number = cells.get("number", _number, "")
            id_number = cells.get("id_number", _id_number, "")
            value = self.act.read_value(cells)
            if not cells.errors and not number and not id_number:
                cells.errors.append(RowError(line.number, EXPERT_COLUMNS[0].title, "请填写专家编号或身份证号。"))
            errors += cells.errors
            if not cells.errors:
                digest = self.deps.keys.lookup_hash("id_number", id_number) if id_number else ""
                named.append(_NamedRow(line.number, number, digest, value))
        return named, errors

    async def _find_experts(self, named: Sequence[_NamedRow]) -> Sequence[Mapping[str, Any]]:
        numbers, digests = [row.number for row in named if row.number], [row.digest for row in named if row.digest]
        values = SqlValues(self.pool, numbers, digests)
        facts = self.act.write_facts(self.terms, self.now, values)
        return await rows(_EXPERTS.format(facts=facts), *values)

    def _refuse(self, row: _NamedRow, expert: Mapping[str, Any]) -> Refusal | None:
        if row.number and row.digest and expert["id_number_hash"] != row.digest:
            return Refusal("专家编号与身份证号不是同一位专家，请核对")
        try:
            self._unique("expert", str(expert["id"]), row.line)
        except BadCell as repeated:
            return Refusal(str(repeated))
        if expert["left_at"] is not None:
            return Refusal("该专家已退库")
        if expert["account_id"] is not None and expert["account_id"] == self.own_account:
            return Refusal(self.act.own_refusal)
        return self.act.refuse(self.terms, row.value, expert, self.now)

    def _error(self, row: _NamedRow, refusal: Refusal) -> RowError:
        name = refusal.column or ("number" if row.number else "id_number")
        title = next(column.title for column in self.act.columns if column.name == name)
        return RowError(row.line, title, f"{refusal.reason}。")


def _number(text: str) -> str:
    number = half_width(text)
    if len(number) > _NUMBER_MAX:
        raise BadCell(f"最多{_NUMBER_MAX}个字符，请核对")
    return number


def _id_number(text: str) -> str:
    """One whose check digit is wrong may be filed, too."""
    value = person_search(text).id_number
    if text and not value:
        raise BadCell("不是有效的身份证号，请核对；单元格应为文本格式")
    return value
