"""What the office corrects in a file, typed as lines of text and read back as the form's values."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.experts.correctable import (
    BLANK_ROWS,
    WILLING,
    correctable_fields,
    corrected_together,
    end_of_day,
    moved_files,
    typed_values,
    value_of,
)
from domain.rulebook.form import FormField
from tests.factories.rulebooks import load_rulebook

FOLDER = Path(__file__).parents[3] / "config" / "rulebooks"
RULEBOOKS = sorted(FOLDER.glob("[a-z]*.toml"))
SAMPLES: dict[str, object] = {
    "text": "文字",
    "textarea": "第一行\n第二行",
    "integer": 7,
    "yes_no": False,
    "date": "2020-09-01",
    "month": "2020-09",
    "email": "a@example.cn",
    "mobile": "13812345678",
    "phone": "0731-88881234",
    "credit_code": "91110000600037341L",
    "bank_account": "6222021234567890128",
    "region": "440106",
    "employer": "广州水务设计院",
}
"""A filed value by kind; of a choice its first option."""


def sample(field: FormField) -> object:
    if field.kind == "specialties":
        return [{"code": "A0401", "choice": "preferred"}, {"code": "A08", "choice": "alternative"}]
    if field.kind == "units":
        return [{"name": "甲公司", "code": "91110000600037341L", "note": "配偶"}, {"name": "乙公司"}]
    if field.kind == "records":
        return [{name: sample(part) for name, part in field.parts.items() if part.kind != "file"}] * 2
    if field.kind == "catalogue":
        return "X1"
    return field.options[0] if field.kind == "choice" else SAMPLES[field.kind]


def as_typed(value: object) -> object:
    """As a browser sends it: texts alone."""
    if isinstance(value, list):
        return [{name: as_typed(part) for name, part in row.items()} for row in value]
    return {True: "是", False: "否"}[value] if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("path", RULEBOOKS, ids=lambda path: path.stem)
def test_every_field_of_every_pool_is_typed_and_read_back(path: Path) -> None:
    fields = correctable_fields(load_rulebook(path))
    assert {"employer", "recusal_units", "former_units", "term_until", "specialties"} <= fields.keys()
    assert not fields.keys() & {"name", "id_number", "mobile", "number", "active", "membership", "left_reason"}
    for code, field in fields.items():
        if code == "term_until":
            continue
        value = sample(field)
        rows = len(value) + BLANK_ROWS if isinstance(value, list) else 0
        read, _ = value_of(code, field, typed_values(code, field, value), rows)
        assert read == as_typed(value), (code, field.kind)
        empty, _ = value_of(code, field, {}, rows)
        assert empty in ("", []), code


def test_the_end_of_a_term_is_typed_as_its_last_day() -> None:
    field = FormField(label="聘期至", kind="date")
    at = end_of_day("2029-03-01")
    assert (at, typed_values("term_until", field, at)) == ("2029-03-01T15:59:59+00:00", {"term_until": "2029-03-01"})


def test_an_employer_goes_with_what_says_something_of_it() -> None:
    fields = correctable_fields(load_rulebook(RULEBOOKS[0]))
    assert corrected_together("employer", fields)[:2] == ("employer", "employer_code")
    assert corrected_together("email", fields) == ("email",)


def test_attachments_stay_with_their_row_when_one_above_it_goes() -> None:
    values = {
        "work_history": [{"unit": "甲"}, {"unit": "乙"}, {"unit": "丙"}],
        "work_history.proof": [{"row": 0, "file": "a"}, {"row": 2, "file": "c"}],
        "photo": [{"row": 0, "file": "p"}],
    }
    assert moved_files("work_history", values, [1, 2]) == {"work_history.proof": [{"row": 1, "file": "c"}]}
    assert moved_files("work_history", values, []) == {"work_history.proof": None}


@pytest.mark.parametrize(("pool", "used"), [("guangdong", True), ("hunan", False), ("jilin", False)])
def test_willing_regions_are_corrected_where_draws_ask_for_them(pool: str, used: bool) -> None:
    assert (WILLING in correctable_fields(load_rulebook(FOLDER / f"{pool}.toml"))) == used
