"""Form values as text: for the printed form, reviewers, and lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from domain.catalogues import full_name
from domain.forms.values import UNIT_PARTS, CatalogueView, is_empty
from domain.masking import mask_bank_account, mask_id_number, mask_mobile
from domain.rulebook.form import FormField

TODAY = "至今"
SpecialtyChoice = Literal["preferred", "alternative"]
CHOICES: Mapping[str, str] = {"preferred": "首选", "alternative": "备选"}


def columns_of(field: FormField) -> Mapping[str, FormField]:
    """The columns of records and units that hold values (files are attachments); empty for any other kind."""
    parts = UNIT_PARTS if field.kind == "units" else field.parts
    return {code: part for code, part in parts.items() if part.kind != "file"}


def show_value(
    field: FormField, value: object, catalogue: CatalogueView, *, choices: bool = False, dropped: bool = False
) -> str:
    """One value as text, codes by their names; empty where nothing was typed.

    One line per row. ``choices``: add to each specialty whether it is 首选 or 备选. ``dropped``: add to each record
    what it holds in columns that the form no longer has.
    """
    if is_empty(value):
        return ""
    if isinstance(value, list):
        rows = [_show_row(field, row, catalogue, choices) for row in value]
        more = [_show_dropped(field, row) if dropped else "" for row in value]
        return "\n".join("，".join(text for text in pair if text) for pair in zip(rows, more, strict=True))
    if field.kind == "yes_no":
        return "是" if value else "否"
    kind = field.catalogue if field.kind == "catalogue" else field.kind
    if kind and field.kind in ("catalogue", "employer", "region"):
        return full_name(kind, str(value), catalogue)
    return str(value)


def show_as_stored(value: object) -> str:
    """A value of a field that the rulebook no longer defines: codes stay codes, rows are lines, files are counted."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        files = sum(isinstance(row, Mapping) and "file" in row for row in value)
        return f"{files}个文件" if files else "\n".join(filter(None, map(show_as_stored, value)))
    if isinstance(value, Mapping):
        return "，".join(filter(None, map(show_as_stored, value.values())))
    return "" if is_empty(value) else str(value)


def show_masked(field: FormField, text: str) -> str:
    """Enough of a sensitive text to distinguish two values. Numbers are masked as everywhere; of other texts the first
    character is shown."""
    if field.account == "id_number":
        return mask_id_number(text)
    if field.account == "mobile" or field.kind == "mobile":
        return mask_mobile(text)
    if field.kind == "bank_account":
        return mask_bank_account(text)
    if field.kind == "email":
        name, _, host = text.partition("@")
        return f"{name[:1]}***@{host}"
    return f"{text[:1]}{'*' * min(len(text) - 1, 6)}"


def show_rows(field: FormField, value: object, catalogue: CatalogueView) -> list[list[str]]:
    """Records or units as a table: a row's cells in the order of ``columns_of``."""
    rows = value if isinstance(value, list) else []
    return [_cells(field, row, catalogue) for row in rows if isinstance(row, Mapping)]


def show_region(code: str, catalogue: CatalogueView) -> str:
    """From the city down, without the province: 长沙市岳麓区; the code itself when it is unknown."""
    return full_name("region", code, catalogue)


def show_specialty(code: str, catalogue: CatalogueView) -> str:
    """设计 › 建筑工程 › 结构, the full path, since the catalogue has several 结构."""
    return full_name("specialty", code, catalogue)


def _show_row(field: FormField, row: object, catalogue: CatalogueView, choices: bool) -> str:
    if not isinstance(row, Mapping):
        return str(row)
    if field.kind == "specialties":
        name = show_specialty(str(row.get("code", "")), catalogue)
        return f"{name}（{CHOICES.get(str(row.get('choice')), '')}）" if choices else name
    columns = columns_of(field)
    cells = dict(zip(columns, _cells(field, row, catalogue), strict=True))
    for code, part in columns.items():
        if part.not_before and cells[code] and cells.get(part.not_before):
            until = cells.pop(code)
            cells[part.not_before] += f" {until}" if until == TODAY else f" 至 {until}"
    return "，".join(cell for cell in cells.values() if cell)


def _show_dropped(field: FormField, row: object) -> str:
    if field.kind != "records" or not isinstance(row, Mapping):
        return ""
    return show_as_stored({code: value for code, value in row.items() if code not in field.parts})


def _cells(field: FormField, row: Mapping[str, object], catalogue: CatalogueView) -> list[str]:
    """The cells of one row. A period with a start and an empty end shows 至今 as its end."""
    return [
        show_value(part, row.get(code), catalogue)
        or (TODAY if part.not_before and not part.required and row.get(part.not_before) else "")
        for code, part in columns_of(field).items()
    ]
