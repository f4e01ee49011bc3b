"""Common base of the embedded PostgreSQL and Valkey: start, restart after a crash, stop."""

from __future__ import annotations

import asyncio
import signal
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

import structlog

from app.embedded.child import Child, spawn
from app.embedded.errors import EmbeddedError, disk_full
from app.embedded.home import ServerHome
from app.free_port import free_port

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

START_TIMEOUT = 120.0
"""Seconds until a start counts as failed; recovery after a crash takes time."""
PREDECESSOR_TIMEOUT = 15.0
"""Seconds for the processes of a killed instance to end."""
LOG_LIMIT = 8 * 1024 * 1024
"""Bytes from which a log file is renamed at the next start."""
RESTART_PAUSES = (0.1, 0.5, 1.0, 2.0, 5.0)
"""Seconds before each attempt to restart; the last one repeats."""
_CANCEL_RETRY_AFTER = 1.0


class Server(ABC):
    """One server program on a port of the loopback address."""

    name: ClassVar[str]
    owner_gone: ClassVar[signal.Signals]
    """The signal that makes this program shut down in order and quickly."""

    def __init__(self, home: ServerHome, *, durable: bool) -> None:
        self.home = home
        self.durable = durable
        self.port = 0
        self._child: Child | None = None
        self._keep_task: asyncio.Task[None] | None = None
        self._log_start = 0

    @property
    @abstractmethod
    def url(self) -> str:
        """The URL for clients, password included."""

    @abstractmethod
    async def _prepare(self) -> None:
        """Make the data folder."""

    @abstractmethod
    async def _launch(self) -> Child:
        """Start the program on ``self.port``."""

    @abstractmethod
    async def _answers(self) -> bool:
        """Whether the program serves clients."""

    @abstractmethod
    async def _end(self, child: Child) -> None:
        """Shut the program down within about five seconds."""

    def _mend(self, output: str) -> bool:
        """Repair what prevented the start, given the program's log; True when another try makes sense."""
        return False

    async def start(self) -> None:
        """Start, wait until it serves, then keep it alive; EmbeddedError with one sentence otherwise."""
        await self._prepare()
        self.port = free_port()
        await self._start_program(port_is_free_to_change=True)
        self._keep_task = asyncio.create_task(self._keep_running(), name=f"keep {self.name}")

    async def stop(self) -> None:
        while self._keep_task is not None and not self._keep_task.done():
            self._keep_task.cancel()  # repeatedly: a library may swallow one that meets its own time-out
            await asyncio.wait([self._keep_task], timeout=_CANCEL_RETRY_AFTER)
        if self._child is not None and self._child.returncode is None:
            await self._end(self._child)

    async def _run(self, command: list[str]) -> Child:
        """Start ``command`` as the servers' user, in a clean environment, with its output in the log."""
        with self.log_path.open("ab") as output:
            return await spawn(
                command,
                owner_gone=self.owner_gone,
                log=output,
                # English messages: what may pass, and a full disk, are recognised by words of the log.
                env={"LC_ALL": "C", "PATH": "/usr/local/bin:/usr/bin:/bin"},
                cwd=self.home.folder,
                person=self.home.person,
            )

    @property
    def log_path(self) -> Path:
        return self.home.folder / f"{self.name}.log"

    @property
    def pid(self) -> int:
        """Process id of the running program."""
        if self._child is None:
            raise RuntimeError(f"{self.name} has not been started")
        return self._child.pid

    async def _start_program(self, *, port_is_free_to_change: bool) -> None:
        deadline = asyncio.get_running_loop().time() + PREDECESSOR_TIMEOUT
        while True:
            self._rotate_log()
            self._child = await self._launch()
            if await self._wait_until_ready(self._child):
                return
            output = self.read_output()
            late = asyncio.get_running_loop().time() > deadline
            if "No space left on device" in output:
                raise disk_full(self.home.folder)
            if late or not (_is_transient(output) or self._mend(output)):
                raise EmbeddedError(f"内置的 {self.name} 没能启动：{_last_line(output)}（日志：{self.log_path}）。")
            if port_is_free_to_change and "in use" in output:
                self.port = free_port()
            await asyncio.sleep(0.2)

    async def _wait_until_ready(self, child: Child) -> bool:
        """False when the program ended instead."""
        try:
            async with asyncio.timeout(START_TIMEOUT):
                while child.returncode is None:
                    if await self._answers():
                        return True
                    await asyncio.sleep(0.02)
        except TimeoutError as error:
            await self._end(child)
            raise EmbeddedError(f"内置的 {self.name} 迟迟没有就绪，请查看日志 {self.log_path}。") from error
        return False

    async def _keep_running(self) -> None:
        """Restart the program on the same port whenever it dies."""
        while True:
            child = self._child
            if child is None:
                return
            code = await child.wait()
            log.error("embedded_server_died", server=self.name, exit_status=code)
            await self._restart()
            log.info("embedded_server_back", server=self.name)

    async def _restart(self) -> None:
        attempt = 0
        while True:
            await asyncio.sleep(RESTART_PAUSES[min(attempt, len(RESTART_PAUSES) - 1)])
            try:
                await self._start_program(port_is_free_to_change=False)
            except (EmbeddedError, OSError) as error:
                attempt += 1
                log.error("embedded_server_restart_failed", server=self.name, attempt=attempt, reason=str(error))
            else:
                return

    def _rotate_log(self) -> None:
        size = self.log_path.stat().st_size if self.log_path.exists() else 0
        if size > LOG_LIMIT:
            self.log_path.replace(self.log_path.with_suffix(".log.1"))
            size = 0
        self._log_start = size

    def read_output(self) -> str:
        """The program's log since its latest start."""
        with self.log_path.open("rb") as file:
            file.seek(self._log_start)
            return file.read(65536).decode(errors="replace")


def _is_transient(output: str) -> bool:
    """Whether another try may help: a killed instance still ends, or the port was just taken."""
    return any(reason in output for reason in ("in use", "lock file", "shared memory block"))


def _last_line(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "没有留下任何信息"
