"""Employers and recusal units that follow from the file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.experts.employments import (
    RecusalRule,
    Unit,
    declared_keys,
    employments_of,
    present_units,
    recusal_keys_of,
)
from domain.experts.file import FileChange, FileSource

START = datetime(2026, 1, 1, tzinfo=UTC)
CODE = "91430100MA4L16JQ9B"


def change(day: int, **values: object) -> FileChange:
    return FileChange(START + timedelta(days=day), FileSource.APPLICATION, values)


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T00:00:00+08:00")


def test_an_employer_that_was_left_ended_on_the_day_of_the_change() -> None:
    moved = change(40, employer="乙公司")
    units = employments_of([change(0, employer="甲公司", employer_code=CODE), moved], {})
    assert units == [Unit("甲公司", CODE, None, moved.at), Unit("乙公司", "")]


def test_a_code_that_is_learnt_later_makes_no_second_employment() -> None:
    units = employments_of([change(0, employer="甲公司"), change(3, employer_code=CODE)], {})
    assert units == [Unit("甲公司", CODE)]


def test_a_change_of_something_else_ends_nothing() -> None:
    units = employments_of([change(0, employer="甲公司"), change(3, email="a@b.cn", employer="甲公司")], {})
    assert units == [Unit("甲公司", "")]


def test_the_beginning_of_the_present_employment_stands_in_the_history() -> None:
    history = [
        {"unit": "甲公司", "since": "2020-09"},
        {"unit": "旧公司", "since": "2015-07", "until": "2020-08"},
    ]
    units = present_units({"employer": "甲公司", "work_history": history}, {})
    assert units == [
        Unit("旧公司", "", shanghai("2015-07-01"), shanghai("2020-09-01")),
        Unit("甲公司", "", shanghai("2020-09-01")),
    ]


def test_a_job_that_is_dropped_from_the_history_counts_as_left_then() -> None:
    first = change(0, employer="甲公司", work_history=[{"unit": "兼职公司", "since": "2020-09"}])
    dropped = change(9, work_history=[{"unit": "甲公司", "since": "2020-01"}])
    [former, present] = employments_of([first, dropped], {})
    assert (former.name, former.until) == ("兼职公司", dropped.at)
    assert (present.name, present.since, present.until) == ("甲公司", shanghai("2020-01-01"), None)


def test_a_listed_employer_has_the_lists_name_and_code() -> None:
    listed = {"e-1": ("长沙设计院", CODE)}
    assert employments_of([change(0, employer="e-1", employer_code="typed")], listed) == [Unit("长沙设计院", CODE)]
    assert employments_of([change(0, employer="某研究所")], listed) == [Unit("某研究所", "")], "imported by its name"


def test_units_imported_as_former_ones_keep_their_times() -> None:
    former = [{"name": "旧公司", "code": "", "since": "2018-01-01", "until": "2020-02-28"}]
    assert present_units({"employer": "无", "former_units": former}, {}) == [
        Unit("旧公司", "", shanghai("2018-01-01"), shanghai("2020-02-28"))
    ]


def test_own_units_recuse_and_the_present_employer_where_the_pool_says_so() -> None:
    values = {"recusal_units": [{"name": "配偶单位", "code": CODE}]}
    jobs = [Unit("甲公司", ""), Unit("旧公司", "", None, START)]
    own = recusal_keys_of(values, jobs, own_employer_recused=False)
    assert own == [f"code:{CODE}", "name:配偶单位"]
    assert recusal_keys_of(values, jobs, own_employer_recused=True) == sorted([*own, "name:甲公司"])


def stated(day: int, source: FileSource, **values: object) -> FileChange:
    return FileChange(START + timedelta(days=day), source, values)


def test_what_the_expert_stated_since_a_moment_recuses_him_from_then_on() -> None:
    rule = RecusalRule(START - timedelta(days=1000), own_employer_recused=True)
    changes = [
        stated(0, FileSource.IMPORT, employer="甲公司"),
        stated(5, FileSource.SELF, recusal_units=[{"name": "乙公司", "code": CODE}]),
        stated(9, FileSource.IMPORT, employer="丙公司"),
        stated(9, FileSource.APPLICATION, former_units=[{"name": "丁公司", "since": "", "until": "2025-12-01"}]),
    ]

    def since(day: int) -> set[str]:
        return set(declared_keys(changes, {}, rule, START + timedelta(days=day)))

    assert since(0) == {"name:乙公司", f"code:{CODE}", "name:丁公司"}, "an import is another's word"
    assert since(6) == {"name:丁公司"}
    assert since(10) == set()
    changes.append(stated(12, FileSource.APPLICATION, recusal_units=None))
    assert since(0) == {"name:丁公司"}, "what was removed since recuses no more"


def test_an_employment_of_long_ago_recuses_nobody_however_late_it_is_stated() -> None:
    rule = RecusalRule(START - timedelta(days=1000), own_employer_recused=True)
    old = [{"name": "丁公司", "since": "2010-01-01", "until": "2015-01-01"}]
    assert declared_keys([stated(0, FileSource.SELF, former_units=old)], {}, rule, START) == frozenset()
