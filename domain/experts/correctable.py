"""Which fields of an expert's file the office corrects, and how their values are typed as lines of text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time

from domain.clock import SHANGHAI, local
from domain.experts.employments import rows_of
from domain.experts.file import FOLLOW, RETIRED
from domain.forms.display import columns_of
from domain.rulebook.book import Rulebook
from domain.rulebook.form import ApplicationForm, FormField, FormSection

BLANK_ROWS = 2
"""Empty rows below those of a list, for further ones."""
TERM = "term_until"
WILLING = "willing_regions"
_FORMER_UNIT: Mapping[str, FormField] = {
    "name": FormField(label="单位名称", kind="text", required=True, length_max=200),
    "code": FormField(label="统一社会信用代码", kind="credit_code"),
    "since": FormField(label="入职日期", kind="date", not_future=True),
    "until": FormField(label="离开日期", kind="date", required=True, not_before="since", not_future=True),
}
_FILED_ALONE: Mapping[str, FormField] = {
    "employer": FormField(label="工作单位", kind="text", required=True),
    "employer_code": FormField(label="单位统一社会信用代码", kind="credit_code"),
    "employed_since": FormField(label="入职日期", kind="date", not_future=True),
    "former_units": FormField(label="历史单位", kind="records", parts=_FORMER_UNIT),
    "recusal_units": FormField(label="回避单位", kind="units"),
    "title_level": FormField(label="职称", kind="catalogue", catalogue="title_level"),
    "department": FormField(label="行业部门", kind="catalogue", catalogue="department"),
    "emergency": FormField(label="应急专家", kind="yes_no"),
    "remote_evaluation": FormField(label="接受异地评标", kind="yes_no"),
    TERM: FormField(label="聘期至", kind="date"),
    WILLING: FormField(label="意愿评标地", kind="textarea"),
    RETIRED: FormField(label="退休日期", kind="date", not_future=True),
}
"""What a file may hold though the pool's form doesn't ask for it; the pool's own field comes first."""


def correction_form(book: Rulebook) -> ApplicationForm:
    """The paper of the file, with a section for what it may hold besides."""
    paper = book.form.of_file()
    missing = paper.used() if book.draw.by_willing_region else {*paper.used(), WILLING}
    alone = {code: field for code, field in _FILED_ALONE.items() if code not in missing}
    section = FormSection(title="库内登记", fields=tuple(alone))
    return paper.model_copy(
        update={"sections": {**paper.sections, "filed_alone": section}, "fields": {**paper.fields, **alone}}
    )


def correctable_fields(book: Rulebook) -> Mapping[str, FormField]:
    """The fields that the office corrects, in the form's order: name, numbers and standing have acts of their own, and
    files are attachments."""
    return {code: field for code, field in correction_form(book).used().items() if field.is_filed}


def corrected_together(code: str, fields: Mapping[str, FormField]) -> tuple[str, ...]:
    """A field with those that say something of its value, which a new value would empty."""
    return (code, *(name for name in FOLLOW.get(code, ()) if name in fields))


def typed_values(code: str, field: FormField, value: object) -> dict[str, str]:
    """The texts that a form shows for a value, by the name of their input: ``email``, ``work_history-0-unit``.

    Specialties are lines of code and 首选 or 备选.
    """
    if field.kind == "specialties":
        rows = [f"{row.get('code')}{' 备选' if row.get('choice') == 'alternative' else ''}" for row in rows_of(value)]
        return {code: "\n".join(rows)}
    if columns := columns_of(field):
        return {
            f"{code}-{place}-{name}": _text(row.get(name))
            for place, row in enumerate(rows_of(value))
            for name in columns
        }
    if code == WILLING and isinstance(value, list):
        return {code: "\n".join(str(region) for region in value)}
    if code == TERM and value:
        return {code: local(datetime.fromisoformat(str(value))).date().isoformat()}
    return {code: _text(value)}


def value_of(code: str, field: FormField, typed: Mapping[str, str], rows: int) -> tuple[object, list[int]]:
    """What was typed, as a form value that is not checked yet, and of a list the places of the rows that stayed.

    ``rows``: as many as the form showed.
    """
    if field.kind == "specialties":
        return [_specialty(line) for line in typed.get(code, "").splitlines() if line.strip()], []
    columns = columns_of(field)
    if not columns:
        return typed.get(code, "").strip(), []
    texts = [{name: typed.get(f"{code}-{place}-{name}", "").strip() for name in columns} for place in range(rows)]
    places = [place for place, row in enumerate(texts) if any(row.values())]
    return [{name: text for name, text in texts[place].items() if text} for place in places], places


def end_of_day(day: str) -> str:
    """The last second of a day, as the file holds the end of a term."""
    return datetime.combine(date.fromisoformat(day), time(23, 59, 59), SHANGHAI).astimezone(UTC).isoformat()


def moved_files(code: str, values: Mapping[str, object], places: list[int]) -> dict[str, object]:
    """The file's attachments of a list's rows, where rows above them went: ``places`` of the rows that stay."""
    moved: dict[str, object] = {}
    for name, value in values.items():
        if name.startswith(f"{code}."):
            stay = [row for row in rows_of(value) if row.get("row") in places]
            moved[name] = [{**row, "row": places.index(int(str(row["row"])))} for row in stay] or None
    return moved


def _specialty(line: str) -> dict[str, str]:
    code, _, choice = line.strip().partition(" ")
    return {"code": code.upper(), "choice": "alternative" if choice.strip() == "备选" else "preferred"}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    return "" if value is None else str(value)
