"""Creates or updates an expert's record from an approved application."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any, cast

from domain.clock import SHANGHAI
from domain.draws.recusal_keys import normalise_unit_name
from domain.forms.checking import fields_of, filled_values
from domain.rulebook.book import Rulebook
from domain.rulebook.form import EntryType
from models.accounts import Account
from models.applications import Application, ApplicationSpecialty
from models.experts import Expert
from services.applications import CatalogueCodes, enters, load_codes, read_values
from services.core.base import Deps
from services.core.pinyin import sort_name
from services.experts import ExpertRow, Unit

_FIRST_YEAR, _LAST_YEAR = 1900, 2200
"""Years to which the times of employments are limited (9999 for no end), so that date arithmetic works."""


class ExpertRowBuilder:
    """Reads an application as an expert's row. What its form does not ask stays as in ``existing``, the old record."""

    def __init__(self, deps: Deps, application: Application, account: Account, existing: Expert | None) -> None:
        self._deps = deps
        self._application = application
        self._account = account
        self._existing = existing
        self._book: Rulebook = deps.book(application.pool)
        self._entry_type = cast(EntryType, application.entry_type)
        self._asked = fields_of(self._book.form, self._entry_type)

    async def read(self) -> tuple[ExpertRow, dict[str, Any]]:
        """The row, and further columns: remote evaluation, emergencies."""
        application, keys = self._application, self._deps.keys
        typed = await read_values(self._deps, application.id)
        values = filled_values(self._book.form, typed, self._entry_type)
        chosen = ApplicationSpecialty.filter(application_id=application.id).order_by("position", "code")
        specialties = [
            specialty.code for specialty in await chosen if enters(specialty.choice, specialty.admitted, self._book)
        ]
        codes = await load_codes(
            self._book, values, specialties, application.region, retired=[str(values.get("employer", ""))]
        )
        employments = self._employments(values, codes)
        recused = [_unit(unit) for unit in _rows(values.get("recusal_units"))]
        if self._book.form.own_employer_recused:
            recused += [unit for unit in employments if unit.until is None]
        row = ExpertRow(
            line=0,
            number=application.expert_number,
            name=self._account.real_name,
            name_sort=sort_name(self._account.real_name),
            id_number=keys.open_text(self._account.id_number_sealed, "id_number"),
            mobile=keys.open_text(self._account.mobile_sealed, "mobile"),
            membership_status="formal",
            active=self._active(),
            permanent_region=application.region,
            region_path=codes.path("region", application.region),
            willing_regions=self._willing(values),
            specialties=specialties,
            specialty_path=_paths(codes, "specialty", specialties),
            title_level=self._title_level(values, codes),
            qualifications=self._qualifications(values, codes),
            department=self._existing.department if self._existing else "",
            recusal_keys=sorted({key for unit in recused for key in unit.keys}),
            employments=employments,
        )
        return row, {
            "remote_evaluation": bool(self._value_or(values, "remote_evaluation", default=False)),
            "emergency": bool(self._value_or(values, "emergency", default=False)),
        }

    def _active(self) -> bool:
        """Entry and renewal end a suspension; continuing education and changes of the record don't."""
        goes_on = self._entry_type in ("education", "change") and self._existing is not None
        return self._existing.active if goes_on and self._existing else True

    def _value_or(self, values: Mapping[str, Any], code: str, *, default: object) -> Any:
        """The form's value; where the form does not ask, the old record's."""
        if code in self._asked or self._existing is None:
            return values.get(code, default)
        return getattr(self._existing, code)

    def _willing(self, values: Mapping[str, Any]) -> list[str]:
        """An expert who accepts evaluation elsewhere is willing for the whole province, others only for their city."""
        if "remote_evaluation" not in self._asked and self._existing and self._existing.willing_regions:
            return list(self._existing.willing_regions)
        if values.get("remote_evaluation"):
            return [self._book.pool.region]
        region = self._application.region
        return [next((code for code in self._application.region_path if _is_city(code)), region)]

    def _title_level(self, values: Mapping[str, Any], codes: CatalogueCodes) -> str:
        """The level's own code; a title below it (高级工程师) is mapped to it."""
        field = self._asked.get("title_level")
        if field is None or field.kind != "catalogue" or not values.get("title_level"):
            return self._existing.title_level if self._existing else ""
        return codes.path("title_level", str(values["title_level"]))[-1]

    def _qualifications(self, values: Mapping[str, Any], codes: CatalogueCodes) -> list[str]:
        field = self._asked.get("qualifications")
        part = field.parts.get("code") if field else None
        if part is None or part.kind != "catalogue":
            return list(self._existing.qualifications) if self._existing else []
        held = [str(row["code"]) for row in _rows(values.get("qualifications")) if row.get("code")]
        return _paths(codes, "qualification", held)

    def _employments(self, values: Mapping[str, Any], codes: CatalogueCodes) -> list[Unit]:
        """The units of the work history, and the present employer last; its beginning is taken from the history."""
        units = list(_history(values.get("work_history")))
        name, code = str(values.get("employer", "")), str(values.get("employer_code", ""))
        if self._book.form.fields["employer"].kind == "employer":
            listed = codes.entries.get(("employer", name))
            name, code = (listed.name, listed.credit_code or code) if listed else ("", "")
        if not normalise_unit_name(name):
            return units
        employer = Unit(name, code)
        same = [unit for unit in units if unit.until is None and set(unit.keys) <= set(employer.keys)]
        since = min((unit.since for unit in same if unit.since), default=None)
        return [*(unit for unit in units if unit not in same), replace(employer, since=since)]


def _paths(codes: CatalogueCodes, kind: str, held: list[str]) -> list[str]:
    """The codes and all their ancestors."""
    return sorted({above for code in held for above in codes.path(kind, code)})


def _is_city(code: str) -> bool:
    return code.endswith("00") and not code.endswith("0000")


def _rows(value: object) -> list[Mapping[str, Any]]:
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def _unit(row: Mapping[str, Any]) -> Unit:
    return Unit(str(row.get("name", "")), str(row.get("code", "")))


def _history(history: object) -> Iterator[Unit]:
    """A period without an end is a present employment."""
    for row in _rows(history):
        name = str(row.get("unit", ""))
        if normalise_unit_name(name):
            yield Unit(name, "", _month(row.get("since")), _month(row.get("until"), after=True))


def _month(value: object, *, after: bool = False) -> datetime | None:
    """The first moment of a month ``2020-09`` or, with ``after``, of the following month; aware UTC."""
    if not isinstance(value, str) or not value:
        return None
    year, month = min(max(int(value[:4]), _FIRST_YEAR), _LAST_YEAR), int(value[5:7])
    if after:
        year, month = year + month // 12, month % 12 + 1
    return datetime.combine(date(year, month, 1), time(), SHANGHAI).astimezone(UTC)
