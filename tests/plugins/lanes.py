"""Two lanes. ``make test`` runs everything but ``tests/faults`` and is deterministic; ``make faults`` runs the rest.

A test belongs to a lane by what it does. Outside ``tests/faults`` this plugin refuses, where a test or one of its
helpers does it, to sleep and to compare readings of the machine's clock; and to start or signal a process, whoever
does it. All random numbers, those of the product and of libraries too, come from a stream whose seed is the test's
name, so that a run can be repeated. Turns of the product's work, which elsewhere end after half a second, end when
nothing is left: a busy machine would part them anywhere.

``tests/plugins`` may do all of it: it starts the servers and the browser. ``tests/drivers/programs.py`` may start
programs that only compute and end, such as Node.js with a script of a page.
"""

from __future__ import annotations

import asyncio
import math
import os
import random
import subprocess
import sys
import time
from asyncio.base_events import BaseEventLoop
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import _pytest
import pytest

from services.core import due_tasks
from tests.plugins.properties import is_property, set_examples

TESTS = Path(__file__).parents[1]
FAULTS = TESTS / "faults"
_TESTS = f"{TESTS}{os.sep}"
_INFRASTRUCTURE = (f"{TESTS / 'plugins'}{os.sep}", str(TESTS / "drivers" / "programs.py"))
_PROJECT = f"{TESTS.parent}{os.sep}"
_PYTEST = f"{Path(_pytest.__file__).parent}{os.sep}"
"""Who called pytest itself, such as a worker, starts nothing for a test."""
_ENVIRONMENT = f"{TESTS.parent / '.venv'}{os.sep}"
_STARTS_PROCESSES = (
    *_INFRASTRUCTURE,
    f"{TESTS.parent / 'services' / 'inspection'}{os.sep}",
    str(TESTS.parent / "app" / "backup.py"),
    "<frozen importlib",
)
"""Among them programs of the product that work and end (one reads a file, one dumps a database), and the import of a
library that looks at its platform."""


class NotDeterministic(AssertionError):
    """A test outside ``tests/faults`` does what may end differently in the next run."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, help="replay a test of tests/faults")
    parser.addoption("--faults", action="store_true", help="run tests/faults, and property tests with many examples")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """``tests/faults`` only if it is asked for, by the option or by a path inside it."""
    if collection_path != FAULTS or config.getoption("--faults"):
        return None
    return not any(_is_fault(Path(argument.split("::")[0]).absolute()) for argument in config.args)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    properties, faults = [item for item in items if is_property(item)], bool(config.getoption("--faults"))
    set_examples(properties, many=faults)
    if not faults:
        return
    chosen = {*properties, *(item for item in items if _is_fault(item.path))}
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = [item for item in items if item in chosen]


def _is_fault(path: Path) -> bool:
    return path == FAULTS or FAULTS in path.parents


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Seed and refuse, from the set-up of a test to its teardown."""
    if _is_fault(item.path):
        return (yield)
    with seeded(item.nodeid), _refusing():
        return (yield)


@contextmanager
def seeded(seed: str) -> Iterator[None]:
    """In the block all random numbers come from a stream of this seed: those of tests, product and libraries."""
    chances = random.Random(seed)
    random.seed(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "urandom", chances.randbytes)
        patch.setattr(random, "_urandom", chances.randbytes)  # by which ``secrets`` draws
        patch.setattr(random, "Random", _seeded_class(chances))
        yield


@contextmanager
def _refusing() -> Iterator[None]:
    clocks = ((time, "monotonic"), (time, "perf_counter"), (time, "process_time"), (BaseEventLoop, "time"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio, "sleep", _without_sleep(asyncio.sleep))
        patch.setattr(time, "sleep", _refused(time.sleep, "sleeps; wait for an event or a state, see tests/README.md"))
        patch.setattr(subprocess.Popen, "__init__", _without_processes(subprocess.Popen.__init__, "starts a process"))
        patch.setattr(os, "kill", _without_processes(os.kill, "sends a signal to a process"))
        patch.setattr(due_tasks, "LONGEST_TURN", math.inf)
        for place, name in clocks:
            patch.setattr(place, name, _incomparable(getattr(place, name)))
        yield


def _in_test(depth: int = 2) -> str | None:
    """The file of the test code that called, looking through libraries; None where product or plugin called."""
    frame: FrameType | None = sys._getframe(depth)
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(_PROJECT) and not file.startswith(_ENVIRONMENT):
            return file if file.startswith(_TESTS) and not file.startswith(_INFRASTRUCTURE) else None
        frame = frame.f_back
    return None


def _check(what: str) -> None:
    file = _in_test(3)
    if file is not None:
        raise NotDeterministic(
            f"{file.removeprefix(_PROJECT)} {what}: it belongs to tests/faults, or does it otherwise"
        )


def _refused(act: Callable[..., Any], what: str) -> Callable[..., Any]:
    def refuse(*args: Any, **options: Any) -> Any:
        _check(what)
        return act(*args, **options)

    return refuse


def _without_processes(act: Callable[..., Any], what: str) -> Callable[..., Any]:
    """Also where the product does it for the test, as the supervisor of a start does."""

    def refuse(*args: Any, **options: Any) -> Any:
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and not frame.f_code.co_filename.startswith((*_STARTS_PROCESSES, _PYTEST)):
            frame = frame.f_back
        if frame is None or frame.f_code.co_filename.startswith(_PYTEST):
            raise NotDeterministic(f"a test {what}: it belongs to tests/faults")
        return act(*args, **options)

    return refuse


def _without_sleep(sleep: Callable[..., Any]) -> Callable[..., Any]:
    """``sleep(0)`` only lets others run, so it stays."""

    def sleep_not(delay: float, result: object = None) -> Any:
        if delay > 0:
            _check("sleeps; wait for an event or a state, see tests/README.md")
        return sleep(delay, result)

    return sleep_not


def _seeded_class(chances: random.Random) -> type[random.Random]:
    class SeededRandom(random.Random):
        """``Random()`` without a seed gets one."""

        def __init__(self, seed: Any = None) -> None:
            super().__init__(chances.getrandbits(64) if seed is None else seed)

    return SeededRandom


class Reading(float):
    """A reading of the machine's clock, or a difference of two, which tests may pass on but not compare."""

    def __add__(self, other: float) -> Reading:
        return Reading(float(self) + other)

    def __sub__(self, other: float) -> Reading:
        return Reading(float(self) - other)

    def __rsub__(self, other: float) -> Reading:
        return Reading(other - float(self))

    def __lt__(self, other: float) -> bool:
        _check("compares readings of the machine's clock")
        return float(self) < float(other)

    def __le__(self, other: float) -> bool:
        _check("compares readings of the machine's clock")
        return float(self) <= float(other)

    def __gt__(self, other: float) -> bool:
        _check("compares readings of the machine's clock")
        return float(self) > float(other)

    def __ge__(self, other: float) -> bool:
        _check("compares readings of the machine's clock")
        return float(self) >= float(other)

    __hash__ = float.__hash__


def _incomparable(read: Callable[..., float]) -> Callable[..., float]:
    """Only what test code reads itself: libraries and the product compare times all the time."""

    def read_clock(*args: Any) -> float:
        reading = read(*args)
        file = sys._getframe(1).f_code.co_filename
        return Reading(reading) if file.startswith(_TESTS) and not file.startswith(_INFRASTRUCTURE) else reading

    return read_clock
