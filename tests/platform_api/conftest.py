"""The integrators' API over real services and a fresh database, and a platform that uses it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientResponse, encode_basic_auth, web
from aiohttp.test_utils import TestClient
from tortoise import Tortoise

from domain.clock import FixedClock
from models.database_connection import tortoise_config
from platform_api import setup
from services.core.base import Deps, Jobs
from services.core.crypto import Keyring
from services.registry import Services
from tests.factories.assembly import make_services
from tests.factories.integrations import RECEIVER, Platform, make_platform
from tests.factories.offices import Office, make_office
from tests.miniapp_api.conftest import NOON, _rulebooks

BASE = "/platform/v1/demo"


@dataclass
class World:
    """The running API, the agency behind it, and its platform with a token."""

    client: TestClient[Any, Any]
    services: Services
    office: Office
    platform: Platform
    clock: FixedClock
    token: str = ""

    async def log_in(self, secret: str = "", **form: str) -> ClientResponse:
        headers = {"Authorization": encode_basic_auth(str(self.platform.client_id), secret or self.platform.secret)}
        return await self.client.post(
            f"{BASE}/token", data={"grant_type": "client_credentials"} | form, headers=headers
        )

    async def move(self, by: timedelta) -> None:
        """Move the clock, and log in again."""
        self.clock.move(by)
        self.token = (await read(await self.log_in(), 200))["access_token"]

    async def ask(self, method: str, path: str, *, key: str = "", **options: Any) -> ClientResponse:
        headers = {"Authorization": f"Bearer {self.token}"} | ({"Idempotency-Key": key} if key else {})
        return await self.client.request(method, BASE + path, headers=headers, **options)

    async def get(self, path: str, status: int = 200) -> Any:
        return await read(await self.ask("GET", path), status)

    async def post(self, path: str, body: object = None, status: int = 201, **options: Any) -> Any:
        return await read(await self.ask("POST", path, json=body, **options), status)

    async def put(self, path: str, body: object, status: int = 200) -> Any:
        return await read(await self.ask("PUT", path, json=body), status)


async def read(response: ClientResponse, status: int) -> Any:
    assert response.status == status, f"{response.method} {response.url}: {response.status} {await response.text()}"
    return await response.json(content_type=None) if status != 204 else None


@pytest.fixture
async def world(
    database: str, aiohttp_client: Callable[[web.Application], Awaitable[TestClient[Any, Any]]]
) -> AsyncIterator[World]:
    await Tortoise.init(config=tortoise_config(database), _enable_global_fallback=True)
    clock = FixedClock(NOON)
    keys = Keyring({"k1": b"d" * 32}, "k1", b"l" * 32, b"s" * 32)
    deps = Deps(clock=clock, keys=keys, rulebooks=dict(_rulebooks()), jobs=Jobs(), public_url="http://127.0.0.1:8080")
    services = make_services(deps)
    app = web.Application()
    setup(app, services)
    office = await make_office(deps)
    platform = await make_platform(office, services.integrations, webhook_url=RECEIVER)
    world = World(await aiohttp_client(app), services, office, platform, clock)
    world.token = (await read(await world.log_in(), 200))["access_token"]
    yield world
    await Tortoise.close_connections()
