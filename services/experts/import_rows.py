"""Converts one line of the sheet into an expert, or into reasons why it is invalid. Synchronous, no database."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import TypeVar

from domain.clock import SHANGHAI
from domain.draws.recusal_keys import normalise_unit_name, unit_keys
from domain.identity import is_id_number
from services.core.pinyin import sort_name
from services.experts.import_sheet import COLUMNS
from services.spreadsheets.cells import (
    BadCell,
    Cells,
    Lookup,
    RowError,
    UniqueValues,
    credit_code,
    limited_text,
    places_of,
    required_text,
)
from services.spreadsheets.formats import Line

T = TypeVar("T")

_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_ROUNDED = re.compile(r"\d+(\.\d+)?E\+?\d+|\d{15}000")
"""How a spreadsheet rounds 18 digits: it keeps 15."""
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_SEPARATOR = re.compile(r"[;；、\n]+")
_UNIT_SEPARATOR = re.compile(r"[;；\n]+")
_MEMBERSHIP = {"": "formal", "正式": "formal", "正式专家": "formal", "临时": "temporary", "临时专家": "temporary"}
_STATES = {"": True, "在库": True, "正常": True, "暂停": False}
_PLACES = places_of(COLUMNS)


@dataclass(frozen=True)
class Unit:
    """An employment, or, without times, a recusal unit."""

    name: str
    code: str
    since: datetime | None = None
    until: datetime | None = None

    @property
    def keys(self) -> list[str]:
        return list(unit_keys(self.name, self.code))


@dataclass(frozen=True)
class ExpertRow:
    """A valid line. Codes are the catalogue's; each path holds codes and all their ancestors."""

    line: int
    number: str
    name: str
    name_sort: str
    id_number: str
    mobile: str
    membership_status: str
    active: bool
    permanent_region: str
    region_path: list[str]
    willing_regions: list[str]
    specialties: list[str]
    specialty_path: list[str]
    title_level: str
    qualifications: list[str]
    department: str
    recusal_keys: list[str]
    employments: list[Unit]

    @property
    def units(self) -> dict[tuple[str, ...], Unit]:
        """By keys, each unit once: the current one comes last and replaces a former period at the same unit."""
        return {tuple(keys): unit for unit in self.employments if (keys := unit.keys)}


@dataclass(frozen=True)
class Lookups:
    """The catalogues of a pool."""

    region: Lookup
    specialty: Lookup
    title_level: Lookup
    qualification: Lookup
    department: Lookup


@dataclass(frozen=True)
class RowReader:
    """Parses lines and detects duplicates in a file."""

    lookups: Lookups
    _unique: UniqueValues = field(init=False, default_factory=UniqueValues)

    def read(self, line: Line) -> ExpertRow | list[RowError]:
        """The expert, or every reason why the line is invalid."""
        cells, look = Cells(line, _PLACES), self.lookups
        region = cells.get("permanent_region", lambda text: look.region.code(required_text(text)), "")
        none: list[str] = []
        no_units: list[Unit] = []
        specialties = cells.get("specialties", lambda text: _codes(required_text(text), look.specialty), none)
        title = cells.get("title_level", lambda text: look.title_level.code(text) if text else "", "")
        qualifications = cells.get("qualifications", lambda text: _codes(text, look.qualification), none)
        name = cells.get("name", lambda text: limited_text(required_text(text), 50), "")
        employments = [
            *cells.get("former", lambda text: list(_units(text, 4)), no_units),
            *self._employer(cells),
        ]
        recused = cells.get("recusal", lambda text: list(_units(text, 2)), no_units)
        row = ExpertRow(
            line=line.number,
            number=cells.get(
                "number", lambda text: self._unique("number", limited_text(required_text(text), 32), line.number), ""
            ),
            name=name,
            name_sort=sort_name(name),
            id_number=cells.get("id_number", lambda text: self._unique("id_number", _id_number(text), line.number), ""),
            mobile=cells.get("mobile", lambda text: self._unique("mobile", _mobile(text), line.number), ""),
            membership_status=cells.get(
                "membership_status", lambda text: _one_of(text, _MEMBERSHIP, "正式或临时"), "formal"
            ),
            active=cells.get("active", lambda text: _one_of(text, _STATES, "在库或暂停"), True),
            permanent_region=region,
            region_path=look.region.path(region),
            willing_regions=cells.get("willing_regions", lambda text: _codes(text, look.region), none),
            specialties=specialties,
            specialty_path=_paths(specialties, look.specialty),
            title_level=look.title_level.path(title)[-1],
            qualifications=_paths(qualifications, look.qualification),
            department=cells.get("department", lambda text: look.department.code(text) if text else "", ""),
            recusal_keys=sorted({key for unit in recused for key in unit.keys}),
            employments=employments,
        )
        return cells.errors or row

    def _employer(self, cells: Cells) -> Iterator[Unit]:
        name = cells.get("employer", lambda text: limited_text(required_text(text), 200), "")
        code = cells.get("employer_code", credit_code, "")
        since = cells.get("employed_since", _date, None)
        if normalise_unit_name(name):
            yield Unit(name, code, since)


def _id_number(text: str) -> str:
    value = required_text(text).upper()
    if _ROUNDED.fullmatch(value) and not is_id_number(value):
        raise BadCell("被表格软件改成了数字，请把该列设为文本格式后重新填写")
    if not is_id_number(value):
        raise BadCell("不是有效的18位身份证号，请核对")
    return value


def _mobile(text: str) -> str:
    value = re.sub(r"[\s-]", "", required_text(text)).removeprefix("+86")
    if not _MOBILE.fullmatch(value):
        raise BadCell("应为11位手机号，请核对")
    return value


def _date(text: str) -> datetime | None:
    """Midnight in Shanghai, aware UTC."""
    if not text:
        return None
    match = _DATE.match(text)
    try:
        if match is None or not 1900 <= int(match[1]) <= 2200:
            raise ValueError(text)
        day = date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError as error:
        raise BadCell("日期应写作 2020-03-01") from error
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


def _one_of(text: str, choices: Mapping[str, T], wanted: str) -> T:
    if text not in choices:
        raise BadCell(f"应填{wanted}")
    return choices[text]


def _codes(text: str, lookup: Lookup) -> list[str]:
    parts = [part.strip() for part in _SEPARATOR.split(text)]
    return list(dict.fromkeys(lookup.code(part) for part in parts if part))


def _paths(codes: list[str], lookup: Lookup) -> list[str]:
    return sorted({above for code in codes for above in lookup.path(code)})


def _units(text: str, parts: int) -> Iterator[Unit]:
    """``name|code`` or ``name|code|since|until``, several separated by semicolons; missing parts at the end are
    empty."""
    for piece in _UNIT_SEPARATOR.split(text):
        cells = [cell.strip() for cell in re.split(r"[|｜]", piece)]
        if not normalise_unit_name(cells[0]):
            continue
        if len(cells) > parts:
            raise BadCell(f"“{piece.strip()[:30]}”的竖线过多")
        name, code, since, until = [*cells, "", "", ""][:4]
        unit = Unit(limited_text(name, 200), credit_code(code), _date(since), _date(until))
        if parts == 4 and unit.until is None:
            raise BadCell(f"“{name[:30]}”缺少离开日期，在职单位请填在“工作单位”")
        if unit.since and unit.until and unit.since >= unit.until:
            raise BadCell(f"“{name[:30]}”的离开日期应晚于入职日期")
        yield unit
