"""Pauses of work that fails: a second, doubled each time, at most five minutes, forgotten in the end."""

from __future__ import annotations

import pytest

from services.operations.scheduler_pauses import FORGOTTEN_AFTER, LONGEST_PAUSE, SchedulerPauses


@pytest.fixture
def seconds() -> list[float]:
    return [1000.0]


@pytest.fixture
def pauses(seconds: list[float]) -> SchedulerPauses:
    return SchedulerPauses(lambda: seconds[0])


def test_the_pause_grows_with_each_failure_up_to_a_limit(pauses: SchedulerPauses, seconds: list[float]) -> None:
    waited = []
    for _ in range(12):
        pauses.note_failure("expire", "KeyError")
        began = seconds[0]
        while not pauses.may_try("expire"):
            seconds[0] += 1
        waited.append(seconds[0] - began)
    assert waited == [1, 2, 4, 8, 16, 32, 64, 128, 256, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]


def test_a_success_ends_it_and_touches_no_other(pauses: SchedulerPauses) -> None:
    pauses.note_failure("expire", "KeyError")
    pauses.note_failure("climb", "TypeError")
    pauses.note_success("expire")
    assert pauses.may_try("expire")
    assert pauses.failure_reasons() == {"climb": "TypeError"}


def test_a_failure_without_a_retry_is_forgotten(pauses: SchedulerPauses, seconds: list[float]) -> None:
    pauses.note_failure("expire", "KeyError")
    seconds[0] += FORGOTTEN_AFTER + 1
    assert pauses.failure_reasons() == {}
