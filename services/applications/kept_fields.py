"""Fields that the application of an expert in the pool takes from the expert's record and may not change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from domain.forms.checking import FieldProblem, fields_of, renewal_values
from domain.forms.values import is_empty
from domain.rulebook.book import Rulebook
from domain.rulebook.form import EntryType
from models.applications import Application, ApplicationSection
from models.experts import Expert
from services.applications.applicants import file_values
from services.applications.repository import editable_fields, open_values, type_of, write_section
from services.core.base import Deps


async def find_kept_fields(deps: Deps, book: Rulebook, application: Application) -> dict[str, object]:
    """Field → value of the record, without fields that it lacks; empty where the person may change all of them."""
    return kept_fields_of(application, await find_filed(deps, book, application))


def kept_fields_of(application: Application, filed: Mapping[str, object]) -> dict[str, object]:
    """The same from a loaded record."""
    return {} if application.entry_type == "change" else {**filed}


async def find_filed(deps: Deps, book: Rulebook, application: Application) -> dict[str, object]:
    """The same for all fields, changeable or not: an unchanged value of the record is valid in any shape."""
    if application.entry_type == "first" or application.expert_id is None:
        return {}
    filed = await file_values(deps, book, await Expert.get(id=application.expert_id))
    if application.entry_type != "change":
        return renewal_values(book.form, filed, type_of(application))
    return {code: filed[code] for code in fields_of(book.form, "change") if not is_empty(filed.get(code))}


async def apply_kept_values(deps: Deps, book: Rulebook, application: Application, now: datetime) -> dict[str, object]:
    """Set kept fields to the record's values, and return them; inside the caller's transaction, row locked.

    Fields closed by printing or submission stay unchanged.
    """
    kept_fields = await find_kept_fields(deps, book, application)
    due = kept_fields.keys() & editable_fields(application, book)
    for code, section in book.form.of(type_of(application)).sections.items():
        here = {field: kept_fields[field] for field in section.fields if field in due}
        if not here:
            continue
        row = await ApplicationSection.get_or_none(application_id=application.id, code=code)
        stored = open_values(deps, row) if row else {}
        if stored != stored | here:
            await write_section(deps, application, row, code, stored | here, now)
    return kept_fields


def kept_rule(book: Rulebook, entry_type: EntryType) -> str:
    """Why a kept field can't be changed, and when it can."""
    later = "完成继续教育、考试合格" if entry_type == "education" else "续聘入库"
    return f"{book.campaigns.name_of(entry_type)}沿用入库时的内容，不能修改；{later}后可另行申请变更。"


def refused_changes(
    book: Rulebook, values: Mapping[str, object], kept_fields: Mapping[str, object], entry_type: EntryType
) -> list[FieldProblem]:
    """One problem for each of ``values`` that differs from the record."""
    text = kept_rule(book, entry_type)
    return [
        FieldProblem(code, f"{book.form.fields[code].label}：{text}")
        for code, value in values.items()
        if code in kept_fields and value != kept_fields[code]
    ]
