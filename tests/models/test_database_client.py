"""Connections over asyncpg have their limits, and so has the wait for one of Tortoise's pool."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest
from tortoise import Tortoise
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from config.connection_limits import DATABASE, TOOL
from models import database_client
from models.database_client import LimitedClient
from models.database_connection import connect, tortoise_config


@pytest.fixture
async def client(database: str) -> AsyncIterator[LimitedClient]:
    await Tortoise.init(config=tortoise_config(database, pool_size=1), _enable_global_fallback=True)
    client = get_connection("default")
    assert isinstance(client, LimitedClient)
    yield client
    await Tortoise.close_connections()


async def test_the_wait_for_a_free_connection_is_limited(
    client: LimitedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with client.acquire_connection():
        monkeypatch.setattr(database_client, "DATABASE", replace(DATABASE, wait=0))
        with pytest.raises(TimeoutError):
            await client.execute_query("SELECT 1")
        with pytest.raises(TimeoutError):
            async with in_transaction():
                pass
    monkeypatch.undo()
    assert (await client.execute_query("SELECT 1"))[0] == 1


async def test_every_connection_gets_its_limits(client: LimitedClient, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}

    async def note(database_url: str | None, **arguments: object) -> None:
        seen.update(arguments, url=database_url)

    monkeypatch.setattr(asyncpg, "connect", note)
    await connect("postgres://nobody@nowhere/none", TOOL, ssl=False)
    assert seen == {
        "url": "postgres://nobody@nowhere/none",
        "timeout": TOOL.connect,
        "command_timeout": TOOL.answer,
        "ssl": False,
    }
    await client.create_connection(with_db=True)
    assert (client._template["timeout"], client._template["command_timeout"]) == (DATABASE.connect, DATABASE.answer)
