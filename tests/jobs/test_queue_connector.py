"""No wait of the job queue for PostgreSQL is without a limit."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import psycopg
import pytest
from procrastinate.exceptions import ConnectorException
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from psycopg_pool.pool_async import AddConnection, ShrinkPool

from config.connection_limits import QUEUE
from jobs.queue import make_queue
from jobs.queue_connector import RECONNECT_AFTER, LimitedConnection, QueueConnector, _QueuePool

ONE = "SELECT 1 AS one"


@pytest.fixture
async def locked(database: str) -> AsyncIterator[str]:
    """The URL of a database that answers no statement on jobs as long as this fixture lives."""
    holder = await asyncpg.connect(database)
    async with holder.transaction():
        await holder.execute("LOCK TABLE procrastinate_jobs")
        yield database.replace("postgres://", "postgresql://")
    await holder.close()


async def test_an_answer_that_does_not_come_ends_the_connection(locked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with await LimitedConnection.connect(locked, autocommit=True) as connection:
        monkeypatch.setattr(connection, "answer_limit", 0)
        with pytest.raises(psycopg.OperationalError):
            await connection.execute("SELECT count(*) FROM procrastinate_jobs")
        assert connection.closed, "its late answer would be taken for the next statement's"


async def test_statements_have_the_declared_limit(database: str) -> None:
    queue = make_queue(database, pool_size=2)
    async with queue.open_async():
        pool = queue.connector.pool  # type: ignore[attr-defined]  # of psycopg's connector
        assert pool.timeout == QUEUE.wait
        async with pool.connection() as connection:
            assert isinstance(connection, LimitedConnection)
            assert connection.answer_limit == QUEUE.answer
            parameters = connection.info.get_parameters()
        assert int(parameters["connect_timeout"]) == QUEUE.connect
        assert {"keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"} <= parameters.keys()


async def test_waiting_for_a_notification_is_no_statement(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url = database.replace("postgres://", "postgresql://")
    async with await LimitedConnection.connect(url, autocommit=True) as connection:
        await connection.execute("LISTEN procrastinate_any_queue")
        monkeypatch.setattr(connection, "answer_limit", 0)
        assert [notification async for notification in connection.notifies()] == []
        monkeypatch.undo()
        await connection.execute(ONE)


async def test_a_queue_that_could_not_be_opened_can_be_opened_later(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = make_queue(database, pool_size=2)

    async def give_up(_pool: object, *, wait: bool, timeout: float) -> None:
        raise PoolTimeout(f"incomplete after {timeout}, {wait}")

    with monkeypatch.context() as patch:
        patch.setattr(AsyncConnectionPool, "open", give_up)
        with pytest.raises(ConnectorException):
            await queue.open_async()
    async with queue.open_async():
        assert await queue.connector.execute_query_one_async(ONE) == {"one": 1}


async def test_lost_connections_are_replaced_every_second(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    delays: list[float] = []

    async def note(_pool: object, _task: object, delay: float) -> None:
        delays.append(delay)

    monkeypatch.setattr(AsyncConnectionPool, "schedule_task", note)
    pool = _QueuePool(database, open=False)
    await pool.schedule_task(AddConnection(pool), 16.0)
    await pool.schedule_task(ShrinkPool(pool), 600.0)
    assert delays == [RECONNECT_AFTER, 600.0]


async def test_a_refused_connection_is_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_arguments: object, **_named: object) -> None:
        raise AssertionError("the pool would try again for long")

    monkeypatch.setattr(_QueuePool, "__init__", never)
    with pytest.raises(ConnectorException):
        await QueueConnector("postgresql://nobody@127.0.0.1:1/none", pool_size=1).open_async()
