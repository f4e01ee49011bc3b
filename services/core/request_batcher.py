"""One call for what is asked at the same time: it costs the database little more than a call for one alone."""

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
class _Asked(Generic[Q, A]):
    question: Q
    answer: asyncio.Future[A]


class RequestBatcher(Generic[Q, A]):
    """Hands questions to ``answer`` (as many answers, in their order); those that come while ``lanes`` calls are under
    way share the next one, ``most`` at a time. A single question goes at once and alone.

    A call that fails is made again for each question alone, so that a bad one fails for its caller only; ``answer``
    must bear that. When a part of ours is away nothing is repeated: everybody who shared it gets a ConnectionError.
    Ask outside of transactions: the call may be carried by another asker's task.
    """

    def __init__(
        self, answer: Callable[[Sequence[Q]], Awaitable[Sequence[A]]], *, lanes: int = 1, most: int = 100
    ) -> None:
        self._answer = answer
        self._lanes = lanes
        self._most = most
        self._waiting: list[_Asked[Q, A]] = []
        self._workers: set[asyncio.Task[None]] = set()

    async def ask(self, question: Q) -> A:
        asked: _Asked[Q, A] = _Asked(question, asyncio.get_running_loop().create_future())
        self._waiting.append(asked)
        if len(self._workers) < self._lanes:
            self._workers.add(asyncio.create_task(self._work()))
        return await asked.answer

    async def close(self, timeout: float) -> None:
        """Wait for the calls under way, at most that many seconds."""
        if self._workers:
            await asyncio.wait(self._workers, timeout=timeout)

    async def _work(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                await self._settle([asked for asked in batch if not asked.answer.done()])
        finally:  # in the same step as the last look at who waits, or a caller would wait for ever
            self._workers.discard(asyncio.current_task())

    async def _settle(self, batch: list[_Asked[Q, A]]) -> None:
        try:
            answers = await self._answer([asked.question for asked in batch])
            for asked, answer in zip(batch, answers, strict=True):
                if not asked.answer.done():
                    asked.answer.set_result(answer)
        except BaseException as error:
            if isinstance(error, Exception) and not isinstance(error, AWAY) and len(batch) > 1:
                log.warning("shared_call_failed", questions=len(batch), error=type(error).__name__)
                for asked in batch:
                    await self._settle([asked])
                return
            for asked in batch:
                if not asked.answer.done():
                    asked.answer.set_exception(_of_ones_own(error, shared=len(batch) > 1))
            if not isinstance(error, Exception):
                raise


def _of_ones_own(error: BaseException, *, shared: bool) -> Exception:
    """Raising one object in several tasks would tangle their traces."""
    if isinstance(error, Exception) and not shared:
        return error
    lost = ConnectionError(f"the shared call failed: {type(error).__name__}")
    lost.__cause__ = error
    return lost
