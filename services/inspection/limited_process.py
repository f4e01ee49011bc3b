"""A separate process for parsing untrusted files: limited memory and time, no writing.

Its memory goes with it. The parent calls ``LimitedProcess.ask``; the child's module ends in ``sys.exit(answer(work))``.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from domain.errors import Unavailable

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

ANSWER_MAX = 256 * 1024 * 1024
"""Bytes of an answer; a child that says more is ended."""
_CHUNK = 1024 * 1024
_ROOT = Path(__file__).parents[2]

Head = dict[str, Any]  # JSON-able
Work = Callable[[Head, bytes], tuple[Head, Sequence[bytes]]]
"""From what was asked and the file to an answer: a JSON-able head and blobs."""


@dataclass(frozen=True)
class Limits:
    """``memory`` in bytes of address space, ``cpu`` in seconds of processor time, ``seconds`` in all."""

    memory: int = 1024 * 1024 * 1024
    cpu: int = 20
    seconds: float = 30.0


class LimitedProcess:
    """Runs ``module`` for at most ``at_once`` files at once; others wait, at most ``patience`` seconds."""

    def __init__(self, module: str, limits: Limits, *, at_once: int, patience: float = 60.0) -> None:
        self._module = module
        self._limits = limits
        self._turn = asyncio.Semaphore(at_once)
        self._patience = patience

    async def ask(self, asked: Mapping[str, object], content: bytes) -> tuple[Head, list[bytes]] | None:
        """None for a file that broke the process or took too long. Raises Unavailable when the queue is too long."""
        try:
            async with asyncio.timeout(self._patience):
                await self._turn.acquire()
        except TimeoutError as error:
            log.warning("file_queue_long", module=self._module)
            raise Unavailable("现在上传文件的人较多，请一分钟后再试。", code="files_busy") from error
        try:
            answer = await self._run(json.dumps([self._limits.memory, self._limits.cpu, asked]), content)
        finally:
            self._turn.release()
        return _unpack(answer) if answer is not None else None

    async def _run(self, argument: str, content: bytes) -> bytes | None:
        """What the process wrote; None when it failed or took too long. It gets none of our environment."""
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
            async with asyncio.timeout(self._limits.seconds):
                answer = await _talk(process, content)
        except TimeoutError:
            log.warning("file_check_slow", bytes=len(content))
            return None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if answer is None or process.returncode != 0:
            log.warning("file_check_failed", status=process.returncode, bytes=len(content))
            return None
        return answer


async def _talk(process: asyncio.subprocess.Process, content: bytes) -> bytes | None:
    """Hand the file over and take the answer; None for one beyond ANSWER_MAX."""
    assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018  # both are pipes
    writing = asyncio.create_task(_hand_over(process.stdin, content))
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


async def _hand_over(pipe: asyncio.StreamWriter, content: bytes) -> None:
    pipe.write(content)
    await pipe.drain()
    pipe.close()


def _unpack(answer: bytes) -> tuple[Head, list[bytes]]:
    line, _, rest = answer.partition(b"\n")
    head: Head = json.loads(line)
    blobs, at = [], 0
    for size in head.pop("sizes"):
        blobs.append(rest[at : at + size])
        at += size
    return head, blobs


# ---- in the child


def answer(work: Work) -> int:
    """Limit this process, do the work that the command line asks for, and write the answer."""
    memory, cpu, asked = json.loads(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    head, blobs = work(asked, sys.stdin.buffer.read())
    out = sys.stdout.buffer
    out.write(json.dumps({**head, "sizes": [len(blob) for blob in blobs]}).encode() + b"\n")
    for blob in blobs:
        out.write(blob)
    return 0
