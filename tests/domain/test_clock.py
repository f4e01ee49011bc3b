"""How moments and spans are written for people in China."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.clock import name_near_days, print_month, print_near_time, print_span, seconds_until_tomorrow

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
_WITHOUT_ZONE = re.compile(r"\{(?!local\()[^{}]*:%[^{}]*%d")
"""A day written in an f-string, of a moment that is in UTC."""


@pytest.mark.parametrize(
    ("end", "written"),
    [
        (datetime(2026, 11, 25, 8, 0, tzinfo=UTC), "11月25日(周三) 13:00至16:00"),
        (datetime(2026, 11, 26, 8, 0, tzinfo=UTC), "11月25日(周三) 13:00至11月26日(周四) 16:00"),
        (datetime(2027, 11, 20, 8, 0, tzinfo=UTC), "11月25日(周三) 13:00至2027年11月20日(周六) 16:00"),
    ],
)
def test_a_span_names_what_differs_from_its_beginning(end: datetime, written: str) -> None:
    assert print_span(datetime(2026, 11, 25, 5, 0, tzinfo=UTC), end, NOW) == written


def test_a_day_ends_at_midnight_in_beijing() -> None:
    assert seconds_until_tomorrow(datetime(2026, 11, 21, 15, 59, 30, tzinfo=UTC)) == 30
    assert seconds_until_tomorrow(datetime(2026, 11, 21, 16, 0, tzinfo=UTC)) == 86400


def test_a_month_is_that_of_shanghai() -> None:
    assert print_month(datetime(2026, 12, 31, 16, 0, tzinfo=UTC)) == "2027年1月"


@pytest.mark.parametrize(
    ("now", "written"),
    [
        (datetime(2026, 11, 19, 15, 59, 59, tzinfo=UTC), "11月22日(周日) 00:30"),
        (datetime(2026, 11, 19, 16, 0, tzinfo=UTC), "后天11月22日(周日) 00:30"),
        (datetime(2026, 11, 20, 16, 0, tzinfo=UTC), "明天11月22日(周日) 00:30"),
        (datetime(2026, 11, 21, 15, 59, 59, tzinfo=UTC), "明天11月22日(周日) 00:30"),
        (datetime(2026, 11, 21, 16, 0, tzinfo=UTC), "今天11月22日(周日) 00:30"),
        (datetime(2026, 11, 22, 15, 59, 59, tzinfo=UTC), "今天11月22日(周日) 00:30"),
        (datetime(2026, 11, 22, 16, 0, tzinfo=UTC), "11月22日(周日) 00:30"),
    ],
)
def test_a_near_day_is_named_by_the_calendar_of_beijing(now: datetime, written: str) -> None:
    """At half past midnight one second decides whether it is tomorrow or today; 24 hours do not."""
    assert print_near_time(datetime(2026, 11, 21, 16, 30, tzinfo=UTC), now) == written


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (
            "集合改到11月21日09:30，评标推迟到11月22日11:30",
            "集合改到今天11月21日(周六)09:30，评标推迟到明天11月22日(周日)11:30",
        ),
        ("11月22日星期日上午9点30分", "明天，11月22日星期日上午9点30分"),
        (
            "请在11月23日(周一) 18:00前答复，11月24日(周二)起无效",
            "请在后天11月23日(周一) 18:00前答复，11月24日(周二)起无效",
        ),
        ("2026年11月21日 09:30", "2026年11月21日 09:30"),
        ("11月21日(周日) 09:30", "11月21日(周日) 09:30"),
        ("1月21日09:30，111月21日", "1月21日09:30，111月21日"),
    ],
)
def test_near_days_are_named_within_a_text_and_once(text: str, named: str) -> None:
    """The fourth has its year, as a field of WeChat's wants it; the fifth is that date of another year."""
    assert name_near_days(text, NOW) == named
    assert name_near_days(named, NOW) == named


def test_no_number_and_no_file_is_named_after_the_day_of_another_time_zone() -> None:
    """Before eight in the morning it is still yesterday in UTC. The keys of notices are read by nobody."""
    wrong = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for package in ("domain", "handlers", "platform_api", "services", "web")
        for path in sorted((ROOT / package).rglob("*.py"))
        for line in path.read_text("utf-8").splitlines()
        if path.parent.name != "spreadsheets" and "dedupe_key=" not in line and _WITHOUT_ZONE.search(line)
    ]
    assert wrong == []
