"""Purposes of an examination (考试用途), and the rules that follow."""

from __future__ import annotations

from datetime import timedelta

from domain.lifecycle import Labelled
from domain.rulebook.exams import ExamRules

MOCK_TRIES = 10


class Purpose(Labelled):
    ENTRY = "entry", "入库考试"
    """For applications that wait for an examination, including later ones."""
    CAMPAIGN = "campaign", "培训考试"
    """For experts whom a campaign brought into the pool."""
    SINGLE = "single", "个别考试"
    """For persons named by the office, and for those who completed a course that ends with it."""
    MOCK = "mock", "模拟考试"
    """For everyone who is called to another examination, to try phone and network; it decides nothing."""


def rules_for(purpose: Purpose, rules: ExamRules) -> ExamRules:
    """The pool's rules, adjusted to this purpose."""
    if purpose != Purpose.MOCK:
        return rules
    freely = {"booking": False, "tries": MOCK_TRIES, "rest": timedelta(), "result": "at_once", "failed": "waits"}
    return rules.model_copy(update={**freely, "mock": False, "face_check": "none", "reminders": ()})
