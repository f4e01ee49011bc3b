"""The office's pages while processes are killed: two administrators, a killer that knows jobs, and what must hold."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import aiohttp

from app.commands.database import deps_for
from app.demo.data import POOL
from app.demo.stage import DemoStage, stage
from app.players.browser import NotShown
from app.players.http_client import Refused
from app.players.office import PoolOffice
from app.players.phones import NotArrived
from app.preparations import bring_demo_people
from config.settings import Settings
from domain.clock import FixedClock
from models.accounts import RoleGrant
from services.accounts import account_by_mobile
from services.core.base import Actor, Deps, execute, rows, transaction
from services.operations import find_broken, find_broken_audit
from services.registry import Services
from tests.factories.assembly import make_services
from tests.factories.people import BEGINNING
from tests.faults.draws import DrawDriver, Killer, retry_query
from tests.faults.payers import ADMIN, Debtor, PaymentDriver, friend_mobile, make_debtor
from tests.plugins.data_folders import data_folder

T = TypeVar("T")
DEBTORS = 8
SECOND = friend_mobile(39)
"""The other administrator's mobile."""
_TRIES = 5
"""Kills of a worker for each that must meet the job."""
NO_JOB = 60.0
"""Seconds after which no further job of a kind is expected."""
LONGEST = 300.0
"""Seconds that an act of the office may take while it is killed, on a busy machine."""
_DOING = """
SELECT j.id, j.worker_id FROM procrastinate_jobs j JOIN procrastinate_workers w ON w.id = j.worker_id
 WHERE j.task_name = $1 AND $2 IN ('', j.args->>'kind') AND j.status = 'doing'
   AND w.last_heartbeat > now() - interval '1 minute' LIMIT 1
"""
_SILENCE = """
UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '1 hour' WHERE id = $1
"""


async def bring_office(settings: Settings) -> None:
    """A second administrator, and approved persons who have to pay."""
    async with deps_for(settings) as deps:
        async with transaction():
            second = await account_by_mobile(deps, POOL, SECOND)
            await RoleGrant.create(account_id=second.id, role="pool_admin", scope="", granted_at=BEGINNING)
        for at in range(DEBTORS):
            await make_debtor(deps, Debtor(at), settings.wechat.accounts[POOL].appid)


@asynccontextmanager
async def running_office_driver() -> AsyncIterator[OfficeDriver]:
    """Everything started with the demonstration's people, eight in the morning."""
    with data_folder("office") as folder:
        async with stage(folder, prepare=[bring_demo_people, bring_office], durable=False) as demo_stage:
            payments = PaymentDriver(demo_stage, replace(demo_stage.http_client, timeout=150.0))
            await payments.begin()
            yield OfficeDriver(demo_stage, payments)


@dataclass
class OfficeDriver:
    stage: DemoStage
    payments: PaymentDriver
    debtors: list[Debtor] = field(default_factory=lambda: [Debtor(at) for at in range(DEBTORS)])

    @property
    def draw_driver(self) -> DrawDriver:
        return self.payments.draw_driver

    async def first(self) -> PoolOffice:
        return await self.payments.office()

    async def second(self) -> PoolOffice:
        return PoolOffice(await self.payments.mini(SECOND, "pool_admin"))

    async def deps(self) -> Deps:
        """The services' dependencies at the stage's present moment."""
        return replace(self.stage.deps, clock=FixedClock(await self.stage.now()))

    async def services(self) -> tuple[Services, Actor]:
        """For acts whose page is not the subject, by the first administrator; jobs go to the stage's worker."""
        deps = await self.deps()
        admin = await retry_query(lambda: account_by_mobile(deps, POOL, ADMIN.mobile))
        return make_services(deps), Actor(POOL, "pool_admin", admin.id)

    async def wait_until(self, look: Callable[[], Awaitable[T | None]], what: str, *, step: float = 0.0) -> T:
        """The first result of ``look`` that is not empty; ``step``: seconds by which clocks are moved between looks."""
        give_up = asyncio.get_running_loop().time() + LONGEST
        while not (value := await retry_query(look)):
            assert asyncio.get_running_loop().time() < give_up, what
            await (self.draw_driver.nudge(step) if step else asyncio.sleep(0.1))
        return value

    async def check(self) -> None:
        broken = await retry_query(find_broken) + await retry_query(lambda: find_broken_audit(self.stage.deps))
        assert not broken, "\n".join(broken)


@dataclass
class JobKiller(Killer):
    """Kills the worker while it has a certain job, and lets others have that job at once instead of after a minute."""

    struck: int = 0
    """Kills that met the job."""

    async def strike_job(self, task: str, longest: float, *, kind: str = "", times: int = 1) -> None:
        """SIGKILL for the worker at a random moment, up to ``longest`` seconds after it has begun such a job; ``kind``:
        of a due task. Goes on until ``times`` kills have met it, or tries are used up: a job may be over before."""
        wanted = self.struck + times
        for _ in range(times * _TRIES):
            if self.struck >= wanted:
                return
            job = await self._wait_for_job(task, kind)
            pid = await self.pid("worker")
            if job is None or pid is None:
                return
            await asyncio.sleep(self.chances.uniform(0, longest))
            self.struck += bool(await retry_query(lambda: rows(_DOING, task, kind)))
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            self.killed.append("worker")
            await self._declare_dead(job["worker_id"])
            while await self.pid("worker") in (pid, None):
                await asyncio.sleep(0.05)

    async def _wait_for_job(self, task: str, kind: str) -> Any:
        """None where no such job is begun."""
        give_up = asyncio.get_running_loop().time() + NO_JOB
        while not (doing := await retry_query(lambda: rows(_DOING, task, kind))):
            if asyncio.get_running_loop().time() > give_up:
                return None
            await asyncio.sleep(0.01)
        return doing[0]

    async def _declare_dead(self, worker_id: int) -> None:
        await retry_query(lambda: execute(_SILENCE, worker_id))


async def press(player: PoolOffice, path: str, button: str) -> None:
    """Press a button, selected by the beginning of its label, of a page whose process may be killed meanwhile; it may
    be gone already, since that process answered nobody."""
    with suppress(NotArrived, NotShown, Refused, aiohttp.ClientError, StopIteration):
        page = await player.open(path)
        await player.browser.press(next(label for label in sorted(page.buttons) if label.startswith(button)))


async def press_while_killed(
    killer: Killer, player: PoolOffice, path: str, button: str, has_worked: Callable[[], Awaitable[bool]]
) -> None:
    """The web process is killed before, in or after the transaction; then one looks, and presses again if need be."""
    await killer.kill_during("web-1", press(player, path, button))
    give_up = asyncio.get_running_loop().time() + LONGEST
    while not await retry_query(has_worked):
        assert asyncio.get_running_loop().time() < give_up, f"{button} never worked"
        await press(player, path, button)
        await asyncio.sleep(0.2)


def make_killer(office: OfficeDriver, seed: int) -> JobKiller:
    return JobKiller(office.draw_driver, random.Random(seed))
