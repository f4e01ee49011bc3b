"""Who may be drawn, rule by rule."""

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from domain.draws.eligibility import (
    Candidate,
    CandidateCall,
    CandidateEmployment,
    CandidateSuspension,
    DrawCriteria,
    Recusals,
    ancestors,
    check,
    covering_regions,
    find_bars,
    years_before,
)
from domain.draws.recusal_keys import unit_keys
from domain.identity import age_on, born_after
from domain.spans import Span

START = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
AT = Span(START, START + timedelta(hours=8))
THIS, EARLIER, OTHER = uuid.UUID(int=1), uuid.UUID(int=2), uuid.UUID(int=3)
CONDITION = DrawCriteria("demo", "permanent", frozenset(["440100"]), "A08")
PARTIES = frozenset(unit_keys("某某工程有限公司", "91110000600037341L"))
RECUSALS = Recusals(THIS, years_before(START, 3), PARTIES, frozenset(["hash-of-wang"]), frozenset([EARLIER]))
EXPERT = Candidate("demo", "李四", "hash-of-li", "440103", frozenset(["A080301"]))


def reason(expert: Candidate = EXPERT, condition: DrawCriteria = CONDITION, at: Span = AT) -> str | None:
    return check(expert, condition, RECUSALS, at)


def test_a_fit_and_free_expert_may_be_drawn():
    assert reason() is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"pool": "jilin"}, "other_pool"),
        ({"left": True}, "left_pool"),
        ({"active": False}, "inactive"),
        ({"formal": False}, "not_formal"),
        ({"specialties": frozenset(["A07", "B08"])}, "specialty"),
        ({"specialties": frozenset(["A"])}, "specialty"),
        ({"region": "440300"}, "region"),
        ({"region": "440000"}, "region"),
        ({"id_number_hash": "hash-of-wang"}, "recused_person"),
        ({"recusal_keys": frozenset(unit_keys("某某工程有限公司"))}, "recused_unit"),
    ],
    ids=lambda value: value if isinstance(value, str) else ",".join(value),
)
def test_an_expert_who_is_not_fit_or_recused_may_not(changes, expected):
    assert reason(replace(EXPERT, **changes)) == expected


@pytest.mark.parametrize(
    ("begins", "ends", "expected"),
    [
        (-10, None, "inactive"),
        (-10, -4, None),
        (-10, -2, "inactive"),
        (-5, -1, "inactive"),
        (-2, -1, None),
        (-2, 0.1, "inactive"),
        (0.1, 9, "inactive"),
        (1, None, None),
    ],
)
def test_a_suspension_bars_while_it_lasts_and_before_it_from_panels_in_its_time(begins, ends, expected):
    """In days from the panel's start; the expert is judged three days before."""
    day, judged_at = timedelta(days=1), START - timedelta(days=3)
    suspension = CandidateSuspension(START + begins * day, None if ends is None else START + ends * day)
    suspended = replace(EXPERT, suspensions=(suspension,))
    assert reason(suspended, replace(CONDITION, judged_at=judged_at)) == expected
    overlaps = suspension.starts_at < AT.ends_at and (ends is None or START + ends * day > START)
    assert reason(suspended) == ("inactive" if overlaps else None), "records from before tell no moment"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"born_on": date(1955, 11, 25)}, "over_age"),
        ({"born_on": date(1955, 11, 26)}, None),
        ({"born_on": None}, "over_age"),
        ({"term_until": AT.ends_at}, None),
        ({"term_until": AT.ends_at - timedelta(seconds=1)}, "term_over"),
    ],
)
def test_term_and_age_count_on_the_day_of_the_panel(changes, expected):
    young = replace(EXPERT, born_on=date(1980, 1, 1))
    assert reason(replace(young, **changes), replace(CONDITION, age_max=70)) == expected


def test_a_person_born_on_29_february_is_a_year_older_on_1_march():
    assert born_after(date(2028, 2, 29), 70) == date(1957, 2, 28)
    for day in (date(2027, 2, 28), date(2027, 3, 1), date(2028, 2, 29)):
        for birth in (date(1956, 2, 28), date(1956, 2, 29), date(1956, 3, 1), date(1957, 2, 28), date(1957, 3, 1)):
            assert (birth > born_after(day, 70)) == (age_on(birth, day) <= 70), (birth, day)


@pytest.mark.parametrize("code", ["A08", "A0803", "A080301"])
def test_a_specialty_covers_its_children(code):
    assert reason(replace(EXPERT, specialties=frozenset([code]))) is None


@pytest.mark.parametrize(
    ("declared", "fits"), [("440100", True), ("440000", True), ("440103", False), ("440300", False)]
)
def test_willing_for_a_province_is_willing_for_its_cities_but_not_the_other_way(declared, fits):
    willing = replace(CONDITION, mode="willing")
    expert = replace(EXPERT, region="450000", willing_regions=frozenset([declared]))
    assert reason(expert, willing) == (None if fits else "region")


@pytest.mark.parametrize(
    ("wanted", "has"),
    [
        ({"title_level": "10"}, {"title_level": "10"}),
        ({"qualification": "Q0201"}, {"qualifications": frozenset(["Q0201", "Q03"])}),
        ({"department": "D02"}, {"department": "D02"}),
        ({"emergency": True}, {"emergency": True}),
    ],
    ids=["title_level", "qualification", "department", "emergency"],
)
def test_what_only_some_experts_have_counts_only_when_it_is_asked_for(wanted, has):
    missing = "not_emergency" if "emergency" in wanted else next(iter(wanted))
    assert reason(EXPERT, replace(CONDITION, **wanted)) == missing
    assert reason(replace(EXPERT, **has), replace(CONDITION, **wanted)) is None
    assert reason(replace(EXPERT, **has)) is None


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        (None, "recused_unit"),
        (START - timedelta(days=300), "recused_unit"),
        (datetime(2023, 11, 25, 1, 0, 1, tzinfo=UTC), "recused_unit"),
        (datetime(2023, 11, 25, 1, 0, tzinfo=UTC), None),
        (datetime(2020, 1, 1, tzinfo=UTC), None),
    ],
    ids=str,
)
def test_an_employment_counts_for_three_years(until, expected):
    job = CandidateEmployment(frozenset(unit_keys("改了名的公司", "91110000600037341L")), until)
    assert reason(replace(EXPERT, employments=(job,))) == expected


@pytest.mark.parametrize("state", ["accepted", "left", "absent", "recused", "released"])
def test_who_took_part_in_a_draw_to_be_avoided_is_recused(state):
    then = Span(START - timedelta(days=9), START - timedelta(days=8))
    assert reason(replace(EXPERT, calls=(CandidateCall(EARLIER, state, then),))) == "avoided_draw"
    assert reason(replace(EXPERT, calls=(CandidateCall(EARLIER, "declined", then),))) is None


@pytest.mark.parametrize("state", ["open", "accepted", "declined", "silent", "left"])
def test_an_expert_called_before_in_a_draw_is_not_eligible_again(state):
    assert reason(replace(EXPERT, calls=(CandidateCall(THIS, state, AT),))) == "called_before"


@pytest.mark.parametrize(("state", "expected"), [("open", "overlap"), ("accepted", "overlap"), ("declined", None)])
def test_a_panel_that_overlaps_stands_in_the_way(state, expected):
    half = Span(START + timedelta(hours=4), START + timedelta(hours=12))
    assert reason(replace(EXPERT, calls=(CandidateCall(OTHER, state, half),))) == expected


def test_a_panel_or_leave_that_only_touches_does_not():
    after = Span(AT.ends_at, AT.ends_at + timedelta(hours=1))
    before = Span(START - timedelta(hours=1), START)
    assert reason(replace(EXPERT, calls=(CandidateCall(OTHER, "accepted", after),), away=(before,))) is None


def test_an_expert_on_leave_is_not_drawn():
    assert reason(replace(EXPERT, away=(Span(START + timedelta(hours=7), START + timedelta(days=2)),))) == "leave"


def test_ancestors_and_covering_regions():
    assert ancestors("A080301") == {"A", "A08", "A0803", "A080301"}
    assert ancestors("A") == {"A"}
    assert covering_regions(["440103"]) == {"440103", "440100", "440000"}


def test_years_are_counted_by_the_calendar():
    assert years_before(datetime(2028, 2, 29, tzinfo=UTC), 3) == datetime(2025, 3, 1, tzinfo=UTC)
    assert years_before(START, 0) == START


def test_a_recusal_person_without_a_number_recuses_namesakes_of_that_unit_only():
    pairs = frozenset(("李四", key) for key in unit_keys("某某设计院"))
    recusals = replace(RECUSALS, pairs=pairs)
    there = replace(
        EXPERT, employments=(CandidateEmployment(frozenset(unit_keys("某某设计院")), until=years_before(START, 9)),)
    )
    assert check(EXPERT, CONDITION, recusals, AT) is None
    assert check(there, CONDITION, recusals, AT) == "recused_person"
    assert check(replace(there, name=" 李 四"), CONDITION, recusals, AT) == "recused_person"
    assert check(replace(there, name="李五"), CONDITION, recusals, AT) is None


def test_an_expert_who_can_not_be_phoned_is_not_drawn():
    assert reason(replace(EXPERT, reachable=False)) == "unreachable"


def test_all_reasons_against_an_expert_are_found_for_any_condition():
    busy = replace(EXPERT, away=(AT,), reachable=False, specialties=frozenset())
    assert find_bars(busy, CONDITION, RECUSALS, AT) == {"unreachable", "leave"}
