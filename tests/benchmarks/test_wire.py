"""The proxy that counts statements reports exactly the statements that were executed."""

from __future__ import annotations

import asyncpg

from app.free_port import free_port
from benchmarks.wire import tapped


async def test_statements_are_counted_as_often_as_they_are_carried_out(database: str) -> None:
    async with tapped(database, free_port()) as wire:
        connection = await asyncpg.connect(wire.database_url)
        wire.take()
        async with connection.transaction():
            prepared = await connection.prepare("SELECT $1::int + 1")
            assert [await prepared.fetchval(number) for number in range(3)] == [1, 2, 3]
        assert wire.take() == ["BEGIN;", *["SELECT $1::int + 1"] * 3, "COMMIT;"]
        assert await connection.fetchval("SELECT length($1::text)", "九" * 100_000) == 100_000
        assert wire.take() == ["SELECT length($1::text)"]
        await connection.close()


async def test_each_connection_has_its_own_prepared_statements(database: str) -> None:
    async with tapped(database, free_port()) as wire:
        first_connection, second_connection = (
            await asyncpg.connect(wire.database_url),
            await asyncpg.connect(wire.database_url),
        )
        first, second = await first_connection.prepare("SELECT 1"), await second_connection.prepare("SELECT 2")
        wire.take()
        assert (await second.fetchval(), await first.fetchval()) == (2, 1)
        assert wire.take() == ["SELECT 2", "SELECT 1"]
        await first_connection.close()
        await second_connection.close()
