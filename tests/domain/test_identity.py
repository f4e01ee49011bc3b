"""The check of an ID number; sex, birth and age follow from it."""

from __future__ import annotations

from datetime import date

import pytest

from domain.identity import age_on, birth_of, is_id_number, person_facts, sex_of


def test_an_id_number_has_its_check_digit_and_a_date_of_birth() -> None:
    assert is_id_number("11010519491231002X")


def test_residents_from_hong_kong_have_id_numbers_too() -> None:
    assert is_id_number("810000199001010019")


@pytest.mark.parametrize(
    "number",
    [
        "",
        "110105194912310021",
        "11010519491331002X",
        "11010519491231002x",
        "１１０１０５１９４９１２３１００２Ｘ",
        "810000199001010018",
        "81000019900101001x",
        "8100001990010100190",
        "x" * 18,
    ],
)
def test_an_id_number_with_a_wrong_character_is_none(number: str) -> None:
    assert not is_id_number(number)


def test_the_seventeenth_digit_states_the_sex() -> None:
    assert sex_of("430104197506150010") == "男"
    assert sex_of("430104197506150029") == "女"


def test_the_middle_of_the_number_is_the_date_of_birth() -> None:
    assert birth_of("430104197506150010") == date(1975, 6, 15)


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(1961, 11, 21), date(2026, 11, 20), 64),
        (date(1961, 11, 21), date(2026, 11, 21), 65),
        (date(1960, 11, 22), date(2026, 11, 21), 65),
        (date(1960, 11, 21), date(2026, 11, 21), 66),
        (date(1960, 2, 29), date(2026, 2, 28), 65),
        (date(1960, 2, 29), date(2026, 3, 1), 66),
        (date(2026, 11, 21), date(2026, 11, 21), 0),
    ],
)
def test_an_age_is_in_completed_years(born: date, day: date, age: int) -> None:
    assert age_on(born, day) == age


def test_without_a_number_nothing_is_guessed() -> None:
    facts = person_facts("苏航", "", "13873112345")
    assert (facts.sex, facts.birth) == ("", None)
