"""Fees by the provinces' tables. The expected amounts were computed by hand from the standards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from app.rulebook_files import load_rulebooks
from domain.clock import SHANGHAI
from domain.remuneration.fees import FeeLine, Trip, compute_fee, lines_of_amount, total
from domain.rulebook.book import Rulebook
from domain.rulebook.remuneration import FeeTable, FurtherDays

RULEBOOKS = Path(__file__).parents[3] / "config" / "rulebooks"
MIDNIGHT = datetime(2026, 11, 21, tzinfo=SHANGHAI)


@lru_cache
def books() -> Mapping[str, Rulebook]:
    return load_rulebooks(RULEBOOKS, ["guangdong", "hunan", "jilin", "xinjiang"])


def table(pool: str) -> FeeTable:
    return books()[pool].remuneration.table or pytest.fail(f"{pool} has no table")


def trip_of(began: float, ended: float, **facts: bool) -> Trip:
    """Hours after midnight of one day, on the clocks of Shanghai."""
    return Trip(True, MIDNIGHT + timedelta(hours=began), MIDNIGHT + timedelta(hours=ended), **facts)


@pytest.mark.parametrize(
    ("began", "ended", "yuan"),
    [
        (9, 9 + 1 / 60, 400),  # a minute is a session
        (9, 11, 400),
        (9, 11.5, 400),  # half an hour is forgiven
        (9, 11 + 31 / 60, 500),  # more is an hour
        (9, 12 + 1 / 3, 500),
        (9, 17, 1000),
        (9, 19, 1300),  # 400 + 6 × 100 + 2 × 150
        (20, 26, 800),  # 4 hours 600, then 2 hours of the next day 200
        (22, 34, 1500),  # 2 hours 400, then 10 hours of the next day: 8 × 100 + 2 × 150
    ],
)
def test_guangdongs_table(began: float, ended: float, yuan: int) -> None:
    assert total(compute_fee(table("guangdong"), trip_of(began, ended))) == yuan * 100


@pytest.mark.parametrize(
    ("began", "ended", "yuan"),
    [
        (9, 10, 600),
        (9, 12, 600),
        (9, 12 + 1 / 60, 650),  # each half hour that was begun
        (9, 12.5, 650),
        (9, 12.51, 700),
        (9, 17, 1100),
        (22, 26, 800),  # over night: 700 + 1 × 100
        (21, 24, 600),  # midnight itself is no night
    ],
)
def test_hunans_table(began: float, ended: float, yuan: int) -> None:
    assert total(compute_fee(table("hunan"), trip_of(began, ended))) == yuan * 100


def test_who_came_in_vain_gets_the_wasted_trip_and_the_way() -> None:
    assert compute_fee(table("guangdong"), Trip(False)) == (FeeLine("wasted", 20000, "到场后未参加评标"),)
    lines = compute_fee(table("guangdong"), Trip(False, from_elsewhere=True))
    assert [(line.code, line.amount) for line in lines] == [
        ("wasted", 20000),
        ("transport", 20000),
        ("difference", 20000),
    ]
    assert compute_fee(table("hunan"), Trip(False)) == ()


def test_who_came_from_another_city_is_paid_the_way_beside_the_time() -> None:
    lines = compute_fee(table("guangdong"), trip_of(9, 12, from_elsewhere=True))
    assert total(lines) == 50000 + 20000 + 20000
    assert [line.words for line in lines[:2]] == ["2小时以内", "1小时×100元"]


def test_further_days_may_be_paid_by_the_half_day() -> None:
    """Guangdong's earlier standard: 600 yuan for each half day after the first."""
    by_half = table("guangdong").model_copy(update={"further_days": FurtherDays(half_day=60000)})
    assert total(compute_fee(by_half, trip_of(22, 24 + 4))) == 40000 + 60000
    assert total(compute_fee(by_half, trip_of(22, 24 + 5))) == 40000 + 120000


def test_pools_without_a_standard_say_so() -> None:
    assert [pool for pool, book in books().items() if book.remuneration.table is None] == ["jilin", "xinjiang"]


def test_what_a_person_changed_is_a_line_of_its_own_and_the_sum_holds() -> None:
    computed = compute_fee(table("guangdong"), trip_of(9, 12))
    lines = lines_of_amount(computed, 60000, "组长")
    assert (total(lines), lines[-1]) == (60000, FeeLine("change", 10000, "组长"))
    assert lines_of_amount(computed, total(computed), "") == computed
    assert lines_of_amount(computed, 0, "自愿放弃")[-1].amount == -50000
    assert lines_of_amount(None, 30000, "按约定") == (FeeLine("by_hand", 30000, "按约定"),)


@given(
    began=st.integers(0, 24 * 60 - 1),
    lengths=st.tuples(st.integers(0, 40 * 60), st.integers(0, 40 * 60)),
    pool=st.sampled_from(["guangdong", "hunan"]),
)
@settings(max_examples=60, deadline=None)
def test_who_sits_longer_never_gets_less(began: int, lengths: tuple[int, int], pool: str) -> None:
    shorter, longer = (
        total(compute_fee(table(pool), trip_of(began / 60, (began + length) / 60))) for length in sorted(lengths)
    )
    assert 0 <= shorter <= longer


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"unit": timedelta(minutes=7)}, "divide an hour"),
        ({"forgiven": timedelta(hours=1)}, "divide an hour"),
        ({"hour": 10001, "unit": timedelta(minutes=30), "forgiven": timedelta()}, "never cut"),
        ({"long_hour": None}, "belong together"),
        ({"long_after": 1}, "less than first_hours"),
        ({"wasted": 40001}, "no less"),
        ({"further_days": {}}, "either hour or half_day"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(change: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        FeeTable.model_validate({**table("guangdong").model_dump(), **change})
