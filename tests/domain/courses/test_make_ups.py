"""When a participant may begin a further period himself, and when it costs money."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.courses.make_ups import EndedStudy, MakeUp, make_up_of
from tests.factories.forms import book_of

OVER = EndedStudy(
    learned=False, overdue=True, missed_lecture=False, exam="none", failed=False, amount=12_000, has_paid=False
)


@pytest.mark.parametrize(
    ("study", "make_up"),
    [
        ({"overdue": False}, ""),
        ({}, "paid"),
        ({"amount": None}, "free"),
        ({"has_paid": True}, "paid"),
        ({"exam": "open"}, "paid"),
        ({"exam": "over"}, "exam_over"),
        ({"missed_lecture": True}, "lecture_over"),
        ({"missed_lecture": True, "exam": "open"}, "lecture_over"),
        ({"missed_lecture": True, "overdue": False}, ""),
        ({"exam": "open", "learned": True, "failed": True, "has_paid": True}, "paid"),
        ({"exam": "open", "learned": True, "has_paid": True}, "exam_over"),
        ({"exam": "over", "learned": True, "failed": True, "has_paid": True}, "exam_over"),
    ],
)
def test_by_what_is_missing(study: dict[str, Any], make_up: MakeUp) -> None:
    rules = book_of("xinjiang").course
    assert make_up_of(replace(OVER, **study), rules) == make_up


@pytest.mark.parametrize(("has_paid", "make_up"), [(False, "paid"), (True, "free")])
def test_where_a_make_up_is_free_only_who_never_paid_pays(has_paid: bool, make_up: MakeUp) -> None:
    rules = book_of("hunan").course
    assert make_up_of(replace(OVER, has_paid=has_paid), rules) == make_up


def test_the_rulebook_may_leave_it_to_the_office() -> None:
    rules = book_of("hunan").course.model_copy(update={"make_up_on_request": False})
    assert make_up_of(OVER, rules) == "by_office"
