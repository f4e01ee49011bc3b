"""A POST with a key is done once, whatever happens to its answer; against a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from tortoise import Tortoise

from domain.clock import SystemClock
from models.accounts import IdempotencyKey
from models.database_connection import tortoise_config
from services.core.crypto import Keyring
from tests.miniapp_api.http.conftest import Things

Client = TestClient[Any, Any]
GOOD = {"name": "甲", "at": "2026-11-21T09:30:00+08:00"}


@pytest.fixture(autouse=True)
async def _db(database: str, things: Things) -> AsyncIterator[None]:
    keys = Keyring({"k1": bytes(32)}, "k1", bytes(32), bytes(32))
    things.deps = SimpleNamespace(rulebooks={"demo": None}, now=SystemClock().now, keys=keys)
    await Tortoise.init(config=tortoise_config(database), _enable_global_fallback=True)
    yield
    await Tortoise.close_connections()


async def post(client: Client, key: str, **change: object) -> Any:
    headers = {"Authorization": "Bearer guest", "Idempotency-Key": key}
    return await client.post("/api/v1/demo/things", json=GOOD | change, headers=headers)


async def test_the_second_request_gets_the_first_answer(client: Client, things: Things) -> None:
    first, second = await post(client, "k1"), await post(client, "k1")
    assert (first.status, second.status) == (201, 201)
    assert await first.json() == await second.json()
    assert "Idempotent-Replay" not in first.headers
    assert second.headers["Idempotent-Replay"] == "true"
    assert things.made == ["甲"]


async def test_the_same_content_spelled_otherwise_is_the_same_request(client: Client, things: Things) -> None:
    await post(client, "k1")
    headers = {"Authorization": "Bearer guest", "Idempotency-Key": "k1", "Content-Type": "application/json"}
    raw = '{ "at": "2026-11-21T09:30:00+08:00",\n "name": "甲" }'
    response = await client.post("/api/v1/demo/things", data=raw, headers=headers)
    assert response.status == 201
    assert things.made == ["甲"]


async def test_the_same_key_with_other_content_is_refused(client: Client) -> None:
    await post(client, "k1")
    response = await post(client, "k1", name="乙")
    assert response.status == 409
    assert (await response.json())["code"] == "idempotency_key_reused"
    assert "Idempotent-Replay" not in response.headers


async def test_a_refusal_is_an_answer_too(client: Client, things: Things) -> None:
    first, second = await post(client, "k1", name="违规"), await post(client, "k1", name="违规")
    assert (first.status, second.status) == (422, 422)
    assert await first.json() == await second.json()
    assert second.headers["Idempotent-Replay"] == "true"
    assert things.made == ["违规"]


@pytest.mark.parametrize(("name", "status"), [("频繁", 429), ("断线", 503), ("故障", 500)])
async def test_what_only_asks_for_patience_is_not_remembered(
    client: Client, things: Things, name: str, status: int
) -> None:
    assert (await post(client, "k1", name=name)).status == status
    assert not await IdempotencyKey.exists()
    assert (await post(client, "k1", name=name)).status == status
    assert len(things.made) == 2


async def test_two_at_once_are_done_once(client: Client, things: Things) -> None:
    answers = await asyncio.gather(*(post(client, "k1") for _ in range(5)))
    assert [answer.status for answer in answers] == [201] * 5
    assert things.made == ["甲"]


async def test_another_log_in_has_keys_of_its_own(client: Client, things: Things) -> None:
    await post(client, "k1")
    things.session_id = type(things.session_id)(int=1)
    assert "Idempotent-Replay" not in (await post(client, "k1")).headers
    assert things.made == ["甲", "甲"]
