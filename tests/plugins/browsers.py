"""One Chromium for all tests of a process that ask for ``browser``: its start takes longer than most of them.

Each test has contexts of its own. Playwright's objects live in the event loop that made them: see ``loop``. A test that
ends with Playwright's TimeoutError is run once more, and listed at the end of the run (pytest-rerunfailures); any
other failure is final.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.plugins.stories import is_story

if TYPE_CHECKING:  # imported at the first use: most runs need no browser
    from playwright.async_api import Browser, Locator, Page, Playwright

_FOUND = shutil.which("chromium-headless-shell") or shutil.which("chromium")
"""The headless shell renders the same, and a new page costs a fifth of full Chromium's CPU time."""
CHROMIUM = _FOUND or ("chromium" if os.environ.get("CI") else None)
"""None without Chromium: its tests are skipped, but fail in CI."""
OLDEST = 156
"""First major version in which the layout checks hold: older ones report more width for full-width brackets."""
TIMEOUT = 30_000
"""Milliseconds that no step exceeds, even on a busy machine."""
_TRIES = 3
_NOT_USED = (
    "WebUIOmniboxPopup",  # a process per page, for suggestions of an address bar that is not shown
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Check the browser before the first test, and let browser tests be run again after a time-out."""
    driven = [item for item in items if item.get_closest_marker("browser")]
    if driven and CHROMIUM:
        check_version(subprocess.run([CHROMIUM, "--version"], capture_output=True, text=True, check=True).stdout)
    for item in driven:
        if not is_story(item):
            item.add_marker(pytest.mark.flaky(reruns=1, only_rerun=["TimeoutError"]))


def check_version(printed: str) -> None:
    """End the run with one sentence where Chromium is too old for the layout checks."""
    match = re.search(r"(\d+)\.", printed)
    if match is None or int(match[1]) < OLDEST:
        pytest.exit(f"The browser tests need Chromium {OLDEST} or newer, not {printed.strip()!r}: update it.", 3)


async def capture(shown: Page | Locator, **options: Any) -> bytes:
    """A screenshot; taken again where the busy browser had nothing to draw yet."""
    from playwright.async_api import Error

    for _ in range(_TRIES):
        try:
            return await shown.screenshot(**options)
        except Error as error:
            if "Unable to capture screenshot" not in error.message:
                raise
    return await shown.screenshot(**options)


async def hold_requests(page: Page, url: str) -> asyncio.Event:
    """Hold the page's requests to addresses that match the glob ``url`` until the returned event is set."""
    from playwright.async_api import Error, Route

    released = asyncio.Event()

    async def hold(route: Route) -> None:
        await released.wait()
        with suppress(Error):  # the page may have withdrawn it
            await route.continue_()

    await page.route(url, hold)
    return released


@dataclass
class SharedBrowser:
    """Chromium, which starts when it is first needed."""

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
def _shared_browser(shared_runner: asyncio.Runner) -> Iterator[SharedBrowser]:
    from playwright.async_api import expect

    expect.set_options(timeout=TIMEOUT)
    shared = SharedBrowser()
    yield shared
    shared_runner.run(shared.stop())


@pytest.fixture
def _running_browser(_shared_browser: SharedBrowser, shared_runner: asyncio.Runner) -> Browser:
    return shared_runner.run(_shared_browser.start())


@pytest.fixture
async def browser(
    _running_browser: Browser, _shared_browser: SharedBrowser, aiohttp_server: object
) -> AsyncIterator[Browser]:
    """A browser without contexts; those that the test opens are closed after it, and before ``aiohttp_server``, which
    would wait two minutes for a page with an open stream."""
    yield _running_browser
    await _shared_browser.end_contexts()
