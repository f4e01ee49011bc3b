"""One event loop for all tests of a process, so that connections and a browser can outlive a test.

Tasks that a test leaves running end with it, as in a loop of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def shared_runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def _function_scoped_runner(request: pytest.FixtureRequest, shared_runner: asyncio.Runner) -> Iterator[asyncio.Runner]:
    """pytest-asyncio runs a test and its fixtures in this."""
    if "browser" in request.fixturenames:
        request.getfixturevalue("_running_browser")  # its tasks outlive the test, so they begin before it
    before = asyncio.all_tasks(shared_runner.get_loop())
    yield shared_runner
    left = asyncio.all_tasks(shared_runner.get_loop()) - before
    if left:
        shared_runner.run(_cancel(left))


async def _cancel(tasks: set[asyncio.Task[object]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
