"""A rulebook in words: every key has a name, every code a meaning, every value its origin, all in Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from app.rulebook_files import load_rulebooks
from domain.rulebook.book import Rulebook
from domain.rulebook.form import FieldKind
from domain.rulebook.labels import FIELD_KINDS, LABELS, SECTIONS, WORDS
from domain.rulebook.layers import Provenance
from domain.rulebook.office_texts import Edit, lay_edits
from domain.rulebook.reading import FORM_TABLES, OURS, ReadableRule, leaves, print_length, read_rules
from domain.rulebook.types import Section

BOOKS = load_rulebooks(
    Path(__file__).parents[3] / "config/rulebooks", ["demo", "guangdong", "hunan", "jilin", "xinjiang"]
)
CHINESE = re.compile("[\u4e00-\u9fff]")
OWN_NAMES = ("ladder", "texts", "venues")
"""Sections whose entries bring their names."""


def rule(pool: str, key: str) -> ReadableRule:
    return next(rule for group in read_rules(BOOKS[pool]) for rule in group.rules if rule.key == key)


@pytest.mark.parametrize("pool", BOOKS)
def test_every_key_of_every_pool_has_a_name(pool: str) -> None:
    book = BOOKS[pool]
    keys = [
        key for name in Rulebook.model_fields if name not in OWN_NAMES for key, _ in leaves(getattr(book, name), name)
    ]
    nameless = {
        key for key in keys if "." in key and not key.startswith((*FORM_TABLES, "calendar.named."))
    } - LABELS.keys()
    assert nameless - {"help.advice"} == set(), "add them to domain/rulebook/labels.py"
    assert set(Rulebook.model_fields) - set(OWN_NAMES) <= SECTIONS.keys()


def test_every_key_of_the_schema_has_a_name_also_those_that_no_pool_sets() -> None:
    keys = set(_schema(Rulebook, ""))
    assert keys - LABELS.keys() == set()
    assert LABELS.keys() - keys == set(), "names of keys that are no more"


def test_every_code_has_its_meaning() -> None:
    for pool, book in BOOKS.items():
        for key, words in WORDS.items():
            for value in _values(book, key):
                assert value in words, f"{pool}: {key} {value}"
    assert set(get_args(FieldKind)) <= FIELD_KINDS.keys()


@pytest.mark.parametrize("pool", BOOKS)
def test_every_rule_reads_as_chinese_with_its_origin(pool: str) -> None:
    for group in read_rules(BOOKS[pool]):
        for entry in group.rules:
            assert CHINESE.search(entry.name), entry
            assert CHINESE.search(entry.source), entry
            assert entry.value.strip(), entry
            assert "timedelta" not in entry.value
            assert "(" not in entry.value or not re.search(r"\w=", entry.value), entry


def test_values_read_as_people_say_them() -> None:
    assert rule("xinjiang", "fee.amount").value == "350.00元"
    assert rule("xinjiang", "fee.opens_after").value == "5天"
    assert rule("hunan", "form.age_max").value == "65周岁"
    assert rule("xinjiang", "form.age_max").value == "没有规定"
    assert "业务专长" in rule("demo", "review.correction_fields").value
    assert rule("demo", "draw.calling.hours").value == "全天"
    assert rule("demo", "draw.region_modes").value == "常驻地、意愿评标地"
    assert rule("demo", "ladder.draw_call.steps").value.endswith("有答复即止")
    assert print_length(timedelta(hours=1, minutes=30)) == "1小时30分钟"
    assert print_length(timedelta()) == "0分钟"


def test_the_origin_tells_manual_from_decision_and_from_the_offices_text() -> None:
    assert rule("xinjiang", "fee.amount").source == "新疆手册 2024 L227"
    assert rule("demo", "login.code_valid").source == OURS
    assert rule("demo", "login.code_valid").origin == "decision"
    assert rule("xinjiang", "fee.opens_after").source.endswith("具体做法由平台设定，需省级主管部门确认")
    edited, _ = lay_edits(BOOKS["demo"], {"hotline": Edit("12345", "1")})
    entry = next(entry for group in read_rules(edited) for entry in group.rules if entry.key == "pool.hotline")
    assert (entry.value, entry.origin) == ("12345", "office")


def test_a_date_of_effect_is_told() -> None:
    book = BOOKS["demo"].model_copy()
    book._provenance = {**book._provenance, "fee.amount": Provenance("demo.toml", "某通知", date(2027, 1, 1))}
    entry = next(entry for group in read_rules(book) for entry in group.rules if entry.key == "fee.amount")
    assert entry.source == "某通知；自2027年1月1日起"


def _schema(model: type[BaseModel], prefix: str) -> Iterator[str]:
    """Keys of the schema; of a section that may be missing, its own, too."""
    for name, field in model.model_fields.items():
        key, kinds = f"{prefix}{name}", list(get_args(field.annotation)) or [field.annotation]
        kinds = [Any] if get_origin(field.annotation) is tuple else kinds
        sections = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Section)]
        if key in OWN_NAMES or f"{key}." in FORM_TABLES:
            continue
        if prefix and len(sections) < len(kinds):
            yield key
        for section in sections:
            yield from _schema(section, f"{key}.")


def _values(book: Rulebook, key: str) -> list[str]:
    value: Any = book
    for part in key.split("."):
        value = getattr(value, part, None)
    return [value] if isinstance(value, str) else list(value or ())
