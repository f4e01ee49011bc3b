"""Honest records hold; each cheat is detected, even if the owner of the log computes all hashes again."""

import ast
import copy
import json
import random
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.draws import random_draw, verify_draw
from domain.draws import record as draw_record
from domain.draws.record import ConditionFacts
from domain.draws.verify_draw import verify
from tests.drivers import programs
from tests.factories.draw_records import (
    DRAW,
    FIRST,
    GATHERING,
    LIMITS,
    START,
    WIDER,
    Script,
    called_order,
    chained,
    changed,
    condition,
    index_of,
    whole_draw,
)

FILE = Path(verify_draw.__file__)


def codes(record: object, receipts: tuple[str, ...] = ()) -> list[str]:
    return [finding.code for finding in verify(record, receipts)]


def first_error(script: Script) -> tuple[str, int | None]:
    (error,) = [finding for finding in verify(script.record()) if finding.severity == "error"]
    return error.code, error.entry


def entry_of(script: Script, kind: type[draw_record.Act], nth: int = 0) -> int:
    return index_of(script.acts, kind, nth) + 1


def edit(script: Script, kind: type[draw_record.Act], nth: int = 0, **facts: object) -> int:
    """Change an act and compute all hashes again; returns the seq of its entry."""
    at = index_of(script.acts, kind, nth)
    script.acts[at] = changed(script.acts[at], **facts)
    return at + 1


# Honest draws


def test_a_whole_honest_draw_holds():
    assert verify(whole_draw().record()) == []


def test_every_beginning_of_an_honest_draw_holds():
    script = whole_draw()
    for end in range(len(script.acts) + 1):
        lists = script.lists if end >= index_of(script.acts, draw_record.ListsFrozen) + 1 else {}
        assert verify(chained(script.acts[:end], lists)) == []


def test_the_verifier_stands_alone():
    tree = ast.parse(FILE.read_text(encoding="utf-8"))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in modules} <= sys.stdlib_module_names


def test_both_writings_of_the_algorithm_know_the_same_acts_and_reasons():
    assert verify_draw.ACTS == draw_record.ACTS
    assert set(verify_draw.SKIP_REASONS) == set(draw_record.SKIP_REASONS)
    assert verify_draw.FORMAT == draw_record.FORMAT
    assert verify_draw.WITHHELD_MAX == draw_record.WITHHELD_MAX


@given(st.binary(min_size=32, max_size=32), st.sets(st.binary(min_size=32, max_size=32)), st.integers(1, 10**6))
def test_both_writings_of_the_algorithm_give_the_same_order(seed, leaves, no):
    listed = sorted(leaves)
    assert verify_draw.drawn_order(seed, no, "alternative", listed) == called_order(seed, no, "alternative", listed)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32))
def test_any_honest_draw_holds_whatever_happens_in_it(number):
    rng = random.Random(number)
    conditions = tuple(condition(no, rng.randint(1, 4), rng.choice(["", "A09"])) for no in range(1, rng.randint(2, 4)))
    sizes = {"main": rng.randint(0, 12), "alternative": rng.randint(0, 6)}
    script = Script(conditions, sizes, rng)
    for _ in range(rng.choice([0, 0, 1])):
        script.open_round()
        script.freeze() if rng.random() < 0.5 else None
        script.abort()
    script.seeded("aborted" if script.rounds else "first")
    for condition_facts in conditions:
        script.need(condition_facts.no)
    settle(script, rng)
    assert verify(script.record()) == []


def settle(script: Script, rng: random.Random) -> None:
    """Call, skip, answer at random until each condition is full or at the end of its lists."""
    lacking = False
    for condition_facts in script.conditions:
        for tier in [tier for tier in random_draw.TIERS if (condition_facts.no, tier) in script.orders]:
            walk_tier(script, condition_facts.no, tier, rng)
        lacking |= script.missing(condition_facts.no) > 0
    script.then(draw_record.Short("exhausted") if lacking else draw_record.Completed()).end()


def walk_tier(script: Script, no: int, tier: str, rng: random.Random) -> None:
    order = script.orders[no, tier]
    while script.missing(no) or script.open.get(no):
        if script.missing(no) and script.cursors[no, tier] < len(order) and rng.random() < 0.6:
            script.step(no, tier, skip=rng.choice(["", "", "", *draw_record.SKIP_REASONS]))
        elif waiting := script.open.get(no):
            script.outcome(rng.choice(waiting), rng.choice(["accepted", "declined", "silent"]), no)
        elif script.cursors[no, tier] == len(order):
            break
        if rng.random() < 0.1:
            script.then(draw_record.Paused("x"), draw_record.Resumed())
    if script.missing(no):
        script.then(draw_record.Exhausted(no, tier))


def supplement(*reason: str) -> Script:
    script = Script().seeded().need().fill().then(draw_record.Completed())
    return script.outcome(script.accepted[1][0], *reason or ("left",))


WIDE = (condition(regions=WIDER),)


def exhausted_draw(first: ConditionFacts | None = None) -> Script:
    """One of three accepted, the order is at its end."""
    script = Script((first or condition(),)).seeded().need()
    script.outcome(script.step(), "accepted")
    return script.exhaust().then(draw_record.Short("exhausted"))


def test_a_supplementary_draw_goes_on_along_the_same_order():
    script = supplement("left").need().fill().then(draw_record.Completed(), draw_record.Ended("met"))
    assert verify(script.record()) == []


def test_a_supplementary_draw_with_a_changed_region_gets_a_round_of_its_own():
    script = exhausted_draw().seeded("widened", WIDE)
    assert verify(script.need().fill().then(draw_record.Completed(), draw_record.Ended("met")).record()) == []


def test_a_place_left_while_a_supplementary_draw_is_calling_is_filled_too():
    script = Script((condition(1), condition(2))).seeded().need(1).need(2).fill(1).fill(2).then(draw_record.Completed())
    script.outcome(script.accepted[1][0], "left").need(1)
    script.outcome(script.accepted[2][0], "left", 2).fill(2).fill(1)
    assert verify(script.then(draw_record.Completed()).record()) == []


def test_an_open_call_still_counts_after_the_forced_end():
    script = Script().seeded().need()
    leaf = script.step()
    script.then(draw_record.ForceEnded("x")).outcome(leaf, "accepted")
    assert verify(script.then(draw_record.Short("force_ended")).record()) == []


def test_the_alternative_specialty_follows_when_the_main_one_is_exhausted():
    script = Script((condition(planned=2, alternative="A09"),), {"main": 1, "alternative": 3}).seeded().need()
    script.outcome(script.step(), "accepted").then(draw_record.Exhausted(1, "main"))
    script.outcome(script.step(tier="alternative"), "accepted")
    assert verify(script.then(draw_record.Completed()).record()) == []


# Cheats while the order is fixed


def test_grinding_the_systems_secret_after_the_reveals_is_detected():
    script = Script().open_round().freeze().commit().reveal()
    script.secret = bytes(32)
    assert first_error(script.fix()) == ("secret", len(script.acts))


def test_a_seed_that_is_not_the_hash_of_its_inputs_is_detected():
    script = whole_draw()
    at = edit(script, draw_record.SeedFixed, seed=bytes(32))
    assert first_error(script) == ("seed", at)


def test_grinding_a_salt_after_the_freeze_is_detected():
    script = Script().seeded()
    script.lists["1/main/1"][1][3] = bytes(32)
    assert first_error(script) == ("list_changed", entry_of(script, draw_record.ListsFrozen))


def test_adding_a_candidate_after_the_freeze_is_detected():
    script = Script().seeded()
    script.lists["1/main/1"][1].append(bytes(32))
    assert first_error(script) == ("list_changed", entry_of(script, draw_record.ListsFrozen))


def test_freezing_another_list_once_the_reveals_are_known_is_detected():
    script = Script().open_round().freeze().commit().reveal()
    other = [bytes([n]) * 32 for n in range(12)]
    script.lists.clear()
    root = random_draw.list_root(1, "main", bytes(32), other)
    script.frozen = (draw_record.ListFacts(1, "main", root, bytes(32)),)
    script.acts.append(draw_record.ListsFrozen(1, script.frozen))
    assert first_error(script) == ("lists_order", len(script.acts))


def test_grinding_a_participants_nonce_after_the_others_reveal_is_detected():
    script = Script().open_round().freeze().commit().reveal("agency")
    script.values["supervisor"] = bytes(16)
    assert first_error(script.reveal("supervisor")) == ("reveal", len(script.acts))


@pytest.mark.parametrize("late", ["agency", "supervisor"])
def test_committing_after_the_others_reveal_is_detected(late):
    early = "supervisor" if late == "agency" else "agency"
    script = Script().open_round().freeze().commit(early).reveal(early).commit(late).reveal(late).fix()
    assert first_error(script) == ("reveal_order", 7)


def test_a_second_commitment_is_detected():
    script = Script().open_round().freeze().commit().commit("agency")
    assert first_error(script) == ("commit_order", 8)


def test_committing_before_the_list_is_frozen_is_detected():
    assert first_error(Script().open_round().commit("agency")) == ("commit_order", 5)


def test_freezing_the_list_before_the_systems_commitment_is_detected():
    script = Script().open_round().freeze()
    script.acts[2], script.acts[4] = script.acts[4], script.acts[2]
    assert first_error(script) == ("lists_order", 3)


def test_freezing_the_list_before_or_without_the_recusals_is_detected():
    script = Script().open_round().freeze()
    script.acts[3], script.acts[4] = script.acts[4], script.acts[3]
    assert first_error(script) == ("recusals_order", 4)
    del script.acts[4]
    assert first_error(script) == ("recusals_order", 4)


def test_committing_the_recusals_a_second_time_is_detected():
    script = Script().open_round()
    script.then(script.acts[-1])
    assert first_error(script) == ("recusals_order", 5)
    assert first_error(Script().open_round().freeze().then(script.acts[-1])) == ("recusals_order", 6)


def test_other_recusals_in_a_later_round_are_pointed_out():
    script = Script().open_round().freeze().abort().seeded("aborted")
    edit(script, draw_record.RecusalsCommitted, 1, root=bytes(32))
    assert codes(script.record()) == ["recusals_changed"]


@pytest.mark.parametrize(("source", "count"), [("friends", 1), ("register", 0), ("none", 0), ("none", 2)])
def test_a_wrong_source_or_number_of_supervisors_is_detected(source, count):
    script = Script().open_round()
    edit(script, draw_record.RoundOpened, supervisors=draw_record.SupervisorFacts(source, count))
    assert first_error(script) == ("supervisors", 2)


def test_leaving_a_participant_out_is_detected():
    script = Script().open_round().freeze().commit("agency").reveal("agency")
    assert first_error(script) == ("reveal_order", 7)


def test_drawing_with_one_participant_alone_is_pointed_out():
    script = Script().open_round()
    edit(script, draw_record.RoundOpened, roles=("agency",))
    assert codes(script.record()) == ["one_role"]


def test_taking_a_seed_back_by_a_new_round_is_detected():
    script = Script().seeded()
    assert first_error(script.open_round("aborted"))[0] == "round_reason"
    script = Script().seeded()
    assert first_error(script.open_round("widened"))[0] == "round_restarted"


def test_a_round_restarted_with_a_wider_region_before_the_first_call_is_an_error():
    script = Script().seeded().open_round("widened", WIDE)
    assert first_error(script)[0] == "round_restarted"


def test_a_new_order_for_a_place_that_was_left_is_detected_while_the_old_order_has_candidates():
    assert first_error(supplement().open_round("widened", WIDE))[0] == "round_restarted"


def test_a_new_order_after_a_forced_end_before_the_first_call_is_detected():
    script = Script().seeded().need().then(draw_record.ForceEnded("agency"), draw_record.Short("force_ended"))
    assert first_error(script.open_round("widened", WIDE))[0] == "round_restarted"


def test_a_new_order_while_the_alternative_specialty_has_candidates_is_detected():
    script = Script((condition(alternative="A09"),)).seeded().need().exhaust()
    script.then(draw_record.ForceEnded("agency"), draw_record.Short("force_ended"))
    wide = (condition(alternative="A09", regions=WIDER),)
    assert first_error(script.open_round("widened", wide))[0] == "round_restarted"


@pytest.mark.parametrize("regions", [("440100",), ("440300",), ()])
def test_a_further_order_for_the_same_or_other_regions_is_detected(regions):
    script = exhausted_draw().open_round("widened", (condition(regions=regions),))
    assert first_error(script)[0] == "not_wider"


def test_going_back_to_earlier_regions_is_detected():
    script = exhausted_draw().seeded("widened", WIDE).need().exhaust().then(draw_record.Short("exhausted"))
    script.open_round("widened", (condition(regions=("440100", "440200")),))
    assert first_error(script)[0] == "not_wider"


def test_an_order_is_widened_a_limited_number_of_times():
    script = exhausted_draw()
    for n, more in enumerate((("440100", "1"), ("440100", "1", "2"), ("440100", "1", "2", "3"))):
        if n < LIMITS.widenings:
            script.seeded("widened", (condition(regions=more),)).need().exhaust()
            script.then(draw_record.Short("exhausted"))
    assert codes(script.record()) == []
    assert first_error(script.open_round("widened", (condition(regions=more),)))[0] == "widenings"


def test_a_further_seed_names_its_cause_and_a_first_one_has_none():
    assert first_error(exhausted_draw().open_round("widened", WIDE, cause=""))[0] == "round_cause"
    assert first_error(Script().open_round(cause="exhausted"))[0] == "round_cause"


def test_a_round_for_wider_regions_that_was_given_up_may_be_opened_again():
    script = exhausted_draw().open_round("widened", WIDE).freeze().abort().seeded("aborted", WIDE).need().fill()
    assert verify(script.then(draw_record.Completed()).record()) == []


def test_a_widened_order_may_not_bring_another_specialty():
    other = changed(condition(regions=WIDER), specialty="A01")
    assert first_error(exhausted_draw().open_round("widened", (other,)))[0] == "round_changed"


def test_a_condition_for_emergency_experts_alone_has_one_spelling():
    """Records from before there were such conditions hold as they are."""
    usual = Script().seeded().need().fill().then(draw_record.Completed(), draw_record.Ended("met"))
    assert "emergency" not in json.dumps(usual.record())
    script = Script((condition(emergency="only"),)).seeded().need().fill()
    assert verify(script.then(draw_record.Completed(), draw_record.Ended("met")).record()) == []
    assert json.dumps(script.record()).count('"emergency": "only"') == 1
    for wrong in ("no", "ONLY", "是"):
        edit(script, draw_record.RoundOpened, conditions=(condition(emergency=wrong),))
        assert first_error(script)[0] == "shape"


@pytest.mark.parametrize(("before", "after"), [("", "only"), ("only", "")])
def test_a_widened_order_neither_asks_for_emergency_experts_nor_stops_to(before, after):
    script = exhausted_draw(condition(emergency=before))
    assert first_error(script.open_round("widened", (condition(regions=WIDER, emergency=after),)))[0] == "round_changed"
    script = exhausted_draw(condition(emergency=before))
    script.seeded("widened", (condition(regions=WIDER, emergency=before),)).need().fill()
    assert verify(script.then(draw_record.Completed()).record()) == []


def test_restarting_with_other_conditions_is_detected():
    script = Script().open_round().abort().open_round("aborted", (condition(regions=("440300",)),))
    assert first_error(script)[0] == "round_changed"


def test_hiding_an_aborted_round_leaves_a_gap():
    script = Script().open_round().freeze().abort().seeded("aborted")
    hidden = index_of(script.acts, draw_record.RoundOpened, 1)
    second_lists = {key: leaves for key, leaves in script.lists.items() if key.endswith("/2")}
    assert codes(chained([FIRST, *script.acts[hidden:]], second_lists)) == ["round_gap"]


def test_an_abort_before_any_reveal_is_harmless():
    script = Script().open_round().freeze().commit().abort().seeded("aborted")
    assert verify(script.record()) == []


def test_an_abort_after_a_reveal_names_who_withheld_and_is_pointed_out():
    script = Script().open_round().freeze().commit().reveal("agency").abort("supervisor").seeded("aborted")
    (warning,) = verify(script.record())
    assert (warning.severity, warning.code) == ("warning", "abort_after_reveal")
    assert "supervisor" in warning.english


def test_an_abort_after_a_reveal_without_the_right_party_is_detected():
    for named in ((), ("agency",)):
        script = Script().open_round().freeze().commit().reveal("agency").abort(*named)
        assert first_error(script)[0] == "abort_missing"


def test_every_further_abort_before_a_reveal_is_pointed_out():
    script = Script().open_round().abort().open_round("aborted").abort().seeded("aborted")
    (warning,) = verify(script.record())
    assert (warning.severity, warning.code, warning.entry) == ("warning", "abort_again", 9)


def test_rounds_given_up_before_a_reveal_come_to_an_end():
    script = Script().open_round().abort()
    for _ in range(LIMITS.aborts - 1):
        script.open_round("aborted").abort()
    assert codes(script.record()) == ["abort_again"] * (LIMITS.aborts - 1)
    assert first_error(script.open_round("aborted")) == ("round_aborts", len(script.acts) - 2)


def test_a_loosened_limit_is_pointed_out():
    script = Script().open_round().abort()
    script.limits = changed(LIMITS, aborts=99)
    assert codes(script.seeded("aborted").record()) == ["limits_changed"]


def test_waiting_with_a_seed_for_a_better_moment_is_pointed_out():
    limit = timedelta(seconds=LIMITS.start_within)
    assert codes(Script().seeded().wait(limit).need().record()) == []
    assert codes(Script().seeded().wait(limit + timedelta(minutes=2)).need().record()) == ["start_late"]


def test_a_seed_without_calls_is_a_warning():
    assert codes(Script().open_round().freeze().commit().reveal().fix().end().record()) == ["seed_unused"]


def test_rounds_given_up_after_a_reveal_come_to_an_end():
    script = Script().open_round().freeze().commit().reveal("agency").abort("supervisor")
    script.open_round("aborted").freeze().commit().reveal("supervisor").abort("agency")
    assert codes(script.record()) == ["abort_after_reveal", "abort_after_reveal"]
    third = len(script.acts) + 1
    assert first_error(script.open_round("aborted")) == ("round_withheld", third)


def test_giving_a_round_up_once_all_have_revealed_is_detected():
    script = Script().open_round().freeze().commit().reveal().abort()
    assert first_error(script) == ("abort_late", len(script.acts))


# Cheats while experts are called


def test_skipping_a_leaf_without_a_coded_reason_is_detected():
    script = whole_draw()
    at = edit(script, draw_record.Skipped, reason="not liked")
    assert first_error(script) == ("skip_reason", at)


def test_passing_over_a_leaf_is_detected():
    script = whole_draw()
    at = index_of(script.acts, draw_record.Skipped)
    del script.acts[at]
    assert first_error(script) == ("order", at + 1)


def test_dropping_a_call_with_its_outcome_is_detected():
    script = whole_draw()
    declined = script.acts[index_of(script.acts, draw_record.Called, 1)]
    assert isinstance(declined, draw_record.Called)
    script.acts = [act for act in script.acts if getattr(act, "leaf", b"") != declined.leaf]
    assert first_error(script) == ("order", index_of(script.acts, draw_record.Called, 1) + 1)


def test_swapping_two_calls_is_detected():
    script = whole_draw()
    first, second = (index_of(script.acts, draw_record.Called, nth) for nth in (0, 1))
    script.acts[first], script.acts[second] = script.acts[second], script.acts[first]
    assert first_error(script) == ("order", first + 1)


def test_a_second_call_of_an_expert_is_detected():
    script = Script().seeded().need()
    leaf = script.step()
    script.outcome(leaf, "declined").then(draw_record.Called(1, "main", leaf))
    assert first_error(script) == ("called_twice", len(script.acts))


def test_a_call_of_an_expert_outside_the_list_is_detected():
    script = Script().seeded().need().then(draw_record.Called(1, "main", bytes(32)))
    assert first_error(script) == ("unknown_leaf", len(script.acts))


def test_calling_more_than_are_missing_is_detected():
    script = Script().seeded().need()
    for _ in range(4):
        script.step()
    assert first_error(script) == ("too_many", len(script.acts))


def test_raising_the_places_above_the_plan_is_detected():
    script = Script().seeded()
    assert first_error(script.need(needed=9)) == ("need", len(script.acts))
    script = supplement().need(needed=4)
    assert first_error(script) == ("need", len(script.acts))


def test_lowering_the_places_while_calling_is_detected():
    script = Script().seeded().need()
    script.outcome(script.step(), "accepted").need(needed=1)
    assert first_error(script) == ("need", len(script.acts))


def test_the_alternative_before_the_main_is_exhausted_is_detected():
    script = Script((condition(alternative="A09"),)).seeded().need()
    script.step(tier="alternative")
    assert first_error(script) == ("alternative_early", len(script.acts))


def test_calling_the_main_exhausted_too_early_is_detected():
    script = Script((condition(alternative="A09"),)).seeded().need().then(draw_record.Exhausted(1, "main"))
    assert first_error(script) == ("exhausted", len(script.acts))


@pytest.mark.parametrize(
    "closing",
    [
        (draw_record.Paused("x"),),
        (draw_record.ForceEnded("x"),),
        (draw_record.ForceEnded("x"), draw_record.Short("force_ended")),
    ],
    ids=str,
)
def test_calling_while_the_draw_is_paused_or_over_is_detected(closing):
    script = Script().seeded().need().then(*closing)
    script.step()
    assert first_error(script) == ("phase", len(script.acts))


def test_calling_before_the_seed_is_detected():
    script = Script().open_round().freeze().then(draw_record.Called(1, "main", bytes(32)))
    assert first_error(script) == ("no_seed", len(script.acts))


def test_filling_a_place_that_was_left_without_a_supplementary_draw_is_detected():
    script = supplement()
    script.step()
    assert first_error(script)[0] == "phase"


def test_an_outcome_of_an_uncalled_expert_is_detected():
    script = Script().seeded().need().then(draw_record.CallOutcome(1, bytes(32), "accepted", "expert"))
    assert first_error(script) == ("not_called", len(script.acts))


def test_an_answer_after_the_answer_is_detected():
    script = Script().seeded().need()
    leaf = script.step()
    script.outcome(leaf, "declined").then(draw_record.CallOutcome(1, leaf, "accepted", "expert"))
    assert first_error(script) == ("outcome", len(script.acts))


def test_calling_a_draw_complete_or_short_when_it_is_not_is_detected():
    script = Script().seeded().need()
    assert first_error(script.then(draw_record.Completed()))[0] == "not_full"
    script = Script().seeded().need().fill().then(draw_record.Short("too_late"))
    assert first_error(script)[0] == "not_short"
    script = Script().seeded().need().then(draw_record.Short("exhausted"))
    assert first_error(script)[0] == "short_reason"


def test_too_late_is_borne_out_by_the_gathering_and_the_lead():
    in_time = GATHERING - timedelta(seconds=LIMITS.lead) - START
    script = Script().seeded().need().wait(in_time - timedelta(minutes=1)).then(draw_record.Short("too_late"))
    assert first_error(script) == ("short_reason", len(script.acts))
    script = Script().seeded().need().wait(in_time).then(draw_record.Short("too_late"))
    assert codes(script.record()) == []


def test_moving_the_gathering_after_the_seed_is_pointed_out_and_counts_for_too_late():
    sooner = GATHERING - timedelta(hours=3, minutes=30)
    moved = draw_record.GatheringMoved(1, GATHERING, sooner)
    script = Script().seeded().need().then(moved).wait(timedelta(minutes=40)).then(draw_record.Short("too_late"))
    assert codes(script.record()) == ["gathering_moved"]
    assert codes(Script().open_round().then(moved).record()) == []


def test_a_gathering_that_was_moved_without_an_entry_is_detected():
    other = changed(condition(), gathering=GATHERING + timedelta(minutes=5))
    script = Script().open_round().abort().open_round("aborted", (other,))
    assert first_error(script)[0] == "gathering"
    script = Script().open_round().abort()
    script.then(draw_record.GatheringMoved(1, GATHERING, other.gathering)).open_round("aborted", (other,))
    assert codes(script.record()) == []
    for wrong in (changed(script.acts[-4], old=START), changed(script.acts[-4], notice=2)):
        script = Script().open_round().then(wrong)
        assert first_error(script)[0] == "gathering"


def test_nothing_may_follow_the_end():
    script = whole_draw().then(draw_record.Paused("x"))
    assert first_error(script) == ("after_end", len(script.acts))


# Cheats with the log itself


def test_editing_an_outcome_breaks_the_chain_there():
    record = whole_draw().record()
    declined = next(entry for entry in record["log"] if entry.get("outcome") == "declined")
    declined["outcome"] = "silent"
    (finding,) = verify(record)
    assert (finding.code, finding.entry) == ("chain_hash", declined["seq"])


def test_deleting_or_swapping_entries_breaks_the_chain_there():
    for tamper in (lambda log: log.pop(7), lambda log: log.insert(7, log.pop(8))):
        record = whole_draw().record()
        tamper(record["log"])
        (finding,) = verify(record)
        assert (finding.code, finding.entry) == ("chain_gap", 8)


def test_cutting_the_end_off_is_detected_by_the_head():
    record = whole_draw().record()
    record["log"] = record["log"][:-3]
    assert codes(record) == ["head"]


def test_cutting_the_end_off_with_a_fresh_head_is_detected_by_a_receipt():
    script = whole_draw()
    receipt = script.record()["log"][-1]["hash"]
    cut = chained(script.acts[:-3], script.lists)
    assert codes(cut) == []
    assert codes(cut, (receipt,)) == ["receipt"]


def test_rewriting_an_outcome_with_fresh_hashes_is_detected_by_a_receipt():
    script = whole_draw()
    receipts = tuple(entry["hash"] for entry in script.record()["log"])
    assert codes(script.record(), receipts) == []
    edit(script, draw_record.CallOutcome, 1, outcome="silent", by="system")
    assert codes(script.record()) == []
    assert codes(script.record(), (receipts[-1],)) == ["receipt"]


def test_a_whole_other_draw_is_detected_by_the_receipt_of_a_commitment():
    script = whole_draw()
    at = index_of(script.acts, draw_record.ParticipantCommitted)
    receipt = script.record()["log"][at]["hash"]
    other = Script(rng=random.Random(8)).seeded().record()
    assert codes(other) == []
    assert codes(other, (receipt,)) == ["receipt"]


def test_a_log_cannot_be_moved_to_another_draw_or_pool():
    for key in ("draw", "pool"):
        record = whole_draw().record() | {key: "other"}
        assert codes(record) == ["chain_gap"]


def test_a_list_that_is_missing_unsorted_repeated_or_never_frozen_is_detected():
    script = whole_draw()
    record = script.record()
    assert codes(record | {"lists": {}}) == ["list_missing"]
    listed = record["lists"]["1/main/1"]
    leaves = listed["leaves"]
    for wrong in (leaves[::-1], [*leaves, leaves[-1]]):
        assert codes(record | {"lists": {"1/main/1": listed | {"leaves": wrong}}}) == ["list_order"]
    assert codes(record | {"lists": {"1/main/1": listed | {"blind": "00" * 32}}}) == ["list_changed"]
    assert codes(record | {"lists": record["lists"] | {"9/main/1": listed}}) == ["list_extra"]


def test_the_lists_of_a_round_that_was_given_up_are_published_too():
    script = Script().open_round().freeze().abort().seeded("aborted").need().fill()
    record = script.then(draw_record.Completed(), draw_record.Ended("met")).record()
    assert codes(record) == []
    del record["lists"]["1/main/1"]
    assert codes(record) == ["list_missing"]


def test_before_the_end_all_is_checked_but_the_order_and_that_is_said():
    script = whole_draw()
    for end in range(index_of(script.acts, draw_record.SeedFixed) + 1, len(script.acts)):
        assert codes(chained(script.acts[:end], {})) == ["order_unchecked"]
    first, second = (index_of(script.acts, draw_record.Called, nth) for nth in (0, 1))
    doubled = [*script.acts[:second], script.acts[first]]
    assert codes(chained(doubled, {})) == [
        "called_twice",
    ]
    early = script.acts[: index_of(script.acts, draw_record.SeedFixed) + 1]
    assert codes(chained([*early, script.acts[first]], {})) == ["phase"]


def test_a_root_does_not_reveal_whether_a_list_is_empty():
    roots = {random_draw.list_root(1, "main", blind, []) for blind in (bytes(32), bytes([1]) * 32)}
    assert len(roots) == 2


def test_the_summary_states_how_many_seeds_and_why(tmp_path, capsys):
    script = (
        exhausted_draw().seeded("widened", WIDE).need().fill().then(draw_record.Completed(), draw_record.Ended("met"))
    )
    path = tmp_path / "record.json"
    path.write_text(json.dumps(script.record()), encoding="utf-8")
    assert verify_draw.main([str(path)]) == 0
    told = capsys.readouterr().out
    assert "种子: 2" in told
    assert "round 第2轮: orders of condition 1 exhausted, regions widened by 440300" in told


# Junk


JUNK = [None, True, 1, -1, 1.5, "", "x", "\ud800", [], [1], {}, {"a": 1}, "ff" * 32, 10**30]


@pytest.mark.parametrize("key", ["format", "pool", "draw", "head", "lists", "log"])
@pytest.mark.parametrize("value", JUNK, ids=repr)
def test_a_record_with_junk_at_its_top_is_refused_in_words(key, value):
    record = whole_draw().record() | {key: value}
    assert all(str(finding) for finding in verify(record))
    assert verify(record) != []


def test_junk_in_any_fact_of_any_entry_is_an_error_and_never_a_crash():
    script = whole_draw()
    original = script.record()
    for at, entry in enumerate(original["log"]):
        for key in entry:
            for value in JUNK:
                record = copy.deepcopy(original)
                record["log"][at][key] = value
                if value != entry[key]:
                    rehash(record, at)
                    assert verify(record) or free_text(entry, key, value), (entry, key, value)


def free_text(entry: dict, key: str, value: object) -> bool:
    """What no verifier can judge: the reason of a pause, hashes of sealed facts, orders of other projects."""
    if (entry["act"], key) == ("history", "elsewhere") and isinstance(value, int):
        return True
    sealed = (entry["act"], key) in {("recusals_committed", "root"), ("skipped", "fact")} and value == "ff" * 32
    return sealed or (key == "reason" and entry["act"] == "paused" and isinstance(value, str)) or key == "hash"


def rehash(record: dict, start: int) -> None:
    """Compute the chain again from an entry on, as far as its text can be hashed."""
    log = record["log"]
    prev = bytes.fromhex(log[start - 1]["hash"]) if start else draw_record.empty_head(record["pool"], DRAW).hash
    for number, entry in enumerate(log[start:]):
        if number:
            entry["prev"] = prev.hex()
        try:
            prev = draw_record.entry_hash(prev, entry)
        except UnicodeEncodeError:
            return
        entry["hash"] = prev.hex()
    record["head"] = prev.hex()


# The command line


def run(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(FILE), str(path), *arguments]
    return programs.run(command)


def test_the_file_runs_alone_and_reports_by_its_exit_code(tmp_path):
    path = tmp_path / "record.json"
    record = whole_draw().record()
    path.write_text(json.dumps(record), encoding="utf-8")
    held = run(path, "--receipt", record["log"][4]["hash"].upper())
    assert (held.returncode, "记录核对通过" in held.stdout) == (0, True)
    wrong = run(path, "--receipt", "00" * 32)
    assert (wrong.returncode, "[receipt]" in wrong.stdout) == (1, True)


def test_a_warning_has_an_exit_code_of_its_own(tmp_path, capsys):
    path = tmp_path / "record.json"
    script = Script().open_round().freeze().commit().reveal("agency").abort("supervisor")
    path.write_text(json.dumps(script.record()), encoding="utf-8")
    assert verify_draw.main([str(path)]) == 3
    assert "abort_after_reveal" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "{", '{"a": 1, "a": 2}', "[" * 100_000, "1" * 5000, "\ufeff{}"])
def test_a_file_that_is_no_record_ends_with_an_error_message(tmp_path, capsys, text):
    path = tmp_path / "record.json"
    path.write_text(text, encoding="utf-8")
    assert verify_draw.main([str(path)]) == 2
    assert "无法读取记录" in capsys.readouterr().err


def test_a_missing_file_ends_with_an_error_message_that_names_it(tmp_path, capsys):
    assert verify_draw.main([str(tmp_path / "none.json")]) == 2
    assert "none.json" in capsys.readouterr().err
