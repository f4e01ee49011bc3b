"""One value of an application form: what is typed, made into what is kept, or refused with a sentence.

=============  =========================================================================================
kind           kept as
=============  =========================================================================================
text, textarea str, tidy (``domain.typed_text``)
integer        int
choice         str, one of ``options``
yes_no         bool
date, month    ``2026-11-21``, ``2026-11``
email, mobile, phone, credit_code  str in its usual spelling
catalogue, region, employer        str: the code (of an employer: its id)
specialties    list of ``{"code": "A080101", "choice": "preferred" | "alternative"}``
records        list of objects, part → value; the place in the list is the ``row`` of its attachments
units          list of ``{"name", "code", "note"}``; code and note may be empty
file           not a value: an attachment
=============  =========================================================================================

A kept value is accepted again as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Protocol

from pydantic import Field

from domain import parsing
from domain.catalogues import full_name
from domain.errors import InvalidInput
from domain.rulebook.form import ApplicationForm, EntryType, FormField
from domain.typed_text import half_width, name_illegal, tidy_text

TEXT_MAX = 200
TEXTAREA_MAX = 2000
ROWS_MAX = 50
"""Rows of records and units where the rulebook names no limit."""
UNIT_NAME_MAX = 100
UNIT_NOTE_MAX = 200

_PHONE = re.compile(r"\+?[0-9(][0-9()\-转 ]{4,24}")
_DATE = re.compile(r"(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})日?")
_MONTH = re.compile(r"(\d{4})[-./年](\d{1,2})月?")
_EARLIEST_YEAR, _LATEST_YEAR = 1900, 2100
_YES_NO: Mapping[str, bool] = {"是": True, "否": False, "true": True, "false": False, "yes": True, "no": False}


class CatalogueView(Protocol):
    """A pool's catalogues in memory. ``kind``: region, specialty, title_level, qualification, department or employer.

    Regions are those of the pool's province; the code of an employer is its id.
    """

    def exists(self, kind: str, code: str) -> bool: ...

    def has_children(self, kind: str, code: str) -> bool: ...

    def name(self, kind: str, code: str) -> str:
        """Empty for a code that does not exist."""
        ...

    def parent(self, kind: str, code: str) -> str:
        """Empty at the top, and for a code that does not exist."""
        ...


@dataclass(frozen=True)
class FieldProblem:
    """A problem of one field, as a sentence that says what to do. ``field``: ``email``, ``work_history[2].unit``."""

    field: Annotated[str, Field(examples=["work_history[0].unit"])]
    message: str


class _Refused(ValueError):
    """Carries the sentence to the code that knows the field."""


def is_empty(value: object) -> bool:
    """Whether nothing was typed or chosen. False and 0 are values."""
    return value is None or (isinstance(value, str | list | tuple | dict) and not value)


def chosen_by_id(form: ApplicationForm) -> frozenset[str]:
    """Fields whose values are ids of rows of a list of the pool's: employers."""
    return frozenset(code for code, field in form.used().items() if field.kind == "employer")


def fields_of(form: ApplicationForm, entry_type: EntryType) -> dict[str, FormField]:
    """The fields of this type of application, in the form's order. A change takes no papers that were signed for an
    application."""
    return {
        code: field
        for code, field in form.of(entry_type).used().items()
        if (not field.only_for or entry_type in field.only_for) and not (entry_type == "change" and field.single_use)
    }


def file_codes(form: ApplicationForm, entry_type: EntryType) -> list[str]:
    """Fields of this type of application that hold files which stay valid after it, ``records.proof`` for a column."""
    codes = []
    for code, field in fields_of(form, entry_type).items():
        if field.kind == "file" and not field.single_use:
            codes.append(code)
        codes += [f"{code}.{name}" for name, part in field.parts.items() if part.kind == "file" and not part.single_use]
    return codes


def without_dropped_columns(form: ApplicationForm, values: Mapping[str, object]) -> dict[str, object]:
    """Records without columns that the form no longer has. An application's records lack them, too, so that the two are
    equal where the applicant changed nothing."""
    return {code: _without_dropped(form.fields.get(code), value) for code, value in values.items()}


def _without_dropped(field: FormField | None, value: object) -> object:
    if field is None or field.kind != "records" or not isinstance(value, list):
        return value
    return [
        {code: cell for code, cell in row.items() if code in field.parts} if isinstance(row, Mapping) else row
        for row in value
    ]


def lies_within(catalogue: CatalogueView, kind: str, code: str, top: str) -> bool:
    """Whether ``code`` is ``top`` or lies below it."""
    passed_codes = set()
    while code and code not in passed_codes:
        if code == top:
            return True
        passed_codes.add(code)
        code = catalogue.parent(kind, code)
    return False


def clean_value(
    path: str, field: FormField, value: object, catalogue: CatalogueView
) -> tuple[object, list[FieldProblem]]:
    """The value as stored (None: nothing was typed), and its problems.

    A missing value is no problem here. A file is refused: it is uploaded. Of specialties only the shape is checked;
    ``domain.forms.specialties`` applies the rulebook's rule.
    """
    if isinstance(value, str) and len(value) <= 4 * TEXTAREA_MAX:  # a longer one is refused
        value = tidy_text(value, lines=True)
    if field.kind == "file":
        return None, [FieldProblem(path, f"{field.label}请用上传按钮添加。")]
    if is_empty(value):
        return None, []
    if field.kind in _LISTS:
        return _LISTS[field.kind](path, field, value, catalogue)
    try:
        return _clean_single(field, value, catalogue), []
    except (_Refused, InvalidInput) as refused:
        message = refused.message if isinstance(refused, InvalidInput) else str(refused)
        return None, [FieldProblem(path, message)]


def plain_text(value: object, label: str, longest: int, *, lines: bool = False) -> str:
    """Tidy; ``lines``: with its line breaks. Raises ValueError with a sentence."""
    if not isinstance(value, str):
        raise _Refused(f"{label}应填写文字，请重新填写。")
    if len(value) > 4 * longest:
        raise _Refused(f"{label}最多{longest}个字，请缩短。")
    text = tidy_text(value, lines=lines)
    if illegal := name_illegal(text, lines=lines):
        raise _Refused(f"{label}中有无法识别的字符（{illegal}），请删除后重新填写。")
    if len(text) > longest:
        raise _Refused(f"{label}最多{longest}个字，现有{len(text)}个，请缩短。")
    return text


def _clean_single(field: FormField, value: object, catalogue: CatalogueView) -> object:
    if field.kind in _TYPED:
        return _TYPED[field.kind](field, value)
    if field.kind == "catalogue":
        return _catalogue_code(field, value, catalogue)
    if field.kind == "region":
        return _region_code(field, value, catalogue)
    return _known_code(field, "employer", value, catalogue)


def _text(field: FormField, value: object) -> str | None:
    return plain_text(value, field.label, field.length_max or TEXT_MAX) or None


def _textarea(field: FormField, value: object) -> str | None:
    return plain_text(value, field.label, field.length_max or TEXTAREA_MAX, lines=True) or None


def _integer(field: FormField, value: object) -> int:
    number = value if isinstance(value, int) and not isinstance(value, bool) else None
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", folded := half_width(value)):
        number = int(folded)
    low, high = field.value_min, field.value_max
    if number is None:
        raise _Refused(f"{field.label}应填写整数，例如{low or 5}。")
    if (low is not None and number < low) or (high is not None and number > high) or abs(number) >= 10**9:
        span = f"{low}到{high}之间" if low is not None and high is not None else "合理的范围内"
        raise _Refused(f"{field.label}应在{span}，请核对后重新填写。")
    return number


def _choice(field: FormField, value: object) -> str:
    if not isinstance(value, str) or value not in field.options:
        raise _Refused(f"请从选项中选择{field.label}。")
    return value


def _yes_no(field: FormField, value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _YES_NO:
        return _YES_NO[value.lower()]
    raise _Refused(f"{field.label}请选择“是”或“否”。")


def _date(field: FormField, value: object) -> str:
    match = _DATE.fullmatch(_half_width_text(field, value))
    try:
        day = date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        day = None
    if day is None or not _EARLIEST_YEAR <= day.year <= _LATEST_YEAR:
        raise _Refused(f"{field.label}应为日期，例如2020-09-01，请重新填写。")
    return day.isoformat()


def _month(field: FormField, value: object) -> str:
    match = _MONTH.fullmatch(_half_width_text(field, value))
    if not match or not 1 <= int(match[2]) <= 12 or not _EARLIEST_YEAR <= int(match[1]) <= _LATEST_YEAR:
        raise _Refused(f"{field.label}应为年月，例如2020-09，请重新填写。")
    return f"{int(match[1]):04}-{int(match[2]):02}"


def _email(field: FormField, value: object) -> str:
    text = _half_width_text(field, value)
    longest = field.length_max or TEXT_MAX
    if len(text) > longest:
        raise _Refused(f"{field.label}最多{longest}个字符，现有{len(text)}个，请换一个较短的邮箱。")
    return parsing.email_address(text, field.label)


def _mobile(field: FormField, value: object) -> str:
    return parsing.mobile_number(_half_width_text(field, value))


def _phone(field: FormField, value: object) -> str:
    text = _half_width_text(field, value)
    longest = field.length_max or 25
    if len(text) > longest:
        raise _Refused(f"{field.label}最多{longest}个字符，现有{len(text)}个，请缩短。")
    if not _PHONE.fullmatch(text):
        raise _Refused(f"{field.label}应为电话号码，例如0731-88881234，请重新填写。")
    return text


def _credit_code(field: FormField, value: object) -> str:
    return parsing.credit_code(_half_width_text(field, value))


def _bank_account(field: FormField, value: object) -> str:
    return parsing.bank_account(_half_width_text(field, value), field.label)


def _half_width_text(field: FormField, value: object) -> str:
    """Half-width, since phones' keyboards mix both widths; digits may come as numbers."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**20 else ""
    return half_width(plain_text(value, field.label, TEXT_MAX))


def _known_code(field: FormField, kind: str, value: object, catalogue: CatalogueView) -> str:
    if not isinstance(value, str) or len(value) > 64 or not catalogue.exists(kind, value):
        raise _Refused(f"请从列表中选择{field.label}。")
    return value


def _catalogue_code(field: FormField, value: object, catalogue: CatalogueView) -> str:
    kind = field.catalogue or ""
    code = _known_code(field, kind, value, catalogue)
    if field.below and (code == field.below or not lies_within(catalogue, kind, code, field.below)):
        raise _Refused(f"{field.label}请在“{catalogue.name(kind, field.below)}”下选择。")
    if field.code_length is not None and len(code) != field.code_length:
        raise _Refused(f"{field.label}没有选到规定的级别，请重新选择。")
    if field.leaf and catalogue.has_children(kind, code):
        raise _Refused(f"“{full_name(kind, code, catalogue)}”下还有细分，{field.label}请选到最末一级。")
    return code


def _region_code(field: FormField, value: object, catalogue: CatalogueView) -> str:
    code = _known_code(field, "region", value, catalogue)
    above = catalogue.parent("region", code)
    if not above:
        raise _Refused(f"{field.label}请选到市州或区县，不能只选省份。")
    if field.city_only and catalogue.parent("region", above):
        raise _Refused(f"{field.label}请选择市州，不用选到区县。")
    if not field.districts and _is_district(catalogue, code, above):
        raise _Refused(f"市辖区请选所属的市，{field.label}请选择“{full_name('region', above, catalogue)}”。")
    if field.leaf and catalogue.has_children("region", code):
        raise _Refused(f"{field.label}请选到区县。")
    return code


def _is_district(catalogue: CatalogueView, code: str, above: str) -> bool:
    """Whether the code is a district of a city; counties and county-level cities (县, 自治县, 县级市) are not."""
    return bool(catalogue.parent("region", above)) and catalogue.name("region", code).endswith("区")


_Typed = Callable[[FormField, object], object]
_TYPED: Mapping[str, _Typed] = {
    "text": _text,
    "textarea": _textarea,
    "integer": _integer,
    "choice": _choice,
    "yes_no": _yes_no,
    "date": _date,
    "month": _month,
    "email": _email,
    "mobile": _mobile,
    "phone": _phone,
    "credit_code": _credit_code,
    "bank_account": _bank_account,
}


def _rows(path: str, field: FormField, value: object, most: int) -> tuple[list[object], list[FieldProblem]]:
    if not isinstance(value, list | tuple):
        return [], [FieldProblem(path, f"{field.label}应是一个列表，请刷新后重新填写。")]
    if len(value) > most:
        return [], [FieldProblem(path, f"{field.label}最多{most}条，现有{len(value)}条，请删去多余的。")]
    return list(value), []


def _records(path: str, field: FormField, value: object, catalogue: CatalogueView) -> tuple[object, list[FieldProblem]]:
    rows, problems = _rows(path, field, value, field.count_max or ROWS_MAX)
    records: list[dict[str, object]] = []
    for index, row in enumerate(rows):
        if not isinstance(row, Mapping):
            problems.append(FieldProblem(f"{path}[{index}]", f"{field.label}第{index + 1}条无法识别，请重新填写。"))
            continue
        cleaned, row_problems = _record(f"{path}[{index}]", field, row, catalogue)
        records.append(cleaned)
        problems += row_problems
    return records or None, problems


def _record(
    path: str, field: FormField, row: Mapping[object, object], catalogue: CatalogueView
) -> tuple[dict[str, object], list[FieldProblem]]:
    record: dict[str, object] = {}
    problems = [
        FieldProblem(f"{path}.{plain_key(code)}", f"{field.label}中没有这一项，请刷新后重新填写。")
        for code in row
        if code not in field.parts
    ]
    for code, part in field.parts.items():
        if part.kind == "file" and code not in row:
            continue
        value, part_problems = clean_value(f"{path}.{code}", part, row.get(code), catalogue)
        problems += part_problems
        if value is not None:
            record[code] = value
    problems += _order_problems(path, field, record)
    return record, problems


def _order_problems(path: str, field: FormField, row: Mapping[str, object]) -> Iterator[FieldProblem]:
    for code, part in field.parts.items():
        if part.not_before and code in row and str(row[code]) < str(row.get(part.not_before, "")):
            earlier = field.parts[part.not_before].label
            yield FieldProblem(f"{path}.{code}", f"{part.label}早于{earlier}，请核对。")


def _units(path: str, field: FormField, value: object, catalogue: CatalogueView) -> tuple[object, list[FieldProblem]]:
    rows, problems = _rows(path, field, value, field.count_max or ROWS_MAX)
    units: list[dict[str, object]] = []
    for index, row in enumerate(rows):
        unit: object = {"name": row} if isinstance(row, str) else row
        if not isinstance(unit, Mapping) or unit.keys() - _UNIT.parts.keys():
            problems.append(FieldProblem(f"{path}[{index}]", f"{field.label}第{index + 1}条无法识别，请重新填写。"))
            continue
        cleaned, unit_problems = _record(f"{path}[{index}]", _UNIT, unit, catalogue)
        units.append({"name": "", "code": "", "note": ""} | cleaned)
        problems += unit_problems
        if not cleaned.get("name") and not any(problem.field == f"{path}[{index}].name" for problem in unit_problems):
            problems.append(FieldProblem(f"{path}[{index}].name", "请填写单位全称，或删除这一条。"))
    return units or None, problems


def _specialties(
    path: str, field: FormField, value: object, catalogue: CatalogueView
) -> tuple[object, list[FieldProblem]]:
    """Checks only the shape; the codes are checked by ``domain.forms.specialties``."""
    del catalogue
    rows, problems = _rows(path, field, value, ROWS_MAX)
    specialties: list[dict[str, str]] = []
    for index, row in enumerate(rows):
        code = row.get("code") if isinstance(row, Mapping) else row
        choice = row.get("choice", "preferred") if isinstance(row, Mapping) else "preferred"
        if not isinstance(code, str) or not 0 < len(code) <= 32 or choice not in ("preferred", "alternative"):
            problems.append(FieldProblem(f"{path}[{index}]", f"{field.label}第{index + 1}项无法识别，请重新选择。"))
        else:
            specialties.append({"code": code, "choice": str(choice)})
    return specialties or None, problems


def plain_key(code: object) -> str:
    """An unknown key shortened and cleaned, for use in a problem's path."""
    return re.sub(r"[^A-Za-z0-9_]", "_", str(code)[:40]) or "_"


_Lists = Callable[[str, FormField, object, CatalogueView], tuple[object, list[FieldProblem]]]
_LISTS: Mapping[str, _Lists] = {"records": _records, "units": _units, "specialties": _specialties}

UNIT_PARTS: Mapping[str, FormField] = {
    "name": FormField(label="单位全称", kind="text", required=True, length_max=UNIT_NAME_MAX),
    "code": FormField(label="统一社会信用代码", kind="credit_code"),
    "note": FormField(label="情况概述", kind="text", length_max=UNIT_NOTE_MAX),
}
"""Columns of ``units``."""
_UNIT = FormField(label="回避单位", kind="records", parts=UNIT_PARTS)
