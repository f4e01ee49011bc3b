"""Checks an application form while it is being filled in and when it is submitted.

``domain.forms.values`` defines how each kind of value is stored. Fields that come from the account are never among the
values; attachments are counted, ``{"photo": 1, "work_history[0].proof": 2}``. Problems stand in the form's order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date

from domain.errors import NotFound
from domain.forms.schema import schema_of
from domain.forms.specialties import check_specialties
from domain.forms.values import CatalogueView, FieldProblem, clean_value, fields_of, is_empty, plain_key
from domain.identity import PersonFacts, age_on, birth_of, person_facts, sex_of
from domain.rulebook.form import ApplicationForm, EntryType, FormField

__all__ = [
    "CatalogueView",
    "FieldProblem",
    "PersonFacts",
    "account_values",
    "age_on",
    "birth_of",
    "check_complete",
    "check_specialties",
    "check_values",
    "fields_of",
    "filled_values",
    "person_facts",
    "renewal_values",
    "schema_of",
    "sex_of",
]

_CHOSEN = frozenset(("choice", "yes_no", "catalogue", "region", "employer", "specialties", "date", "month"))
"""Kinds whose value is chosen from a list, not typed."""


def check_values(
    form: ApplicationForm,
    section: str,
    values: Mapping[str, object],
    *,
    entry_type: EntryType,
    catalogue: CatalogueView,
) -> tuple[dict[str, object], list[FieldProblem]]:
    """One section of a draft: the values as stored, and the problems of the others.

    A missing value is no problem yet, and not among the stored ones. Raises NotFound for an unknown section.
    """
    sections = form.of(entry_type).sections
    if section not in sections:
        raise NotFound("申请表中没有这个部分，请刷新后重新填写。", code="no_section", field="section")
    fields = fields_of(form, entry_type)
    here = [code for code in sections[section].fields if code in fields]
    problems = [
        FieldProblem(plain_key(code), "申请表的这个部分没有这一项，请刷新后重新填写。")
        for code in values
        if code not in here
    ]
    clean_values: dict[str, object] = {}
    for code in here:
        if code in values:
            value, field_problems = _check_field(form, code, values[code], catalogue)
            problems += field_problems
            if value is not None and not field_problems:
                clean_values[code] = value
    return clean_values, problems


def check_complete(
    form: ApplicationForm,
    values: Mapping[str, object],
    attachments: Mapping[str, int],
    *,
    entry_type: EntryType,
    person: PersonFacts,
    catalogue: CatalogueView,
    today: date,
    unchanged: Collection[str] = (),
    optional: Collection[str] = (),
) -> list[FieldProblem]:
    """Everything that keeps an application from being submitted; empty: it is complete.

    ``values`` are those of all sections together. ``today`` is the day in Asia/Shanghai; ages are completed years on
    it. ``unchanged`` are fields that are the same as in the expert's file and are accepted in any shape; ``optional``
    fields may stay empty though the form requires them.
    """
    form = form.of(entry_type).without_requiring(optional)
    fields = fields_of(form, entry_type)
    values = filled_values(form, values, entry_type)
    satisfied = {
        field.instead_of for code, field in fields.items() if field.instead_of and _is_complete(code, field, values)
    }
    problems: list[FieldProblem] = [*_person_problems(form, fields, person, today)]
    for code, field in fields.items():
        if field.kind == "file":
            problems += _file_problems(code, field, attachments, satisfied)
        elif not field.account and code not in unchanged:
            problems += _field_problems(form, code, values.get(code), attachments, satisfied, catalogue, today)
    return problems


def filled_values(form: ApplicationForm, values: Mapping[str, object], entry_type: EntryType) -> dict[str, object]:
    """The values of the fields of this type of application, with defaults where nothing was typed."""
    values_by_code: dict[str, object] = {}
    for code, field in fields_of(form, entry_type).items():
        value = values.get(code)
        if is_empty(value) and field.default:
            value = field.default == "是" if field.kind == "yes_no" else field.default
        if not is_empty(value):
            values_by_code[code] = value
    return values_by_code


def renewal_values(form: ApplicationForm, filed: Mapping[str, object], entry_type: EntryType) -> dict[str, object]:
    """The values that an application takes over from ``filed``, the expert's record as form values; fields that the
    record lacks must be filled in."""
    return {
        code: filed[code]
        for code, field in fields_of(form, entry_type).items()
        if field.kept_at_renewal and not is_empty(filed.get(code))
    }


def account_values(form: ApplicationForm, person: PersonFacts, today: date, entry_type: EntryType) -> dict[str, str]:
    """The values of fields that come from the account, unmasked."""
    account_facts = {
        "name": person.name,
        "sex": person.sex,
        "birth": f"{person.birth:%Y-%m}" if person.birth else "",
        "age": f"{age_on(person.birth, today)}岁" if person.birth else "",
        "id_number": person.id_number,
        "mobile": person.mobile,
    }
    return {code: account_facts[field.account] for code, field in fields_of(form, entry_type).items() if field.account}


def _check_field(
    form: ApplicationForm, code: str, value: object, catalogue: CatalogueView
) -> tuple[object, list[FieldProblem]]:
    field = form.fields[code]
    if field.account:
        return None, [FieldProblem(code, f"{field.label}取自注册信息，不能在申请表中修改。")]
    cleaned, problems = clean_value(code, field, value, catalogue)
    if field.kind == "specialties" and isinstance(cleaned, list) and not problems:
        problems = check_specialties(form.specialties, cleaned, catalogue, complete=False, path=code)
    return cleaned, problems


def _person_problems(
    form: ApplicationForm, fields: Mapping[str, FormField], person: PersonFacts, today: date
) -> Iterator[FieldProblem]:
    places = {field.account: code for code, field in fields.items() if field.account}
    if not person.name or not person.id_number or person.birth is None:
        yield FieldProblem(places.get("name", "name"), "请先完成实名注册，再填写申请。")
        return
    if form.age_max is not None and (age := age_on(person.birth, today)) > form.age_max:
        place = places.get("birth") or places.get("age") or places.get("id_number") or "birth"
        yield FieldProblem(place, f"您已满{age}周岁，超过{form.age_max}周岁无法申请成为专家。")


def _is_complete(code: str, field: FormField, values: Mapping[str, object]) -> bool:
    """Whether a field that can satisfy another one holds a complete value."""
    value = values.get(code)
    if is_empty(value):
        return False
    rows = value if isinstance(value, list) else []
    needed = [name for name, part in field.parts.items() if part.required and part.kind != "file"]
    return all(isinstance(row, Mapping) and not any(is_empty(row.get(name)) for name in needed) for row in rows)


def _field_problems(
    form: ApplicationForm,
    code: str,
    value: object,
    attachments: Mapping[str, int],
    satisfied: set[str],
    catalogue: CatalogueView,
    today: date,
) -> Iterator[FieldProblem]:
    """Checks the value again, since rules may have changed after the draft was saved."""
    field = form.fields[code]
    if is_empty(value):
        if field.required and code not in satisfied:
            yield _missing_problem(form, code, field)
        return
    cleaned, problems = _check_field(form, code, value, catalogue)
    if not problems and field.kind == "specialties" and isinstance(cleaned, list):
        problems = check_specialties(form.specialties, cleaned, catalogue, path=code)
    yield from problems
    if problems or cleaned is None:
        return
    yield from _time_problems(code, field, cleaned, today)
    if isinstance(cleaned, list) and field.kind in ("records", "units"):
        yield from _count_problems(code, field, cleaned)
    if isinstance(cleaned, list) and field.kind == "records":
        for index, row in enumerate(cleaned):
            yield from _row_problems(f"{code}[{index}]", field, row, attachments, today)


def _missing_problem(form: ApplicationForm, code: str, field: FormField) -> FieldProblem:
    verb = "选择" if field.kind in _CHOSEN else "填写"
    others = [other.label for other in form.used().values() if other.instead_of == code]
    instead = f"；没有的，请填写{others[0]}" if others else ""
    return FieldProblem(code, f"请{verb}{field.label}{instead}。")


def _count_problems(code: str, field: FormField, rows: Sequence[object]) -> Iterator[FieldProblem]:
    if field.count_min is not None and len(rows) < field.count_min:
        yield FieldProblem(code, f"{field.label}至少填写{field.count_min}条，现有{len(rows)}条，请补充。")


def _row_problems(
    path: str, field: FormField, row: Mapping[str, object], attachments: Mapping[str, int], today: date
) -> Iterator[FieldProblem]:
    if not row:
        yield FieldProblem(path, f"{field.label}有一条没有填写，请填写或删除。")
        return
    for code, part in field.parts.items():
        place = f"{path}.{code}"
        if part.kind == "file":
            yield from _file_problems(place, part, attachments, set())
        elif is_empty(row.get(code)):
            if part.required and not part.default:
                verb = "选择" if part.kind in _CHOSEN else "填写"
                yield FieldProblem(place, f"请{verb}{part.label}。")
        else:
            yield from _time_problems(place, part, row[code], today)


def _time_problems(path: str, field: FormField, value: object, today: date) -> Iterator[FieldProblem]:
    if field.not_future and isinstance(value, str) and value > today.isoformat()[: len(value)]:
        yield FieldProblem(path, f"{field.label}晚于今天，请核对。")


def _file_problems(
    path: str, field: FormField, attachments: Mapping[str, int], satisfied: set[str]
) -> Iterator[FieldProblem]:
    count = attachments.get(path, 0)
    if count == 0 and field.required and path not in satisfied:
        yield FieldProblem(path, f"请上传{field.label}。")
    elif field.file is not None and count > field.file.count_max:
        yield FieldProblem(path, f"{field.label}最多{field.file.count_max}个文件，现有{count}个，请删去多余的。")
