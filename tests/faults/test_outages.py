"""PostgreSQL or Valkey stand still for a while: people are answered politely, and work goes on by itself."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from app.demo.data import POOL
from app.players.people import EXPERTS
from app.players.phones import bubbles
from services.core.base import rows
from tests.faults.draws import COMPLETED, NEEDED, DrawDriver, Killer, retry_query, running_draw_driver

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]
STILL = 6.0
"""Seconds without an answer of the server."""
LONG = 40.0
LONGEST_ANSWER = 30.0
_QUEUE = "SELECT pid FROM pg_stat_activity WHERE application_name = 'pingbiaotong-queue'"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def draw_driver() -> AsyncIterator[DrawDriver]:
    async with running_draw_driver() as driver:
        await driver.bind(2)
        await driver.set_autopilots(bound=2)
        yield driver


@asynccontextmanager
async def standing_still(draw_driver: DrawDriver, name: str) -> AsyncIterator[None]:
    """Stop the server's processes: it neither answers nor refuses."""
    async with stopped(await Killer(draw_driver).family(name)):
        yield


@asynccontextmanager
async def stopped(pids: Sequence[int]) -> AsyncIterator[None]:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("name", ["postgres", "valkey"])
async def test_a_client_gets_a_polite_answer_and_work_goes_on(draw_driver: DrawDriver, name: str) -> None:
    draw = await draw_driver.prepare_draw()
    await draw_driver.start(draw)
    url = f"{draw_driver.stage.http_client.service_url}/agency"
    headers = draw_driver.agency.browser.headers()
    loop = asyncio.get_running_loop()
    async with standing_still(draw_driver, name):
        request = asyncio.create_task(_ask(draw_driver.stage.http_client.http, url, headers))
        message = asyncio.create_task(draw_driver.stage.phone(EXPERTS[0].mobile, POOL).say("我的状态"))
        began = loop.time()
        await asyncio.sleep(STILL)
    status, text = await request
    assert loop.time() - began < LONGEST_ANSWER
    assert status in (200, 503)
    assert status == 200 or "稍后" in text or "繁忙" in text
    await message
    await _is_answered(draw_driver)
    progress = await draw_driver.live_through(draw)
    assert (progress["label"], progress["accepted"]) == (COMPLETED, str(NEEDED))
    await draw_driver.check()


async def test_a_draw_ends_though_the_queues_connections_stand_still(draw_driver: DrawDriver) -> None:
    """As behind a database host that vanished: the lanes give up their connections and make new ones."""
    draw = await draw_driver.prepare_draw()
    queue = await retry_query(lambda: rows(_QUEUE))
    assert queue
    async with stopped([row["pid"] for row in queue]):
        await draw_driver.start(draw)
        progress = await draw_driver.live_through(draw)
    assert (progress["label"], progress["accepted"]) == (COMPLETED, str(NEEDED))
    await draw_driver.check()


async def test_a_database_that_stands_still_for_forty_seconds_ends_no_worker(draw_driver: DrawDriver) -> None:
    worker = draw_driver.stage.supervisor.pid("worker")
    draw = await draw_driver.prepare_draw()
    await draw_driver.start(draw)
    async with standing_still(draw_driver, "postgres"):
        await asyncio.sleep(LONG)
    progress = await draw_driver.live_through(draw)
    assert (progress["label"], progress["accepted"]) == (COMPLETED, str(NEEDED))
    assert draw_driver.stage.supervisor.pid("worker") == worker
    await draw_driver.check()


async def _ask(http: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> tuple[int, str]:
    async with http.get(url, headers=headers, timeout=aiohttp.ClientTimeout(total=LONGEST_ANSWER)) as got:
        return got.status, await got.text()


async def _is_answered(draw_driver: DrawDriver) -> None:
    """The message sent in the outage has an answer, be it the plea to send it again; a new one has the real answer."""
    phone = draw_driver.stage.phone(EXPERTS[0].mobile, POOL)
    before = await phone.wait_for(_find_answer(0), "答复")
    await phone.say("我的状态")
    await phone.wait_for(_find_answer(before, "专家编号"), "状态")


def _find_answer(count: int, word: str = "") -> Callable[[dict[str, Any]], int | None]:
    """Number of bubbles in the chat, once the account has sent ``word`` after the first ``count``."""

    def find(state: dict[str, Any]) -> int | None:
        chat = bubbles(state, POOL)
        texts = [bubble["text"] for bubble in chat[count:] if bubble["side"] == "account"]
        return len(chat) if chat[-1]["side"] == "account" and any(word in text for text in texts) else None

    return find
