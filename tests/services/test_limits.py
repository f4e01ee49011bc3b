"""When a mobile is locked, and when it may have another code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import TooMany
from domain.rulebook_sections import Login
from services.base import Actor, Deps, record, transaction
from services.limits import SentCode, check_recent, locked_until
from tests.factories.people import make_account

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


def _code(minute: int, tries: int, *, used: bool = False) -> SentCode:
    sent = NOON + timedelta(minutes=minute)
    return SentCode(sent, sent + timedelta(minutes=5), tries, used)


@pytest.fixture
def login(deps: Deps) -> Login:
    return deps.book("demo").login


def test_ten_wrong_entries_in_a_row_lock_for_half_an_hour_after_the_code(login: Login) -> None:
    assert locked_until([_code(0, 5), _code(2, 4)], login) is None
    assert locked_until([_code(0, 5), _code(2, 5)], login) == NOON + timedelta(minutes=2 + 5 + 30)


def test_a_right_entry_clears_the_count(login: Login) -> None:
    assert locked_until([_code(0, 5), _code(2, 4, used=True), _code(4, 5)], login) is None


def test_after_a_lock_the_count_begins_anew(login: Login) -> None:
    assert locked_until([_code(0, 5), _code(2, 5), _code(40, 5)], login) is None
    again = locked_until([_code(0, 5), _code(2, 5), _code(40, 5), _code(42, 5)], login)
    assert again == NOON + timedelta(minutes=42 + 5 + 30)


async def test_look_ups_are_counted_by_person_and_act(db: str, deps: Deps) -> None:
    person, other = await make_account(deps), await make_account(deps)

    async def look(account_id: object, now: datetime, action: str = "absence.lookup") -> None:
        account = person if account_id == person.id else other
        async with transaction():
            await check_recent(
                action, account.id, limit=2, period=timedelta(hours=1), now=now, message="查询过于频繁"
            )  # fmt: skip
            await record(Actor("demo", "venue", account.id), now, action, "account", account.id)

    await look(person.id, NOON)
    await look(person.id, NOON + timedelta(minutes=30))
    with pytest.raises(TooMany, match="查询过于频繁，请20分钟后") as refused:
        await look(person.id, NOON + timedelta(minutes=40))
    assert refused.value.retry_after == 20 * 60
    await look(other.id, NOON + timedelta(minutes=40))
    await look(person.id, NOON + timedelta(minutes=40), "absence.other")
    await look(person.id, NOON + timedelta(minutes=60, seconds=1))
