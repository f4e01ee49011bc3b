"""Of an outage the log keeps a line at the beginning and one at the end, whichever part reports it."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator

import aiohttp
import asyncpg
import psycopg
import pytest
import redis.exceptions
from procrastinate.exceptions import ConnectorException
from psycopg_pool import PoolClosed, PoolTimeout
from structlog.testing import capture_logs
from tortoise.exceptions import DBConnectionError, IntegrityError

from config.outage_reports import REPORTS, OutageFilter, is_outage, report_outage
from services.core.outages import AWAY


def with_cause(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


OUTAGES = {
    "asyncpg.pool": [asyncpg.ConnectionDoesNotExistError("closed"), asyncpg.CannotConnectNowError("starting")],
    "procrastinate.utils": [with_cause(ConnectorException(), psycopg.OperationalError("gone"))],
    "procrastinate.worker": [asyncpg.InterfaceError("closed"), ConnectionRefusedError(), DBConnectionError("away")],
    "psycopg.pool": [PoolTimeout("late"), PoolClosed("closed"), psycopg.OperationalError("gone")],
    "redis": [redis.exceptions.ConnectionError("gone"), redis.exceptions.TimeoutError("late")],
    "aiohttp.server": [aiohttp.ServerDisconnectedError(), TimeoutError(), ConnectionResetError()],
    "asyncio": [socket.gaierror("unknown host"), ExceptionGroup("both", [TimeoutError(), ConnectionError()])],
}
"""By logger, what it logs while a server is away."""
FAULTS = [
    KeyError("name"),
    asyncpg.DataError("wrong argument"),
    asyncpg.UndefinedTableError("no such table"),
    IntegrityError("duplicate"),
    redis.exceptions.ResponseError("wrong type"),
    with_cause(ConnectorException(), psycopg.ProgrammingError("syntax")),
    FileNotFoundError("a file"),
    ExceptionGroup("both", [TimeoutError(), KeyError("name")]),
]


@pytest.fixture(autouse=True)
def _none_reported() -> Iterator[None]:
    REPORTS.end_outages()
    yield
    REPORTS.end_outages()


def is_let_through(name: str, error: Exception) -> bool:
    made = logging.getLogger(name).makeRecord(
        name, logging.ERROR, "", 0, "failed; trying again", (), (type(error), error, None)
    )
    return OutageFilter().filter(made)


@pytest.mark.parametrize("name", OUTAGES)
def test_a_library_reports_an_outage_once_without_traceback_and_its_end_once(name: str) -> None:
    with capture_logs() as lines:
        for _ in range(3):
            assert not any(is_let_through(name, error) for error in OUTAGES[name])
        assert REPORTS.has_outages()
        REPORTS.end_outages()
        REPORTS.end_outages()
    part = name.split(".", maxsplit=1)[0]
    assert [(line["event"], line["part"]) for line in lines] == [("part_down", part), ("part_back", part)]
    assert "exc_info" not in lines[0]
    assert "ConnectorException" not in lines[0]["reason"], "it says only: database error"


@pytest.mark.parametrize("error", FAULTS, ids=repr)
def test_a_fault_keeps_its_line_and_traceback(error: Exception) -> None:
    assert is_let_through("procrastinate.worker", error)
    assert not report_outage("pages", error)


@pytest.mark.parametrize(
    ("text", "passes_filter"),
    [
        ("error connecting in %r: %s", False),
        ("discarding closed connection: %s", False),
        ("rolling back returned connection: %s", True),
    ],
)
def test_lines_of_the_pool_without_an_exception(text: str, passes_filter: bool) -> None:
    made = logging.getLogger("psycopg.pool").makeRecord("psycopg.pool", logging.WARNING, "", 0, text, (), None)
    assert OutageFilter().filter(made) is passes_filter


def test_edges_and_log_agree_on_what_an_outage_is() -> None:
    """What edges answer with a plea to try again, except for what concerns one request: deadlocks, wrong commands."""
    passing = (asyncpg.TransactionRollbackError, redis.exceptions.RedisError)
    assert [kind for kind in AWAY if kind not in passing and not is_outage(kind("away"))] == []


def test_an_error_raised_while_an_outage_was_handled_is_no_outage() -> None:
    fault = KeyError("a fault of ours")
    fault.__context__ = ConnectionError("gone")
    assert not is_outage(fault)
