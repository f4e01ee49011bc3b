"""Locks after wrong tries, and limits of tries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import TooMany
from services.accounts.wrong_tries import TryLimits, evaluate_tries
from services.core.base import Actor, Deps, record, transaction
from services.core.limits import REPEATS_MAX, check_recent, check_repeats
from tests.factories.people import make_account

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


LIMITS = TryLimits(lock_after=10, lock_for=timedelta(minutes=30), pause=timedelta(seconds=60))


def _tries(*minutes: int) -> list[datetime]:
    return [NOON + timedelta(minutes=minute) for minute in minutes]


def test_ten_wrong_entries_in_a_row_lock_for_half_an_hour_after_the_last() -> None:
    assert evaluate_tries(_tries(*range(9)), LIMITS) == (None, 9)
    assert evaluate_tries(_tries(*range(10)), LIMITS) == (NOON + timedelta(minutes=9 + 30), 10)


def test_after_a_lock_the_count_begins_anew() -> None:
    assert evaluate_tries(_tries(*range(10), 40), LIMITS) == (None, 1)
    assert evaluate_tries(_tries(*range(10), *range(40, 50)), LIMITS)[0] == NOON + timedelta(minutes=49 + 30)


async def test_look_ups_are_counted_by_person_and_act(db: str, deps: Deps) -> None:
    person, other = await make_account(deps), await make_account(deps)

    async def look(account_id: object, now: datetime, action: str = "absence.lookup") -> None:
        account = person if account_id == person.id else other
        async with transaction():
            await check_recent(action, account.id, limit=2, period=timedelta(hours=1), now=now, message="查询过于频繁")
            await record(Actor("demo", "venue", account.id), now, action, "account", account.id)

    await look(person.id, NOON)
    await look(person.id, NOON + timedelta(minutes=30))
    with pytest.raises(TooMany, match="查询过于频繁，请20分钟后") as refused:
        await look(person.id, NOON + timedelta(minutes=40))
    assert refused.value.retry_after == 20 * 60
    await look(other.id, NOON + timedelta(minutes=40))
    await look(person.id, NOON + timedelta(minutes=40), "absence.other")
    await look(person.id, NOON + timedelta(minutes=60, seconds=1))


async def test_an_act_that_writes_to_others_is_done_ten_times_a_day(db: str, deps: Deps) -> None:
    subject, by = (await make_account(deps)).id, Actor("demo", "organisation")

    async def act(now: datetime, row: str = "one", action: str = "recall.noted") -> None:
        async with transaction():
            await check_repeats("draw", subject, (action, "draw.other"), now, row=row)
            await record(by, now, action, "draw", subject, row=row)

    for minute in range(REPEATS_MAX):
        await act(NOON + timedelta(minutes=minute))
    with pytest.raises(TooMany, match="24小时内最多办理10次，请23小时") as refused:
        await act(NOON + timedelta(hours=1))
    assert refused.value.retry_after == 23 * 3600
    await act(NOON + timedelta(hours=1), row="another")
    await act(NOON + timedelta(hours=1), action="recall.resent")
    await act(NOON + timedelta(days=1, seconds=1))
