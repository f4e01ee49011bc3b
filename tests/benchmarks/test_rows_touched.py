"""What people ask for most often costs what they get, not what lies in the tables.

A list is limited before it is joined with other tables, and a total is counted in an index alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

import miniapp_api
from benchmarks.log_ins import LogIn, LogInMaker
from benchmarks.pages import API, PAGES
from benchmarks.people import INVITED, People, find_people_in
from benchmarks.product import POOL
from benchmarks.words import WORDS
from models.organisations import Organisation
from services.core.base import rows
from tests.benchmarks.conftest import APPID
from tests.drivers.plans import Plans, Query, Touched, record_queries
from tests.handlers.conftest import Phone, World
from web.accounts.login import COOKIE
from web.assembly import setup_pages

EACH, MORE = 4, 120
"""Rows that a statement may touch for each one that it returns, and in all beside them: what is being worked on in the
whole pool, such as draws that call."""
GROWING = ("AS unproposed, (SELECT",)
"""Parts of statements that are known to read all that lies behind: a venue looks through the ended draws for an expert
without an amount, which no row says."""
Ask = Callable[[], Awaitable[None]]


@dataclass
class Requests:
    """The requests that ``benchmarks`` measures, each by its persons."""

    world: World
    client: TestClient[Any, Any]
    people: People
    log_ins: dict[str, list[LogIn]]

    def all(self) -> Iterator[tuple[str, Ask]]:
        for word, persons in WORDS.items():
            yield from ((f"{word} by {who}", self._say(word, who)) for who in persons if who != INVITED)
        for path, persons in API.items():
            yield from ((f"GET {path} by {who}", self._get(f"/api/v1/{POOL}{path}", who)) for who in persons)
        for path, persons in PAGES.items():
            yield from ((f"page {path} by {who}", self._get(path, who)) for who in persons)

    def _say(self, word: str, who: str) -> Ask:
        phone = Phone(self.world, self.people.next(who))

        async def ask() -> None:
            assert await phone.says(word), word
            await phone.says("取消")

        return ask

    def _get(self, path: str, who: str) -> Ask:
        log_in = self.log_ins[who][0] if who in self.log_ins else LogIn("", "")
        headers = {"Authorization": f"Bearer {log_in.token}", "Cookie": f"{COOKIE}={log_in.cookie}"}
        address = path.format_map(log_in.ids)

        async def ask() -> None:
            response = await self.client.get(address, headers=headers if log_in.token else {}, allow_redirects=False)
            assert response.status == 200, f"{address} by {who}: {response.status} {await response.text()}"

        return ask


@pytest.fixture
async def requests(
    history: World, aiohttp_client: Callable[[web.Application], Awaitable[TestClient[Any, Any]]]
) -> Requests:
    deps = history.services.deps
    people = await find_people_in(history.database_url, deps.keys, APPID, deps.now())
    maker = LogInMaker(deps, (await Organisation.get(pool=POOL)).id)
    app = web.Application()
    miniapp_api.setup(app, history.services)
    setup_pages(app, history.services, address_of=lambda _: "127.0.0.1")
    return Requests(history, await aiohttp_client(app), people, await maker.make_all(people, each=1))


@pytest.fixture
async def plans(history: World) -> AsyncIterator[Plans]:
    plans = await Plans.of(history.database_url)
    yield plans
    await plans.close()


def exceeds(touched: Touched) -> bool:
    return touched.rows > EACH * touched.returned + MORE


async def test_no_frequent_request_reads_many_more_rows_than_it_shows(requests: Requests, plans: Plans) -> None:
    counted: set[str] = set()
    wrong, growing = [], set()
    for name, ask in requests.all():
        await ask()
        with record_queries() as queries:
            await ask()
        for query in queries.sent:
            if query.key not in counted:
                counted.add(query.key)
                touched = await plans.count(query)
                known = [part for part in GROWING if part in " ".join(query.text.split())]
                growing.update(known)
                wrong += [f"{name}: {touched}"] if exceeds(touched) and not known else []
    assert not wrong, "\n".join(wrong)
    assert growing == set(GROWING)
    await _check_control(plans)


async def _check_control(plans: Plans) -> None:
    """What the limits are for: a supervisor's draws that call, found among all of his, and all applications joined with
    what a page shows of twenty."""
    [most] = await rows("SELECT mobile_hash FROM draw_supervisor GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")
    watched = "SELECT s.draw_id FROM draw_supervisor s WHERE s.mobile_hash = $1"
    calling = f"SELECT d.id FROM ({watched} OFFSET 0) s JOIN draw d ON d.id = s.draw_id WHERE d.state = 'drawing'"
    assert exceeds(await plans.count(Query(calling, (most["mobile_hash"],))))
    joined = "SELECT a.id, d.name FROM draw_application a JOIN draw d ON d.id = a.draw_id ORDER BY d.name LIMIT 20"
    assert exceeds(await plans.count(Query(joined, ())))
