"""Marks of answers, in integer tenths. Documented in ``docs/algorithms/exam-marking.md``.

The service applies the same rules in SQL, thousands of papers per statement; a test compares both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from domain.lifecycle import Labelled

FLAG_MARKING = "marking"
"""Flag of a sealed attempt whose short answers wait for markers."""
FLAG_LABELS: Mapping[str, str] = {
    "device": "换过设备",
    "leaves": "多次离开",
    "late": "超时提交",
    "replaced": "换机后旧设备仍在作答",
    "clock": "手机时间异常",
    FLAG_MARKING: "简答题待评",
}
"""What officials read of an attempt's flags."""
MARKERS = 2
"""Number of markers of a short answer, who work independently; if they differ, one more decides."""


class RulingKind(Labelled):
    """Decision on an item found faulty after candidates answered it."""

    FULL_CREDIT = "full_credit", "全员给分"
    ALSO_ACCEPT = "also_accept", "增加正确答案"
    DROP = "drop", "不计分"
    """Its mark and its answers don't count: the pass line falls with the total."""


def agreed_mark(marks: Sequence[int]) -> int | None:
    """The result of the markers' marks, given earliest first; None while another marker is needed."""
    if len(marks) > MARKERS:
        return marks[MARKERS]
    return marks[0] if len(marks) == MARKERS and marks[0] == marks[1] else None


def print_marks(tenths: int) -> str:
    """85 → 8.5, 80 → 8."""
    whole, tenth = divmod(tenths, 10)
    return f"{whole}.{tenth}" if tenth else str(whole)
