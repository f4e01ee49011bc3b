"""What answers are worth, in integer tenths of a mark. Documented in ``docs/algorithms/exam-marking.md``.

The service marks by the same rules in SQL, thousands of papers a statement; a test holds both against each other.
"""

from __future__ import annotations

from collections.abc import Sequence

from domain.lifecycle import Labelled

PER_OPTION = 5
"""Tenths for each right option of an answer that is not complete."""
FLAG_MARKING = "marking"
"""Flag of a sealed attempt whose short answers wait for markers."""
MARKERS = 2
"""Who mark a short answer independently; where they differ, one more decides."""


class RulingKind(Labelled):
    """What is decided of an item found wrong after it was sat."""

    FULL_CREDIT = "full_credit", "全员给分"
    ALSO_ACCEPT = "also_accept", "增加正确答案"
    DROP = "drop", "不计分"
    """Neither its mark nor its answers count: the pass line falls with the total."""


def settle(marks: Sequence[int]) -> int | None:
    """What markers' marks, the earliest first, come to; None while another marker is needed."""
    if len(marks) > MARKERS:
        return marks[MARKERS]
    return marks[0] if len(marks) == MARKERS and marks[0] == marks[1] else None


def print_marks(tenths: int) -> str:
    """85 → 8.5, 80 → 8."""
    whole, tenth = divmod(tenths, 10)
    return f"{whole}.{tenth}" if tenth else str(whole)
