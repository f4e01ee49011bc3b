"""Times, sums and telephone numbers as pages write them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from web.core.template_filters import (
    link_phones,
    print_count,
    print_day,
    print_in_words,
    print_minute,
    print_month_of,
    print_sum,
)

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "written"),
    [
        (datetime(2026, 11, 21, 10, 30, tzinfo=UTC), "11月21日 18:30"),
        (datetime(2026, 12, 31, 15, 59, tzinfo=UTC), "12月31日 23:59"),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), "2027年1月1日 00:00"),
        (datetime(2025, 1, 2, 0, 0, tzinfo=UTC), "2025年1月2日 08:00"),
    ],
)
def test_the_year_is_written_where_it_is_not_the_present_one(at: datetime, written: str) -> None:
    assert print_minute(at, NOW) == written


def test_what_a_template_prints_as_it_is_reads_as_people_write_it() -> None:
    moment = datetime(2026, 11, 21, 10, 30, tzinfo=UTC)
    printed = [print_in_words(value) for value in (moment, moment.date(), "2026-11-21", 3, None)]
    assert printed == ["2026年11月21日 18:30", "2026年11月21日", "2026-11-21", 3, None]
    assert [print_month_of(month) for month in (moment, "2026-11")] == ["2026年11月"] * 2


def test_a_day_is_written_without_its_time() -> None:
    assert [print_day(day, date(2026, 1, 1)) for day in (date(2026, 11, 9), date(2025, 12, 31))] == [
        "11月9日",
        "2025年12月31日",
    ]


@pytest.mark.parametrize(
    ("fen", "written"),
    [(0, "0.00"), (35000, "350.00"), (123456789, "1,234,567.89"), (-50, "-0.50"), (-1234500, "-12,345.00")],
)
def test_large_sums_are_grouped(fen: int, written: str) -> None:
    assert print_sum(fen) == written


@pytest.mark.parametrize("number", ["400-123-4567", "020-12345678", "0755-1234567", "13912345678"])
def test_telephone_numbers_dial(number: str) -> None:
    assert link_phones(f"请拨打{number}咨询。") == f'请拨打<a href="tel:{number}">{number}</a>咨询。'


@pytest.mark.parametrize(
    "text",
    ["SQ202611210000001", "440106199308049318", "ZJ13912345678", "2026-11-21", "12013912345678", "1-400-123-4567"],
)
def test_other_numbers_stay_text(text: str) -> None:
    assert link_phones(text) == text


def test_what_was_typed_is_never_markup() -> None:
    assert link_phones('<b>"020-12345678"') == ('&lt;b&gt;&#34;<a href="tel:020-12345678">020-12345678</a>&#34;')


def test_a_list_that_was_not_counted_to_its_end_says_so() -> None:
    assert [print_count(total) for total in (0, 9_999, 10_000)] == ["0", "9999", "10000+"]
