"""The rows of a sheet of experts on whom the office acts: whom each names, and why one can't be dealt with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.parsing import person_search
from services.core.base import Deps, rows
from services.spreadsheets import formats
from services.spreadsheets.cells import BadCell, Cells, RowError, UniqueValues, places_of
from services.spreadsheets.formats import Column, Format, Line

ROWS_MAX = 5_000
COLUMNS: tuple[Column, ...] = (
    Column("number", "专家编号", False, "编号和身份证号至少填一项", "ZJ0000001"),
    Column("id_number", "身份证号", False, "18位，请把单元格设为文本格式", ""),
)
_PLACES = places_of(COLUMNS)
_EXPERTS = """
SELECT e.id, e.number, e.id_number_hash, e.account_id, e.left_at,
  EXISTS (SELECT FROM sanction s WHERE s.expert_id = e.id AND s.kind = $4 AND s.state = 'proposed') AS proposed,
  EXISTS (SELECT FROM sanction s WHERE s.expert_id = e.id AND s.kind = 'suspension' AND s.state = 'imposed'
    AND (s.ends_at IS NULL OR s.ends_at > $5) AND ($6::timestamptz IS NULL OR s.starts_at < $6)) AS suspended
FROM expert e WHERE e.pool = $1 AND (e.number = ANY($2::text[]) OR e.id_number_hash = ANY($3::text[]))
"""
"""Suspended: in the time from ``$5`` until ``$6``."""
_NUMBER_MAX = 32


def render_template(form: Format) -> bytes:
    """A sheet with the heading and one sample line."""
    return formats.render_template(form, "名单", COLUMNS)


@dataclass(frozen=True)
class Target:
    """A row that can be dealt with."""

    line: int
    number: str
    expert_id: UUID


@dataclass(frozen=True)
class CheckedRows:
    targets: tuple[Target, ...]
    errors: tuple[RowError, ...]


@dataclass(frozen=True)
class _Named:
    line: int
    number: str
    digest: str
    """Look-up hash of the identity number; empty: none."""


@dataclass(frozen=True)
class RowChecks:
    """``act``: a kind of sanction, or lift; ``begin`` and ``end`` of a suspension."""

    deps: Deps
    pool: str
    act: str
    begin: datetime
    end: datetime | None
    own_account: UUID | None
    _unique: UniqueValues = field(default_factory=UniqueValues)

    async def check(self, lines: Sequence[Line]) -> CheckedRows:
        """Raises nothing: every invalid row is told with its reason."""
        named, errors = self._read(lines)
        experts = await rows(
            _EXPERTS,
            self.pool,
            [row.number for row in named if row.number],
            [row.digest for row in named if row.digest],
            self.act,
            self.begin,
            self.end,
        )
        by_number = {expert["number"]: expert for expert in experts}
        by_digest = {expert["id_number_hash"]: expert for expert in experts}
        targets = []
        for row in named:
            try:
                expert = self._expert(row, by_number, by_digest)
                targets.append(Target(row.line, expert["number"], expert["id"]))
            except BadCell as bad:
                errors.append(RowError(row.line, COLUMNS[0 if row.number else 1].title, f"{bad}。"))
        return CheckedRows(tuple(targets), tuple(sorted(errors, key=lambda error: error.line)))

    def _read(self, lines: Iterable[Line]) -> tuple[list[_Named], list[RowError]]:
        named, errors = list[_Named](), list[RowError]()
        for line in lines:
            cells = Cells(line, _PLACES)
            number = cells.get("number", _number, "")
            id_number = cells.get("id_number", _id_number, "")
            if not cells.errors and not number and not id_number:
                cells.errors.append(RowError(line.number, COLUMNS[0].title, "请填写专家编号或身份证号。"))
            errors += cells.errors
            if not cells.errors:
                digest = self.deps.keys.lookup_hash("id_number", id_number) if id_number else ""
                named.append(_Named(line.number, number, digest))
        return named, errors

    def _expert(
        self, row: _Named, by_number: Mapping[str, Mapping[str, Any]], by_digest: Mapping[str, Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        """Raises BadCell with the reason why the row can't be dealt with."""
        expert = by_number.get(row.number) if row.number else by_digest.get(row.digest)
        if expert is None:
            raise BadCell("专家库中没有这位专家，请核对")
        if row.number and row.digest and expert["id_number_hash"] != row.digest:
            raise BadCell("专家编号与身份证号不是同一位专家，请核对")
        self._unique("expert", str(expert["id"]), row.line)
        if expert["left_at"] is not None:
            raise BadCell("该专家已退库")
        if expert["account_id"] is not None and expert["account_id"] == self.own_account:
            raise BadCell("不能办理对自己的处理")
        if expert["proposed"]:
            raise BadCell("已有一项同样的处理待确认")
        if self.act == "suspension" and expert["suspended"]:
            raise BadCell("该专家在这段时间已暂停抽取")
        if self.act == "lift" and not expert["suspended"]:
            raise BadCell("该专家没有被管理机构暂停抽取")
        return expert


def _number(text: str) -> str:
    if len(text) > _NUMBER_MAX:
        raise BadCell(f"最多{_NUMBER_MAX}个字符，请核对")
    return text


def _id_number(text: str) -> str:
    """One whose check digit is wrong may be filed, too."""
    value = person_search(text).id_number
    if text and not value:
        raise BadCell("不是有效的身份证号，请核对；单元格应为文本格式")
    return value
