"""Declared recusal units: how one is added, and how two lists that changed apart become one."""

from __future__ import annotations

import random

import pytest

from domain.experts.recusal_units import Row, is_named, keys_of, merge_units, note_of, with_unit

CODE = "91430100MA4L16JQ9B"


def unit(name: str, code: str = "", note: str = "") -> Row:
    return {"name": name, "code": code, "note": note}


A, B, C, NONE = unit("甲公司"), unit("乙公司"), unit("丙公司"), unit("无")


@pytest.mark.parametrize(
    ("relation", "note", "told"),
    [
        ("own", "", ""),
        ("own", "曾任顾问", "曾任顾问"),
        ("employer", "", "本人的新工作单位"),
        ("配偶", "财务", "近亲属（配偶）的工作单位；财务"),
    ],
)
def test_the_reason_stands_beside_the_unit(relation: str, note: str, told: str) -> None:
    assert note_of(relation, note) == told


def test_a_unit_joins_the_list_and_a_code_joins_its_name() -> None:
    assert with_unit([], A) == [A]
    assert with_unit([NONE], A) == [A], "who named none before names one now"
    assert with_unit([unit("甲公司", note="顾问")], unit("甲 公司", CODE, "股东")) == [
        unit("甲公司", CODE, "顾问；股东")
    ]
    assert with_unit([unit("甲公司", CODE)], unit("甲公司", "91350211M000100Y46")) != [unit("甲公司", CODE)]


def test_a_unit_is_known_by_all_of_its_keys() -> None:
    assert is_named(unit("甲公司"), [unit("甲 公司", CODE)])
    assert not is_named(unit("甲公司", CODE), [unit("甲公司")])


@pytest.mark.parametrize(
    ("seen", "wanted", "present", "result"),
    [
        ([A], [A, C], [A, B], [A, C, B]),
        ([A], [], [A, B], [B]),
        ([A, B], [B], [A, B, C], [B, C]),
        ([A], [A, C], [], [C]),
        ([A], [B], [A], [B]),
        ([A], [NONE], [A], [NONE]),
        ([A], [NONE], [A, B], [B]),
        ([NONE], [B], [A], [B, A]),
        ([], [A], [A], [A]),
        ([A], [unit("甲公司", note="顾问")], [A], [unit("甲公司", note="顾问")]),
        ([A], [A, C], [unit("甲公司", CODE)], [C, unit("甲公司", CODE)]),
    ],
)
def test_an_application_adds_and_removes_what_its_applicant_did(
    seen: list[Row], wanted: list[Row], present: list[Row], result: list[Row]
) -> None:
    """He saw ``seen`` and made it ``wanted``, while the file became ``present``."""
    assert merge_units(seen, wanted, present) == result


def test_no_declared_unit_is_ever_lost_by_an_application() -> None:
    dice = random.Random(25)
    names = [unit(f"单位{number}") for number in range(6)]
    for _ in range(2000):
        seen, wanted = (dice.sample(names, dice.randint(0, 4)) for _ in range(2))
        present = seen
        for declared in (declared_units := dice.sample(names, 2)):
            present = present if is_named(declared, present) else with_unit(present, declared)
        merged = merge_units(seen, wanted, present)
        removed = [row for row in seen if row not in wanted]
        assert all(row in merged for row in declared_units if row not in removed)
        assert not any(row in merged for row in removed)
        assert all(row in merged for row in wanted)
        assert len({keys_of(row) for row in merged}) == len(merged)
