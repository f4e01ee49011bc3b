"""procrastinate's connections to PostgreSQL, each wait of which is limited.

psycopg itself waits without limit for the answer to a statement; its pool checks a connection by such a statement and,
while PostgreSQL is away, tries again after pauses that double.
"""

from __future__ import annotations

from typing import Any, TypeVar

import psycopg
from procrastinate import PsycopgConnector
from procrastinate.psycopg_connector import wrap_exceptions
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow
from psycopg.waiting import wait_async
from psycopg_pool import AsyncConnectionPool
from psycopg_pool.pool_async import AddConnection, MaintenanceTask

from config.connection_limits import KEEPALIVE_COUNT, KEEPALIVE_IDLE, KEEPALIVE_INTERVAL, QUEUE, UNACKNOWLEDGED

T = TypeVar("T")

RECONNECT_AFTER = 1.0
"""Seconds between two tries to replace a lost connection."""
_CLOSE = 1.0
"""Seconds for the tasks of a pool that is being closed, and for a connection for what workers still write then."""
_ARGUMENTS: dict[str, Any] = {
    "application_name": "pingbiaotong-queue",
    "connect_timeout": round(QUEUE.connect),
    "keepalives_idle": KEEPALIVE_IDLE,
    "keepalives_interval": KEEPALIVE_INTERVAL,
    "keepalives_count": KEEPALIVE_COUNT,
    "tcp_user_timeout": UNACKNOWLEDGED * 1000,
}


class LimitedConnection(psycopg.AsyncConnection[TupleRow]):
    """Raises psycopg.OperationalError for an answer that does not come in time.

    A statement that is interrupted, by its limit or by cancelling, ends the connection: its answer could still come and
    be taken for the next one's. psycopg would first ask the server to cancel it, and wait ten seconds for that.
    """

    answer_limit = QUEUE.answer

    async def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        limit = self.answer_limit if timeout is None else timeout
        try:
            return await wait_async(gen, self.pgconn.socket, interval=interval, timeout=limit)
        except BaseException:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()
            raise


class _QueuePool(AsyncConnectionPool[psycopg.AsyncConnection[TupleRow]]):
    """Replaces lost connections every second, so that no lane waits after PostgreSQL is back."""

    async def open(self, wait: bool = False, timeout: float = QUEUE.connect) -> None:
        await super().open(wait=wait, timeout=timeout)

    async def close(self, timeout: float = _CLOSE) -> None:
        await super().close(timeout=timeout)

    async def schedule_task(self, task: MaintenanceTask, delay: float) -> None:
        longest = RECONNECT_AFTER if isinstance(task, AddConnection) else delay
        await super().schedule_task(task, min(delay, longest))


class QueueConnector(PsycopgConnector):
    """``database_url`` as postgresql://…"""

    def __init__(self, database_url: str, *, pool_size: int) -> None:
        super().__init__(
            pool_factory=_QueuePool,
            conninfo=database_url,
            connection_class=LimitedConnection,
            kwargs=_ARGUMENTS,
            min_size=1,
            max_size=pool_size,
            timeout=QUEUE.wait,
        )
        self._url = database_url

    async def open_async(self, pool: AsyncConnectionPool[Any] | None = None) -> None:
        """Raises ConnectorException at the first failure; it can then be opened again.

        The first connection is made outside the pool, which would hide its failure behind further tries.
        """
        async with wrap_exceptions():
            async with await LimitedConnection.connect(self._url, autocommit=True, **_ARGUMENTS):
                pass
            try:
                await super().open_async(pool)
            except BaseException:
                await self.close_async()
                raise

    def end_soon(self) -> None:
        """The workers end: what they still write is worth no long wait for a connection."""
        self.pool.timeout = _CLOSE
