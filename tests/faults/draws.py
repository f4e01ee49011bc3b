"""Shared by the fault tests: draws with autopilots, a killer of processes, and queries of unfinished work."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from asyncpg import InternalClientError, PostgresError
from redis.asyncio import Redis
from redis.exceptions import RedisError
from tortoise.exceptions import BaseORMException

from app.demo.data import POOL, SPECIALTY
from app.demo.stage import DemoStage, stage
from app.players.agency import Agency
from app.players.forms import EvaluationTimes
from app.players.parties import fix_order
from app.players.people import EXPERTS, STAFF
from app.players.supervisor import DrawSupervisor
from app.players.verifier import Verifier
from app.preparations import bring_demo_people
from domain.draws.lifecycles import DrawState
from services.core.base import rows
from services.draws.calls.expiry import CALL_GRACE
from services.operations import find_broken, find_broken_audit
from tests.faults.settling import Barrier
from tests.plugins.data_folders import data_folder

NEEDED = 3
COMPLETED, SHORT = DrawState.COMPLETED.label, DrawState.SHORT.label
SUPERVISOR = next(person.name for person in STAFF if person.role == "supervisor")
VENUE, ADDRESS = "演示省公共资源交易中心", "广州市天河区天润路333号"
_PATIENCE = 90.0
"""Seconds that staff wait for a killed service."""

_UNDER_WAY = (
    "SELECT n.kind, a.channel, a.state, a.vendor_code, a.due_at, a.check_at, a.checks FROM attempt a "
    "JOIN notice n ON n.id = a.notice_id WHERE a.state IN ('pending', 'sent', 'unknown') ORDER BY a.number"
)
_ANSWERS = (
    "SELECT a.out_id, i.state, i.answered_by, i.answered_at, i.answer_until, EXISTS (SELECT 1 FROM notice u "
    "WHERE u.invitation_id = i.id AND u.kind = 'draw_unclear') AS notified "
    "FROM attempt a JOIN notice n ON n.id = a.notice_id "
    "JOIN invitation i ON i.id = n.invitation_id "
    "WHERE n.kind IN ('draw_call', 'recall_call') AND a.out_id = ANY($1::text[])"
)
_ON_ITS_WAY = (
    "SELECT 1 FROM attempt a JOIN notice n ON n.id = a.notice_id "
    "WHERE n.kind = $1 AND a.state = 'unknown' AND a.vendor_id = '' LIMIT 1"
)
_DIALLING = "SELECT 1 FROM virtual_call WHERE state = 'dialling' AND call_id = '' LIMIT 1"
T = TypeVar("T")


@asynccontextmanager
async def running_draw_driver() -> AsyncIterator[DrawDriver]:
    """Everything started; the experts' autopilots are off."""
    with data_folder("faults") as folder:
        async with stage(folder, prepare=[bring_demo_people], durable=False) as demo_stage:
            yield DrawDriver(demo_stage)


@dataclass
class DrawDriver:
    """``times``: the evaluation's, by draw."""

    stage: DemoStage
    agency: Agency = field(init=False)
    verifier: Verifier = field(init=False)
    supervisor: DrawSupervisor = field(init=False)
    times: dict[str, EvaluationTimes] = field(default_factory=dict)
    barrier: Barrier = field(init=False)
    _days: int = 0

    def __post_init__(self) -> None:
        self.barrier = Barrier.of(self.stage)
        phones = {person.role: self.stage.phone(person.mobile, POOL) for person in STAFF}
        self.agency = Agency.with_phone(phones["agency"], patience=_PATIENCE)
        self.verifier = Verifier.with_phone(phones["verifier"], patience=_PATIENCE)
        self.supervisor = DrawSupervisor.with_phone(phones["supervisor"], patience=_PATIENCE)

    async def bind(self, count: int) -> None:
        """Let the first experts follow and bind themselves."""
        for person in EXPERTS[:count]:
            phone = self.stage.phone(person.mobile, POOL)
            await phone.follow()
            await phone.bind()

    async def set_autopilots(self, *, bound: int) -> None:
        """Four of five accept, in chat where possible, else by key; every fifth declines, one does not answer."""
        for at, person in enumerate(EXPERTS):
            choice = "silent" if at == 6 else "decline" if at % 5 == 4 else "accept"
            by = "both" if at < bound and at % 2 == 0 else "voice"
            await self.set_autopilot(person.mobile, choice, by)

    async def set_autopilot(self, mobile: str, choice: str, by: str) -> None:
        await self.stage.http_client.control(f"/phones/{mobile}/autopilot", {"choice": choice, "by": by, "after": 1})

    async def prepare_draw(self, needed: int = NEEDED) -> str:
        """A verified draw of this number of experts, on a day of its own."""
        agency = self.agency
        draw = await self.begin_draw(needed)
        await agency.add_notice(draw, self.times[draw], VENUE, ADDRESS)
        await agency.add_condition(draw, needed, specialty=SPECIALTY)
        await self.submit(draw)
        await self.supervisor.open()
        return draw

    async def begin_draw(self, needed: int = NEEDED) -> str:
        """A draw that is still being set up."""
        self._days += 1
        times = EvaluationTimes.after(await self.stage.now(), gathering=timedelta(days=self._days))
        project = await self.agency.create_project(
            name=f"第{self._days}个项目", number=f"E44010000012026{self._days:05}"
        )
        draw = await self.agency.begin_draw(project, times, needed, SUPERVISOR)
        self.times[draw] = times
        return draw

    async def submit(self, draw: str) -> None:
        """Submit to the trading centre, whose verifier approves."""
        await self.agency.submit(draw)
        await self.approve()

    async def approve(self) -> None:
        """The verifier approves the one application that waits."""
        await self.verifier.open_application()
        await self.verifier.approve()

    async def start(self, draw: str) -> None:
        await self.agency.open_round(draw)
        await fix_order(self.agency, self.supervisor)
        await self.agency.start(draw)

    async def move_to(self, moment: datetime) -> None:
        await self.nudge((moment - await self.stage.now()).total_seconds())

    async def nudge(self, seconds: float) -> None:
        """Move all clocks once the work of this moment is done; a service that is just starting gets the new time a
        little later."""
        await self.barrier.wait_until_settled()
        clock = await self.stage.http_client.control("/clock")
        wanted = {"offset_seconds": clock["offset_seconds"] + seconds}
        for _ in range(100):
            if (await self.stage.http_client.control("/clock", wanted))["forwarded"]:
                return
            await asyncio.sleep(0.2)
        raise AssertionError("the service never heard that the clock was moved")

    async def live_through(self, draw: str, *, step: float = 15.0, timeout: float = 240.0) -> Mapping[str, str]:
        """Let time go by in steps, each with all its work, until the draw is over; returns the figures of its page."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + timeout
        while True:
            progress = await self.agency.read_progress(draw)
            if progress["label"] in (COMPLETED, SHORT):
                return progress
            assert loop.time() < give_up, f"the draw hangs: {progress}\n{await self.overdue()}"
            await self.nudge(step)

    async def overdue(self) -> str:
        """Overdue work, for the message of a failing test."""
        work = await retry_query(lambda: rows(_UNDER_WAY))
        return "\n".join(str(dict(row)) for row in work[:20])

    # ---- what must hold afterwards

    async def check(self) -> None:
        """Invariants, the audit trail, no call dialled twice, no answer lost."""
        broken = await retry_query(find_broken) + await retry_query(lambda: find_broken_audit(self.stage.deps))
        assert not broken, "\n".join(broken)
        calls = [call for person in EXPERTS for call in (await self.phone(person.mobile))["calls"]]
        twice = [number for number, count in Counter(call["out_id"] for call in calls).items() if count > 1]
        assert not twice, f"attempts {twice} were dialled more than once"
        await self._check_answers(calls)

    async def phone(self, mobile: str) -> dict[str, Any]:
        return await self.stage.phone(mobile, POOL).read()

    async def _check_answers(self, calls: list[dict[str, Any]]) -> None:
        """An answer confirmed by key counts, unless the invitation was closed before the call ended, or the vendor
        didn't confirm the call until the grace was over: then the expert was notified that it does not count.
        """
        heard = {call["out_id"]: call for call in calls if call["state"] == "ended" and len(call["keys"]) == 2}
        attempts = await retry_query(lambda: rows(_ANSWERS, list(heard)))
        assert len(attempts) == len(heard)
        for row in attempts:
            call = heard[row["out_id"]]
            states = {"11": ("accepted", "released"), "22": ("declined",)}[call["keys"]]
            earlier = row["answered_at"].timestamp() <= call["ended_at"] + 1
            unconfirmed = row["notified"] and row["answered_at"] >= row["answer_until"] + CALL_GRACE
            assert row["state"] in states or earlier or unconfirmed, (
                f"attempt {row['out_id']} said {states[0]}: {dict(row)}"
            )


async def retry_query(ask: Callable[[], Awaitable[T]]) -> T:
    """Run a query on a database that may have been killed: connections of the pool fail one by one."""
    for _ in range(40):
        with suppress(BaseORMException, PostgresError, InternalClientError, OSError):
            return await ask()
        await asyncio.sleep(0.25)
    return await ask()


@asynccontextmanager
async def run_beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run a task until the block ends."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@dataclass
class Killer:
    """Kills a part with SIGKILL at times, up to a number of kills. ``chances`` makes its choices repeatable."""

    draw_driver: DrawDriver
    chances: random.Random = field(default_factory=random.Random)
    victims: tuple[str, ...] = ("web-1", "worker", "worker", "valkey", "postgres")
    most: int = 6
    killed: list[str] = field(default_factory=list)
    by_chance: list[str] = field(default_factory=list)
    """Those of ``killed`` that died at a random moment."""

    async def work(self) -> None:
        """Kill after a short or a long pause, repeatedly."""
        while len(self.killed) < self.most:
            await asyncio.sleep(self.chances.uniform(0.1, 3.0))
            victim = self.chances.choice(self.victims)
            if await self._kill(victim):
                self.by_chance.append(victim)

    async def kill_during(self, victim: str, doing: Awaitable[T]) -> T:
        """Kill a process some milliseconds after ``doing`` began; returns the result of ``doing``."""
        done, _ = await asyncio.gather(doing, self._kill_soon(victim))
        return done

    async def strike_sender(self, vendor: str, kind: str) -> None:
        """Kill the worker while it waits for a vendor that has carried out what a notice of this kind asks for."""
        fault = {"vendor": vendor, "kind": "drop_answer", "seconds": 0.5, "count": 1}
        await self.draw_driver.stage.http_client.control("/faults", fault)
        while not await retry_query(lambda: rows(_ON_ITS_WAY, kind)):
            await asyncio.sleep(0.02)
        await self._kill_soon("worker")

    async def strike_dialling(self) -> None:
        """Kill the worker between the commit that says that a virtual call is dialled and the vendor's answer."""
        fault = {"vendor": "voice", "kind": "drop_answer", "seconds": 0.5, "count": 1}
        await self.draw_driver.stage.http_client.control("/faults", fault)
        while not await retry_query(lambda: rows(_DIALLING)):
            await asyncio.sleep(0.02)
        await self._kill_soon("worker")

    async def _kill_soon(self, victim: str) -> None:
        await asyncio.sleep(self.chances.uniform(0, 0.08))
        await self._kill(victim)

    async def _kill(self, victim: str) -> bool:
        """Whether a process of that name was running and got SIGKILL."""
        pid = await self.pid(victim)
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.killed.append(victim)
                return True
        return False

    async def pid(self, name: str) -> int | None:
        """Process id of a part or server now; None while it is being started."""
        if name == "valkey":
            return await self._valkey()
        if name == "postgres":
            return self._postgres()
        return self.draw_driver.stage.supervisor.pid(name)

    async def family(self, name: str) -> list[int]:
        """The process and its children: PostgreSQL answers through children of its own."""
        pid = await self.pid(name)
        assert pid is not None
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *map(int, children)]

    async def _valkey(self) -> int | None:
        async with Redis.from_url(self.draw_driver.stage.servers.redis_url, socket_timeout=1) as client:
            try:
                return int((await client.info("server"))["process_id"])
            except (RedisError, OSError):
                return None

    def _postgres(self) -> int | None:
        pid_files = list((self.draw_driver.stage.settings.data_dir / "servers").resolve().glob("*/postmaster.pid"))
        with suppress(OSError, ValueError, IndexError):
            return int(pid_files[0].read_text().splitlines()[0])
        return None
