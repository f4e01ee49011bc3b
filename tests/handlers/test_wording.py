"""Spans and lists in words."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

from domain.clock import SHANGHAI
from handlers.wording import period_lines, plain_text
from services.experts import Period


def test_a_long_list_says_how_many_more_there_are() -> None:
    day = datetime(2026, 11, 25, tzinfo=SHANGHAI)
    periods = [Period(uuid4(), day, day + timedelta(days=1), "出差", f"第{n}天") for n in range(7)]
    lines = period_lines(periods, limit=3).splitlines()
    assert lines == ["第0天（出差）", "第1天（出差）", "第2天（出差）", "……另有4项"]


def test_typed_text_cannot_become_a_link() -> None:
    assert plain_text('<a href="http://x">y</a>') == '‹a href="http：／／x"›y‹／a›'
