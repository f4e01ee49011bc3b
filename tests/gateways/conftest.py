from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from redis.asyncio import Redis

from tests.gateways.pay_platform import Platform, serve_platform
from tests.gateways.support import Tools, new_tools


@pytest.fixture
async def tools() -> AsyncIterator[Tools]:
    async with aiohttp.ClientSession() as session:
        yield new_tools(session)


@pytest.fixture
async def store(redis: str) -> AsyncIterator[Redis]:
    """A client of the flushed Redis."""
    async with Redis.from_url(redis) as client:
        yield client


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    async with serve_platform() as platform:
        yield platform
