"""The addresses that clients open often: routes of the API and H5 pages, of the real product on the filled database.

``python -m benchmarks.pages`` measures each as ``benchmarks.words`` measures a word: CPU of ours, PostgreSQL and
Valkey, statements, p50 and p99 at 30 % load, and the ratio to the bare echo of the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import secrets
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import uvloop

from benchmarks.folder import DATA_DIR
from benchmarks.load import request
from benchmarks.log_ins import LogIn, LogIns, log_in
from benchmarks.meter import QUICK, Aim, Case, Pace, echo, measure_all, print_result
from benchmarks.people import AHEAD, FEE, INVITED, REVIEWING, find_people
from benchmarks.processes import print_load
from benchmarks.product import POOL, product
from benchmarks.seed import Sizes
from benchmarks.stage import call_experts
from web.accounts.login import COOKIE

API: Mapping[str, Sequence[str]] = {
    "/pool": ("anybody",),
    "/sessions/current": (AHEAD,),
    "/home": (AHEAD, REVIEWING, FEE),
    "/invitations": (AHEAD,),
    "/panels": (AHEAD,),
    "/experts/me": (AHEAD,),
    "/experts/me/unavailabilities": (AHEAD,),
    "/exams": (AHEAD,),
    "/courses": (AHEAD,),
    "/applications/{application}": (REVIEWING,),
    "/payments/fees": (FEE,),
}
"""Routes of the API by kind of person."""
PAGES: Mapping[str, Sequence[str]] = {
    "/h5/demo": ("anybody",),
    "/h5/login?pool=demo": ("anybody",),
    "/h5/demo/help": ("anybody",),
    "/h5/demo/notice": ("anybody",),
    "/h5/demo/account": (AHEAD,),
    "/h5/demo/file": (AHEAD,),
    "/h5/demo/apply": (REVIEWING,),
    "/h5/demo/apply/status": (REVIEWING, FEE),
    "/h5/demo/pay": (FEE,),
    "/agency": ("agency",),
    "/agency/draws": ("agency",),
    "/agency/draws/{draw}/result": ("agency",),
    "/agency/draws/{draw}/run": ("agency",),
    "/agency/projects": ("agency",),
    "/draws": ("supervisor", "verifier", "venue", "admin"),
    "/draws/applications": ("verifier",),
    "/draws/{draw}": ("agency",),
    "/review": ("reviewer",),
    "/review/{task}": ("reviewer",),
    "/office": ("admin",),
    "/office/applications": ("admin",),
    "/office/experts": ("admin",),
    "/office/orders": ("admin",),
    "/office/invoices": ("admin",),
}
"""Pages by kind of person. The page of an invitation is separate: each person has one."""
_READ, _WRITE, _LOOK = Aim(ours=3_000, postgres=15_000), Aim(ours=6_000), Aim(ours=5_000, postgres=15_000)
"""Aims of reads and writes of the API, and of pages."""
_ANSWERS, _SHOWN, _NEEDED = 150, 40, 20
_NOBODY = LogIn("", "")
_clients = itertools.count(1)
_ANSWER, _INVITATION, _PAGE = "POST answer", "GET /invitations/{invitation}", "page /i/{link}"


def cases(log_ins: LogIns) -> Iterator[Case]:
    """All but those of the invited."""
    for path, persons in API.items():
        for who in persons:
            yield Case(f"GET {path}", who, _Reader(log_ins, who, path, api=True), aim=_READ)
    for path, persons in PAGES.items():
        for who in persons:
            yield Case(f"page {path}", who, _Reader(log_ins, who, path, api=False), aim=_LOOK)


class _Reader:
    """Makes the requests of one kind, each by the next person."""

    def __init__(self, log_ins: LogIns, who: str, path: str, *, api: bool) -> None:
        self._log_ins, self._who, self._path, self._api = log_ins, who, path, api

    def __call__(self) -> bytes:
        person = _NOBODY if self._who == "anybody" else self._log_ins.next(self._who)
        return read_api(person, self._path) if self._api else read_page(person, self._path)


def read_api(person: LogIn, path: str) -> bytes:
    return request("GET", f"/api/v1/{POOL}{path.format_map(person.ids)}", headers=_headers(person))


def read_page(person: LogIn, path: str) -> bytes:
    headers = ["Accept: text/html", _client(), *([f"Cookie: {COOKIE}={person.cookie}"] if person.cookie else [])]
    return request("GET", path.format_map(person.ids), headers=headers)


def answer(person: LogIn, choice: str = "accept") -> bytes:
    """Answer an invitation through the API."""
    headers = [*_headers(person), "Content-Type: application/json", f"Idempotency-Key: {secrets.token_hex(8)}"]
    path = f"/api/v1/{POOL}/invitations/{person.ids['invitation']}/answer"
    return request("POST", path, headers=headers, body=json.dumps({"choice": choice}).encode())


def _headers(person: LogIn) -> list[str]:
    return [_client(), *([f"Authorization: Bearer {person.token}"] if person.token else [])]


def _client() -> str:
    """Another client each time, as the proxy in front reports it: a single one would soon be refused (429)."""
    number = next(_clients)
    return f"X-Forwarded-For: 10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def invited_cases(log_ins: LogIns) -> list[Case]:
    """The invited experts' pages, and their answer, which each can give once."""
    shown, answering = deque(log_ins.invited[:_SHOWN]), deque(log_ins.invited[_SHOWN:])

    def next_shown() -> LogIn:
        shown.rotate()
        return shown[0]

    return [
        Case(_INVITATION, INVITED, lambda: read_api(next_shown(), "/invitations/{invitation}"), aim=_READ),
        Case(_PAGE, INVITED, lambda: read_page(next_shown(), "/i/{link}"), aim=_LOOK),
        Case(_ANSWER, INVITED, lambda: answer(answering.popleft()) if answering else None, aim=_WRITE),
    ]


async def run(data_dir: Path, sizes: Sizes, pace: Pace, only: str) -> bool:
    """Whether all is well. ``only`` is a part of the names that are wanted."""
    answered = any(only in name for name in (_ANSWER, _INVITATION, _PAGE))
    async with product(data_dir, sizes) as started, echo(pace) as bare:
        if answered:
            await call_experts(started.settings, -(-(_ANSWERS + _SHOWN) // _NEEDED), needed=_NEEDED)
        log_ins = await log_in(started, await find_people(started))
        results = await measure_all(started, [case for case in cases(log_ins) if only in case.name], pace, bare)
        limited = replace(pace, most=_ANSWERS // 2 - 15, warm_up=16)
        once = [case for case in invited_cases(log_ins) if only in case.name] if answered else []
        results += await measure_all(started, once, limited, bare)
        return print_result("Pages", results, bare.cost)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=DATA_DIR)
    parser.add_argument("--quick", action="store_true", help="a second and a half for each")
    parser.add_argument("--only", default="", help="addresses that contain this")
    chosen = parser.parse_args()
    print_load()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        well = runner.run(run(chosen.data_dir, Sizes(), QUICK if chosen.quick else Pace(), chosen.only))
    raise SystemExit(0 if well else 1)


if __name__ == "__main__":
    main()
