"""Rows that are due: one's trouble is not that of the others, the database's is everybody's."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

import pytest

from services.core.base import execute, rows
from services.core.due_rows import process_each, process_together
from tests.services.conftest import end_pauses


class Worker:
    """Works on numbers; takes a few turns for each, and remembers how many were in hand at a time."""

    def __init__(self, troubles: dict[int, Exception] | None = None) -> None:
        self.done: list[int] = []
        self.most = 0
        self._in_hand = 0
        self._troubles = troubles or {}

    async def work(self, number: int) -> None:
        self._in_hand += 1
        self.most = max(self.most, self._in_hand)
        try:
            for _ in range(3):
                await asyncio.sleep(0)
            if number in self._troubles:
                raise self._troubles[number]
            self.done.append(number)
        finally:
            self._in_hand -= 1


@pytest.mark.parametrize(("at_once", "most"), [(1, 1), (4, 4), (50, 9)])
async def test_each_is_done_once_and_no_more_at_once_than_agreed(db: str, at_once: int, most: int) -> None:
    worker = Worker()
    assert await process_each("numbers", range(9), worker.work, at_once=at_once) == 9
    assert (sorted(worker.done), worker.most) == (list(range(9)), most)


@pytest.mark.parametrize("at_once", [1, 3])
async def test_a_row_that_fails_does_not_delay_the_others(db: str, at_once: int) -> None:
    worker = Worker({0: ValueError("no"), 4: KeyError("no")})
    assert await process_each("numbers", range(6), worker.work, at_once=at_once) == 4
    assert sorted(worker.done) == [1, 2, 3, 5]


@pytest.mark.parametrize("at_once", [1, 3])
async def test_an_outage_ends_the_round_and_is_raised_as_it_is(db: str, at_once: int) -> None:
    worker = Worker({number: ConnectionRefusedError("away") for number in range(2, 50)})
    with pytest.raises(ConnectionRefusedError, match="away"):
        await process_each("numbers", range(50), worker.work, at_once=at_once)
    assert set(worker.done) <= {0, 1}
    assert worker.most <= at_once


async def test_nothing_due_is_nothing_done() -> None:
    assert await process_each("numbers", [], Worker().work, at_once=4) == 0


async def test_a_row_that_fails_is_left_alone_for_a_pause_that_grows(db: str) -> None:
    worker = Worker({7: OverflowError("year 10000")})
    pauses = []
    for _ in range(12):
        assert await process_each("numbers", [7, 8], worker.work) == 1
        assert await process_each("numbers", [7], worker.work) == 0
        [row] = await rows(
            "SELECT failures, error, extract(epoch FROM retry_at - clock_timestamp()) AS s FROM row_failure"
        )
        pauses.append(float(row["s"]))
        await end_pauses()
    assert (row["failures"], row["error"]) == (12, "OverflowError")
    assert pauses[0] <= 2
    assert [2**n * 0.6 < pause < 2**n * 1.3 for n, pause in enumerate(pauses[1:7], 2)] == [True] * 6
    assert max(pauses) <= 375
    assert worker.done == [8] * 12


async def test_a_row_that_succeeds_in_the_end_is_forgotten(db: str) -> None:
    worker = Worker({7: ValueError("no")})
    await process_each("numbers", [7], worker.work)
    await end_pauses()
    await process_each("others", [7], Worker().work)
    assert await process_each("numbers", [7], Worker().work) == 1
    assert await rows("SELECT 1 FROM row_failure") == []


async def test_a_batch_is_one_transaction_and_a_bad_row_costs_only_itself(db: str) -> None:
    worker, batches = Worker({4: ValueError("no")}), []

    async def work(numbers: Sequence[int]) -> None:
        batches.append(list(numbers))
        for number in numbers:
            await worker.work(number)

    async def find(numbers: Sequence[int]) -> Sequence[int]:
        return numbers

    assert await process_together("numbers", partial(find, [1, 2, 3]), work) == 3
    assert batches == [[1, 2, 3]]
    assert await process_together("numbers", partial(find, [4, 5, 6]), work) == 2
    assert batches[1:] == [[4, 5, 6], [4], [5], [6]]
    assert [row["subject"] for row in await rows("SELECT subject FROM row_failure")] == ["4"]


async def test_what_a_batch_did_before_it_failed_is_taken_back(db: str) -> None:
    async def work(numbers: Sequence[int]) -> None:
        for number in numbers:
            await execute(
                "INSERT INTO spent_token (id, digest, until) VALUES (gen_random_uuid(), $1, now())", str(number)
            )
            if number == 2:
                raise ValueError("no")

    async def find() -> Sequence[int]:
        return [1, 2, 3]

    assert await process_together("numbers", find, work) == 2
    assert sorted(row["digest"] for row in await rows("SELECT digest FROM spent_token")) == ["1", "3"]


async def test_a_failure_is_forgotten_when_a_batch_goes_well(db: str) -> None:
    troubles: dict[int, Exception] = {4: ValueError("no")}
    worker = Worker(troubles)

    async def work(numbers: Sequence[int]) -> None:
        for number in numbers:
            await worker.work(number)

    async def find() -> Sequence[int]:
        return [4, 5]

    await process_together("numbers", find, work)
    troubles.clear()
    assert await process_together("numbers", find, work) == 2
    assert await rows("SELECT 1 FROM row_failure") == []


async def test_a_search_that_fails_raises_its_error(db: str) -> None:
    async def find() -> Sequence[int]:
        raise KeyError("a column that is gone")

    with pytest.raises(KeyError):
        await process_together("numbers", find, Worker().work)  # type: ignore[arg-type]  # never called
