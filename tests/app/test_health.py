"""Alive, ready and counted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path

import asyncpg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from app import health
from app.health import Check, NotReady, check_migrations, setup_health, standard_checks

Ask = Callable[[Mapping[str, Check]], Awaitable[TestClient[web.Request, web.Application]]]


async def _fine() -> None:
    return


@pytest.fixture
async def ask(aiohttp_client: Callable[[TestServer], Awaitable[TestClient[web.Request, web.Application]]]) -> Ask:
    async def make(checks: Mapping[str, Check]) -> TestClient[web.Request, web.Application]:
        app = web.Application()
        setup_health(app, checks)

        async def draw(request: web.Request) -> web.Response:
            if request.match_info["number"] == "bad":
                raise web.HTTPConflict
            if request.match_info["number"] == "worse":
                raise RuntimeError("a fault of ours")
            return web.Response(text="ok")

        app.router.add_get("/draws/{number}", draw)
        return await aiohttp_client(TestServer(app))

    return make


async def test_a_process_that_answers_is_alive_whatever_is_down(ask: Ask) -> None:
    async def down() -> None:
        raise NotReady("down")

    client = await ask({"database": down})
    response = await client.get("/healthz")
    assert response.status == 200
    assert await response.json() == {"status": "alive"}


async def test_ready_when_everything_answers(ask: Ask, database: str, redis: str, tmp_path: Path) -> None:
    client = await ask(standard_checks(database, redis, tmp_path))
    response = await client.get("/readyz")
    names = ("database", "migrations", "schema", "sessions", "redis", "disk")
    checks = dict.fromkeys(names, "ok")
    assert await response.json() == {"status": "ready", "checks": checks}
    assert response.status == 200


async def test_not_ready_names_what_is_away_and_no_secret(ask: Ask) -> None:
    nowhere = ("postgres://me:hush@127.0.0.1:1/db", "redis://:hush@127.0.0.1:1/0")
    client = await ask(standard_checks(*nowhere, Path()))
    response = await client.get("/readyz")
    assert response.status == 503
    text = await response.text()
    assert '"database": "away"' in text
    assert '"redis": "away"' in text
    assert "hush" not in text


async def test_an_unmigrated_database_is_not_ready(ask: Ask, empty_database: str, redis: str) -> None:
    client = await ask(standard_checks(empty_database, redis, Path()))
    response = await client.get("/readyz")
    assert response.status == 503
    assert (await response.json())["checks"]["migrations"].startswith("missing: 0001_baseline")


class Lent(asyncpg.Connection):  # type: ignore[type-arg]  # not subscriptable at run time
    """A connection as behind a pooling proxy: each transaction may get another session, without earlier variables."""

    async def execute(self, query: str, *args: object, timeout: float | None = None) -> str:
        await super().execute("RESET ALL")
        return await super().execute(query, *args, timeout=timeout)


async def test_a_proxy_that_keeps_no_sessions_is_not_ready(
    ask: Ask, database: str, redis: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asyncpg, "connect", partial(asyncpg.connect, connection_class=Lent))
    client = await ask(standard_checks(database, redis, Path()))
    response = await client.get("/readyz")
    assert response.status == 503
    assert "pool_mode = session" in (await response.json())["checks"]["sessions"]


async def test_a_schema_that_only_its_record_calls_whole_is_not_ready(ask: Ask, database: str, redis: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        await connection.execute("ALTER TABLE notice DROP COLUMN next_at")
    finally:
        await connection.close()
    client = await ask(standard_checks(database, redis, Path()))
    response = await client.get("/readyz")
    checks = (await response.json())["checks"]
    assert (response.status, checks["migrations"]) == (503, "ok")
    assert checks["schema"] == "differs: notice.next_at: column is missing"


async def test_a_full_disk_is_not_ready(
    ask: Ask, database: str, redis: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "LEAST_SPACE", 2**60)
    client = await ask(standard_checks(database, redis, tmp_path / "not" / "there" / "yet"))
    response = await client.get("/readyz")
    assert response.status == 503
    assert "MB left" in (await response.json())["checks"]["disk"]


async def test_a_check_that_hangs_is_given_up(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CHECK_TIMEOUT", 0.05)

    async def hang() -> None:
        await asyncio.Event().wait()

    client = await ask({"database": hang, "redis": _fine})
    response = await client.get("/readyz")
    assert (await response.json())["checks"] == {"database": "no answer in time", "redis": "ok"}


async def test_asking_often_asks_the_database_once(ask: Ask) -> None:
    query_count = 0

    async def count() -> None:
        nonlocal query_count
        query_count += 1

    client = await ask({"database": count})
    for response in await asyncio.gather(*(client.get("/readyz") for _ in range(20))):
        assert response.status == 200
    assert query_count == 1


async def test_readiness_comes_back_after_an_outage(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "RESULT_TTL", 0.0)
    outcomes: list[Exception | None] = [None, OSError("gone"), None]

    async def flicker() -> None:
        outcome = outcomes.pop(0)
        if outcome is not None:
            raise outcome

    client = await ask({"database": flicker})
    assert [(await client.get("/readyz")).status for _ in range(3)] == [200, 503, 200]


async def test_migrations_are_read_from_the_record(database: str) -> None:
    await check_migrations(database)
    connection = await asyncpg.connect(database)
    try:
        await connection.execute("DELETE FROM tortoise_migrations WHERE name = '0001_baseline'")
    finally:
        await connection.close()
    with pytest.raises(NotReady, match="0001_baseline"):
        await check_migrations(database)


async def test_requests_are_counted_by_template_and_never_by_path(ask: Ask) -> None:
    client = await ask({})
    for path, status in [
        ("/draws/id-of-mine", 200),
        ("/draws/bad", 409),
        ("/draws/worse", 500),
        ("/nowhere/id-of-mine", 404),
    ]:
        assert (await client.get(path)).status == status
    await client.request("PROPFIND", "/draws/id-of-mine")
    text = await (await client.get("/metrics")).text()
    assert 'pbt_http_requests_total{method="GET",route="/draws/{number}",status="200"} 1.0' in text
    assert 'pbt_http_requests_total{method="GET",route="/draws/{number}",status="409"} 1.0' in text
    assert 'pbt_http_requests_total{method="GET",route="/draws/{number}",status="500"} 1.0' in text
    assert 'pbt_http_requests_total{method="GET",route="unmatched",status="404"} 1.0' in text
    assert 'method="other"' in text
    assert 'pbt_http_request_seconds_count{method="GET",route="/draws/{number}"} 3.0' in text
    assert "id-of-mine" not in text


async def test_every_answer_carries_its_request_id(ask: Ask) -> None:
    client = await ask({})
    ids = {(await client.get(path)).headers["X-Request-Id"] for path in ("/draws/1", "/draws/bad", "/nowhere")}
    assert len(ids) == 3
