from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from redis.asyncio import Redis

from tests.gateways.pay_platform import NEW, NEW_CERT_KEY, OLD, OLD_CERT_KEY, Platform, certificate
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
    """WeChat Pay, with two certificates beside its public key; whatever a test asked must have been signed rightly."""
    platform, app = Platform(), web.Application()
    platform.certificates = {
        identity.serial: certificate(key, int(identity.serial, 16))
        for identity, key in ((OLD, OLD_CERT_KEY), (NEW, NEW_CERT_KEY))
    }
    app.router.add_route("*", "/{tail:.*}", platform.serve)
    async with TestServer(app) as server:
        platform.url = str(server.make_url("")).rstrip("/")
        yield platform
    assert platform.wrong == []
