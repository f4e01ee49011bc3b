"""Experts discarded after they had accepted: what the verifier permits, warns of, and refuses."""

from datetime import timedelta

import pytest

from domain.draws import record as draw_record
from domain.draws.verify_draw import examine, verify
from tests.factories.draw_records import START, Script, whole_draw


def full() -> Script:
    return Script().seeded().need().fill().then(draw_record.Completed())


def findings_of(script: Script) -> list[tuple[str, str]]:
    return [(finding.severity, finding.code) for finding in verify(script.record())]


def discarded(outcome: str, **facts: str) -> Script:
    script = full()
    return script.outcome(script.accepted[1][0], outcome, **facts)


def test_a_leave_of_the_expert_himself_draws_no_remark():
    assert findings_of(discarded("left")) == []


@pytest.mark.parametrize(
    ("outcome", "by", "confirmed_by"),
    [
        ("left", "agency", "expert"),
        ("absent", "venue", ""),
        ("recused", "agency", "supervisor"),
        ("recused", "venue", "verifier"),
    ],
)
def test_a_discard_by_staff_is_a_warning_that_names_who_asked_and_who_confirmed(outcome, by, confirmed_by):
    [warning] = verify(discarded(outcome, by=by, confirmed_by=confirmed_by).record())
    assert (warning.severity, warning.code) == ("warning", "discard")
    assert by in warning.chinese
    assert confirmed_by in warning.chinese


@pytest.mark.parametrize(
    ("outcome", "confirmed_by"),
    [("left", ""), ("left", "supervisor"), ("recused", ""), ("recused", "expert"), ("recused", "agency")],
)
def test_a_discard_of_the_agency_without_the_confirmation_it_needs_is_refused(outcome, confirmed_by):
    assert findings_of(discarded(outcome, by="agency", confirmed_by=confirmed_by)) == [("error", "discard_unconfirmed")]


def test_a_discard_by_an_unknown_role_is_refused():
    assert findings_of(discarded("absent", by="somebody")) == [("error", "party")]


def test_an_absence_before_the_gathering_time_is_an_error():
    script = discarded("absent")
    script.gaps.clear()
    assert findings_of(script) == [("error", "absent_early")]


def test_an_absence_by_a_gathering_time_brought_forward_is_an_error():
    script = full().move_gathering(START + timedelta(minutes=5)).wait(timedelta(minutes=30))
    before = dict(script.gaps)
    script.outcome(script.accepted[1][0], "absent")
    script.gaps = before
    assert findings_of(script) == [("warning", "gathering_moved"), ("error", "absent_early")]


def test_cancelling_a_single_expert_who_agreed_is_an_error():
    assert findings_of(discarded("cancelled", by="agency")) == [("error", "cancelled_early")]


def terminated(*left_standing: int) -> Script:
    script = full().then(draw_record.Terminated("agency", "replanned"))
    for index, leaf in enumerate(tuple(script.accepted[1])):
        if index not in left_standing:
            script.outcome(leaf, "cancelled", by="agency")
    return script.end()


def test_a_termination_after_the_seed_is_warned_of_and_ends_the_draw():
    assert findings_of(terminated()) == [("warning", "terminated")]


def test_a_termination_that_leaves_an_expert_waiting_is_an_error():
    assert findings_of(terminated(0))[-1] == ("error", "not_settled")


def test_a_call_or_another_discard_after_a_termination_is_an_error():
    script = full().then(draw_record.Terminated("agency", "replanned"))
    assert findings_of(script.need())[-1] == ("error", "phase")
    script = full().then(draw_record.Terminated("agency", "replanned"))
    assert findings_of(script.outcome(script.accepted[1][0], "left"))[-1] == ("error", "terminating")


def test_a_termination_needs_a_coded_reason():
    assert findings_of(full().then(draw_record.Terminated("agency", "I like")))[-1] == ("error", "termination_reason")


def test_the_verifier_counts_discards_by_cause():
    script = discarded("recused")
    script.outcome(script.accepted[1][0], "left")
    assert "experts out after they agreed 同意后移出: 2 (agency 1, expert 1)" in examine(script.record())[1]
    assert "experts out after they agreed 同意后移出: 0" in examine(whole_draw().record())[1]


def calling() -> tuple[Script, bytes]:
    """One of three has agreed, the others are not called yet."""
    script = Script().seeded().need()
    leaf = script.step()
    return script.outcome(leaf, "accepted"), leaf


def test_an_acceptance_that_is_undone_in_time_draws_no_remark_and_keeps_the_place():
    script, leaf = calling()
    script.outcome(leaf, "undone").outcome(leaf, "accepted").outcome(leaf, "undone").outcome(leaf, "silent")
    script.fill().then(draw_record.Completed(), draw_record.Ended("met"))
    findings, summary = examine(script.record())
    assert findings == []
    assert any(line.endswith("专家及时撤销的同意: 2") for line in summary)


def test_a_call_for_the_place_of_an_undone_acceptance_is_an_error():
    script, leaf = calling()
    script.outcome(leaf, "undone")
    for _ in range(2):
        script.step()
    assert findings_of(script) == []
    script.step()
    assert ("error", "too_many") in findings_of(script)


def test_an_acceptance_can_not_be_undone_once_all_places_are_full():
    assert findings_of(discarded("undone")) == [("error", "undone_late")]


@pytest.mark.parametrize("by", ["agency", "venue", "verifier", "system"])
def test_an_acceptance_undone_by_another_party_than_the_expert_is_an_error(by):
    script, leaf = calling()
    assert ("error", "party") in findings_of(script.outcome(leaf, "undone", by=by))


def test_only_an_acceptance_can_be_undone():
    script, _ = calling()
    assert ("error", "outcome") in findings_of(script.outcome(script.step(), "undone"))
