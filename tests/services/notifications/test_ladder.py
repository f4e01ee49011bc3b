"""The ladder as plain rules: which attempts come next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.notifications.lifecycles import ContactAttemptState
from domain.rulebook.sections import Ladder, LadderStep
from domain.rulebook.types import parse_hours
from services.notifications.ladder import BEGINS, EarlierAttempt, LadderPlan, plan, urgent_ladder

T0 = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)  # noon in Shanghai
MORNING = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)  # 08:00 there


def seconds_after(seconds: int) -> datetime:
    return T0 + timedelta(seconds=seconds)


def ladder(*steps: LadderStep, until: str = "answered", **more: object) -> Ladder:
    return Ladder(steps=steps, until=until, **more)  # type: ignore[arg-type]


def step(channel: str, seconds: int = 0, **more: object) -> LadderStep:
    return LadderStep(channel=channel, after=timedelta(seconds=seconds), **more)  # type: ignore[arg-type]


def channels(ladder_plan) -> list[str]:
    return [p.channel for p in ladder_plan.attempts]


def test_steps_that_begin_together_are_planned_together() -> None:
    ladder_plan = plan(ladder(step("voice"), step("wechat"), step("sms", 60)), T0, [], T0)
    assert (channels(ladder_plan), ladder_plan.next_at) == (["voice", "wechat"], seconds_after(60))


def test_a_later_step_waits_for_its_time_while_an_earlier_one_may_still_succeed() -> None:
    law = ladder(step("wechat"), step("sms", 60))
    tried = [EarlierAttempt(0, ContactAttemptState.SENT, T0)]
    assert channels(plan(law, T0, tried, seconds_after(30))) == []
    assert channels(plan(law, T0, tried, seconds_after(60))) == ["sms"]


def test_a_later_step_begins_at_once_when_every_earlier_one_has_failed() -> None:
    law = ladder(step("wechat"), step("sms", 60))
    assert channels(plan(law, T0, [EarlierAttempt(0, ContactAttemptState.FAILED, T0)], seconds_after(1))) == ["sms"]


def test_a_failed_call_is_repeated_after_its_gap_and_no_more_often_than_allowed() -> None:
    law = ladder(step("voice", 0, wait=timedelta(seconds=60), attempts=2, retry_gap=timedelta(seconds=70)))
    once = [EarlierAttempt(0, ContactAttemptState.FAILED, T0)]
    [again] = plan(law, T0, once, seconds_after(20)).attempts
    assert again.due_at == seconds_after(70)
    twice = [*once, EarlierAttempt(0, ContactAttemptState.FAILED, seconds_after(70))]
    assert plan(law, T0, twice, seconds_after(140)).state == "failed"


def test_an_attempt_of_unknown_outcome_is_never_repeated() -> None:
    law = ladder(step("voice", 0, wait=timedelta(seconds=60), attempts=2, retry_gap=timedelta(seconds=70)))
    ladder_plan = plan(law, T0, [EarlierAttempt(0, ContactAttemptState.UNKNOWN, T0)], seconds_after(600))
    assert (ladder_plan.state, ladder_plan.attempts) == ("active", ())


def test_a_call_given_up_without_a_word_is_not_dialled_again_and_lets_the_ladder_go_on() -> None:
    call = step("voice", 0, wait=timedelta(seconds=60), attempts=2, retry_gap=timedelta(seconds=70))
    lost = [EarlierAttempt(0, ContactAttemptState.FAILED, T0, repeatable=False)]
    assert channels(plan(ladder(call, step("sms", 600)), T0, lost, seconds_after(200))) == ["sms"]
    assert plan(ladder(call), T0, lost, seconds_after(200)).state == "failed"


def test_the_first_delivery_ends_a_ladder_until_delivered() -> None:
    law = ladder(step("wechat"), step("sms", 60), until="delivered")
    assert plan(law, T0, [EarlierAttempt(0, ContactAttemptState.DELIVERED, T0)], seconds_after(5)).state == "done"


def test_a_ladder_of_all_steps_uses_every_one() -> None:
    law = ladder(step("wechat"), step("sms", 60), until="all")
    ladder_plan = plan(law, T0, [EarlierAttempt(0, ContactAttemptState.DELIVERED, T0)], seconds_after(60))
    assert channels(ladder_plan) == ["sms"]


def test_outside_its_hours_a_channel_waits_for_the_opening() -> None:
    law = ladder(step("voice"), hours={"voice": parse_hours("08:00-21:00")})
    night = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)  # 23:00
    assert plan(law, night, [], night) == LadderPlan("active", (), MORNING)
    assert channels(plan(law, night, [], MORNING)) == ["voice"]


def test_in_quiet_hours_the_whole_ladder_waits_and_its_rungs_keep_their_distance() -> None:
    by_day = parse_hours("08:00-21:00")
    law = ladder(step("wechat"), step("sms", 60), until="delivered", hours={"wechat": by_day, "sms": by_day})
    night = MORNING - timedelta(hours=9)
    assert plan(law, night, [], night) == LadderPlan("active", (), MORNING)
    ladder_plan = plan(law, night, [], MORNING)
    assert (channels(ladder_plan), ladder_plan.next_at) == (["wechat"], MORNING + timedelta(seconds=60))


def test_what_may_go_out_at_night_does_not_wait_for_the_rungs_that_may_not() -> None:
    law = ladder(step("wechat"), step("voice"), hours={"voice": parse_hours("08:00-21:00")})
    night = MORNING - timedelta(hours=9)
    assert [(attempt.channel, attempt.due_at) for attempt in plan(law, night, [], night).attempts] == [
        ("wechat", night),
        ("voice", MORNING),
    ]


def test_what_begins_soon_after_the_quiet_hours_does_not_wait_for_their_end() -> None:
    by_day = parse_hours("08:00-21:00")
    law = ladder(step("wechat"), hours={"wechat": by_day}, urgent_before=timedelta(hours=2))
    night = MORNING - timedelta(hours=5)  # 03:00

    def plan_urgent(begins: datetime) -> LadderPlan:
        return plan(urgent_ladder(law, {BEGINS: begins.isoformat()}, night), night, [], night)

    assert channels(plan_urgent(MORNING + timedelta(minutes=119))) == ["wechat"]
    assert plan_urgent(MORNING + timedelta(hours=2)) == LadderPlan("active", (), MORNING)
    assert plan(urgent_ladder(law, {}, night), night, [], night) == LadderPlan("active", (), MORNING)


OPENED = ladder(step("wechat"), step("sms", 600), step("voice", 1200), until="opened", day_max=4)
DELIVERED = ContactAttemptState.DELIVERED


def test_a_delivery_does_not_end_a_ladder_that_waits_to_be_opened() -> None:
    tried = [EarlierAttempt(0, DELIVERED, T0)]
    waiting = plan(OPENED, T0, tried, seconds_after(599))
    assert (waiting.state, channels(waiting), waiting.next_at) == ("active", [], seconds_after(600))
    assert channels(plan(OPENED, T0, tried, seconds_after(600))) == ["sms"]
    tried.append(EarlierAttempt(1, DELIVERED, seconds_after(600)))
    assert channels(plan(OPENED, T0, tried, seconds_after(1200))) == ["voice"]


def test_a_call_that_is_picked_up_ends_it() -> None:
    law = ladder(step("wechat"), step("voice"), step("sms", 600), until="opened", day_max=4)
    tried = [EarlierAttempt(0, ContactAttemptState.SENT, T0), EarlierAttempt(1, DELIVERED, T0)]
    assert plan(law, T0, tried, seconds_after(30)) == LadderPlan("done", (), None)


def test_it_ends_when_its_subject_begins_and_not_before_what_was_sent_is_known() -> None:
    begins = seconds_after(900)
    sent = [EarlierAttempt(0, DELIVERED, T0), EarlierAttempt(1, ContactAttemptState.SENT, seconds_after(600))]
    before = plan(OPENED, T0, sent, seconds_after(700), begins)
    assert (before.state, before.next_at) == ("active", begins)
    assert plan(OPENED, T0, sent, begins, begins) == LadderPlan("active", (), None)
    known = [sent[0], EarlierAttempt(1, ContactAttemptState.FAILED, seconds_after(600))]
    assert plan(OPENED, T0, known, begins, begins) == LadderPlan("done", (), None)
    assert plan(OPENED, T0, known[1:], begins, begins) == LadderPlan("failed", (), None)


def test_what_is_written_when_its_subject_has_begun_is_still_sent_once() -> None:
    first = plan(OPENED, T0, [], T0, T0 - timedelta(hours=1))
    assert channels(first) == ["wechat"]
    assert channels(plan(OPENED, T0, [EarlierAttempt(0, DELIVERED, T0)], seconds_after(600), T0)) == []
