"""Spans and lists in words."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from domain.clock import SHANGHAI
from handlers.wording import period_lines, plain_text, span
from services.experts import Period


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
    moments = [datetime.fromisoformat(moment).replace(tzinfo=SHANGHAI) for moment in (start, end)]
    assert span(*moments) == words


def test_a_long_list_says_how_many_more_there_are() -> None:
    day = datetime(2026, 11, 25, tzinfo=SHANGHAI)
    periods = [Period(uuid4(), day + timedelta(days=n), day + timedelta(days=n + 1), "") for n in range(7)]
    lines = period_lines(periods, limit=3).splitlines()
    assert lines == ["11月25日(周三)", "11月26日(周四)", "11月27日(周五)", "……另有4项"]


def test_typed_text_cannot_become_a_link() -> None:
    assert plain_text('<a href="http://x">y</a>') == '‹a href="http：／／x"›y‹／a›'
