"""The one way in which a test of the first lane waits for what other tasks or servers do."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
HANGS_AFTER = 60.0
"""Seconds after which a test fails instead of hanging; no outcome depends on it."""


async def eventually(look: Callable[[], T | None] | Callable[[], Awaitable[T | None]]) -> T:
    """The first result of ``look`` that is not empty; others run between two looks.

    TimeoutError where it stays empty.
    """
    async with asyncio.timeout(HANGS_AFTER):
        while True:
            result = look()
            value = await result if inspect.isawaitable(result) else result
            if value:
                return value
            await asyncio.sleep(0)


async def let_others_run(rounds: int = 300) -> None:
    """Before an assertion that nothing happens: give all other tasks of this process many turns."""
    for _ in range(rounds):
        await asyncio.sleep(0)
