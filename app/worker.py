"""The worker: runs jobs, processes due deadlines, reports overdue ones. Any number may run concurrently."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial

import structlog
from aiohttp import web
from procrastinate import App as Queue
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Status
from prometheus_client import Gauge

from app.chat import make_codecs, make_engine
from app.clock import follow_clock
from app.container import Container, build
from app.follow_texts import follow_texts
from app.hang_watch import HangWatch
from app.health import Check, NotReady, setup_health, standard_checks
from app.heart import LaneHeart, Pulse
from app.recovery import watch_recovery
from bot.dialogue import OUTAGES
from bot.engine import Engine
from config.outage_reports import Outage
from config.settings import Settings
from jobs.lanes import LANES, Lane
from jobs.queue import end_soon, make_queue
from jobs.tasks import register
from services.operations import Scheduler

log = structlog.get_logger(__name__)

TICK_INTERVAL = 0.5
"""Seconds between two scans for due deadlines."""
WATCH = 15.0
"""Seconds between two audits."""
LOOPS = {"tick": 15.0, "auditor": 2 * WATCH + 15.0} | {lane.loop: 15.0 for lane in LANES}
"""Seconds without success after which a loop stands still, and the worker is not ready, by the loop's name."""
JOB_LOOPS = tuple(lane.loop for lane in LANES)
RETRY_AFTER = 1.0
"""Seconds between an outage and the next try."""
STALLED_AFTER = 60
"""Seconds without a heartbeat after which a worker's jobs are given to others."""

JOBS_END = 3.0
"""Seconds for the lanes to end by themselves: two for jobs under way, then for what they still write."""
_CANCEL_AGAIN_AFTER = 0.2

Well = Callable[[], None]
"""Called after successful work: ends a logged outage, if there was one."""

heartbeat = Gauge("pbt_auditor_heartbeat_seconds", "When the auditor last found everything well (epoch seconds)")
overdue = Gauge("pbt_auditor_overdue", "Rows whose next step is overdue, by table", ["table"])
failing = Gauge("pbt_auditor_failing_duties", "Kinds of deadlines whose work fails")


async def run_worker(settings: Settings) -> None:
    """Work until cancelled. ``settings`` with both server URLs."""
    with HangWatch(tuple(LOOPS)) as watch:
        async with build(settings) as container, make_engine(container, make_codecs(container)) as engine:
            await _run_loops(settings, container, engine, Pulse(LOOPS, watch))


async def _run_loops(settings: Settings, container: Container, engine: Engine, pulse: Pulse) -> None:
    scheduler, concurrency = container.services.operations.scheduler, settings.worker_concurrency
    lanes = {lane.loop: LaneHeart(lane.loop, pulse, lane.places(concurrency)) for lane in LANES}
    queue = make_queue(
        settings.database_url, pool_size=concurrency + 2 * len(LANES), note_fetch=partial(_note_job_search, lanes)
    )
    register(queue, container.services, engine.finish_late)

    def audit(well: Well) -> Awaitable[None]:
        return _audit(container, make_queue(settings.database_url, pool_size=2), well)

    async with _serve_health(settings, scheduler, pulse), asyncio.TaskGroup() as group:
        group.create_task(follow_clock(container.redis, container.clock))
        group.create_task(follow_texts(container.services.office_texts.texts))
        group.create_task(watch_recovery(settings))
        group.create_task(
            repeat_forever("jobs", lambda well: _run_jobs(queue, concurrency, well, lanes), pulse, JOB_LOOPS)
        )
        group.create_task(repeat_forever("tick", lambda well: _tick(container, well), pulse))
        group.create_task(repeat_forever("auditor", audit, pulse))


async def repeat_forever(
    name: str, work: Callable[[Well], Awaitable[None]], pulse: Pulse | None = None, loops: Sequence[str] = ()
) -> None:
    """Repeat ``work`` after each outage that ends it; an outage is logged once at its beginning, once at its end.

    ``pulse`` learns of each success and each outage. ``loops``: those that ``work`` consists of, which report their own
    successes; none: it is one loop, ``name``.
    """
    outage = Outage(f"worker-{name}")

    def well() -> None:
        outage.mark_up()
        if pulse is not None and not loops:
            pulse.beat(name)

    while True:
        try:
            await work(well)
        except (*OUTAGES, ConnectorException) as error:
            outage.mark_down(repr(error.__cause__ or error))
        if pulse is not None:
            for loop in loops or (name,):
                pulse.note_failure(loop)
        await asyncio.sleep(RETRY_AFTER)


async def _run_jobs(queue: Queue, concurrency: int, well: Well, hearts: Mapping[str, LaneHeart]) -> None:
    """Run all lanes until one of them ends, since its lost connection may mean that the others' are lost, too.

    ``hearts`` by a lane's ``loop``.
    """
    async with queue.open_async():
        well()
        lanes = [asyncio.create_task(_run_lane(queue, lane, concurrency, hearts[lane.loop])) for lane in LANES]
        try:
            done, _ = await asyncio.wait(lanes, return_when=asyncio.FIRST_COMPLETED)
        finally:
            end_soon(queue)
            await _end(lanes)
        for task in done:
            task.result()


def _note_job_search(hearts: Mapping[str, LaneHeart], queues: Sequence[str]) -> None:
    """The lane that serves ``queues`` looked for a job."""
    for lane in LANES:
        if list(lane.queues) == list(queues):
            hearts[lane.loop].note_job_search()


async def _end(lanes: Sequence[asyncio.Task[None]]) -> None:
    """Cancel until all have ended.

    A lane that was cancelled signs off in the database. Where that is gone it would wait as long as any statement may
    take, so it is interrupted again and again.
    """
    pending, patience = set(lanes), JOBS_END
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=patience)
        patience = _CANCEL_AGAIN_AFTER
    await asyncio.gather(*lanes, return_exceptions=True)


async def _run_lane(queue: Queue, lane: Lane, concurrency: int, heart: LaneHeart) -> None:
    await queue.run_worker_async(
        queues=lane.queues,
        name=lane.name,
        concurrency=lane.places(concurrency),
        install_signal_handlers=False,
        delete_jobs="successful",
        fetch_job_polling_interval=1,
        shutdown_graceful_timeout=2,
        worker_middleware=[heart.run_job],
    )


@asynccontextmanager
async def _serve_health(settings: Settings, deadlines: Scheduler, pulse: Pulse) -> AsyncIterator[None]:
    """``/healthz``, ``/readyz`` and ``/metrics`` on loopback while the block runs, where settings name a port."""
    if not settings.worker_port:
        yield
        return
    app = web.Application()
    servers = standard_checks(settings.database_url, settings.redis_url, settings.data_dir)
    setup_health(app, {**servers, **work_checks(deadlines, pulse)})
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", settings.worker_port).start()
        yield
    finally:
        await runner.cleanup()


def work_checks(deadlines: Scheduler, pulse: Pulse) -> dict[str, Check]:
    """Whether all loops turn, and whether each kind of deadline can be processed. In a worker that has just started the
    first check waits for the first turns, so that a start is not reported as an outage."""

    async def check_loops() -> None:
        await pulse.wait_until_begun()
        if still := pulse.find_stopped_loops():
            raise NotReady(f"standing still: {', '.join(still)}")

    async def check_kinds() -> None:
        if failing := deadlines.failing_kinds():
            raise NotReady(f"failing: {', '.join(sorted(failing))}")

    return {"loops": check_loops, "due_tasks": check_kinds}


async def _tick(container: Container, well: Well) -> None:
    deadlines = container.services.operations.scheduler
    while True:
        await deadlines.tick()
        well()
        await asyncio.sleep(TICK_INTERVAL)


async def _audit(container: Container, queue: Queue, well: Well) -> None:
    """Wake running draws, free the jobs of dead workers, and report deadlines that stay overdue."""
    deadlines = container.services.operations.scheduler
    async with queue.open_async():
        while True:
            await deadlines.defer(list(deadlines.periodic))
            await free_stalled(queue)
            health = await deadlines.health()
            well()
            for table, count in health.overdue.items():
                overdue.labels(table).set(count)
            failing.set(len(health.failing))
            if health.is_healthy:
                heartbeat.set(time.time())
            else:
                log.error("auditor_alarm", **health.overdue, failing=sorted(health.failing))
            await asyncio.sleep(WATCH)


async def free_stalled(queue: Queue) -> None:
    """Hand a dead worker's jobs to others; a job with an identical one waiting is finished instead."""
    for job in await queue.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER):
        try:
            await queue.job_manager.retry_job(job)
            log.warning("job_of_dead_worker_freed", task=job.task_name, job_id=job.id)
        except UniqueViolation:
            await queue.job_manager.finish_job(job, Status.FAILED, delete_job=True)
