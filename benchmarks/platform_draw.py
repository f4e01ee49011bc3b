"""A draw filed by the integrators' API against the same by the wizard's pages, from project to submission.

``python -m benchmarks.platform_draw`` starts the demonstration in a folder of its own and files draws by both roads in
turn. Aim: the API takes no longer than the pages.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import uvloop

from app.demo.stage import DemoStage, stage
from app.players.agency import Agency
from app.players.forms import EvaluationTimes, condition_fields, draw_fields, notice_fields, project_fields
from app.players.http_client import Json
from app.players.people import CAST
from app.preparations import bring_demo_people
from app.sandbox_platform import DEMO_PLATFORM
from domain.clock import local

NEEDED = 3
_VENUE, _ADDRESS = "演示省公共资源交易中心", "广州市天河区天润路333号"
_WAN = 1_000_000
"""Fen of ten thousand yuan."""


class PlatformDraws:
    """Files draws by API, with one token."""

    def __init__(self, http: aiohttp.ClientSession, service_url: str) -> None:
        self._http = http
        self._base = f"{service_url}/platform/v1/{DEMO_PLATFORM.pool}"
        self._headers: dict[str, str] = {}
        self._supervisor = ""
        self._terminal = ""

    async def prepare(self) -> None:
        auth = aiohttp.encode_basic_auth(str(DEMO_PLATFORM.client_id), DEMO_PLATFORM.secret)
        form = {"grant_type": "client_credentials"}
        async with self._http.post(f"{self._base}/token", data=form, headers={"Authorization": auth}) as response:
            self._headers = {"Authorization": f"Bearer {(await response.json())['access_token']}"}
        self._supervisor = (await self._send("GET", "/supervisors"))["items"][0]["id"]
        self._terminal = (await self._send("GET", "/choices"))["terminals"][0]

    async def file(self, number: str, times: EvaluationTimes) -> None:
        """Project, draw, submission: three requests."""
        fields = project_fields(number=number)
        fields.pop("investment")
        project = await self._send("POST", "/projects", {**fields, "investment": 150 * _WAN, "on_site": True})
        basic: dict[str, Any] = {
            **draw_fields(times, NEEDED),
            "opening_at": _moment(times.opening),
            "starts_at": _moment(times.starts),
            "ends_at": _moment(times.ends),
            "needed": NEEDED,
            "on_site": True,
        }
        notice = {
            **notice_fields(times.gathering, _VENUE, _ADDRESS),
            "gathering_at": _moment(times.gathering),
        }
        condition = {**condition_fields(NEEDED), "regions": ["440100"], "planned": NEEDED}
        parts = {"supervisors": [self._supervisor], "notices": [notice], "conditions": [condition]}
        draw = await self._send("POST", "/draws", {**basic, **parts, "project_id": project["id"]})
        await self._send("POST", f"/draws/{draw['id']}/submission", {"terminal": self._terminal, "reason": "请核验"})

    async def _send(self, method: str, path: str, body: object = None) -> Json:
        async with self._http.request(method, self._base + path, json=body, headers=self._headers) as response:
            answer: Json = await response.json(content_type=None)
            if response.status >= 400:
                raise RuntimeError(f"{path}: {answer}")
            return answer


async def file_by_pages(agency: Agency, number: str, times: EvaluationTimes, supervisor: str) -> None:
    """The same by the wizard, a page for each step."""
    project = await agency.create_project(number=number, on_site="1")
    draw = await agency.begin_draw(project, times, NEEDED, supervisor)
    await agency.add_notice(draw, times, _VENUE, _ADDRESS)
    await agency.add_condition(draw, NEEDED)
    await agency.submit(draw)


async def measure(running: DemoStage, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each draw, by road."""
    people = {person.role: person for person in CAST}
    platform = PlatformDraws(running.http_client.http, running.http_client.service_url)
    await platform.prepare()
    agency = Agency.with_phone(running.phone(people["agency"].mobile, DEMO_PLATFORM.pool))
    await agency.open()
    times = EvaluationTimes.after(await running.now(), gathering=timedelta(days=2))
    taken: dict[str, list[float]] = {"api": [], "pages": []}

    async def timed(road: str, work: Callable[[], Awaitable[None]]) -> None:
        begun = time.perf_counter()
        await work()
        taken[road].append((time.perf_counter() - begun) * 1000)

    supervisor = people["supervisor"].name
    for turn in range(rounds):
        by_api, by_pages = (f"E44010000012026{2 * turn + road:05}" for road in range(2))
        await timed("api", partial(platform.file, by_api, times))
        await timed("pages", partial(file_by_pages, agency, by_pages, times, supervisor))
    return taken


def _moment(at: datetime) -> str:
    return local(at).isoformat(timespec="seconds")


async def run(rounds: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        async with stage(Path(folder), prepare=[bring_demo_people], durable=False) as running:
            taken = await measure(running, rounds)
    medians = {road: statistics.median(times) for road, times in taken.items()}
    print(f"a draw by API {medians['api']:.0f} ms, by pages {medians['pages']:.0f} ms, medians of {rounds}")
    return 0 if medians["api"] <= medians["pages"] else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=8)
    raise SystemExit(uvloop.run(run(parser.parse_args().rounds)))
