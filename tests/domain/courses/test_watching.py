"""Watched seconds: the union of intervals, never more than the time that passed, never what was skipped."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.courses.watching import Beat, Interval, credit, first_gap, is_complete, jump_limit, merge, seconds

SPANS = st.tuples(st.integers(0, 300), st.integers(0, 60)).map(lambda drawn: (drawn[0], drawn[0] + drawn[1]))


def test_intervals_that_overlap_count_once() -> None:
    watched: tuple[Interval, ...] = ()
    for more in ((0, 30), (20, 50), (60, 90)):
        watched = merge(watched, more)
    assert watched == ((0, 50), (60, 90))
    assert seconds(watched) == 80


@given(st.lists(SPANS, max_size=20))
def test_the_union_holds_every_second_once(spans: list[Interval]) -> None:
    watched: tuple[Interval, ...] = ()
    for span in spans:
        watched = merge(watched, span)
    every = {second for start, end in spans for second in range(start, end)}
    assert {second for start, end in watched for second in range(start, end)} == every
    assert seconds(watched) == len(every)
    assert all(a[1] < b[0] for a, b in pairwise(watched)), "gaps stay gaps"


@given(st.lists(SPANS, max_size=12), st.randoms())
def test_the_order_in_which_beats_arrive_does_not_matter(spans: list[Interval], random: object) -> None:
    shuffled = list(spans)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    in_order: tuple[Interval, ...] = ()
    other: tuple[Interval, ...] = ()
    for first, second in zip(spans, shuffled, strict=True):
        in_order, other = merge(in_order, first), merge(other, second)
    assert in_order == other


@pytest.mark.parametrize(
    ("beat", "worth"),
    [
        (Beat(40, 50, 1.0, 10.0), (40, 50)),
        (Beat(40, 50, 1.0, 2.0), (40, 42)),
        (Beat(40, 50, 1.0, 0.0), (40, 40)),
        (Beat(40, 60, 2.0, 10.0), (40, 60)),
        (Beat(40, 60, 1.0, 10.0), (40, 50)),
        (Beat(0, 600, 1.0, 10.0), (0, 10)),
        (Beat(55, 60, 1.0, 5.0), (55, 60)),
        (Beat(56, 66, 1.0, 10.0), (56, 56)),
        (Beat(50, 40, 1.0, 10.0), (50, 50)),
        (Beat(-5, 10, 1.0, 20.0), (-5, -5)),
        (Beat(45, 300, 1.5, 2400.0), (45, 225)),
        (Beat(45, 55, 1.0, -9.0), (45, 45)),
    ],
    ids=[
        "what passed",
        "more than the time that passed",
        "at once",
        "twice as fast",
        "faster than it says",
        "a whole video at once",
        "five seconds ahead",
        "six seconds ahead: a skip",
        "backwards",
        "before the start",
        "after forty idle minutes",
        "a clock that went back",
    ],
)
def test_a_beat_is_worth_what_can_have_been_watched(beat: Beat, worth: Interval) -> None:
    assert credit(((0, 50),), beat, 600, 5) == worth


def test_a_beat_ends_with_the_film_and_at_the_next_presence_check() -> None:
    assert credit(((0, 590),), Beat(590, 640, 1.0, 60.0), 600, 5) == (590, 600)
    assert credit(((0, 50),), Beat(50, 90, 1.0, 60.0), 600, 5, question=60) == (50, 60)
    assert credit(((0, 58),), Beat(62, 90, 1.0, 60.0), 600, 5, question=60) == (62, 62)


def test_nothing_was_watched_at_first_so_only_the_start_counts() -> None:
    assert jump_limit((), 600, 5) == 5
    assert credit((), Beat(0, 10, 1.0, 10.0), 600, 5) == (0, 10)
    assert credit((), Beat(300, 310, 1.0, 10.0), 600, 5) == (300, 300)


def test_the_first_gap_is_where_to_make_up() -> None:
    assert [first_gap(watched) for watched in ((), ((0, 30),), ((0, 30), (40, 60)), ((5, 9),))] == [0, 30, 30, 0]


def test_once_watched_any_part_may_be_seen_again() -> None:
    assert jump_limit(((0, 600),), 600, 5) == 600
    assert credit(((0, 600),), Beat(300, 310, 1.0, 10.0), 600, 5) == (300, 310)


def test_a_video_is_whole_but_for_a_moment_at_its_end() -> None:
    assert is_complete(((0, 598),), 600)
    assert not is_complete(((0, 597),), 600)
    assert not is_complete(((0, 300), (302, 600)), 601), "a gap in the middle is no moment at the end"
    assert not is_complete((), 0)
