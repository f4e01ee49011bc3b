"""Item analysis (试题分析): how hard items are, and whether who knows more gets them right."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

TOO_HARD, TOO_EASY, WEAK = 0.2, 0.95, 0.1
"""Facility below and above which an item is looked at; correlation with the rest below which it separates no one."""


def kr20(facilities: Sequence[float], variance: float) -> float | None:
    """Reliability of one form whose items are right or wrong; ``variance`` of the number right, over the population."""
    k = len(facilities)
    if k < 2 or not variance:
        return None
    return k / (k - 1) * (1 - sum(p * (1 - p) for p in facilities) / variance)


def sem(variance: float, reliability: float) -> float | None:
    """Standard error of measurement, in items; there is none beside a reliability out of bounds."""
    return sqrt(variance * (1 - reliability)) if variance >= 0 and reliability <= 1 else None


def flags_of(facility: float, rest: float | None) -> tuple[str, ...]:
    """What to look at, in words. ``rest``: correlation with the score of all other items."""
    raised = {
        "偏难": facility < TOO_HARD,
        "偏易": facility > TOO_EASY,
        "区分度低": rest is not None and rest < WEAK,
    }
    return tuple(word for word, so in raised.items() if so)
