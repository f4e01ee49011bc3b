"""Any order, repetition and loss of events ends in the same answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.exams.answers import AnswerEvent, ExamAnswer, digest, merge
from domain.exams.timing import times_of

START = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def event(device: int, seq: int, slot: int, mask: int) -> AnswerEvent:
    return AnswerEvent(device, seq, slot, ExamAnswer(mask))


def test_the_last_change_of_the_latest_device_counts() -> None:
    events = [event(1, 1, 0, 1), event(1, 2, 0, 2), event(2, 1, 0, 4), event(1, 3, 0, 8)]
    assert merge(events) == {0: ExamAnswer(4)}


def test_an_older_device_fills_only_slots_that_the_newer_one_left_alone() -> None:
    assert merge([event(2, 1, 0, 1), event(1, 9, 0, 2), event(1, 8, 5, 4)]) == {0: ExamAnswer(1), 5: ExamAnswer(4)}


def test_an_answer_taken_back_is_no_answer() -> None:
    assert merge([event(1, 1, 3, 2), event(1, 2, 3, 0)]) == {}
    assert merge([AnswerEvent(1, 1, 3, ExamAnswer(text=" \n"))]) == {}


@st.composite
def two_devices(draw: st.DrawFn) -> list[AnswerEvent]:
    """Both number their events without a gap; a slot may be changed by both."""
    events = []
    for device in (1, 2):
        for seq in range(1, draw(st.integers(0, 25)) + 1):
            text = draw(st.sampled_from(["", "", "甲", "乙"]))
            answer = ExamAnswer(draw(st.integers(0, 31)), text)
            events.append(AnswerEvent(device, seq, draw(st.integers(0, 9)), answer))
    return events


@given(two_devices(), st.data())
def test_order_and_repetition_change_nothing(events: list[AnswerEvent], data: st.DataObject) -> None:
    sent = [*events, *data.draw(st.lists(st.sampled_from(events), max_size=20))] if events else []
    shuffled = data.draw(st.permutations(sent))
    assert merge(shuffled) == merge(events)


@given(two_devices(), st.data())
def test_what_was_lost_is_missing_and_nothing_else_changes(events: list[AnswerEvent], data: st.DataObject) -> None:
    arrived = [answered for answered in events if data.draw(st.booleans())]
    expected = {}
    for slot in {answered.slot for answered in arrived}:
        last = max(
            (answered for answered in arrived if answered.slot == slot),
            key=lambda answered: (answered.device, answered.seq),
        )
        if last.answer.given:
            expected[slot] = last.answer
    assert merge(arrived) == expected


@given(st.dictionaries(st.integers(0, 200), st.builds(ExamAnswer, st.integers(0, 255), st.text(max_size=8))))
def test_equal_answers_have_equal_digests_whatever_order_they_were_given_in(answers: dict[int, ExamAnswer]) -> None:
    turned = dict(reversed(list(answers.items())))
    assert digest(turned) == digest(answers)
    assert digest({**answers, 999: ExamAnswer()}) == digest(answers)
    assert digest({**answers, 999: ExamAnswer(1)}) != digest(answers)


def test_the_digest_is_of_json_that_a_browser_writes_too() -> None:
    assert digest({}) == "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"
    assert digest({3: ExamAnswer(5), 0: ExamAnswer(0, "五人以上单数")}) != digest({3: ExamAnswer(5)})


def test_the_window_ends_an_attempt_and_an_allowance_moves_that_end() -> None:
    late = times_of(START, HOUR, START + timedelta(minutes=20), timedelta(minutes=15), timedelta(seconds=60))
    assert late.deadline == START + timedelta(minutes=35)
    assert late.grace_until == START + timedelta(minutes=36)
