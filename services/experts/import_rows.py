"""Converts one line of the sheet into an expert, or into reasons why it is invalid. Synchronous, no database."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import TypeVar

from domain.clock import SHANGHAI
from domain.draws.recusal_keys import normalise_unit_name
from domain.errors import InvalidInput
from domain.experts.employments import ListedEmployers, rows_of
from domain.experts.file import ExpertFile
from domain.forms.values import is_empty
from domain.parsing import id_number, mobile_number
from domain.person_names import person_name
from domain.typed_text import half_width
from services.experts.import_sheet import COLUMNS
from services.spreadsheets.cells import (
    BadCell,
    Cells,
    Lookup,
    RowError,
    UniqueValues,
    credit_code,
    limited_code,
    limited_text,
    places_of,
    required_text,
)
from services.spreadsheets.formats import Line

T = TypeVar("T")

_ROUNDED = re.compile(r"\d+(\.\d+)?E\+?\d+|\d{15}000")
"""How a spreadsheet rounds 18 digits: it keeps 15."""
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_SEPARATOR = re.compile(r"[;；、\n]+")
_UNIT_SEPARATOR = re.compile(r"[;；\n]+")
_MEMBERSHIP = {"": None, "正式": "formal", "正式专家": "formal", "临时": "temporary", "临时专家": "temporary"}
_STATES = {"": False, "在库": False, "正常": False, "暂停": True}
_YES_NO = {"": None, "是": True, "否": False}
_PLACES = places_of(COLUMNS)


@dataclass(frozen=True)
class ImportedRow:
    """A valid line. ``values``: field of the file → what its cell says; a field whose cell is empty is missing.

    ``suspended``: the expert is to enter suspended (暂停).
    """

    line: int
    values: Mapping[str, object]
    suspended: bool = False

    def change_of(self, file: ExpertFile, lookups: Lookups, listed: ListedEmployers) -> dict[str, object]:
        """What the line sets in a file that may hold more than a sheet can say: choices and certificates of the same
        codes, the title below the level, the employer in the pool's list."""
        values, filed = {**self.values, "left_reason": None}, file.values
        for code in ("specialties", "qualifications"):
            if code in values:
                values[code] = _with_details(rows_of(values[code]), rows_of(filed.get(code)))
        title, filed_title = str(values.get("title_level", "")), str(filed.get("title_level", ""))
        if title and title in lookups.title_level.path(filed_title):
            values["title_level"] = filed_title
        if listed.get(str(filed.get("employer")), ("",))[0] == values["employer"]:
            values["employer"] = filed["employer"]
        return values


@dataclass(frozen=True)
class Lookups:
    """The catalogues of a pool."""

    region: Lookup
    specialty: Lookup
    title_level: Lookup
    qualification: Lookup
    department: Lookup

    def exists(self, kind: str, code: str) -> bool:
        return code in self._of(kind).names

    def path(self, kind: str, code: str) -> list[str]:
        return self._of(kind).path(code)

    def _of(self, kind: str) -> Lookup:
        lookup: Lookup = getattr(self, kind)
        return lookup


@dataclass(frozen=True)
class RowReader:
    """Parses lines and detects duplicates in a file."""

    lookups: Lookups
    _unique: UniqueValues = field(init=False, default_factory=UniqueValues)

    def read(self, line: Line) -> ImportedRow | list[RowError]:
        """The expert, or every reason why the line is invalid."""
        cells, look = Cells(line, _PLACES), self.lookups
        unique, number = self._unique, line.number
        none: list[str] = []
        no_units: list[dict[str, str]] = []
        specialties = cells.get("specialties", lambda text: _codes(required_text(text), look.specialty), none)
        held = cells.get("qualifications", lambda text: _codes(text, look.qualification), none)
        values: dict[str, object] = {
            "number": cells.get(
                "number", lambda text: unique("number", limited_code(required_text(text), 32), number), ""
            ),
            "name": cells.get("name", _name, ""),
            "id_number": cells.get("id_number", lambda text: unique("id_number", _id_number(text), number), ""),
            "mobile": cells.get("mobile", lambda text: unique("mobile", _mobile(text), number), ""),
            "membership": cells.get("membership_status", lambda text: _one_of(text, _MEMBERSHIP, "正式或临时"), None),
            "term_until": cells.get("term_until", _end_of_day, ""),
            "emergency": cells.get("emergency", lambda text: _one_of(text, _YES_NO, "是或否"), None),
            "region": cells.get("permanent_region", lambda text: look.region.code(required_text(text)), ""),
            "willing_regions": cells.get("willing_regions", lambda text: _codes(text, look.region), none),
            "specialties": _coded(specialties, choice="preferred"),
            "title_level": cells.get("title_level", lambda text: look.title_level.code(text) if text else "", ""),
            "qualifications": _coded(held),
            "department": cells.get("department", lambda text: look.department.code(text) if text else "", ""),
            "employer": cells.get("employer", lambda text: limited_text(required_text(text), 200), ""),
            "employer_code": cells.get("employer_code", credit_code, ""),
            "employed_since": cells.get("employed_since", _date, ""),
            "former_units": cells.get("former", lambda text: list(_units(text, 4)), no_units),
            "recusal_units": cells.get("recusal", lambda text: list(_units(text, 2)), no_units),
        }
        suspended = cells.get("active", lambda text: _one_of(text, _STATES, "在库或暂停"), False)
        filled = {code: value for code, value in values.items() if not is_empty(value)}
        return cells.errors or ImportedRow(number, filled, suspended)


def _id_number(text: str) -> str:
    try:
        return id_number(required_text(text))
    except InvalidInput as error:
        if _ROUNDED.fullmatch(text.upper()):
            raise BadCell("被表格软件改成了数字，请把该列设为文本格式后重新填写") from error
        raise BadCell("不是有效的18位身份证号，请核对") from error


def _mobile(text: str) -> str:
    try:
        return mobile_number(required_text(text))
    except InvalidInput as error:
        raise BadCell("应为11位手机号，请核对") from error


def _name(text: str) -> str:
    try:
        return person_name(required_text(text))
    except InvalidInput as error:
        raise BadCell(error.message.rstrip("。")) from error


def _date(text: str) -> str:
    """``2020-03-01``; empty for an empty cell."""
    if not text:
        return ""
    match = _DATE.match(half_width(text))
    try:
        if match is None or not 1900 <= int(match[1]) <= 2200:
            raise ValueError(text)
        return date(int(match[1]), int(match[2]), int(match[3])).isoformat()
    except ValueError as error:
        raise BadCell("日期应写作 2020-03-01") from error


def _end_of_day(text: str) -> str:
    """The last second of a day, as the file holds the end of a term."""
    day = _date(text)
    if not day:
        return ""
    return datetime.combine(date.fromisoformat(day), time(23, 59, 59), SHANGHAI).astimezone(UTC).isoformat()


def _one_of(text: str, choices: Mapping[str, T], wanted: str) -> T:
    if text not in choices:
        raise BadCell(f"应填{wanted}")
    return choices[text]


def _codes(text: str, lookup: Lookup) -> list[str]:
    parts = [part.strip() for part in _SEPARATOR.split(text)]
    return list(dict.fromkeys(lookup.code(part) for part in parts if part))


def _coded(codes: list[str], **more: str) -> list[dict[str, object]]:
    return [{"code": code, **more} for code in codes]


def _with_details(
    imported: Sequence[Mapping[str, object]], filed: Sequence[Mapping[str, object]]
) -> list[Mapping[str, object]]:
    """The file's rows of the imported codes, in their filed order, then new ones."""
    codes = [row["code"] for row in imported]
    known = [row for row in filed if row.get("code") in codes]
    return [*known, *(row for row in imported if row["code"] not in [row.get("code") for row in known])]


def _units(text: str, parts: int) -> Iterator[dict[str, str]]:
    """``name|code`` or ``name|code|since|until``, several separated by semicolons; missing parts at the end are
    empty."""
    for piece in _UNIT_SEPARATOR.split(text):
        cells = [cell.strip() for cell in re.split(r"[|｜]", piece)]
        if not normalise_unit_name(cells[0]):
            continue
        if len(cells) > parts:
            raise BadCell(f"“{piece.strip()[:30]}”的竖线过多")
        name, code, since, until = [*cells, "", "", ""][:4]
        unit = {"name": limited_text(name, 200), "code": credit_code(code)}
        times = {"since": _date(since), "until": _date(until)}
        if parts == 4 and not times["until"]:
            raise BadCell(f"“{name[:30]}”缺少离开日期，在职单位请填在“工作单位”")
        if times["since"] and times["until"] and times["since"] >= times["until"]:
            raise BadCell(f"“{name[:30]}”的离开日期应晚于入职日期")
        yield unit | times if parts == 4 else unit
