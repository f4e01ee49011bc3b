"""The whole service and the sandbox in this process, on a clock that stands still until a test moves it.

Web application, jobs, deadlines and sandbox are those of ``pbt run`` and speak HTTP with each other. Only their loops
are missing: instead of working now and then, they work when ``settle`` is called, until nothing is left to do. So a
step of a journey ends in one state, however slow the machine is.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar, cast

import aiohttp
import pytest
from aiohttp import web
from procrastinate import App as Queue
from prometheus_client import CollectorRegistry

from app.all_in_one import Prepare, sandbox_urls
from app.chat import make_codecs, make_engine
from app.demo.stage import DemoStage, stage_settings
from app.free_port import free_port
from app.players.http_client import HttpClient, Json
from app.players.people import CAST
from app.rulebook_files import load_rulebooks
from app.sandbox_setup import sandbox_config
from app.web import CONTAINER, create_app
from app.worker import WATCH
from config.settings import Settings
from domain.clock import ShiftedClock, SystemClock
from jobs.queue import make_queue
from jobs.tasks import register
from sandbox import config as sandbox_settings
from sandbox.clock import SandboxClock
from sandbox.server import create_app as create_sandbox
from sandbox.world import WORLD, World
from services.core.base import rows
from services.operations import Scheduler

T = TypeVar("T")
BEGIN = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
"""Eight o'clock in Beijing, on a Monday."""
_STEP = timedelta(microseconds=100)
"""Time between two readings of the clock, so that rows have an order."""
_ROUNDS = 2_000
"""Rounds of work after which something must be going in circles."""
_TAKE_JOB = """
DELETE FROM procrastinate_jobs WHERE id = (SELECT id FROM procrastinate_jobs WHERE status = 'todo'
    AND (scheduled_at IS NULL OR scheduled_at <= now()) ORDER BY id LIMIT 1)
RETURNING task_name, args::text AS args
"""


class StandingTime:
    """Stands in for the machine's time in all clocks of the product and of the sandbox."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def read(self) -> datetime:
        self._at += _STEP
        return self._at

    def stand_in(self, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(SystemClock, "now", lambda _clock: self.read())
        patch.setattr(ShiftedClock, "now", lambda clock: self.read() + clock.offset)
        patch.setattr(SandboxClock, "now", lambda clock: self.read().timestamp() + clock.offset)


@dataclass
class Work:
    """What the worker does, and what the sandbox does by itself, done on demand."""

    scheduler: Scheduler
    queue: Queue
    world: World
    _seconds: float = 0.0
    """Time that has gone by since the periodic work was done."""
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def settle(self) -> None:
        """Work until no row is due, no job waits, and nothing is on its way at the sandbox's time.

        Raises what a job raises. AssertionError for work without end.
        """
        async with self._lock:
            for _ in range(_ROUNDS):
                if not (done := await self._work_once()):
                    return
        raise AssertionError(f"the work never ends, at last {done}: what it does makes more of it")

    def count_time(self, seconds: float) -> None:
        self._seconds += seconds

    async def _work_once(self) -> Sequence[str]:
        """Do what is to be done now, and name it; empty where there was nothing."""
        self.world.timeline.run_due()
        if under_way := self.world.under_way:
            await asyncio.wait(under_way)
            return [task.get_name() for task in under_way]
        if done := await self._run_jobs():
            return done
        if self._seconds >= WATCH:
            self._seconds = 0.0
            await self.scheduler.defer(list(self.scheduler.periodic))
            return self.scheduler.periodic
        return await self.scheduler.tick()

    async def _run_jobs(self) -> list[str]:
        """Run all waiting jobs, one after another; returns their names and arguments."""
        done = []
        while job := await rows(_TAKE_JOB):
            name, arguments = job[0]["task_name"], json.loads(job[0]["args"])
            await cast("Callable[..., Awaitable[object]]", self.queue.tasks[name].func)(**arguments)
            done.append(f"{name} {arguments}")
        return done


@dataclass(frozen=True, kw_only=True)
class SettlingHttpClient(HttpClient):
    """Where another client would wait, all work is done, and then the time goes by."""

    work: Work

    async def control(self, path: str, body: Json | None = None) -> Json:
        answer = await super().control(path, body)
        if path == "/clock" and body is not None:
            assert answer["forwarded"], "the service did not hear that the clock was moved"
            await self.work.settle()
        return answer

    async def watch(self, mobile: str, find: Callable[[Json], T | None], timeout: float) -> T | None:
        async def look() -> tuple[T] | None:
            value = find(await self.control(f"/phones/{mobile}"))
            return None if value is None else (value,)

        value = await self.wait_until(look, timeout)
        return value[0] if value else None

    async def wait_until(self, look: Callable[[], Awaitable[T]], timeout: float) -> T | None:
        """The first result that is not empty, looked for after all work is done, now and in each second that follows;
        None where it stays empty for ``timeout`` seconds of the moved clock."""
        for _ in range(int(timeout) + 1):
            await self.work.settle()
            if value := await look():
                return value
            await self.pass_time(1)
        return None

    async def pass_time(self, seconds: float) -> None:
        """Move the clock of all, and do what is due then."""
        self.work.count_time(seconds)
        await self.control("/clock", {"advance_seconds": seconds})


@dataclass(frozen=True)
class SettlingStage(DemoStage):
    """The running service; as a ``DemoStage``, but it never waits."""

    async def advance(self, seconds: float) -> None:
        await cast(SettlingHttpClient, self.http_client).pass_time(max(seconds, 0))

    async def wait_until(self, look: Callable[[], Awaitable[T | None]], what: str, timeout: float = 20.0) -> T:
        value = await cast(SettlingHttpClient, self.http_client).wait_until(look, timeout)
        assert value, what
        return value


@dataclass(frozen=True)
class Stores:
    """A migrated, empty database and an empty Redis, for one module of tests."""

    database_url: str
    redis_url: str


@asynccontextmanager
async def stage_in_process(
    stores: Stores, folder: Path, *, pools: Sequence[str] = ("demo",), prepare: Sequence[Prepare] = ()
) -> AsyncIterator[SettlingStage]:
    """Start web application and sandbox on ports of their own after ``prepare``; all end with the block."""
    sandbox_port = free_port()
    urls = sandbox_urls(sandbox_port, free_port())
    settings = stage_settings(folder, pools, free_port(), urls).model_copy(
        update={"database_url": stores.database_url, "redis_url": stores.redis_url}
    )
    with pytest.MonkeyPatch.context() as patch:
        StandingTime(BEGIN).stand_in(patch)
        for step in prepare:
            await step(settings)
        async with AsyncExitStack() as stack:
            world = await stack.enter_async_context(_running_sandbox(settings, sandbox_port))
            app = await create_app(settings, registry=CollectorRegistry())
            await stack.enter_async_context(_serving(app, settings.http.port))
            container = app[CONTAINER]
            engine = await stack.enter_async_context(make_engine(container, make_codecs(container)))
            queue = make_queue(settings.database_url, pool_size=1)
            register(queue, container.services, engine.finish_late)
            work = Work(container.services.operations.scheduler, queue, world)
            http = await stack.enter_async_context(aiohttp.ClientSession())
            service, sandbox = (f"http://127.0.0.1:{port}" for port in (settings.http.port, sandbox_port))
            client = SettlingHttpClient(http, service, sandbox, work=work)
            none: Any = None  # no processes of its own
            log, deps = folder / "output.log", container.services.deps
            yield SettlingStage(settings, client, none, none, deps, log, environment={})


@asynccontextmanager
async def _running_sandbox(settings: Settings, port: int) -> AsyncIterator[World]:
    books = load_rulebooks(settings.rulebooks, settings.pools)
    config = sandbox_config(settings, books, CAST, public_url=f"http://127.0.0.1:{port}")
    app = create_sandbox(sandbox_settings.parse(config))
    async with _serving(app, port):
        yield app[WORLD]


@asynccontextmanager
async def _serving(app: web.Application, port: int) -> AsyncIterator[None]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield
    finally:
        await runner.cleanup()
