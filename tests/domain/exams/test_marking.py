"""Marks for answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.exams.items import ItemKind
from domain.exams.marking import agreed_mark, print_marks
from domain.rulebook.exams import PartialCredit
from tests.factories.marking import mark_choice

A, B, C, D, E = (1 << n for n in range(5))


@pytest.mark.parametrize(
    ("key", "mask", "tenths"),
    [
        (A | B | C | D, A | B | C | D, 20),
        (A | B | C | D, A | B | C, 15),
        (A | B | C | D, A, 5),
        (A | B | C | D, A | B | E, 0),
        (A | B | C | D, 0, 0),
        (A | B, A, 5),
        (A | B, A | B, 20),
    ],
)
def test_every_right_option_is_worth_a_quarter_of_the_items_marks(key: int, mask: int, tenths: int) -> None:
    assert mark_choice(ItemKind.MULTIPLE, key, mask, 20, "per_option") == tenths
    assert mark_choice(ItemKind.MULTIPLE, key, mask, 200, "per_option") == 10 * tenths


@pytest.mark.parametrize(("partial", "tenths"), [("none", 0), ("half", 7), ("per_option", 3)])
def test_an_incomplete_answer_is_worth_what_the_rule_says(partial: PartialCredit, tenths: int) -> None:
    assert mark_choice(ItemKind.MULTIPLE, A | B, A, 15, partial) == tenths
    assert mark_choice(ItemKind.SINGLE, A | B, A, 15, partial) == 0


@given(st.integers(0, 31), st.integers(0, 31), st.integers(1, 100), st.sampled_from(["none", "half", "per_option"]))
def test_nothing_is_worth_more_than_the_mark_and_a_wrong_option_nothing(
    key: int, mask: int, mark: int, partial: PartialCredit
) -> None:
    got = mark_choice(ItemKind.MULTIPLE, key, mask, mark, partial)
    assert 0 <= got <= mark
    assert got == 0 or not mask & ~key


def test_two_markers_agree_or_a_third_decides() -> None:
    assert [agreed_mark(marks) for marks in ([], [10], [10, 10], [10, 15], [10, 15, 5])] == [None, None, 10, None, 5]


def test_marks_are_shown_without_a_needless_zero() -> None:
    assert [print_marks(tenths) for tenths in (0, 5, 80, 85, 1000)] == ["0", "0.5", "8", "8.5", "100"]
