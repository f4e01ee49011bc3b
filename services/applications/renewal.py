"""What a renewal keeps of the expert's file: read-only in its form, and right as it is filed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from domain.forms.checking import FieldProblem, kept_values
from domain.rulebook.book import Rulebook
from models.applications import Application, ApplicationSection
from models.experts import Expert
from services.applications.persons import file_values
from services.applications.repository import editable_fields, open_values, write_section
from services.core.base import Deps


async def find_kept(deps: Deps, book: Rulebook, application: Application) -> dict[str, object]:
    """Field → value of the file; empty for a first application, and without what the file does not tell."""
    if application.entry_type != "renewal" or application.expert_id is None:
        return {}
    return kept_values(book.form, await file_values(deps, book, await Expert.get(id=application.expert_id)))


async def keep(deps: Deps, book: Rulebook, application: Application, now: datetime) -> dict[str, object]:
    """Bring the form in line with the file, and return what is kept; inside the caller's transaction, row locked.

    What printing or handing in has closed stays as it stands.
    """
    kept = await find_kept(deps, book, application)
    due = kept.keys() & editable_fields(application, book)
    for code, section in book.form.sections.items():
        here = {field: kept[field] for field in section.fields if field in due}
        if not here:
            continue
        row = await ApplicationSection.get_or_none(application_id=application.id, code=code)
        stored = open_values(deps, row) if row else {}
        if stored != stored | here:
            await write_section(deps, application, row, code, stored | here, now)
    return kept


def refused_changes(book: Rulebook, values: Mapping[str, object], kept: Mapping[str, object]) -> list[FieldProblem]:
    """One problem for each of ``values`` that is not what the file says."""
    return [
        FieldProblem(
            code, f"续聘时{book.form.fields[code].label}沿用入库时的内容，不能修改；续聘入库后可另行申请变更。"
        )
        for code, value in values.items()
        if code in kept and value != kept[code]
    ]
