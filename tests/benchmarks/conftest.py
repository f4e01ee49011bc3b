"""A small database as the benchmarks have a large one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from tortoise import Tortoise

from app.rulebook_files import load_rulebooks
from benchmarks.seed import Sizes, fill
from domain.clock import FixedClock
from models.database_connection import tortoise_config
from services.core.base import Deps, Jobs
from services.core.crypto import Keyring
from tests.bot.stage import raised_limits, redis_client
from tests.drivers.pages import PUBLIC_URL
from tests.factories.assembly import make_services
from tests.handlers.conftest import NOON, World

CONFIG = Path(__file__).parents[2] / "config"
SIZES = Sizes(experts=200, applications=100, invitations=1000, draws=100, orders=70, notices=400)
HISTORY = Sizes(experts=600, applications=600, invitations=2000, draws=1000, orders=400, notices=600)
APPID = "wx1"


@asynccontextmanager
async def world_over(database: str, redis: str, sizes: Sizes) -> AsyncIterator[World]:
    """An official account over a seed."""
    await Tortoise.init(config=tortoise_config(database), _enable_global_fallback=True)
    keys = Keyring({"k1": b"d" * 32}, "k1", b"l" * 32, b"s" * 32)
    deps = Deps(FixedClock(NOON), keys, load_rulebooks(CONFIG / "rulebooks", ["demo"]), Jobs(), PUBLIC_URL)
    await fill(deps, database, CONFIG / "catalogues", sizes, appid=APPID)
    client = redis_client(redis)
    world = World(cast(FixedClock, deps.clock), cast(Any, None), make_services(deps), client, database)
    world.start_process()
    try:
        with raised_limits():
            yield world
    finally:
        await world.close()
        await client.aclose()
        await Tortoise.close_connections()


@pytest.fixture
async def seeded(database: str, redis: str) -> AsyncIterator[World]:
    """An official account over a small seed."""
    async with world_over(database, redis, SIZES) as world:
        yield world


@pytest.fixture
async def history(new_database: str, redis: str) -> AsyncIterator[World]:
    """The same over a seed with so much behind it that PostgreSQL plans as in a large one."""
    async with world_over(new_database, redis, HISTORY) as world:
        yield world
