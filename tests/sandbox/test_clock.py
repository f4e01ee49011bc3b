"""Due actions on the sandbox's clock, and a key that several threads request at once."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from sandbox.clock import SandboxClock, Timeline
from sandbox.identity.tokens import TokenSigner


async def test_one_thing_that_fails_does_not_end_what_is_due_after_it(caplog: pytest.LogCaptureFixture) -> None:
    timeline, done = Timeline(SandboxClock()), asyncio.Event()

    def fail() -> None:
        raise KeyError("gone")

    timeline.run_after(0, fail)
    timeline.run_after(0, done.set)
    running = asyncio.create_task(timeline.run())
    async with asyncio.timeout(5):
        await done.wait()
    running.cancel()
    assert "a due action failed" in caplog.text


def test_threads_that_need_the_key_at_once_get_the_same() -> None:
    signer = TokenSigner()
    with ThreadPoolExecutor(4) as threads:
        moduli = {jwk["n"] for jwk in threads.map(lambda _: signer.jwk(), range(4))}
    assert len(moduli) == 1
