"""Questions that come at the same time share a call; no one waits for ever, and no one gets another's answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from services.core.request_batcher import RequestBatcher


class Oracle:
    """Doubles numbers, when it is let."""

    def __init__(self, lanes: int = 1, most: int = 100) -> None:
        self.calls: list[list[int]] = []
        self.free = asyncio.Event()
        self.failure: Exception | None = None
        self.bad = 0
        self.together: RequestBatcher[int, int] = RequestBatcher(self.answer, lanes=lanes, most=most)

    async def answer(self, questions: Sequence[int]) -> list[int]:
        self.calls.append(list(questions))
        await self.free.wait()
        if self.failure is not None:
            raise self.failure
        if self.bad in questions:
            raise ValueError("no")
        return [2 * number for number in questions]

    async def ask_together(self, *numbers: int) -> list[asyncio.Task[int]]:
        tasks = [asyncio.create_task(self.together.ask(number)) for number in numbers]
        for _ in range(3):
            await asyncio.sleep(0)
        return tasks


async def test_a_single_question_goes_at_once_and_those_after_it_share_the_next_call() -> None:
    oracle = Oracle()
    tasks = await oracle.ask_together(1) + await oracle.ask_together(2) + await oracle.ask_together(3)
    oracle.free.set()
    assert await asyncio.gather(*tasks) == [2, 4, 6]
    assert oracle.calls == [[1], [2, 3]]
    assert await oracle.together.ask(4) == 8


async def test_no_call_is_larger_than_agreed_and_lanes_go_side_by_side() -> None:
    oracle = Oracle(lanes=2, most=2)
    tasks = await oracle.ask_together(1) + await oracle.ask_together(2) + await oracle.ask_together(3, 4, 5)
    assert oracle.calls == [[1], [2]]
    oracle.free.set()
    assert await asyncio.gather(*tasks) == [2, 4, 6, 8, 10]
    assert sorted(oracle.calls) == [[1], [2], [3, 4], [5]]


async def test_an_invalid_query_fails_only_its_own_caller() -> None:
    oracle = Oracle()
    oracle.bad = 3
    tasks = await oracle.ask_together(1) + await oracle.ask_together(2, 3, 4)
    oracle.free.set()
    assert [await tasks[0], await tasks[1], await tasks[3]] == [2, 4, 8]
    with pytest.raises(ValueError, match="no"):
        await tasks[2]
    assert oracle.calls == [[1], [2, 3, 4], [2], [3], [4]]


async def test_an_outage_is_everybodys_of_that_call_and_is_not_made_longer() -> None:
    oracle = Oracle()
    oracle.failure = TimeoutError("away")
    alone, *shared = await oracle.ask_together(1) + await oracle.ask_together(2, 3)
    oracle.free.set()
    with pytest.raises(TimeoutError, match="away"):
        await alone
    for task in shared:
        with pytest.raises(ConnectionError, match="TimeoutError"):
            await task
    assert oracle.calls == [[1], [2, 3]]
    oracle.failure = None
    assert await oracle.together.ask(4) == 8


async def test_who_gave_up_while_waiting_is_not_asked_for() -> None:
    oracle = Oracle()
    first, given_up, last = await oracle.ask_together(1) + await oracle.ask_together(2, 3)
    given_up.cancel()
    await asyncio.sleep(0)
    oracle.free.set()
    assert [await first, await last] == [2, 6]
    assert oracle.calls == [[1], [3]]


async def test_a_cancelled_call_leaves_no_waiting_caller() -> None:
    oracle = Oracle()
    tasks = await oracle.ask_together(1) + await oracle.ask_together(2)
    for worker in asyncio.all_tasks() - {asyncio.current_task(), *tasks}:
        worker.cancel()
    with pytest.raises(ConnectionError):
        await tasks[0]
    later = await oracle.ask_together(3)
    oracle.free.set()
    assert [await task for task in (tasks[1], *later)] == [4, 6]
