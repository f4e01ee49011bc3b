"""Contents of documents: from a pool's form and a person's values to the data for the renderer's templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from domain.clock import local, print_date
from domain.forms.checking import PersonFacts, account_values, fields_of, filled_values
from domain.forms.display import CHOICES, columns_of, show_rows, show_value
from domain.forms.specialties import level_of
from domain.rulebook.book import Rulebook
from domain.rulebook.form import EntryType, FormField
from services.catalogue_codes import CatalogueCodes

Content = dict[str, object]
"""JSON-able; the head of each template lists what it must hold."""

_WIDE_KINDS = frozenset(("textarea", "employer"))
_SHORT = 24
"""Characters that fit a cell of half a line."""


@dataclass(frozen=True)
class Filled:
    """A form's present content: the pool's rules, the values, the person, and the names of codes.

    ``with_defaults``: fields into which nothing was typed show their defaults. A file has none: empty is empty.
    """

    book: Rulebook
    entry_type: EntryType
    values: Mapping[str, object]
    person: PersonFacts
    codes: CatalogueCodes
    today: date
    with_defaults: bool = True

    @property
    def shown(self) -> dict[str, object]:
        """Field → value, those of the account included."""
        form = self.book.form
        typed = filled_values(form, self.values, self.entry_type) if self.with_defaults else self.values
        return {
            **typed,
            **account_values(form, self.person, self.today, self.entry_type),
        }


def form_body(form: Filled, photo: str) -> Content:
    """Sections and specialties, common to every document made of a form; ``photo`` is a JPEG in base64 or empty."""
    shown, fields = form.shown, fields_of(form.book.form, form.entry_type)
    sections = []
    for section in form.book.form.of(form.entry_type).sections.values():
        here = {code: fields[code] for code in section.fields if code in fields and fields[code].kind != "file"}
        rows = [_row(field, shown.get(code), form) for code, field in here.items() if _is_row(field)]
        lists = [_list(field, shown.get(code), form) for code, field in here.items() if columns_of(field)]
        if rows or lists:
            sections.append({"title": section.title, "rows": rows, "lists": lists})
    return {"sections": sections, "specialties": _specialties(form, shown.get("specialties")), "photo": photo}


def application_form(
    form: Filled, photo: str, *, number: str, version: int, code: str, printed_at: datetime, url: str
) -> Content:
    """The application and qualification-review form."""
    documents = form.book.form.papers
    opinions = ["工作单位意见", *(f"{step.name}意见" for step in form.book.review.steps)]
    at = f"{print_date(printed_at)} {local(printed_at):%H:%M}"
    foot = [
        f"申请编号 {number} · 第{version}版 · 打印于 {at}",
        f"校验码 {spaced(code)}，扫码可核对本表是否为最新版本。",
    ]
    return {
        **form_body(form, photo),
        "title": documents.title_of(form.entry_type),
        "pool": form.book.pool.name,
        "qr": url,
        "foot": foot,
        "facts": [
            ["申请编号", number],
            ["申请类型", f"{form.book.campaigns.name_of(form.entry_type)}申请"],
            ["打印日期", print_date(printed_at)],
        ],
        "declaration": form.book.registration.honesty,
        "opinions": [{"title": title, "said": "", "sign": "签字（盖章）"} for title in opinions],
    }


def information_form(form: Filled, photo: str, *, number: str, membership_status: str, printed_at: datetime) -> Content:
    """An expert's own record (个人信息表)."""
    return {
        **form_body(form, photo),
        "title": "评标专家个人信息表",
        "pool": form.book.pool.name,
        "qr": "",
        "foot": [f"{form.book.pool.name} · {print_date(printed_at)}"],
        "facts": [["专家编号", number], ["专家类型", membership_status], ["打印日期", print_date(printed_at)]],
        "declaration": "",
        "opinions": [],
    }


def commitment(form: Filled) -> Content:
    """The honesty commitment, to be signed by hand."""
    documents, shown = form.book.form.papers, form.shown
    employer = form.book.form.used().get("employer")
    return {
        "title": documents.commitment_title,
        "pool": form.book.pool.name,
        "foot": [form.book.pool.name],
        "name": form.person.name,
        "id_number": form.person.id_number,
        "employer": show_value(employer, shown.get("employer"), form.codes) if employer else "",
        "paragraphs": [line.strip() for line in documents.commitment.splitlines() if line.strip()],
    }


def spaced(code: str) -> str:
    """``7K3QM9DX2RTBW8PH`` → ``7K3Q-M9DX-2RTB-W8PH``."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def _is_row(field: FormField) -> bool:
    return not columns_of(field) and field.kind != "specialties"


def _row(field: FormField, value: object, form: Filled) -> Content:
    text = show_value(field, value, form.codes)
    wide = field.kind in _WIDE_KINDS or len(text) > _SHORT or "\n" in text
    return {"label": field.label, "value": text, "wide": wide}


def _list(field: FormField, value: object, form: Filled) -> Content:
    columns = [column.label for column in columns_of(field).values()]
    return {"label": field.label, "columns": columns, "rows": show_rows(field, value, form.codes)}


def _specialties(form: Filled, value: object) -> Content | None:
    chosen = [element for element in value if isinstance(element, Mapping)] if isinstance(value, list) else []
    if not chosen:
        return None
    columns = ["一级类别", "二级类别", "三级专业"]
    rows = []
    for specialty in chosen:
        by_level = {level_of(code): code for code in form.codes.path("specialty", str(specialty.get("code", "")))}
        cells = [_entry_name(by_level.get(level, ""), form.codes) for level in (1, 2, 3)]
        choice = CHOICES.get(str(specialty.get("choice")), "")
        rows.append([*cells, choice] if form.book.form.specialties.preferred else cells)
    return {"columns": [*columns, "选择"] if form.book.form.specialties.preferred else columns, "rows": rows}


def _entry_name(code: str, codes: CatalogueCodes) -> str:
    return f"{code} {codes.name('specialty', code)}".strip() if code else "—"
