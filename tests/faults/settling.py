"""The barrier of the fault tests: a driver moves the clock only when all work of the present moment is done.

Otherwise requests would be answered minutes after they were signed, which no real clock does.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import aiohttp
from asyncpg import InternalClientError, PostgresError
from tortoise.exceptions import BaseORMException

from app.demo.stage import DemoStage
from app.players.http_client import Refused
from domain.clock import FixedClock
from services.core.base import rows
from services.operations import Scheduler
from tests.factories.assembly import make_services

_JOBS = """
SELECT count(*)::int AS n FROM procrastinate_jobs j LEFT JOIN procrastinate_workers w ON w.id = j.worker_id
WHERE j.status = 'todo' AND (j.scheduled_at IS NULL OR j.scheduled_at <= now())
    OR j.status = 'doing' AND w.last_heartbeat > now() - interval '12 seconds'
"""
"""Those of a killed worker are not waited for: they are handed on after a minute without a heartbeat."""
_AWAY = (BaseORMException, PostgresError, InternalClientError, OSError, aiohttp.ClientError, TimeoutError, Refused)
"""Among them what asyncpg says of a connection that broke while a query was being given up."""
LONGEST = 20.0
"""Seconds that work of one moment may take; while parts are being killed it goes on after that."""


@dataclass(frozen=True)
class Barrier:
    stage: DemoStage
    clock: FixedClock
    scheduler: Scheduler

    @classmethod
    def of(cls, stage: DemoStage) -> Barrier:
        clock = FixedClock(datetime.now(UTC))
        return cls(stage, clock, make_services(replace(stage.deps, clock=clock)).operations.scheduler)

    async def wait_until_settled(self, longest: float = LONGEST) -> bool:
        """Wait until no row is due, no job waits or runs, and nothing is on its way; False where it takes too long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(longest):
                while await self._has_work():
                    await asyncio.sleep(0.05)
                return True
        return False

    async def _has_work(self) -> bool:
        """Whether there is work left; also where a server that would know is being started."""
        try:
            return bool(await self._count_in_sandbox() or (await rows(_JOBS))[0]["n"] or await self._find_due())
        except _AWAY:
            return True

    async def _count_in_sandbox(self) -> int:
        return int((await self.stage.http_client.control("/under-way"))["count"])

    async def _find_due(self) -> list[str]:
        self.clock.set(await self.stage.now())
        return await self.scheduler.find_due()
