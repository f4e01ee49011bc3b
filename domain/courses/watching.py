"""The watched parts of a video: whole seconds as merged half-open intervals, credited by the service's clock.

Progress is the union of the intervals, so that nothing counts twice and seeking counts nothing. Until the whole video
was watched, a beat must begin inside the watched part or a few seconds beyond it.

There is one budget for all beats: seconds of the service's clock, of which each credited piece uses its length divided
by its rate. No beat brings seconds of its own, so however many a player sends, it gets no more than the time that it
was open; what a beat leaves is the next one's, up to ``UNREPORTED_MAX``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Interval = tuple[int, int]
"""``[from, to)`` in seconds of content."""

UNREPORTED_MAX = 120.0
"""Seconds of the service's clock that one report can account for, at most. A player reports every ten; the rest is for
a connection that is away while the video plays on. More of an open player in which nothing was played is lost."""
END_SLACK = 2
"""Seconds at the end that need not be watched, since players stop a moment early."""


@dataclass(frozen=True)
class Beat:
    """A player's report that it played ``[start, end)`` at ``rate``. ``elapsed``: seconds of the service's clock not
    accounted for by earlier ones."""

    start: int
    end: int
    rate: float
    elapsed: float


def merge(watched: Sequence[Interval], more: Interval) -> tuple[Interval, ...]:
    """The union, sorted and without overlaps; touching intervals become one. An empty ``more`` changes nothing."""
    if more[0] >= more[1]:
        return tuple(watched)
    merged: list[Interval] = []
    for start, end in sorted((*watched, more)):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)


def seconds(watched: Sequence[Interval]) -> int:
    """How many seconds the intervals cover."""
    return sum(end - start for start, end in watched)


def jump_limit(watched: Sequence[Interval], length: int, ahead: int) -> int:
    """The last second that the player may jump to: the end of the watched part, plus ``ahead`` seconds."""
    return min(length, max((end for _, end in watched), default=0) + ahead)


def first_gap(watched: Sequence[Interval]) -> int:
    """The first second that was not watched yet."""
    return watched[0][1] if watched and watched[0][0] == 0 else 0


def is_complete(watched: Sequence[Interval], length: int) -> bool:
    """Whether all of it was watched, except for ``END_SLACK``. Never true for a length of zero."""
    return length > 0 and seconds(watched) >= max(1, length - END_SLACK)


def unaccounted(elapsed: float) -> float:
    """Seconds of the ``elapsed`` ones that a report can still account for."""
    return min(max(0.0, elapsed), UNREPORTED_MAX)


def credit(watched: Sequence[Interval], beat: Beat, length: int, ahead: int, question: int | None = None) -> Interval:
    """The interval credited for a beat, at most the time that passed times its rate; empty for a skip or a false
    claim. It ends at the next presence check, ``question``."""
    nothing = (beat.start, beat.start)
    if not 0 <= beat.start < beat.end or beat.start > jump_limit(watched, length, ahead):
        return nothing
    ends = [beat.end, length, beat.start + int(unaccounted(beat.elapsed) * beat.rate)]
    return (beat.start, max(beat.start, min(ends if question is None else [*ends, question])))
