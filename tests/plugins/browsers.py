"""One Chromium for all tests of a process that ask for ``browser``: its start takes longer than most of them.

Playwright's objects live in the event loop that made them, so these tests share a loop; each has contexts of its own.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # imported at the first use: most runs need no browser
    from playwright.async_api import Browser, Playwright

CHROMIUM = shutil.which("chromium")
PATIENCE = 30_000
"""Milliseconds that nothing takes, however busy the machine is."""
_NOT_USED = (
    "WebUIOmniboxPopup",  # a process beside every page, for suggestions under an address bar that no one sees
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
)
"""Chromium's features, those of Playwright's own list among them: the last list is the one that counts."""
FLAGS = [
    f"--{name}"
    for name in (
        "no-sandbox",
        "disable-gpu",
        "disable-quic",
        "no-first-run",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
        "lang=zh-CN",
        f"disable-features={','.join(_NOT_USED)}",
    )
]


@dataclass
class SharedBrowser:
    """Chromium and the loop in which it is driven."""

    runner: asyncio.Runner
    _playwright: Playwright | None = field(default=None, init=False)
    _browser: Browser | None = field(default=None, init=False)

    async def start(self) -> Browser:
        """The running browser, or a new one at first and after a crash."""
        from playwright.async_api import async_playwright

        if self._playwright is None:
            self._playwright = await async_playwright().start()
        if self._browser is None or not self._browser.is_connected():
            self._browser = await self._playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        return self._browser

    async def end_contexts(self) -> None:
        for context in self._browser.contexts if self._browser else []:
            await context.close()

    async def stop(self) -> None:
        if self._browser is not None:
            await self._browser.close()
        if self._playwright is not None:
            await self._playwright.stop()


@pytest.fixture(scope="session")
def _shared_browser() -> Iterator[SharedBrowser]:
    from playwright.async_api import expect

    expect.set_options(timeout=PATIENCE)
    with asyncio.Runner() as runner:
        shared = SharedBrowser(runner)
        yield shared
        runner.run(shared.stop())


@pytest.fixture
def _function_scoped_runner(
    request: pytest.FixtureRequest, _function_scoped_runner: asyncio.Runner
) -> Iterator[asyncio.Runner]:
    """pytest-asyncio runs a test and its fixtures in this; for tests of the browser, in the browser's loop."""
    if "browser" not in request.fixturenames:
        yield _function_scoped_runner
        return
    shared: SharedBrowser = request.getfixturevalue("_shared_browser")
    shared.runner.run(shared.start())
    before = asyncio.all_tasks(shared.runner.get_loop())
    yield shared.runner
    shared.runner.run(_cancel(asyncio.all_tasks(shared.runner.get_loop()) - before))


async def _cancel(tasks: set[asyncio.Task[object]]) -> None:
    """What a test left running ends with it, as in a loop of its own."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def browser(_shared_browser: SharedBrowser) -> AsyncIterator[Browser]:
    """Without contexts; what the test opens is closed after it."""
    yield await _shared_browser.start()
    await _shared_browser.end_contexts()
