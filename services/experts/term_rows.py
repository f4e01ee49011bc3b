"""The rows of a sheet of longer terms: whom each names, until when, and why one can't be dealt with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.clock import print_date
from domain.experts.correctable import end_of_day
from services.core.base import Deps, rows
from services.spreadsheets import formats
from services.spreadsheets.cells import BadCell, Cells, RowError, UniqueValues, places_of
from services.spreadsheets.formats import Column, Format, Line

ROWS_MAX = 5_000
LONGEST = timedelta(days=3660)
"""Terms are of a few years: what ends later was typed wrong."""
COLUMNS: tuple[Column, ...] = (
    Column("number", "专家编号", False, "编号和身份证号至少填一项", "ZJ0000001"),
    Column("id_number", "身份证号", False, "18位，请把单元格设为文本格式", ""),
    Column("until", "聘期至", True, "延长后聘期的最后一天，如 2029-03-01", "2029-03-01"),
)
_PLACES = places_of(COLUMNS)
_EXPERTS = """
SELECT e.id, e.number, e.id_number_hash, e.account_id, e.left_at, e.term_until, e.membership_status FROM expert e
 WHERE e.pool = $1 AND (e.number = ANY($2::text[]) OR e.id_number_hash = ANY($3::text[]))
"""
_NUMBER_MAX = 32
_ID_NUMBER = re.compile(r"\d{15}|\d{17}[\dX]", re.ASCII)
"""One whose check digit is wrong may be filed, too."""
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", re.ASCII)


def render_template(form: Format) -> bytes:
    """A sheet with the heading and one sample line."""
    return formats.render_template(form, "聘期", COLUMNS)


@dataclass(frozen=True)
class TermTarget:
    """A row that can be dealt with; ``until``: the last second of the term."""

    line: int
    number: str
    expert_id: UUID
    until: datetime


@dataclass(frozen=True)
class CheckedTerms:
    targets: tuple[TermTarget, ...]
    errors: tuple[RowError, ...]


@dataclass(frozen=True)
class _Named:
    line: int
    number: str
    digest: str
    """Look-up hash of the identity number; empty: none."""
    until: datetime


@dataclass(frozen=True)
class TermRows:
    deps: Deps
    pool: str
    now: datetime
    own_account: UUID | None
    _unique: UniqueValues = field(default_factory=UniqueValues)

    async def check(self, lines: Sequence[Line]) -> CheckedTerms:
        """Raises nothing: every invalid row is told with its reason."""
        named, errors = self._read(lines)
        numbers, digests = [row.number for row in named if row.number], [row.digest for row in named if row.digest]
        experts = await rows(_EXPERTS, self.pool, numbers, digests)
        by_number = {expert["number"]: expert for expert in experts}
        by_digest = {expert["id_number_hash"]: expert for expert in experts}
        targets = []
        for row in named:
            try:
                expert = self._expert(row, by_number, by_digest)
                if refusal := check_term(row.until, expert["term_until"], self.now):
                    errors.append(RowError(row.line, COLUMNS[2].title, f"{refusal}。"))
                    continue
                targets.append(TermTarget(row.line, expert["number"], expert["id"], row.until))
            except BadCell as bad:
                errors.append(RowError(row.line, COLUMNS[0 if row.number else 1].title, f"{bad}。"))
        return CheckedTerms(tuple(targets), tuple(sorted(errors, key=lambda error: error.line)))

    def _read(self, lines: Iterable[Line]) -> tuple[list[_Named], list[RowError]]:
        named, errors = list[_Named](), list[RowError]()
        for line in lines:
            cells = Cells(line, _PLACES)
            number = cells.get("number", _number, "")
            id_number = cells.get("id_number", _id_number, "")
            until = cells.get("until", _last_moment, self.now)
            if not cells.errors and not number and not id_number:
                cells.errors.append(RowError(line.number, COLUMNS[0].title, "请填写专家编号或身份证号。"))
            errors += cells.errors
            if not cells.errors:
                digest = self.deps.keys.lookup_hash("id_number", id_number) if id_number else ""
                named.append(_Named(line.number, number, digest, until))
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
        if expert["membership_status"] != "formal":
            raise BadCell("临时专家没有聘期")
        if expert["account_id"] is not None and expert["account_id"] == self.own_account:
            raise BadCell("不能延长自己的聘期，请由其他管理员办理")
        return expert


def check_term(until: datetime, present: datetime | None, now: datetime) -> str:
    """Why a term can't last until then; empty: it can."""
    if until <= now:
        return "聘期的最后一天应晚于今天"
    if until > now + LONGEST:
        return "聘期超过10年，请核对年份"
    if present is None:
        return "现在的聘期没有截止日期，不用延长；要登记截止日期的，请在“更正”中办理"
    if until <= present:
        return f"现在的聘期至{print_date(present)}，延长后应晚于它"
    return ""


def _last_moment(text: str) -> datetime:
    match = _DAY.fullmatch(text.partition(" ")[0])
    if match is None:
        raise BadCell("不是有效的日期，请填写如2029-03-01")
    try:
        day = date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError as error:
        raise BadCell("不是有效的日期，请填写如2029-03-01") from error
    return datetime.fromisoformat(end_of_day(day.isoformat()))


def _number(text: str) -> str:
    if len(text) > _NUMBER_MAX:
        raise BadCell(f"最多{_NUMBER_MAX}个字符，请核对")
    return text


def _id_number(text: str) -> str:
    value = text.upper()
    if value and not _ID_NUMBER.fullmatch(value):
        raise BadCell("不是有效的身份证号，请核对；单元格应为文本格式")
    return value
