"""What tests of the first lane can't do, and that their random numbers are repeated."""

from __future__ import annotations

import asyncio
import os
import random
import re
import secrets
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.embedded.child import spawn
from tests.plugins.lanes import NotDeterministic, seeded
from tests.plugins.properties import FEW, SETTINGS, TIMES, set_examples

_SLEEPS = "tests/test_lanes.py sleeps"


async def test_a_test_cannot_sleep_but_lets_others_run() -> None:
    await asyncio.sleep(0)
    with pytest.raises(NotDeterministic, match=_SLEEPS):
        await asyncio.sleep(0.01)
    with pytest.raises(NotDeterministic, match=_SLEEPS):
        time.sleep(0.01)  # noqa: ASYNC251  (refused)


async def test_a_test_starts_no_process_and_signals_none_whoever_does_it() -> None:
    with pytest.raises(NotDeterministic, match="starts a process"):
        subprocess.run([sys.executable, "--version"], check=False)  # noqa: ASYNC221  (refused)
    with pytest.raises(NotDeterministic, match="starts a process"):
        await asyncio.create_subprocess_exec(sys.executable, "--version")
    with pytest.raises(NotDeterministic, match="starts a process"):
        await spawn([sys.executable, "--version"], owner_gone=signal.SIGTERM)
    with pytest.raises(NotDeterministic, match="signal"):
        os.kill(os.getpid(), signal.SIGTERM)


async def test_a_test_compares_no_readings_of_the_clock_but_may_pass_them_on() -> None:
    begun = time.monotonic()
    assert isinstance(begun + 5, float)
    for read in (time.monotonic, time.perf_counter, time.process_time, asyncio.get_running_loop().time):
        took = read() - 1.0
        with pytest.raises(NotDeterministic, match="compares"):
            assert took > 0
        with pytest.raises(NotDeterministic, match="compares"):
            assert took > 0
    with pytest.raises(NotDeterministic, match="compares"):
        assert time.monotonic() - begun < 5


def test_libraries_compare_times_as_always() -> None:
    assert asyncio.run(asyncio.wait_for(_answer(), 5)) == 1


async def _answer() -> int:
    return 1


def test_random_numbers_are_those_of_the_seed() -> None:
    def draw(seed: str) -> list[object]:
        with seeded(seed):
            return [os.urandom(8), uuid.uuid4(), secrets.token_hex(4), random.Random().random(), random.random()]

    assert draw("a test") == draw("a test")
    assert not set(map(str, draw("a test"))) & set(map(str, draw("another")))


def test_a_property_with_parameters_gets_its_examples_once() -> None:
    @given(number=st.integers())
    def holds(number: int) -> None: ...

    items: list[Any] = [SimpleNamespace(obj=holds)] * 3
    set_examples(items, many=True)
    assert getattr(holds, SETTINGS).max_examples == TIMES * FEW


def test_no_journey_reads_the_date_of_the_machine() -> None:
    """Its people and campaigns are dated from the time at which all journeys begin, or they fail on some days."""
    journeys = sorted((Path(__file__).parent / "journeys").glob("*.py"))
    reading = [
        path.name for path in journeys if re.search(r"SystemClock|\.today\(\)|\.now\(UTC", path.read_text("utf-8"))
    ]
    assert (len(journeys) > 5, reading) == (True, [])
