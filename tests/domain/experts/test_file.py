"""The expert's file as the sum of its changes: what it holds, since when, what it held before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.experts.file import ExpertFile, FileChange, FileSource, fold, history_of

START = datetime(2026, 1, 1, tzinfo=UTC)


def change(day: int, **values: object) -> FileChange:
    return FileChange(START + timedelta(days=day), FileSource.APPLICATION, values)


def test_a_later_change_sets_empties_and_leaves_alone() -> None:
    first, second = change(0, region="430102", email="a@b.cn", address="麓谷"), change(9, region="430104", email="")
    file = fold([first, second])
    assert file.values == {"region": "430104", "address": "麓谷"}
    assert (file.since["region"], file.since["email"], file.since["address"]) == (second, second, first)


def test_a_value_that_is_set_again_keeps_the_day_it_came_from() -> None:
    first, second = change(0, degree="硕士", emergency=False), change(9, degree="硕士", emergency=False)
    file = fold([first, second])
    assert (file.since["degree"], file.since["emergency"]) == (first, first)
    assert file.values["emergency"] is False


def test_a_new_employer_does_not_inherit_the_old_ones_code() -> None:
    old = change(0, employer="甲公司", employer_code="91430100MA4L16JQ9B", employed_since="2019-05-01")
    moved, corrected = change(9, employer="乙公司"), change(12, employer="乙公司", employer_code="91430100MA4L16JQ1X")
    file = fold([old, moved])
    assert file.values == {"employer": "乙公司"}
    assert file.since["employer_code"] is moved
    assert fold([old, moved, corrected]).values == {"employer": "乙公司", "employer_code": "91430100MA4L16JQ1X"}


def test_a_difference_is_what_a_change_would_change() -> None:
    file = fold([change(0, region="430102", strengths="结构", recusal_units=[{"name": "甲公司", "code": ""}])])
    assert file.difference({"region": "430102", "strengths": "", "email": "", "recusal_units": []}) == {
        "strengths": None,
        "recusal_units": None,
    }
    assert file.difference({"region": "430102"}) == {}
    assert ExpertFile().difference({"email": None}) == {}


def test_all_values_that_a_field_has_had_are_known_with_their_times() -> None:
    changes = [
        change(0, region="430102"),
        change(5, email="a@b.cn"),
        change(9, region="430104"),
        change(20, region=None),
    ]
    history = history_of(changes, "region")
    assert [(step.value, step.change.at, step.until) for step in history] == [
        ("430102", changes[0].at, changes[2].at),
        ("430104", changes[2].at, changes[3].at),
        (None, changes[3].at, None),
    ]
    assert history_of(changes, "address") == []
