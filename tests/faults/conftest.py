"""Seeds of what happens by chance, printed so that a failure can be replayed; and an office to be killed."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app import process_supervisor
from tests.faults.offices import OfficeDriver, running_office_driver

_SEED = "seed"


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """The seed of this test's chances: a new one in each run, or that of ``--seed``."""
    given = request.config.getoption("--seed")
    number = int.from_bytes(os.urandom(4), "big") if given is None else int(given)
    request.node.user_properties.append((_SEED, number))
    return number


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office() -> AsyncIterator[OfficeDriver]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process_supervisor, "LONGEST_PAUSE", 1.0)  # restart a part soon however often it is killed
        async with running_office_driver() as driver:
            yield driver


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    kinds = [terminalreporter.stats.get(name, []) for name in ("passed", "failed", "error")]
    reports = [report for kind in kinds for report in kind if isinstance(report, pytest.TestReport)]
    seeds = {report.nodeid: dict(report.user_properties).get(_SEED) for report in reports}
    drawn = {test: seed for test, seed in seeds.items() if seed is not None}
    if drawn:
        terminalreporter.section("seeds")
        for test, seed in drawn.items():
            terminalreporter.line(f"{seed}  {test}")
        terminalreporter.line("Replay one: make faults T='<test>' SEED=<seed>")
