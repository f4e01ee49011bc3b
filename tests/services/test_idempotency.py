"""A deed with a key is done once, whether it is asked for again, at the same moment, or after a crash."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pytest

from domain.errors import AppError, Conflict, InvalidInput, RuleViolation, TooMany
from domain.ids import new_id
from models.accounts import IdempotencyKey
from models.draws import DrawNumber
from services.idempotency import once

pytestmark = pytest.mark.usefixtures("db")
NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Part:
    at: datetime


@dataclass(frozen=True)
class Deed:
    id: UUID
    parts: tuple[Part, ...]
    note: str | None


def _deed(result: Deed | AppError, *, fail: AppError | None = None) -> Callable[[], Awaitable[Deed | AppError]]:
    """Something that leaves a row behind each time it is carried out."""

    async def run() -> Deed | AppError:
        await DrawNumber.create(pool="demo", prefix="X", day=new_id().hex[-8:])
        if fail is not None:
            raise fail
        return result

    return run


DEED = Deed(new_id(), (Part(NOW), Part(NOW)), None)


async def _once(run: Callable[[], Awaitable[Deed | AppError]], key: str | None = "k", request: str = "") -> Deed:
    return await once(owner="test", key=key, now=NOW, answer=Deed, run=run, request=request)


async def test_a_repeat_gets_the_same_answer_down_to_types() -> None:
    assert await _once(_deed(DEED)) == DEED
    other = Deed(new_id(), (), "other")
    assert await _once(_deed(other)) == DEED
    assert await DrawNumber.all().count() == 1


async def test_without_a_key_everything_is_done_and_nothing_kept() -> None:
    await _once(_deed(DEED), key=None)
    await _once(_deed(DEED), key=None)
    assert await DrawNumber.all().count() == 2
    assert not await IdempotencyKey.exists()


async def test_an_error_that_is_raised_undoes_all_and_may_be_tried_again() -> None:
    with pytest.raises(Conflict):
        await _once(_deed(DEED, fail=Conflict("不行。")))
    assert not await DrawNumber.exists()
    assert await _once(_deed(DEED)) == DEED


@pytest.mark.parametrize("refusal", [
    InvalidInput("不对。", code="wrong", field="code", params={"left": 2}),
    TooMany("太多。", retry_after=77, code="locked"),
    RuleViolation("不许。", rule="draw.x", source="手册 L1", field="a.b"),
])  # fmt: skip
async def test_a_refusal_that_is_returned_keeps_what_was_written_and_is_the_answer_again(refusal: AppError) -> None:
    for _ in range(2):
        with pytest.raises(type(refusal)) as caught:
            await _once(_deed(refusal))
        assert vars(caught.value) == vars(refusal)
    assert await DrawNumber.all().count() == 1


async def test_the_same_key_for_another_request_is_refused() -> None:
    await _once(_deed(DEED), request="a")
    with pytest.raises(Conflict, match="另一项操作"):
        await _once(_deed(DEED), request="b")


async def test_of_many_at_once_one_is_carried_out() -> None:
    results = await asyncio.gather(*(_once(_deed(Deed(new_id(), (), None))) for _ in range(6)))
    assert len(set(results)) == 1
    assert await DrawNumber.all().count() == 1


async def test_without_the_claim_many_at_once_would_all_be_carried_out() -> None:
    """The control of the test above: the same run without a key."""
    await asyncio.gather(*(_once(_deed(DEED), key=None) for _ in range(6)))
    assert await DrawNumber.all().count() == 6


async def test_an_endless_key_is_refused() -> None:
    with pytest.raises(InvalidInput, match="120"):
        await _once(_deed(DEED), key="k" * 121)
