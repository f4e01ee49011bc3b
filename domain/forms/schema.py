"""An application form as plain data, from which any client can draw it."""

from __future__ import annotations

from collections.abc import Mapping

from domain.forms.values import ROWS_MAX, TEXT_MAX, TEXTAREA_MAX, UNIT_PARTS, fields_of
from domain.rulebook.form import ApplicationForm, EntryType, FileRule, FormField, Specialties

Schema = dict[str, object]


def schema_of(form: ApplicationForm, entry_type: EntryType) -> Schema:
    """JSON-able: sections in order, each with its fields; the rule for specialties; the requirements for documents.

    ``length_max`` counts characters, ``size_max`` bytes, ``age_max`` completed years. A limit that is null is none.
    """
    fields = fields_of(form, entry_type)
    sections = []
    for code, section in form.of(entry_type).sections.items():
        shown_fields = [_field(name, fields[name]) for name in section.fields if name in fields]
        if shown_fields:
            sections.append(
                {
                    "code": code,
                    "title": section.title,
                    "note": section.note,
                    "open_after_print": section.open_after_print,
                    "fields": shown_fields,
                }
            )
    return {
        "entry_type": entry_type,
        "sections": sections,
        "specialties": _specialties(form.specialties),
        "age_max": form.age_max,
        "employer_from_list": form.employer_from_list,
        "own_employer_recused": form.own_employer_recused,
        "papers": form.papers.model_dump(mode="json"),
    }


def _field(code: str, field: FormField) -> Schema:
    return {
        "code": code,
        "label": field.label,
        "kind": field.kind,
        "required": field.required,
        "hint": field.hint,
        "read_only": bool(field.account),
        "sensitive": field.sensitive,
        "default": field.default,
        "kept_at_renewal": field.kept_at_renewal,
        "instead_of": field.instead_of or None,
        **_limits(field),
    }


def _limits(field: FormField) -> Schema:
    """Only the limits that apply to the kind, so that a text field carries no columns."""
    longest = {"text": TEXT_MAX, "email": TEXT_MAX, "textarea": TEXTAREA_MAX, "phone": 25}
    if field.kind in longest:
        return {"length_max": field.length_max or longest[field.kind]}
    if field.kind == "integer":
        return {"value_min": field.value_min, "value_max": field.value_max}
    if field.kind == "choice":
        return {"options": list(field.options)}
    if field.kind == "catalogue":
        return {
            "catalogue": field.catalogue,
            "below": field.below or None,
            "leaf": field.leaf,
            "code_length": field.code_length,
        }
    if field.kind == "region":
        return {"catalogue": "region", "leaf": field.leaf, "city_only": field.city_only, "districts": field.districts}
    if field.kind in ("date", "month"):
        return {"not_before": field.not_before or None, "not_future": field.not_future}
    if field.kind in ("records", "units"):
        return _rows(field)
    return _file(field.file) if field.file else {}


def _rows(field: FormField) -> Schema:
    parts: Mapping[str, FormField] = field.parts if field.kind == "records" else UNIT_PARTS
    return {
        "count_min": field.count_min,
        "count_max": field.count_max or ROWS_MAX,
        "columns": [_field(code, part) for code, part in parts.items()],
    }


def _file(rule: FileRule) -> Schema:
    return {"types": list(rule.types), "size_max": rule.size_max, "count_max": rule.count_max}


def _specialties(rule: Specialties) -> Schema:
    return rule.model_dump(mode="json")
