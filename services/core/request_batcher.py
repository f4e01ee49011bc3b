"""Combines concurrent requests into one call, which costs the database little more than a single request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from services.core.outages import AWAY

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Q = TypeVar("Q")
A = TypeVar("A")


@dataclass(frozen=True)
class _Request(Generic[Q, A]):
    question: Q
    answer: asyncio.Future[A]


class RequestBatcher(Generic[Q, A]):
    """Passes requests to ``answer``, which returns results in the same order; requests that come while ``lanes`` calls
    are running share the next one, ``most`` at a time. A single request is sent at once and alone.

    A failed call is repeated for each request alone, so that an invalid one fails for its caller only; ``answer`` must
    allow that. During an outage nothing is repeated: all sharers get a ConnectionError. Use it outside of transactions:
    the call may run in another caller's task.
    """

    def __init__(
        self, answer: Callable[[Sequence[Q]], Awaitable[Sequence[A]]], *, lanes: int = 1, most: int = 100
    ) -> None:
        self._answer = answer
        self._lanes = lanes
        self._most = most
        self._waiting: list[_Request[Q, A]] = []
        self._workers: set[asyncio.Task[None]] = set()

    async def ask(self, question: Q) -> A:
        request: _Request[Q, A] = _Request(question, asyncio.get_running_loop().create_future())
        self._waiting.append(request)
        if len(self._workers) < self._lanes:
            self._workers.add(asyncio.create_task(self._work()))
        return await request.answer

    async def close(self, timeout: float) -> None:
        """Wait for running calls, at most that many seconds."""
        if self._workers:
            await asyncio.wait(self._workers, timeout=timeout)

    async def _work(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                await self._settle([request for request in batch if not request.answer.done()])
        finally:  # in the same step as the last check for waiting callers, or one would wait for ever
            self._workers.discard(asyncio.current_task())

    async def _settle(self, batch: list[_Request[Q, A]]) -> None:
        try:
            answers = await self._answer([request.question for request in batch])
            for request, answer in zip(batch, answers, strict=True):
                if not request.answer.done():
                    request.answer.set_result(answer)
        except BaseException as error:
            if isinstance(error, Exception) and not isinstance(error, AWAY) and len(batch) > 1:
                log.warning("shared_call_failed", questions=len(batch), error=type(error).__name__)
                for request in batch:
                    await self._settle([request])
                return
            for request in batch:
                if not request.answer.done():
                    request.answer.set_exception(_of_ones_own(error, shared=len(batch) > 1))
            if not isinstance(error, Exception):
                raise


def _of_ones_own(error: BaseException, *, shared: bool) -> Exception:
    """A separate error for each task: raising one object in several tasks would mix their tracebacks."""
    if isinstance(error, Exception) and not shared:
        return error
    lost = ConnectionError(f"the shared call failed: {type(error).__name__}")
    lost.__cause__ = error
    return lost
