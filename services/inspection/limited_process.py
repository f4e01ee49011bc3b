"""A separate process for parsing untrusted files: limited memory and time, no writing.

Its memory is freed at its end. The parent calls ``LimitedProcess.ask``, or ``parts`` for a long result that neither
side holds completely; ``child_process`` is the child's side.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakValueDictionary

import structlog

from domain.errors import Unavailable
from services.inspection.child_process import PART_SIZE, Head

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

ANSWER_MAX = 256 * 1024 * 1024
"""Bytes of a result; a child that writes more is killed."""
_CHUNK = 1024 * 1024
_ROOT = Path(__file__).parents[2]


class ProcessBroken(Exception):
    """The file crashed the process, or took too long."""


@dataclass(frozen=True)
class ProcessLimits:
    """``memory`` in bytes of address space, ``cpu`` in seconds of processor time, ``seconds`` in all."""

    memory: int = 1024 * 1024 * 1024
    cpu: int = 20
    seconds: float = 30.0


class LimitedProcess:
    """Runs ``module`` for at most ``at_once`` files at once; others wait, at most ``timeout`` seconds.

    Of the files that name the same ``queue`` at most ``of_queue`` run at once, and queues take turns: many files of one
    pool make other pools wait for one of them at most. Without a name a file waits for a free place alone.
    """

    def __init__(
        self, module: str, limits: ProcessLimits, *, at_once: int, of_queue: int = 1, timeout: float = 60.0
    ) -> None:
        self._module = module
        self._limits = limits
        self._of_queue = of_queue
        self._places = asyncio.Semaphore(at_once)
        self._queues: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._timeout = timeout

    async def ask(
        self, request: Mapping[str, object], content: bytes, queue: str = ""
    ) -> tuple[Head, list[bytes]] | None:
        """None for a file that crashed the process or took too long. Raises Unavailable when the queue is too long."""
        async with self._take_turn(queue):
            answer = await self._run_process(self._request_argument(request), content)
        return _unpack(answer) if answer is not None else None

    async def parts(
        self, request: Mapping[str, object], content: bytes, queue: str = ""
    ) -> AsyncGenerator[bytes, None]:
        """The output of the process, while it works. Raises ProcessBroken, and Unavailable as ``ask``."""
        async with self._take_turn(queue), self._start_process(self._request_argument(request)) as process:
            until, total = asyncio.get_running_loop().time() + self._limits.seconds, 0
            assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018  # both are pipes
            writing = asyncio.create_task(_write_content(process.stdin, content))
            try:
                while (part := await _read_part(process.stdout, until, ANSWER_MAX - total)) is not None:
                    total += len(part)
                    yield part
            finally:
                # the child may have ended without reading all of its input
                writing.cancel()
                await asyncio.gather(writing, return_exceptions=True)
            if await process.wait() != 0:
                log.warning("file_check_failed", status=process.returncode, bytes=len(content))
                raise ProcessBroken

    def _request_argument(self, request: Mapping[str, object]) -> str:
        return json.dumps([self._limits.memory, self._limits.cpu, request])

    @asynccontextmanager
    async def _take_turn(self, queue: str) -> AsyncIterator[None]:
        # places are given in the order of asking, and only the first of each queue ask
        own_queue = self._queues.setdefault(queue, asyncio.Semaphore(self._of_queue)) if queue else nullcontext()
        async with AsyncExitStack() as turn:
            try:
                async with asyncio.timeout(self._timeout):
                    await turn.enter_async_context(own_queue)
                    await turn.enter_async_context(self._places)
            except TimeoutError as error:
                log.warning("file_queue_long", module=self._module)
                raise Unavailable("现在上传文件的人较多，请一分钟后再试。", code="files_busy") from error
            yield

    @asynccontextmanager
    async def _start_process(self, argument: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """The process, without our environment; it ends with the block."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self._module,
            argument,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=_ROOT,
            env={"LANG": "C.UTF-8"},
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def _run_process(self, argument: str, content: bytes) -> bytes | None:
        """The output of the process; None when it failed or took too long."""
        async with self._start_process(argument) as process:
            try:
                async with asyncio.timeout(self._limits.seconds):
                    answer = await _exchange(process, content)
            except TimeoutError:
                log.warning("file_check_slow", bytes=len(content))
                return None
        if answer is None or process.returncode != 0:
            log.warning("file_check_failed", status=process.returncode, bytes=len(content))
            return None
        return answer


async def _exchange(process: asyncio.subprocess.Process, content: bytes) -> bytes | None:
    """Send the file and read the result; None for one beyond ANSWER_MAX."""
    assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018  # both are pipes
    writing = asyncio.create_task(_write_content(process.stdin, content))
    answer = bytearray()
    try:
        while chunk := await process.stdout.read(_CHUNK):
            answer += chunk
            if len(answer) > ANSWER_MAX:
                return None
        await process.wait()
        return bytes(answer)
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)


async def _write_content(pipe: asyncio.StreamWriter, content: bytes) -> None:
    pipe.write(content)
    await pipe.drain()
    pipe.close()


async def _read_part(pipe: asyncio.StreamReader, until: float, size_max: int) -> bytes | None:
    """None at the end. Raises ProcessBroken for a part that is truncated, too long or too late."""
    try:
        async with asyncio.timeout_at(until):
            size = int.from_bytes(await pipe.readexactly(PART_SIZE), "big")
            if size > size_max:
                raise ProcessBroken
            return await pipe.readexactly(size)
    except asyncio.IncompleteReadError as error:
        if error.partial or error.expected != PART_SIZE:
            raise ProcessBroken from error
        return None
    except TimeoutError as error:
        raise ProcessBroken from error


def _unpack(answer: bytes) -> tuple[Head, list[bytes]]:
    line, _, rest = answer.partition(b"\n")
    head: Head = json.loads(line)
    blobs, at = [], 0
    for size in head.pop("sizes"):
        blobs.append(rest[at : at + size])
        at += size
    return head, blobs
