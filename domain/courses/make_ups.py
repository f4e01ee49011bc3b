"""Whether a participant whose time is over may begin a further period (补学) himself, and whether it costs money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from domain.rulebook.courses import CourseRules

MakeUp = Literal["", "free", "paid", "lecture_over", "exam_over", "by_office"]
"""Empty: the time is not over. ``lecture_over``: a lecture that is missing is over; ``exam_over``: the examination is;
``by_office``: the rulebook leaves it to the office."""


@dataclass(frozen=True)
class EndedStudy:
    """``missed_lecture``: one at which the participant can't sign in any more. ``exam`` is that with which the course
    ends; ``failed``: the participant sat it and did not pass."""

    learned: bool
    overdue: bool
    missed_lecture: bool
    exam: Literal["none", "open", "over"]
    failed: bool
    amount: int | None
    """Fee of the course in fen; None: it is free."""
    has_paid: bool


def can_be_completed(study: EndedStudy) -> bool:
    """False once a lecture or the examination that is missing is over, or the examination can't be sat again: a further
    period would bring nothing."""
    if study.missed_lecture:
        return False
    return study.exam == "none" or (study.exam == "open" and (study.failed or not study.learned))


def costs_money(study: EndedStudy, rules: CourseRules) -> bool:
    """Who never paid owes the course's fee, whatever a make-up costs others."""
    return study.amount is not None and (rules.make_up_paid or not study.has_paid)


def make_up_of(study: EndedStudy, rules: CourseRules) -> MakeUp:
    if not study.overdue:
        return ""
    if not can_be_completed(study):
        return "lecture_over" if study.missed_lecture else "exam_over"
    if not rules.make_up_on_request:
        return "by_office"
    return "paid" if costs_money(study, rules) else "free"
