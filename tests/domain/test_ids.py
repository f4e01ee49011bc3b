"""Identifiers: of version 7, in the order in which they were made, and not to be guessed."""

from __future__ import annotations

import time
import uuid

import pytest

from domain.ids import new_id


def test_an_identifier_is_a_uuid_of_version_7_that_carries_its_time() -> None:
    before = time.time_ns() // 1_000_000
    made = new_id()
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000


def test_later_ones_sort_behind_earlier_ones() -> None:
    made = [new_id() for _ in range(1000)]
    assert sorted(made) == made


@pytest.mark.parametrize("rest", [0, 1, 499_999, 999_999])
def test_the_part_of_a_millisecond_stands_behind_it(rest: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.ids.time.time_ns", lambda: 1_790_000_000_123_000_000 + rest)
    made = new_id()
    assert made.int >> 80 == 1_790_000_000_123
    assert made.int >> 64 & 0xFFF == rest * 4096 // 1_000_000
    assert (made.version, made.variant) == (7, uuid.RFC_4122)


def test_ones_of_the_same_moment_differ_in_every_random_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.ids.time.time_ns", lambda: 1_790_000_000_123_000_000)
    made = [new_id().int for _ in range(200)]
    ever, always = 0, (1 << 128) - 1
    for number in made:
        ever, always = ever | number, always & number
    assert ever & ~always == (1 << 62) - 1
