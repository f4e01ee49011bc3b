"""Times off in words, and what of them lies in a panel's time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from domain.clock import SHANGHAI
from domain.experts.times_off import DAY, NOON, TimesOff, print_span
from domain.spans import Span


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


NOW = at("2026-11-26 12:00")
WEDNESDAYS = TimesOff(at("2026-11-26"), None, weekdays=(3,), from_minute=NOON, to_minute=DAY)


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("2026-11-25 00:00", "2026-11-26 00:00", "11月25日(周三)"),
        ("2026-11-25 00:00", "2026-12-04 00:00", "11月25日(周三)至12月3日(周四)"),
        ("2026-11-25 12:00", "2026-11-26 00:00", "11月25日(周三)下午"),
        ("2026-11-25 00:00", "2026-11-25 12:00", "11月25日(周三)上午"),
        ("2026-11-25 12:00", "2026-11-27 12:00", "11月25日(周三)下午至11月27日(周五)上午"),
        ("2026-11-25 10:00", "2026-11-25 14:30", "11月25日(周三)10:00至14:30"),
    ],
)
def test_a_span_reads_as_people_say_it(start: str, end: str, words: str) -> None:
    moments = [at(start), at(end)]
    assert print_span(*moments) == words


@pytest.mark.parametrize(
    ("times", "words"),
    [
        (TimesOff(NOW, None), "11月26日(周四)起，直到您恢复"),
        (WEDNESDAYS, "每周三下午（12:00至24:00）"),
        (replace(WEDNESDAYS, weekdays=(1, 2, 3), from_minute=0), "每周一至三全天"),
        (replace(WEDNESDAYS, weekdays=(1, 3), from_minute=870, to_minute=1050), "每周一、三14:30至17:30"),
        (replace(WEDNESDAYS, ends_at=at("2027-03-01")), "每周三下午（12:00至24:00），到2027年2月28日为止"),
        (TimesOff(at("2027-07-01"), at("2027-08-01")), "2027年7月1日(周四)至7月31日(周六)"),
    ],
)
def test_times_are_read_back(times: TimesOff, words: str) -> None:
    assert times.text(NOW) == words


TWICE = [("2026-12-02 12:00", "2026-12-03"), ("2026-12-09 12:00", "2026-12-10")]


@pytest.mark.parametrize(
    ("begin", "end", "hours"),
    [
        ("2026-12-02 09:00", "2026-12-02 12:00", []),
        ("2026-12-02 09:00", "2026-12-02 12:01", [("2026-12-02 12:00", "2026-12-03 00:00")]),
        ("2026-12-03 00:00", "2026-12-03 08:00", []),
        (
            "2026-11-30 09:00",
            "2026-12-10 18:00",
            [("2026-12-02 12:00", "2026-12-03"), ("2026-12-09 12:00", "2026-12-10")],
        ),
        ("2026-11-25 13:00", "2026-11-25 18:00", []),
    ],
)
def test_only_the_hours_of_the_weekday_count(begin: str, end: str, hours: list[tuple[str, str]]) -> None:
    assert WEDNESDAYS.occurrences(Span(at(begin), at(end))) == tuple(Span(at(a), at(b)) for a, b in hours)


def test_an_open_end_takes_all_that_follows_and_a_span_only_itself() -> None:
    panel = Span(at("2027-05-01 09:00"), at("2027-05-01 18:00"))
    assert TimesOff(NOW, None).occurrences(panel) == (panel,)
    assert TimesOff(NOW, at("2027-05-01 12:00")).occurrences(panel) == (Span(panel.starts_at, at("2027-05-01 12:00")),)
    assert TimesOff(NOW, at("2027-05-01 09:00")).occurrences(panel) == ()


def test_what_is_set_already_covers_what_adds_nothing() -> None:
    pause, span = TimesOff(NOW, None), TimesOff(at("2026-12-01"), at("2026-12-05"))
    assert pause.covers(span)
    assert not span.covers(pause)
    assert WEDNESDAYS.covers(replace(WEDNESDAYS, from_minute=870, to_minute=1050))
    assert not WEDNESDAYS.covers(replace(WEDNESDAYS, weekdays=(3, 4)))
    assert not WEDNESDAYS.covers(span)
