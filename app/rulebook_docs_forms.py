"""The reference page's part on application forms: a table of fields for every form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from domain.forms.values import ROWS_MAX, TEXT_MAX, TEXTAREA_MAX
from domain.rulebook.book import Rulebook
from domain.rulebook.form import FormField

_LENGTHS = {"text": TEXT_MAX, "textarea": TEXTAREA_MAX}


def render_forms(books: Mapping[str, Rulebook]) -> Iterator[str]:
    """Markdown lines; pools whose forms have the same sections and fields share a table."""
    groups: dict[str, list[str]] = {}
    for pool, book in books.items():
        groups.setdefault("\n".join(_rows(book)), []).append(pool)
    for rows, pools in groups.items():
        book = books[pools[0]]
        yield f"### The form of {', '.join(pools)}\n"
        if reason := _provenance(book, "form.sections"):
            yield f"{reason}.\n"
        yield "| section and source | field | label | kind | required | limits | source and decision |"
        yield "| --- | --- | --- | --- | --- | --- | --- |"
        yield f"{rows}\n"


def _rows(book: Rulebook) -> Iterator[str]:
    for section_code, section in book.form.sections.items():
        heading = _cell(section.title) + ("; open after printing" if section.open_after_print else "")
        heading += f"; only {', '.join(section.only_for)}" if section.only_for else ""
        if source := _provenance(book, f"form.sections.{section_code}.title"):
            heading += f"<br>{source}"
        for code in section.fields:
            yield _row(book, heading, f"form.fields.{code}", book.form.fields[code])
            for part, column in book.form.fields[code].parts.items():
                yield _row(book, "", f"form.fields.{code}.parts.{part}", column)
            heading = ""


def _row(book: Rulebook, section: str, key: str, field: FormField) -> str:
    code = key.removeprefix("form.fields.").replace(".parts.", "[ ].")
    required = "from the account" if field.account else "yes" if field.required else _required_for(field)
    reasons = dict.fromkeys(text for text in _reasons(book, key, field) if text)
    cells = [section, f"`{code}`", _cell(field.label), field.kind, required, _limits(field), "<br>".join(reasons)]
    return f"| {' | '.join(cells)} |"


def _required_for(field: FormField) -> str:
    return f"{', '.join(field.required_for)} only" if field.required_for else "no"


def _reasons(book: Rulebook, key: str, field: FormField) -> Iterator[str]:
    yield _cell(". ".join(text for text in (field.source, field.note) if text))
    for name in FormField.model_fields:
        if name not in ("source", "note", "parts") and (text := _provenance(book, f"{key}.{name}")):
            yield f"{name}: {text}"


def _limits(field: FormField) -> str:
    if field.account:
        return ""
    parts = [
        f"≤ {field.length_max or _LENGTHS[field.kind]} characters" if field.kind in _LENGTHS else "",
        f"≤ {field.length_max} characters" if field.length_max and field.kind in ("email", "phone") else "",
        _span(field),
        f"≤ {field.count_max or ROWS_MAX} rows" if field.kind in ("records", "units") else "",
        f"≥ {field.count_min} rows" if field.count_min else "",
        " / ".join(_cell(option) for option in field.options),
        f"{field.catalogue}" if field.catalogue else "",
        "last level" if field.leaf else "",
        f"codes of {field.code_length} characters" if field.code_length else "",
        "city only" if field.city_only else "",
        "" if field.districts else "no districts",
        _files(field),
        "anew for each application" if field.single_use else "",
        ("rows added at once" if field.kind == "units" else "changed at once") if field.at_once else "",
        f"default {_cell(field.default)}" if field.default else "",
        f"instead of `{field.instead_of}`" if field.instead_of else "",
        "kept at renewal" if field.kept_at_renewal else "",
        f"not before `{field.not_before}`" if field.not_before else "",
        "not in the future" if field.not_future else "",
    ]
    return "; ".join(text for text in parts if text)


def _span(field: FormField) -> str:
    if field.value_min is None and field.value_max is None:
        return ""
    low, high = field.value_min, field.value_max
    return f"{'' if low is None else low}-{'' if high is None else high}"


def _files(field: FormField) -> str:
    if field.file is None:
        return ""
    rule = field.file
    return f"{', '.join(rule.types)}, ≤ {rule.size_max / 1e6:g} MB, ≤ {rule.count_max} files"


def _provenance(book: Rulebook, key: str) -> str:
    if key not in set(book.written_keys()):
        return ""
    provenance = book.provenance(key)
    return _cell(". ".join(text for text in (provenance.source, provenance.note) if text))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("\n", "<br>")
