"""Item analysis (试题分析): difficulty of items, and how well they separate strong from weak candidates."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

TOO_HARD, TOO_EASY, WEAK = 0.2, 0.95, 0.1
"""Facility below and above which an item is flagged; correlation with the rest of the paper below which it is flagged
as not discriminating."""


def kr20(facilities: Sequence[float], variance: float) -> float | None:
    """Reliability of one form with items marked right or wrong; ``variance`` of the number right, over the
    population."""
    k = len(facilities)
    if k < 2 or not variance:
        return None
    return k / (k - 1) * (1 - sum(p * (1 - p) for p in facilities) / variance)


def sem(variance: float, reliability: float) -> float | None:
    """Standard error of measurement, in items; None for a reliability outside 0 to 1."""
    return sqrt(variance * (1 - reliability)) if variance >= 0 and reliability <= 1 else None


def flags_of(facility: float, rest: float | None) -> tuple[str, ...]:
    """Flags of an item, in words. ``rest``: correlation with the score of all other items."""
    raised = {
        "偏难": facility < TOO_HARD,
        "偏易": facility > TOO_EASY,
        "区分度低": rest is not None and rest < WEAK,
    }
    return tuple(word for word, so in raised.items() if so)
