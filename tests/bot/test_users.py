"""Look-up of a user by openid."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import asyncpg
import pytest

from bot.dialogue import OUTAGES
from bot.turn import NOBODY
from bot.users import Users
from tests.bot.conftest import NOW, message

LEAVING = {"MsgType": "event", "Event": "unsubscribe"}


@pytest.fixture
async def users(database: str) -> AsyncIterator[Users]:
    made = Users(database)
    yield made
    await made.close()


@pytest.fixture
async def connection(database: str) -> AsyncIterator[asyncpg.Connection]:
    made = await asyncpg.connect(database)
    yield made
    await made.close()


async def test_a_bound_user_comes_with_the_account(users: Users, connection: asyncpg.Connection) -> None:
    user = await users.find(message("x"))
    assert (user.account_id, user.bound, user.following) == (None, False, True)
    account = uuid4()
    await connection.execute(
        "INSERT INTO account (id, pool, mobile_sealed, mobile_hash, real_name, privacy_version, created_at) "
        "VALUES ($1, 'demo', '', 'h', '', '', $2)",
        account,
        NOW,
    )
    await connection.execute("UPDATE wechat_identity SET account_id = $1", account)
    again = await users.find(message("x"))
    assert (again.identity_id, again.account_id, again.bound) == (user.identity_id, account, True)


async def test_who_writes_is_following_again(users: Users, connection: asyncpg.Connection) -> None:
    await users.find(message("x"))
    await connection.execute("UPDATE wechat_identity SET following = false")
    assert not (await users.find(message(None, "oA", **LEAVING))).following
    assert (await users.find(message("x"))).following
    assert await connection.fetchval("SELECT following FROM wechat_identity")


async def test_many_at_once_get_each_their_own(users: Users) -> None:
    known = {openid: await users.find(message("x", openid)) for openid in ("o1", "o2")}
    openids = ["o1", "o2", "o3", "o1", "o4", "o3"] * 60
    users_found = await asyncio.gather(*(users.find(message("x", openid)) for openid in openids))
    assert [user.openid for user in users_found] == openids
    assert users_found[0] == known["o1"]
    assert users_found[1] == known["o2"]
    assert len({user.identity_id for user in users_found}) == 4


async def test_an_event_about_a_stranger_creates_nothing(users: Users, connection: asyncpg.Connection) -> None:
    stranger, writer = await asyncio.gather(users.find(message(None, "o1", **LEAVING)), users.find(message("x", "o2")))
    assert stranger.identity_id == NOBODY
    assert writer.identity_id != NOBODY
    assert [row[0] for row in await connection.fetch("SELECT openid FROM wechat_identity")] == ["o2"]


async def test_the_same_openid_of_two_accounts_is_two_users(users: Users) -> None:
    received = message("x")
    other = replace(received, appid="wx2", pool="hunan")
    users_found = await asyncio.gather(users.find(received), users.find(other), users.find(received))
    assert users_found[0] == users_found[2]
    assert users_found[0].identity_id != users_found[1].identity_id
    assert (users_found[1].appid, users_found[1].pool) == ("wx2", "hunan")


async def test_a_cut_connection_is_an_outage_for_those_who_wait_and_then_made_anew(
    users: Users, connection: asyncpg.Connection
) -> None:
    first = await users.find(message("x"))
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pingbiaotong-bot' "
        "AND datname = current_database()"
    )
    outcomes = await asyncio.gather(*(users.find(message("x")) for _ in range(3)), return_exceptions=True)
    assert all(isinstance(outcome, OUTAGES) for outcome in outcomes)
    assert await users.find(message("x")) == first


async def test_a_cancelled_caller_does_not_disturb_the_others(users: Users) -> None:
    impatient = asyncio.create_task(users.find(message("x", "o1")))
    patient = asyncio.create_task(users.find(message("x", "o2")))
    await asyncio.sleep(0)
    impatient.cancel()
    assert (await patient).openid == "o2"


async def test_a_database_that_is_away_is_an_outage() -> None:
    users = Users("postgres://nobody@127.0.0.1:1/none")
    with pytest.raises(OUTAGES):
        await users.find(message("x"))
    await users.close()


async def test_one_impossible_openid_fails_no_other_message_and_keeps_the_connection(users: Users) -> None:
    await users.find(message("x", "o1"))
    session = users._session
    bad = replace(message("x", "bad"), fields={**message("x", "bad").fields, "FromUserName": "o\0"})
    messages = [message("x", "o1"), message("x", "o2"), bad, message("x", "o3")]
    outcomes = await asyncio.gather(*(users.find(sent) for sent in messages), return_exceptions=True)
    assert isinstance(outcomes[2], asyncpg.DataError)
    assert [user.openid for at, user in enumerate(outcomes) if at != 2] == ["o1", "o2", "o3"]  # type: ignore[union-attr]
    assert users._session is session
