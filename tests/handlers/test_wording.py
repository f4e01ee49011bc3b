"""Spans and lists in words."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

from domain.clock import SHANGHAI
from handlers.wording import break_long_lines, period_lines, plain_text
from services.experts import Period


def test_a_long_list_says_how_many_more_there_are() -> None:
    day = datetime(2026, 11, 25, tzinfo=SHANGHAI)
    periods = [Period(uuid4(), day, day + timedelta(days=1), "出差", f"第{n}天") for n in range(7)]
    lines = period_lines(periods, limit=3).splitlines()
    assert lines == ["第0天（出差）", "第1天（出差）", "第2天（出差）", "……另有4项"]


def test_typed_text_cannot_become_a_link() -> None:
    assert plain_text('<a href="http://x">y</a>') == '‹a href="http：／／x"›y‹／a›'


def test_a_long_line_is_broken_after_its_sentences() -> None:
    first = "抽不满时启动补抽：按原来的顺序接着抽，不用再核验，已呼叫过的不再呼叫。"
    second = "名单抽完的，可以扩大地区补抽，最多3次（专业和职称不能改。）仍不够的退选。"
    assert break_long_lines(f"短句。不变。\n{first}{second}") == f"短句。不变。\n{first}\n{second}"
