"""Kills the process at each point where its work leaves it, one point a run, and starts it again.

A *crossing* is a moment at which something outlives the process: a commit, an exchange with a vendor, a deferred job,
a publication. A run of a ``Story`` counts its crossings; in a further run the k-th of them dies. ``before``: the
commit, the request, the publication did not happen. ``after``: it happened, and nobody here heard of it. A statement
outside of a transaction is a commit of its own; a job that is deferred in a transaction comes and goes with it. All k
are tried that leave different states (``KillPoints.distinct``), and each run can be repeated alone: time stands still,
and random numbers come from the test's name. In one more run the process starts anew after each request and each job,
so that nothing it remembers is needed.

Death is ``Died``, which no ``except Exception`` catches. Whatever else the dead process tries fails in the same way,
its transactions roll back, its tasks end, and its services are thrown away; PostgreSQL, Redis and the vendors stay.
Then the process starts anew. Who got no answer asks again, with the same key; a vendor repeats its report; the job
that died is handed out again after ``STALLED_AFTER``, as ``app.worker`` does it; rows that are due are processed. In
the end the story must be as true as without a death: ``Story.check``.

``KILL_POINT=<k> pytest <test>`` runs the k-th alone, with the whole traceback of what went wrong.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import re
import sys
import traceback
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from types import CoroutineType, FrameType
from typing import Any, ClassVar, Literal, TypeVar, cast
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from procrastinate import App as Queue
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionContextPooled

from app.assembly import Ports
from app.worker import STALLED_AFTER
from domain.clock import FixedClock
from jobs.queue import make_queue
from jobs.tasks import register
from models import database_client
from services.core.base import Deps
from services.core.idempotency import once
from services.operations import delivery_reports, find_broken, find_broken_audit
from services.payments import webhooks
from services.registry import Services
from tests.plugins.lanes import seeded

T = TypeVar("T")
Kind = Literal["commit", "exchange", "defer", "publish"]
Side = Literal["before", "after"]
ROOT = Path(__file__).parents[2]
_PRODUCT = tuple(f"{ROOT / folder}{os.sep}" for folder in ("services", "jobs", "bot", "handlers"))
_WRITES = re.compile(r"\b(INSERT\s+INTO|UPDATE\s+\S+\s|DELETE\s+FROM)", re.IGNORECASE)
_LOCKS = re.compile(r"\bFOR\s+(NO\s+KEY\s+)?UPDATE\b", re.IGNORECASE)
_DEFERS = "procrastinate_defer_jobs"
_ROUNDS = 500
"""Rounds of work after which something must be going in circles."""
_LATE = timedelta(minutes=2)
_TAKE_JOB = """
UPDATE procrastinate_jobs SET status = 'doing' WHERE id = (SELECT id FROM procrastinate_jobs WHERE status = 'todo'
    AND (scheduled_at IS NULL OR scheduled_at <= now()) ORDER BY id LIMIT 1)
RETURNING id, task_name, args
"""
_FINISH_JOB = "DELETE FROM procrastinate_jobs WHERE id = %s"
_DROP_DOUBLE_JOBS = """
DELETE FROM procrastinate_jobs d WHERE status = 'doing' AND EXISTS (SELECT 1 FROM procrastinate_jobs t
    WHERE t.status = 'todo' AND t.queueing_lock = d.queueing_lock)
"""
_FREE_JOBS = "UPDATE procrastinate_jobs SET status = 'todo', attempts = attempts + 1 WHERE status = 'doing'"

_ACTS_TWICE = """
SELECT action, subject, actor_role, details, count(*) FROM audit_entry
GROUP BY action, subject, subject_id, actor_role, actor_id, details HAVING count(*) > 1
"""

_DIED = "died"


class Died(BaseException):
    """The process ended here."""


@dataclass
class Crossing:
    kind: Kind
    side: Side
    what: str
    act: int = field(compare=False)
    """Number of the request or job that crossed."""
    changed: bool = field(default=True, compare=False)
    """False for a commit of nothing: a death before it is the same as one after it."""

    def __str__(self) -> str:
        return f"{self.side} {self.kind} {self.what}"


class KillPoints:
    """Counts the crossings of a run from 1, and lets the process die at ``kill_at``."""

    def __init__(self, kill_at: int | None = None) -> None:
        self.kill_at = kill_at
        self.crossed: list[Crossing] = []
        self.dead = asyncio.Event()
        self._watching = False
        self._acts = 0
        self._jobs: set[int] = set()
        """Numbers of the acts that are jobs."""
        self._writing: set[int] = set()
        """Connections in a transaction that has written something."""

    def cross(self, kind: Kind, side: Side, what: str) -> Crossing:
        """Raises Died at the crossing that is chosen, and at all others until the next start."""
        crossing = Crossing(kind, side, what, self._acts)
        if not self._watching:
            return crossing
        if self.dead.is_set():
            raise Died(what)
        self.crossed.append(crossing)
        if len(self.crossed) == self.kill_at:
            self.dead.set()
            raise Died(what)
        return crossing

    def distinct(self) -> Iterator[tuple[int, Crossing]]:
        """The crossings at which a death leaves a state of its own, and their numbers.

        After a crossing is before the next one, unless the request or the job ends in between: its answer is lost.
        Before the first one nothing has happened yet, unless it is a job's, which is handed out again.
        """
        nothing = (0, Crossing("commit", "before", "", act=0))
        crossed = [(number, crossing) for number, crossing in enumerate(self.crossed, 1) if crossing.changed]
        for (_, earlier), (number, crossing), (_, following) in zip(
            [nothing, *crossed], crossed, [*crossed[1:], nothing], strict=False
        ):
            begins = crossing.act != earlier.act and crossing.act not in self._jobs
            if following.act != crossing.act if crossing.side == "after" else not begins:
                yield number, crossing

    @contextmanager
    def watching(self, *, job: bool = False) -> Iterator[None]:
        """Count the crossings of the product in the block, as one act."""
        before, self._watching = self._watching, True
        self._acts += 1
        if job:
            self._jobs.add(self._acts)
        try:
            yield
        finally:
            self._watching = before

    @contextmanager
    def patched(self) -> Iterator[None]:
        """Wrap commits, statements that commit by themselves, and deferred jobs."""
        with pytest.MonkeyPatch.context() as patch:
            leave = TransactionContextPooled.__aexit__
            patch.setattr(database_client._Transaction, "__aexit__", self._leaving(leave), raising=False)
            for name in ("execute_query", "execute_query_dict", "execute_insert", "execute_many"):
                patch.setattr(AsyncpgDBClient, name, self._executing(getattr(AsyncpgDBClient, name)))
            for module in (delivery_reports, webhooks):  # one row after another, or the order would change
                patch.setattr(module, "_AT_ONCE", 1)
            yield

    def _leaving(self, leave: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., Coroutine[Any, Any, None]]:
        async def leave_transaction(block: Any, kind: type[BaseException] | None, error: Any, trace: Any) -> None:
            changed = id(block.client._connection) in self._writing
            self._writing.discard(id(block.client._connection))
            if kind is not None:
                await leave(block, kind, error, trace)  # rolls back
                return
            what = _caller()
            try:
                self.cross("commit", "before", what).changed = changed
            except Died as death:
                await leave(block, Died, death, death.__traceback__)
                raise
            await leave(block, None, None, None)
            self.cross("commit", "after", what).changed = changed

        return leave_transaction

    def _executing(self, execute: Callable[..., Coroutine[Any, Any, T]]) -> Callable[..., Coroutine[Any, Any, T]]:
        async def execute_statement(client: AsyncpgDBClient, query: str, values: Any = None) -> T:
            kind = _kind_of(query)
            if kind is None:
                return await execute(client, query, values)
            if isinstance(client, TransactionWrapper):
                result = await execute(client, query, values)
                if _has_changed(query, result):
                    self._writing.add(id(client._connection))
                return result
            what = _caller()
            crossing = self.cross(kind, "before", what)
            result = await execute(client, query, values)
            crossing.changed = _has_changed(query, result)
            self.cross(kind, "after", what).changed = crossing.changed
            return result

        return execute_statement

    def wire(self, ports: Ports) -> Ports:
        """The ports, all of which that leave the process are watched."""
        vendors = ("official", "web", "mini", "sms", "voice", "bridge", "identity", "identity_verifier", "faces")
        watched = {name: self.port(getattr(ports, name)) for name in (*vendors, "mail", "files")}
        watched["pay"] = self.port(ports.pay, ours=["read_notification"])
        watched |= {name: self.port(getattr(ports, name), "publish") for name in ("windows", "relay")}
        return replace(ports, **watched)

    def port(self, vendor: Any, kind: Kind = "exchange", *, ours: Sequence[str] = ()) -> Any:
        """``vendor``, each coroutine of which is an exchange; but ``ours``, which compute something here."""
        return _Port(self, vendor, kind, ours)


@lru_cache(maxsize=1000)
def _kind_of(query: str) -> Kind | None:
    if _DEFERS in query:
        return "defer"
    return "commit" if _WRITES.search(_LOCKS.sub("", query)) else None


def _has_changed(query: str, result: object) -> bool:
    """Whether a statement has written a row. Of a compound statement it is unknown, so true."""
    if isinstance(result, tuple) and isinstance(result[0], int) and len(result) == 2:
        result = result[0] or result[1]
    return bool(result) or not query.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE", "SELECT"))


def _caller() -> str:
    """The method of the product that crosses."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(_PRODUCT) and not file.startswith(str(ROOT / "services" / "core" / "base.py")):
            return f"{Path(file).stem}.{frame.f_code.co_qualname}"
        frame = frame.f_back
    return "?"


class _Port:
    def __init__(self, points: KillPoints, vendor: Any, kind: Kind, ours: Sequence[str]) -> None:
        self._points, self._vendor, self._kind, self._ours = points, vendor, kind, ours

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._vendor, name)
        if name in self._ours or not inspect.iscoroutinefunction(method):
            return method

        async def exchange(*args: Any, **options: Any) -> Any:
            self._points.cross(self._kind, "before", name)
            answer = await method(*args, **options)
            self._points.cross(self._kind, "after", name)
            return answer

        return exchange


class SavedRows:
    """All rows of the test's database, which can be restored any number of times."""

    def __init__(self, database_url: str) -> None:
        parts = urlsplit(database_url)
        superuser = parts.netloc.replace(f"{parts.username}:", "postgres:", 1)  # has the same password
        self.connection = psycopg.connect(urlunsplit(parts._replace(netloc=superuser)), autocommit=True)
        self.connection.execute("SET session_replication_role = replica")  # no trigger, no foreign key
        self.connection.execute("SET lock_timeout = '10s'")  # a task that was left alone would hold it for ever
        self._count = 0

    def save(self) -> None:
        tables = [row[0] for row in self.connection.execute(_TABLES)]
        filled = [name for name in tables if self.connection.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone()]
        for number, name in enumerate(filled):
            self.connection.execute(f"CREATE TEMP TABLE saved_{number} AS TABLE {name}")
        body = [f"DELETE FROM {name};" for name in tables]
        body += [f"INSERT INTO {name} SELECT * FROM pg_temp.saved_{n};" for n, name in enumerate(filled)]
        body += [f"PERFORM setval({row[0]}, {row[1]}, {row[2]});" for row in self.connection.execute(_SEQUENCES)]
        self.connection.execute(
            f"CREATE FUNCTION pg_temp.restore() RETURNS void LANGUAGE plpgsql AS $$ BEGIN {' '.join(body)} END $$"
        )

    def restore(self) -> None:
        self.connection.execute("SELECT pg_temp.restore()")
        self._count += 1
        if self._count % 20 == 0:
            self.connection.execute("VACUUM")  # of rows deleted so often

    def close(self) -> None:
        self.connection.close()


_TABLES = """
SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1
"""
_SEQUENCES = """
SELECT seqrelid, coalesce(pg_sequence_last_value(seqrelid), seqstart), pg_sequence_last_value(seqrelid) IS NOT NULL
FROM pg_sequence
"""


@dataclass
class Life:
    """A process that is started again whenever it dies, and what time brings."""

    points: KillPoints
    clock: FixedClock
    deps: Deps
    saved: SavedRows
    make_services: Callable[[KillPoints], Services]
    """Builds a process's services over vendors that outlive it."""
    restless: bool = False
    """Whether a new process starts after each request and each job."""
    deaths: int = 0
    died_at: datetime | None = None
    _services: Services | None = None
    _queue: Queue = field(init=False)

    @property
    def services(self) -> Services:
        assert self._services is not None
        return self._services

    def start_process(self) -> None:
        """Start a process, which knows only what was stored."""
        self.points.dead.clear()
        self._services = self.make_services(self.points)
        self._queue = make_queue("postgres://nowhere/", pool_size=1)
        register(self._queue, self.services, self._no_chat)

    async def _no_chat(self, pool: str, message: str) -> None:
        raise AssertionError(f"a message of {pool} took too long")

    # ---- what people and vendors do

    async def ask(self, use_case: str, *args: Any, **options: Any) -> Any:
        """A request to the process, such as ``draws.calling.start``; who gets no answer asks again."""
        return await self._ask_until_answered(lambda: attrgetter(use_case)(self.services)(*args, **options))

    async def ask_once(self, key: str, use_case: str, *args: Any, **options: Any) -> None:
        """The same with a key, as edges do it: who asks again gets the stored answer."""

        async def run() -> bool:
            await attrgetter(use_case)(self.services)(*args, **options)
            return True

        await self._ask_until_answered(lambda: once(owner="person", key=key, deps=self.deps, answer=bool, run=run))

    async def _ask_until_answered(self, act: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await self._run(act)
            except Died:
                self._start_again()

    # ---- what the process does by itself

    async def work(self) -> None:
        """Run jobs and due rows until nothing is left. Raises what a job raises."""
        for _ in range(_ROUNDS):
            if not (done := await self._work_once()):
                return
        raise AssertionError(f"the work never ends, at last {done}")

    async def pass_time(self, seconds: float) -> None:
        self.clock.move(timedelta(seconds=seconds))
        now = self.clock.now()
        if self.died_at is not None and now >= self.died_at + timedelta(seconds=STALLED_AFTER):
            self.died_at = None
            self.saved.connection.execute(_DROP_DOUBLE_JOBS)
            self.saved.connection.execute(_FREE_JOBS)
        if self.deaths:  # the auditor, which finds what was lost
            await self._alone(lambda: self.services.operations.scheduler.defer(["watch_draws"]))
        await self.work()

    async def end(self) -> None:
        """Let time pass until also what a dead process left is done."""
        for _ in range(2):
            await self.pass_time(_LATE.total_seconds())

    async def _work_once(self) -> str:
        job = self.saved.connection.execute(_TAKE_JOB).fetchone()
        if job is None:
            return str(await self._alone(self.services.operations.scheduler.tick) or "")
        number, name, arguments = job
        task = cast("Callable[..., Awaitable[object]]", self._queue.tasks[name].func)
        if await self._alone(lambda: task(**arguments), job=True) is not _DIED:
            self.saved.connection.execute(_FINISH_JOB, [number])
        return f"{name} {json.dumps(arguments)}"

    async def _alone(self, work: Callable[[], Awaitable[Any]], *, job: bool = False) -> Any:
        """Background work: its result, or ``_DIED``."""
        try:
            return await self._run(work, job=job)
        except Died:
            self._start_again()
            return _DIED

    # ---- life and death

    async def _run(self, act: Callable[[], Awaitable[T]], *, job: bool = False) -> T:
        result = await run_until_death(self.points, act, job=job)
        if self.restless:
            self.start_process()
        return result

    def _start_again(self) -> None:
        self.deaths += 1
        self.died_at = self.clock.now()
        self.start_process()

    async def check(self) -> None:
        """What must hold after any story."""
        broken = await find_broken() + await find_broken_audit(self.deps)
        assert not broken, "\n".join(broken)
        health = await self.services.operations.scheduler.health()
        assert health.is_healthy, f"overdue: {health}"
        left = self.saved.connection.execute("SELECT status, task_name, args FROM procrastinate_jobs").fetchall()
        assert not left, f"jobs are left: {left}"
        twice = self.saved.connection.execute(_ACTS_TWICE).fetchall()
        assert not twice, f"recorded twice: {twice}"
        failed = self.saved.connection.execute("SELECT work, subject, error FROM row_failure").fetchall()
        assert not failed, f"rows failed: {failed}"


async def run_until_death(points: KillPoints, act: Callable[[], Awaitable[T]], *, job: bool = False) -> T:
    """Raises Died if the process died meanwhile, whatever the act made of it; then none of its tasks is left."""
    before = asyncio.all_tasks()

    async def live() -> T:
        return await act()

    with points.watching(job=job):
        life, death = asyncio.create_task(live()), asyncio.create_task(points.dead.wait())
        await asyncio.wait((life, death), return_when=asyncio.FIRST_COMPLETED)
        if not points.dead.is_set():
            await _end_tasks({death})
            return life.result()
        await _end_tasks(asyncio.all_tasks() - before)
        raise Died


async def _end_tasks(tasks: set[asyncio.Task[Any]]) -> None:
    """Tasks of asyncpg return connections to the pool, and end by themselves."""
    for task in tasks:
        if f"{os.sep}asyncpg{os.sep}" not in cast("CoroutineType[Any, Any, Any]", task.get_coro()).cr_code.co_filename:
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Story(ABC):
    """What people, vendors and the process do, from a database that ``prepare`` has filled."""

    told_elsewhere: ClassVar[tuple[str, ...]] = ()
    """Modules (``scheduler.``) at whose crossings nobody dies here: another story does it at the same ones."""

    def __init__(self, deps: Deps, clock: FixedClock) -> None:
        self.deps, self.clock = deps, clock

    @abstractmethod
    async def prepare(self) -> None:
        """Fill the database, once for all runs; nothing dies meanwhile."""

    @abstractmethod
    def begin(self) -> Callable[[KillPoints], Services]:
        """New vendors of one run; returns how a process is built over them."""

    @abstractmethod
    async def tell(self, life: Life) -> None:
        """The story, to its end."""

    @abstractmethod
    async def check(self, life: Life) -> Mapping[str, object]:
        """Assert what must be true in the end; returns facts that no death may change."""


class Enumeration:
    """The runs of one story, one for each crossing."""

    def __init__(self, story: Story, saved: SavedRows, test: str) -> None:
        self._story, self._saved, self._test = story, saved, test
        self._begins = story.clock.now()

    async def run(
        self, kill_at: int | None = None, *, restless: bool = False
    ) -> tuple[KillPoints, Mapping[str, object]]:
        """One run; returns its crossings, and the facts in the end. AssertionError for a run that ends wrong."""
        story = self._story
        self._saved.restore()
        story.clock.set(self._begins)
        points = KillPoints(kill_at)
        before = asyncio.all_tasks()
        with points.patched(), seeded(f"run of {self._test}"), _quiet_deaths():
            life = Life(points, story.clock, story.deps, self._saved, story.begin(), restless)
            life.start_process()
            try:
                await story.tell(life)
                await life.end()
                await life.check()
                facts = await story.check(life)
            finally:
                await _end_tasks(asyncio.all_tasks() - before)
        assert life.deaths == (kill_at is not None), f"crossing {kill_at} was never reached"
        return points, facts

    async def run_all(self, *kinds: Kind) -> None:
        """Kill at each crossing of these kinds. AssertionError that names every one after which the story ends wrong.

        All kinds at once are cheaper, one alone may run beside the others.
        """
        points, facts = await self.run()
        chosen = os.environ.get("KILL_POINT")
        if chosen is not None:
            _, ended = await self.run(int(chosen))
            assert ended == facts, _difference(facts, ended)
            return
        if "commit" in kinds:
            _, ended = await self.run(restless=True)
            assert ended == facts, f"a new process does otherwise: {_difference(facts, ended)}"
        crossings = [
            (number, crossing)
            for number, crossing in points.distinct()
            if crossing.kind in kinds and not crossing.what.startswith(self._story.told_elsewhere)
        ]
        without = {*kinds} - {crossing.kind for _, crossing in crossings}
        assert not without, f"the story crosses nothing of the kinds {without}"
        faults = await self._kill_at(crossings, facts)
        assert not faults, (
            f"{len(faults)} of {len(crossings)} kill points end wrong; "
            f"run one by KILL_POINT=<number> pytest '{self._test}'\n" + "\n".join(faults)
        )

    async def find_faults(self, kind: Kind, what: str = "") -> tuple[int, list[str]]:
        """How many crossings of this kind, and of methods named by ``what``, were tried; and each that ended wrong."""
        points, facts = await self.run()
        chosen = [(n, crossing) for n, crossing in points.distinct() if crossing.kind == kind and what in crossing.what]
        return len(chosen), await self._kill_at(chosen, facts)

    async def _kill_at(self, crossings: Sequence[tuple[int, Crossing]], facts: Mapping[str, object]) -> list[str]:
        """Each of these crossings, by its number, after which the story ends wrong."""
        faults = []
        for number, crossing in crossings:
            try:
                killed, ended = await self.run(number)
                instead = killed.crossed[number - 1]
                assert instead == crossing, f"the runs differ before the death, this one came to: {instead}"
                assert ended == facts, _difference(facts, ended)
            except Exception as fault:  # noqa: BLE001  (whatever is wrong with one, the others are tried)
                faults.append(f"{number} ({crossing}): {_place(fault)}{fault!r}")
        return faults


def _difference(wanted: Mapping[str, object], actual: Mapping[str, object]) -> str:
    return "; ".join(
        f"{name}: {actual[name]} instead of {wanted[name]}" for name in wanted if wanted[name] != actual[name]
    )


def _place(fault: BaseException) -> str:
    frames = [frame for frame in traceback.extract_tb(fault.__traceback__) if str(ROOT) in frame.filename]
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno} " if frames else ""


@contextmanager
def _quiet_deaths() -> Iterator[None]:
    """Log nothing of the tasks that ended with their process."""
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not isinstance(context.get("exception"), Died):
            (before or asyncio.AbstractEventLoop.default_exception_handler)(loop, context)

    loop.set_exception_handler(handle)
    try:
        yield
    finally:
        loop.set_exception_handler(before)


@asynccontextmanager
async def enumeration(story: Story, database_url: str, test: str) -> AsyncIterator[Enumeration]:
    """Prepare a story. ``test``: the name of the running test, for replays and as seed."""
    saved = SavedRows(database_url)
    try:
        with seeded(test):
            await story.prepare()
            life = Life(KillPoints(), story.clock, story.deps, saved, story.begin())
            life.start_process()
            await life.work()
        saved.save()
        yield Enumeration(story, saved, test)
    finally:
        saved.close()
