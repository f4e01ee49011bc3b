"""The public check of a record in a browser: how long it takes, and how long the page stands still meanwhile.

``python -m benchmarks.public_check`` opens a page with the product's own scripts in Chromium and lets it fetch, parse
and re-compute the finished record of a draw with 20,000 candidates and 400 calls. Aims: below 2 s, no task longer than
200 ms. ``--quick``: one round instead of five.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import statistics
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp.web as http
from playwright.async_api import Page, async_playwright

from benchmarks.processes import tell_load
from domain.draws import random_draw
from domain.draws import record as acts
from domain.draws.verify_draw import verify

_SCRIPTS = Path(__file__).parents[1] / "web" / "static" / "draws"
_DRAW, _POOL = "CQSQ202611210001", "demo"
_AIM, _STILL = 2_000.0, 200.0
"""Milliseconds: of the whole check, and of its longest task."""
_AT = datetime(2026, 11, 21, 4, tzinfo=UTC)
_CHECK = """async () => {
    const { parseFile } = await import('/record_bytes.js');
    const { verify } = await import('/record_check.js');
    let longest = 0, stood = performance.now(), going = true;
    const beat = () => {
        const now = performance.now();
        [longest, stood] = [Math.max(longest, now - stood), now];
        if (going) setTimeout(beat);
    };
    beat();
    const began = performance.now();
    const record = parseFile(await (await fetch('/file')).arrayBuffer());
    const { findings } = await verify(record);
    const took = performance.now() - began;
    going = false;
    return [took, longest, findings.length];
}"""


def finished_record(candidates: int, calls: int) -> dict[str, acts.Json]:
    """A draw that calls so many, half of whom agree. The fixing of the order comes first."""
    leaves, blind, secret = [secrets.token_bytes(32) for _ in range(candidates)], secrets.token_bytes(32), bytes(32)
    root = random_draw.list_root(1, "main", blind, leaves)
    values = {role: secrets.token_bytes(16) for role in random_draw.ROLES}
    seed = random_draw.seed(_DRAW, 1, secret, [(1, "main", root)], values)
    log = [_opening(calls // 2), *_fixing(root, secret, values), acts.SeedFixed(1, secret, seed)]
    log.append(acts.Need(1, calls // 2))
    for place, leaf in enumerate(random_draw.order(seed, 1, "main", leaves)[:calls]):
        outcome: acts.OutcomeKind = "declined" if place % 2 == 0 else "accepted"
        log += [acts.Called(1, "main", leaf), acts.Outcome(1, leaf, outcome, "expert")]
    entries = _chained([*log, acts.Completed(), acts.Ended()])
    return acts.document(_POOL, _DRAW, [entry.facts for entry in entries], {"1/main/1": (blind, leaves)})


def _opening(planned: int) -> acts.Act:
    condition = acts.ConditionFacts(1, planned, "permanent", ("440100",), "A08", 1, _AT + timedelta(days=1))
    limits, supervisors = acts.LimitFacts(3600, 1800, 3, 3), acts.SupervisorFacts("register", 1)
    return acts.RoundOpened(1, "first", "", limits, random_draw.ROLES, (condition,), supervisors)


def _chained(log: list[acts.Act]) -> list[acts.Entry]:
    entries, head = list[acts.Entry](), acts.start(_POOL, _DRAW)
    for act in log:
        entries.append(acts.write(head, _AT, act))
        head = entries[-1].head
    return entries


def _fixing(root: bytes, secret: bytes, values: dict[str, bytes]) -> list[acts.Act]:
    """Every commitment before any reveal."""
    promised = [random_draw.participant_commitment(role, values[role], _DRAW, 1) for role in random_draw.ROLES]
    return [
        acts.SystemCommitted(1, random_draw.system_commitment(secret, _DRAW, 1)),
        acts.RecusalsCommitted(1, random_draw.recusals_root([])),
        acts.ListsFrozen(1, (acts.ListFacts(1, "main", root, bytes(32)),)),
        *[acts.ParticipantCommitted(1, role, one) for role, one in zip(random_draw.ROLES, promised, strict=True)],
        *[acts.ParticipantRevealed(1, role, values[role]) for role in random_draw.ROLES],
    ]


async def serve(record: bytes) -> http.AppRunner:
    """The scripts, an empty page and the record's file, on a port of its own; the policy is that of our pages."""

    async def page(_request: http.Request) -> http.Response:
        policy = {"Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'"}
        return http.Response(text="<!doctype html><title>check</title>", content_type="text/html", headers=policy)

    async def file(_request: http.Request) -> http.Response:
        return http.Response(body=record, content_type="application/json")

    app = http.Application()
    app.router.add_get("/", page)
    app.router.add_get("/file", file)
    app.router.add_static("/", _SCRIPTS)
    runner = http.AppRunner(app)
    await runner.setup()
    await http.TCPSite(runner, "127.0.0.1", 0).start()
    return runner


async def measure(record: bytes, rounds: int) -> list[tuple[float, float]]:
    runner = await serve(record)
    host, port = runner.addresses[0]
    try:
        async with async_playwright() as playwright:
            chromium = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            try:
                return [await check(await chromium.new_page(), f"http://{host}:{port}/") for _ in range(rounds)]
            finally:
                await chromium.close()
    finally:
        await runner.cleanup()


async def check(page: Page, address: str) -> tuple[float, float]:
    """Milliseconds of one check in a fresh page, and of its longest standstill."""
    await page.goto(address)
    took, longest, findings = await page.evaluate(_CHECK)
    assert findings == 0, "the record doesn't hold"
    await page.close()
    print(f"checked in {took:.0f} ms, the page stood still for at most {longest:.0f} ms")
    return took, longest


def main(candidates: int, calls: int, rounds: int) -> int:
    tell_load()
    record = finished_record(candidates, calls)
    assert verify(record) == []
    body = json.dumps(record, ensure_ascii=False, indent=1).encode()
    print(f"{candidates} candidates, {calls} calls, {len(body) / 1e6:.1f} MB")
    found = asyncio.run(measure(body, rounds))
    took, longest = (statistics.median(column) for column in zip(*found, strict=True))
    print(f"median: {took:.0f} ms (aim {_AIM:.0f}), longest standstill {longest:.0f} ms (aim {_STILL:.0f})")
    return 0 if took < _AIM and longest < _STILL else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, default=20_000)
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    sys.exit(main(options.candidates, options.calls, 1 if options.quick else 5))
