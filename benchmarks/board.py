"""A live board with hundreds of watchers: how long after an expert's answer does the last screen show it?

``python -m benchmarks.board`` opens 500 boards of one draw, by its signed link and from one address, as a hall behind a
router has it (``--apart``: from as many addresses), on two ``pbt serve`` of the filled database; then experts agree one
after the other. Each screen's delay counts from the commit of the answer. What the watching itself costs is read
before, while no expert answers.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import uvloop

from app.commands.database import deps_for
from benchmarks.folder import DATA_DIR
from benchmarks.load import request
from benchmarks.processes import print_load
from benchmarks.product import PORT, Product, product
from benchmarks.seed import Sizes
from benchmarks.stage import call_experts
from domain.draws.lifecycles import InvitationState
from models.invitations import Invitation
from services.core.base import Deps
from services.core.composition import compose
from services.core.signed_links import Links
from services.draws import Invitations

_AIM = 1_000.0
"""Milliseconds at the 99th percentile."""
_TIMEOUT = 30.0


@dataclass
class Screens:
    """When each screen first showed that so many have agreed: ``seen[agreed][screen]``."""

    wanted: int
    seen: dict[int, dict[int, float]] = field(default_factory=dict)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def note_number(self, screen: int, agreed: int) -> None:
        self.seen.setdefault(agreed, {}).setdefault(screen, time.perf_counter())
        self.arrived.set()

    async def wait_for_number(self, agreed: int) -> None:
        """Wait until every screen shows this number."""
        async with asyncio.timeout(_TIMEOUT):
            while len(self.seen.get(agreed, {})) < self.wanted:
                self.arrived.clear()
                await self.arrived.wait()


async def watch(path: str, number: int, screens: Screens, *, apart: bool) -> None:
    """Read one screen's stream until it is closed."""
    host = number if apart else 1
    client = f"X-Forwarded-For: 10.{host >> 16 & 255}.{host >> 8 & 255}.{host & 255}"
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    try:
        writer.write(request("GET", path, headers=[client]))
        while line := await reader.readline():
            if line.startswith(b"data: ") and b'"accepted"' in line:
                screens.note_number(number, json.loads(line[6:])["accepted"])
    finally:
        writer.close()


async def answer(deps: Deps, draw_id: UUID) -> tuple[int, float]:
    """Agree for one expert; returns the number who have agreed and the time of the commit."""
    invitations = compose(Invitations, {Deps: deps})
    invitation = await Invitation.filter(draw_id=draw_id, state=InvitationState.OPEN).order_by("id").first()
    if invitation is None:
        raise SystemExit("nobody is left to answer")
    await invitations.answer(invitation.id, invitation.expert_id, "accept", by="voice")
    committed = time.perf_counter()
    return await Invitation.filter(draw_id=draw_id, state=InvitationState.ACCEPTED).count(), committed


async def measure(started: Product, watchers: int, answers: int, idle: float, *, apart: bool) -> bool:
    [draw_id] = await call_experts(started.settings, 1, needed=answers + 1)
    async with deps_for(started.settings) as deps, AsyncExitStack() as stack:
        token = Links(deps.keys, deps.clock).sign("board", draw_id, draw_id, deps.now() + timedelta(hours=1))
        screens = Screens(watchers)
        group = await stack.enter_async_context(asyncio.TaskGroup())
        path = f"/draw/{token}/events"
        tasks = [group.create_task(watch(path, n, screens, apart=apart)) for n in range(watchers)]
        await screens.wait_for_number(0)
        before = started.used()
        await asyncio.sleep(idle)
        cost = started.used().since(before)
        delays: list[float] = []
        for _ in range(answers):
            agreed, committed = await answer(deps, draw_id)
            await screens.wait_for_number(agreed)
            delays += [max(0.0, at - committed) * 1000 for at in screens.seen[agreed].values()]
        for task in tasks:
            task.cancel()
    return print_result(sorted(delays), watchers, cost.total / idle)


def print_result(delays: list[float], watchers: int, cores: float) -> bool:
    p50, p99 = (delays[int(len(delays) * share)] for share in (0.5, 0.99))
    print(f"{watchers} watchers: answer to screen p50 {p50:.0f} ms, p99 {p99:.0f} ms, at most {delays[-1]:.0f} ms")
    print(f"nothing happening: {cores:.2f} cores of ours, PostgreSQL and Valkey")
    return p99 < _AIM


async def run(data_dir: Path, sizes: Sizes, *, quick: bool, apart: bool) -> bool:
    async with product(data_dir, sizes) as started:
        return await measure(started, 100 if quick else 500, 4 if quick else 20, 2.0 if quick else 10.0, apart=apart)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=DATA_DIR)
    parser.add_argument("--quick", action="store_true", help="100 watchers, four answers")
    parser.add_argument("--apart", action="store_true", help="each screen has an address of its own")
    chosen = parser.parse_args()
    print_load()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        well = runner.run(run(chosen.data_dir, Sizes(), quick=chosen.quick, apart=chosen.apart))
    raise SystemExit(0 if well else 1)


if __name__ == "__main__":
    main()
