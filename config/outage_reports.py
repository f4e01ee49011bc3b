"""Outages of PostgreSQL, Redis and connections, for all libraries and edges: a line when one begins, one at its end.

Drivers and libraries log each failed try, most with a traceback, and each request fails, too: thousands of lines for
one fact. The first report of a part is logged without its traceback, further ones are not, until ``recovered``.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import structlog

_OUTAGES = frozenset(
    {
        ("asyncpg", "PostgresConnectionError"),
        ("asyncpg", "InternalClientError"),
        ("asyncpg", "InterfaceError"),
        ("asyncpg", "OperatorInterventionError"),
        ("asyncpg", "InsufficientResourcesError"),
        ("psycopg", "OperationalError"),
        ("tortoise", "DBConnectionError"),
        ("redis", "ConnectionError"),
        ("redis", "TimeoutError"),
        ("aiohttp", "ClientConnectionError"),
        ("builtins", "ConnectionError"),
        ("builtins", "TimeoutError"),
        ("socket", "gaierror"),
    }
)
"""Package and name of exceptions, subclasses included; by name, so that no command imports all drivers for its log."""
_POOL_LINES = (
    "error connecting in",
    "discarding",
    "reconnection attempt in",
    "couldn't stop task",
    "query cancellation",
)
"""How lines of psycopg's pool begin that report an outage without an exception."""


class Outage:
    """Logs once when a part fails and once when it recovers, however often it is checked in between."""

    def __init__(self, part: str) -> None:
        self._part = part
        self._down = False
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger("outage")

    def mark_down(self, reason: object) -> None:
        if not self._down:
            self._down = True
            self._log.error("part_down", part=self._part, reason=str(reason))

    def mark_up(self) -> None:
        if self._down:
            self._down = False
            self._log.info("part_back", part=self._part)


class OutageReports:
    """The outages reported in this process, by part: a library, or an edge of ours."""

    def __init__(self) -> None:
        self._outages: dict[str, Outage] = {}
        self._guard = threading.Lock()
        """Libraries log from threads, too."""

    def report(self, part: str, reason: object) -> None:
        with self._guard:
            outage = self._outages.get(part)
            if outage is not None:
                return
            outage = self._outages[part] = Outage(part)
        outage.mark_down(reason)

    def has_outages(self) -> bool:
        return bool(self._outages)

    def end_outages(self) -> None:
        """All servers respond again."""
        with self._guard:
            ended, self._outages = self._outages, {}
        for outage in ended.values():
            outage.mark_up()


REPORTS = OutageReports()
"""Of this process, as its log is one."""


def report_outage(part: str, error: BaseException) -> bool:
    """Report ``error`` as an outage noticed by ``part``; False, and no report, when it is something else."""
    if not is_outage(error):
        return False
    REPORTS.report(part, repr(_find_origin(error)))
    return True


def is_outage(error: BaseException) -> bool:
    """Whether a server or connection was unavailable: the error itself, or what it was raised from."""
    if isinstance(error, BaseExceptionGroup):
        return all(is_outage(inner) for inner in error.exceptions)
    return any(_is_listed(cause) for cause in _causes(error))


def _find_origin(error: BaseException) -> BaseException:
    """The error that says most: procrastinate's own says "Database error"."""
    return [error, *(cause for cause in _causes(error) if _is_listed(cause))][-1]


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _is_listed(error: BaseException) -> bool:
    names = {(kind.__module__.split(".")[0], kind.__name__) for kind in type(error).__mro__}
    return not names.isdisjoint(_OUTAGES) and not isinstance(error, ValueError)  # asyncpg.DataError: wrong arguments


class OutageFilter(logging.Filter):
    """Turns lines of libraries about an outage into reports; others pass."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if error is not None and is_outage(error):
            REPORTS.report(_library_of(record), repr(_find_origin(error)))
            return False
        if record.name == "psycopg.pool" and str(record.msg).startswith(_POOL_LINES):
            REPORTS.report("psycopg", record.getMessage())
            return False
        return True


def _library_of(record: logging.LogRecord) -> str:
    return record.name.split(".")[0]
