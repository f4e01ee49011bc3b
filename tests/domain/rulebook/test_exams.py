"""The rules of an examination are stored with it and read back unchanged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.rulebook_files import load_rulebooks
from domain.rulebook.exams import load_rules
from domain.rulebook.types import dump_rules

RULEBOOKS = Path(__file__).parents[3] / "config" / "rulebooks"


@pytest.mark.parametrize("pool", ["demo", "hunan", "xinjiang", "jilin", "guangdong"])
def test_frozen_rules_are_read_back_as_they_were(pool: str) -> None:
    rules = load_rulebooks(RULEBOOKS, [pool])[pool].exam
    assert load_rules(json.loads(json.dumps(dump_rules(rules)))) == rules


def test_durations_are_kept_as_the_rulebook_spells_them() -> None:
    stored = dump_rules(load_rulebooks(RULEBOOKS, ["jilin"])["jilin"].exam)
    assert (stored["length"], stored["reminders"]) == ("1h", ["3d", "1d", "1h"])
