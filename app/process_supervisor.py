"""Supervises the parts of the all-in-one start: starts them, restarts those that die, ends all in time."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import aiohttp
import structlog

from app.command_error import CommandError
from app.embedded.child import Child, spawn

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

END_TIMEOUT = 2.5
"""Seconds for a part to end by itself; together with the servers' limits all is down within five."""
READY_TIMEOUT = 90.0
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 10.0
STEADY_AFTER = 30.0
"""Seconds of life after which a part's earlier deaths no longer count."""


@dataclass(frozen=True)
class Part:
    """A program of ours. ``ready_url`` responds 200 as soon as it serves; empty: ready when started."""

    name: str
    command: Sequence[str]
    set_env: Mapping[str, str] = field(default_factory=dict)
    ready_url: str = ""


def python_part(name: str, *arguments: str, set_env: Mapping[str, str] | None = None, ready_url: str = "") -> Part:
    """A Python module run by our own interpreter as a part."""
    return Part(name, (sys.executable, "-m", *arguments), set_env or {}, ready_url)


class ProcessSupervisor:
    """Starts the parts in ``async with ProcessSupervisor(parts) as supervisor`` and ends them after the block; they
    print to ``output``."""

    def __init__(self, parts: Sequence[Part], *, cwd: Path | None = None, output: IO[bytes] | None = None) -> None:
        self._parts = parts
        self._cwd = cwd
        self._output = output
        self._children: dict[str, Child] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._all_ready = False
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._broken_part: Part | None = None

    async def __aenter__(self) -> ProcessSupervisor:
        try:
            for part in self._parts:
                self._children[part.name] = await self._spawn(part)
                self._tasks.append(asyncio.create_task(self._keep_running(part), name=f"keep {part.name}"))
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await asyncio.shield(self._end())

    def pid(self, name: str) -> int:
        return self._children[name].pid

    async def wait_until_ready(self) -> None:
        """Returns when every part serves; CommandError when one ends before, or takes too long."""
        everyone = asyncio.create_task(self._wait_for_everyone())
        try:
            waiting: set[asyncio.Future[None]] = {everyone, self._broken}
            await asyncio.wait(waiting, timeout=READY_TIMEOUT, return_when=asyncio.FIRST_COMPLETED)
            if self._broken_part is not None:
                raise CommandError(f"{self._broken_part.name} 没能启动，请查看上面的日志。")
            if not everyone.done():
                raise CommandError("启动超过一分半钟仍未就绪，请查看上面的日志。")
        finally:
            everyone.cancel()
        self._all_ready = True

    async def _wait_for_everyone(self) -> None:
        await asyncio.gather(*(_wait_for_url(part.ready_url) for part in self._parts if part.ready_url))

    async def _spawn(self, part: Part) -> Child:
        return await spawn(
            part.command, owner_gone=signal.SIGTERM, log=self._output, set_env=part.set_env, cwd=self._cwd
        )

    async def _keep_running(self, part: Part) -> None:
        deaths = 0
        loop = asyncio.get_running_loop()
        while True:
            born = loop.time()
            code = await self._children[part.name].wait()
            if not self._all_ready:
                if not self._broken.done():
                    self._broken_part = part
                    self._broken.set_result(None)
                return
            deaths = 0 if loop.time() - born > STEADY_AFTER else deaths + 1
            pause = min(FIRST_PAUSE * 2.0 ** max(deaths - 1, 0), LONGEST_PAUSE)
            log.error("part_died", part=part.name, exit_status=code, restart_in=pause)
            await asyncio.sleep(pause)
            self._children[part.name] = await self._respawn(part)

    async def _respawn(self, part: Part) -> Child:
        """Retries later where the machine has no resources for a process now."""
        while True:
            try:
                return await self._spawn(part)
            except OSError as error:
                log.error("part_not_started", part=part.name, reason=str(error), again_in=LONGEST_PAUSE)
                await asyncio.sleep(LONGEST_PAUSE)

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(child.stop(signal.SIGTERM, END_TIMEOUT) for child in self._children.values()))


async def _wait_for_url(url: str) -> None:
    timeout = aiohttp.ClientTimeout(total=3)
    async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session:
        while True:
            try:
                async with session.get(url, allow_redirects=False) as response:
                    if response.status < 400:
                        return
            except (aiohttp.ClientError, OSError, TimeoutError):
                pass
            await asyncio.sleep(0.1)
