"""Health endpoints: liveness (``/healthz``), readiness (``/readyz``) and ``/metrics``.

Alive means that the process responds. Ready means that every check passed within its time; the result of ``/readyz`` is
cached for a second, so that frequent requests cost nothing. Metrics are in Prometheus' text format; requests are
counted by route template, never by path, so that no id turns into a label.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client import generate_latest as print_metrics
from prometheus_client.multiprocess import MultiProcessCollector
from redis.exceptions import RedisError

from app.redis_connection import make_redis
from config.connection_limits import CHECK
from config.logging import bind_request, release_request
from config.outage_reports import Outage
from domain.errors import Conflict
from models.database_connection import connect
from models.migrate import pending_migrations
from models.schema_check import find_schema_faults

Check = Callable[[], Awaitable[None]]
"""Returns when the check passes; otherwise raises NotReady, or a network error."""

CHECK_TIMEOUT = 2.0
"""Seconds that one check may take."""
RESULT_TTL = 1.0
"""Seconds for which a result of /readyz is cached."""
LEAST_SPACE = 200 * 1024 * 1024
"""Bytes that must be free on the disk of the data folder."""
_STILL_KEPT = """
DO $$ BEGIN
    IF current_setting('pbt.probe', true) IS DISTINCT FROM 'kept' THEN RAISE EXCEPTION 'another session'; END IF;
END $$
"""

REQUESTS = Counter("pbt_http_requests_total", "Requests answered", ["method", "route", "status"])
DURATION = Histogram(
    "pbt_http_request_seconds",
    "Time to the answer's end",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 4.5, 10.0),
)
OPEN = Gauge("pbt_http_requests_open", "Requests being worked on", multiprocess_mode="livesum")

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class NotReady(Exception):
    """A failed check; the text describes the fault without secrets."""


def setup_health(app: web.Application, checks: Mapping[str, Check]) -> None:
    """Add the three routes and, outermost, the middleware that counts requests and assigns request ids."""
    readiness = _Readiness(checks)
    app.router.add_get("/healthz", _answer_alive)
    app.router.add_get("/readyz", readiness.answer)
    app.router.add_get("/metrics", _metrics)
    app.middlewares.insert(0, watch_requests)


def standard_checks(database_url: str, redis_url: str, data_dir: Path) -> dict[str, Check]:
    """Servers and disk, each server over a connection of its own, so that an exhausted pool doesn't look like a failed
    server."""
    return {
        "database": lambda: check_database(database_url),
        "migrations": _skip_once_passed(lambda: check_migrations(database_url)),
        "schema": _skip_once_passed(lambda: check_schema(database_url)),
        "sessions": _skip_once_passed(lambda: check_sessions(database_url)),
        "redis": lambda: check_redis(redis_url),
        "disk": lambda: check_disk(data_dir),
    }


async def check_database(database_url: str) -> None:
    connection = await connect(database_url, CHECK)
    try:
        await connection.fetchval("SELECT 1")
    finally:
        await connection.close(timeout=1)


async def check_migrations(database_url: str) -> None:
    """Raises NotReady when the database lacks a migration of this release, or was made by a release whose migrations
    this one can't continue."""
    try:
        missing = await pending_migrations(database_url, CHECK)
    except Conflict as error:
        raise NotReady("made by another release, see pbt doctor") from error
    if missing:
        raise NotReady(f"missing: {', '.join(missing)}")


async def check_schema(database_url: str) -> None:
    """Raises NotReady when tables or columns differ from the models."""
    connection = await connect(database_url, CHECK)
    try:
        faults = await find_schema_faults(connection)
    finally:
        await connection.close(timeout=1)
    if faults:
        raise NotReady(f"differs: {'; '.join(faults[:5])}")


async def check_sessions(database_url: str) -> None:
    """Raises NotReady behind a proxy with transaction pooling.

    Prepared statements, advisory locks and LISTEN need a session. One connection sets a session variable; while another
    one occupies the proxy's free server connection, the first must still read it. Uses simple queries, which such a
    proxy supports.
    """
    async with AsyncExitStack() as stack:
        first, other = [await _connect(stack, database_url) for _ in range(2)]
        await first.execute("SET pbt.probe = 'kept'")
        await other.execute("BEGIN")
        try:
            await first.execute(_STILL_KEPT)
        except asyncpg.RaiseError as error:
            raise NotReady("the pool in between must keep sessions (pool_mode = session)") from error
        finally:
            await other.execute("ROLLBACK")


async def _connect(stack: AsyncExitStack, database_url: str) -> asyncpg.Connection[asyncpg.Record]:
    connection = await connect(database_url, CHECK)
    stack.push_async_callback(connection.close, timeout=1)
    return connection


async def check_disk(data_dir: Path) -> None:
    """Raises NotReady before attachments, documents and an embedded database run out of room."""
    folder = next(parent for parent in (data_dir, *data_dir.resolve().parents) if parent.is_dir())
    free = (await asyncio.to_thread(shutil.disk_usage, folder)).free
    if free < LEAST_SPACE:
        raise NotReady(f"only {free // 1024**2} MB left")


async def check_redis(redis_url: str) -> None:
    async with make_redis(redis_url, CHECK) as client:
        await client.ping()


def _skip_once_passed(check: Check) -> Check:
    """A check that is not repeated after it has passed: a schema doesn't go back during a process's life."""
    done = False

    async def ask() -> None:
        nonlocal done
        if not done:
            await check()
            done = True

    return ask


class _Readiness:
    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self._outages = {name: Outage(name) for name in checks}
        self._asking = asyncio.Lock()
        self._kept: dict[str, str] = {}
        self._kept_until = 0.0

    async def answer(self, _request: web.Request) -> web.Response:
        async with self._asking:
            if time.monotonic() >= self._kept_until:
                outcomes = await asyncio.gather(*(self._run_check(name) for name in self._checks))
                self._kept = dict(zip(self._checks, outcomes, strict=True))
                self._kept_until = time.monotonic() + RESULT_TTL
            ready = all(outcome == "ok" for outcome in self._kept.values())
            body = {"status": "ready" if ready else "not ready", "checks": self._kept}
        return web.json_response(body, status=200 if ready else 503, headers={"Cache-Control": "no-store"})

    async def _run_check(self, name: str) -> str:
        """``ok``, or the fault in a word or two; the error's own text is only logged."""
        reason: Exception
        try:
            async with asyncio.timeout(CHECK_TIMEOUT):
                await self._checks[name]()
        except TimeoutError as error:
            message, reason = "no answer in time", error
        except NotReady as error:
            message, reason = str(error), error
        except (OSError, RedisError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            message, reason = "away", error
        else:
            self._outages[name].mark_up()
            return "ok"
        self._outages[name].mark_down(repr(reason))
        return message


async def _answer_alive(_request: web.Request) -> web.Response:
    return web.json_response({"status": "alive"}, headers={"Cache-Control": "no-store"})


async def _metrics(_request: web.Request) -> web.Response:
    return web.Response(body=print_metrics(_registry()), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _registry() -> CollectorRegistry:
    """Metrics of all web processes of this machine where the library was set up for it, else of this process alone."""
    registry = CollectorRegistry()
    try:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library left this one class untyped
    except ValueError:
        return REGISTRY
    return registry


@web.middleware
async def watch_requests(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Count and time the request; log lines and the response carry its id."""
    request_id = secrets.token_hex(8)
    bind_request(request_id)
    started = time.perf_counter()
    status = 500
    OPEN.inc()
    try:
        response = await handler(request)
        status = response.status
        if not response.prepared:
            response.headers.setdefault("X-Request-Id", request_id)
        return response
    except web.HTTPException as error:
        status = error.status
        error.headers.setdefault("X-Request-Id", request_id)
        raise
    except asyncio.CancelledError:
        status = 499
        raise
    finally:
        OPEN.dec()
        method = request.method if request.method in _METHODS else "other"
        route = _template(request)
        REQUESTS.labels(method, route, str(status)).inc()
        DURATION.labels(method, route).observe(time.perf_counter() - started)
        release_request()


def _template(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unmatched"
