"""When a participant may study: before and after payment, in shared and personal windows, in make-up periods."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.courses.access import StudyWindow, access, free_window, make_up_window, paid_window, pay_until
from domain.courses.lifecycles import EnrolmentState
from domain.rulebook.courses import CourseRules

START = datetime(2025, 5, 23, 11, 10, 53, tzinfo=UTC)
DAY = timedelta(days=1)
COURSE = StudyWindow(START, START + DAY)
"""As the manual's first row: 24 hours."""
LONG = StudyWindow(START, START + 20 * DAY)


def rules(**own: Any) -> CourseRules:
    base: dict[str, Any] = {
        "offered": True,
        "access_after": "2d",
        "window": "personal",
        "useful_time": "1d",
        "make_ups": 1,
        "make_up_for": "7d",
        "make_up_paid": True,
        "undrawn": True,
        "reminders": ("3d", "1d"),
        "hour_minutes": 45,
        "hour_step": 50,
        "rates": (1.0, 1.5),
        "seek_ahead": "5s",
        "presence_every": "10m",
        "presence_answer": "60s",
        "page_seconds": 5,
        "lecture_code_valid": "60s",
    }
    return CourseRules.model_validate(base | own)


def test_who_pays_when_a_course_of_24_hours_opens_still_has_24_hours() -> None:
    assert paid_window(COURSE, rules(), START) == StudyWindow(START + 2 * DAY, START + 3 * DAY)
    assert pay_until(COURSE, rules()) == COURSE.closes


def test_who_pays_long_before_studies_when_the_course_opens() -> None:
    assert paid_window(COURSE, rules(), START - 9 * DAY) == COURSE


def test_a_shared_window_takes_payments_while_enough_of_it_is_left() -> None:
    shared = rules(window="shared")
    last = pay_until(LONG, shared)
    assert last == LONG.closes - 3 * DAY
    assert paid_window(LONG, shared, last) == StudyWindow(last + 2 * DAY, LONG.closes)
    late = paid_window(LONG, shared, LONG.closes)
    assert late.closes - late.opens == DAY, "money that was taken buys time"


def test_a_make_up_that_is_paid_opens_as_late_as_any_other() -> None:
    assert make_up_window(rules(), START, paid=True) == StudyWindow(START + 2 * DAY, START + 9 * DAY)
    assert make_up_window(rules(), START, paid=False) == StudyWindow(START, START + 7 * DAY)


def test_free_courses_open_with_the_course() -> None:
    assert free_window(COURSE, START - DAY) == COURSE
    assert free_window(COURSE, COURSE.closes) is None


@pytest.mark.parametrize(
    ("state", "window", "at", "expected"),
    [
        (EnrolmentState.CALLED, None, START, "unpaid"),
        (EnrolmentState.CALLED, COURSE, START - timedelta(seconds=1), "ahead"),
        (EnrolmentState.CALLED, COURSE, START, "open"),
        (EnrolmentState.CALLED, COURSE, COURSE.closes, "over"),
        (EnrolmentState.FINISHED, COURSE, START, "open"),
        (EnrolmentState.LEFT, COURSE, START, "left"),
    ],
)
def test_access(state: EnrolmentState, window: StudyWindow | None, at: datetime, expected: str) -> None:
    assert access(state, window.opens if window else None, window.closes if window else None, at) == expected


@pytest.mark.parametrize(
    ("seconds", "step", "hours"),
    [(45 * 60, 50, 100), (30 * 60, 50, 50), (29 * 60, 50, 50), (10 * 60, 50, 0), (90 * 60, 10, 200)],
)
def test_class_hours(seconds: int, step: int, hours: int) -> None:
    assert rules(hour_step=step).hours(seconds) == hours


@pytest.mark.parametrize(
    "wrong",
    [
        {"rates": (1.5,)},
        {"reminders": ("1d", "3d")},
        {"make_up_for": "5m"},
        {"presence_every": "10s"},
        {"rates": (9.0, 1.0)},
    ],
)
def test_rules_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"rates|reminders|make_up_for|presence_every|less than"):
        rules(**wrong)
