"""Draws that become full: two hundred started at one moment, against one alone in the same run.

``python -m benchmarks.full_draws`` runs two web processes and one worker on a copy of the filled database. The sandbox,
a process of its own, has every expert's phone: who is invited agrees after a second, in the chat or by a key of the
telephone. First one draw is started by its deadline, then all others by theirs. For both: how long after that moment
draws were full, and the CPU of each. Every draw must be completed with exactly as many experts as it needs, the
database must keep every invariant, and a draw among many must not cost more CPU than one alone. How long many take
depends on who else uses the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import uvloop

from app.commands.database import deps_for
from benchmarks import sql_storms as sql
from benchmarks.folder import DATA_DIR
from benchmarks.phones import make_phones
from benchmarks.processes import cpu, print_load
from benchmarks.product import Product, product
from benchmarks.seed import Sizes
from benchmarks.stage import make_ready_draws
from services.operations import find_broken

NEEDED = 5
_AGREES = {"choice": "accept", "by": "both", "after": 1}
_LEAD = timedelta(seconds=3)
"""Between setting the deadline and the moment at which draws start."""
_LOOK = 0.25
"""Seconds between two looks at how many draws are full."""


@dataclass(frozen=True)
class Ended:
    """A draw as it was found at the end. ``took``: seconds from its start's deadline until it was full."""

    state: str
    accepted: int
    called: int
    surplus: int
    """Accepted experts beyond the number that the condition needs."""
    took: float


@dataclass(frozen=True)
class Turn:
    """``took`` in seconds until the last draw was full; CPU in seconds of all draws, the phones' left out."""

    draws: Sequence[Ended]
    ours: float
    postgres: float

    @property
    def each(self) -> float:
        """Seconds of CPU a draw."""
        return (self.ours + self.postgres) / len(self.draws)

    @property
    def took(self) -> float:
        return max(draw.took for draw in self.draws)

    @property
    def middle(self) -> float:
        return statistics.median(draw.took for draw in self.draws)


async def play(started: Product, worker: int, ids: Sequence[UUID], timeout: float) -> Turn:
    """Start these draws at one moment, and watch until each is full or ``timeout`` (seconds) ends."""
    connection = await asyncpg.connect(started.settings.database_url, command_timeout=120)
    try:
        before, worked = started.used(), cpu([worker])
        moment = datetime.now(UTC) + _LEAD
        await connection.execute(sql.START, ids, moment)
        give_up = time.perf_counter() + _LEAD.total_seconds() + timeout
        while await connection.fetchval(sql.NOT_FULL, ids) and time.perf_counter() < give_up:
            await asyncio.sleep(_LOOK)
        ended = await connection.fetch(sql.ENDED, ids, moment)
        used = started.used().since(before)
        return Turn([Ended(**row) for row in ended], used.ours + cpu([worker]) - worked, used.postgres)
    finally:
        await connection.close()


def find_faults(turn: Turn) -> list[str]:
    """Faults of its draws, one line for each draw."""
    return [
        f"a draw is {draw.state}: {draw.accepted} of {NEEDED} agreed, {draw.surplus} too many, {draw.called} called"
        for draw in turn.draws
        if (draw.state, draw.accepted, draw.surplus) != ("completed", NEEDED, 0)
    ]


async def run(data_dir: Path, sizes: Sizes, draws: int, timeout: float) -> bool:
    """Whether all draws became full in time and no invariant is broken."""
    async with product(data_dir, sizes, callbacks=True) as started:
        await make_phones(sizes.experts, 0, autopilot=_AGREES)
        ready = await make_ready_draws(started.settings, draws + 1, needed=NEEDED)
        async with started.running_worker() as worker:
            alone = await play(started, worker, ready[:1], timeout)
            together = await play(started, worker, ready[1:], timeout)
        print_result({"one draw alone": alone, f"{draws} draws at once": together})
        async with deps_for(started.settings):
            broken = await find_broken()
    faults = find_faults(alone) + find_faults(together) + broken
    longer, cost = together.took / alone.took, together.each / alone.each
    print(f"\n{longer:.1f} times as long as one alone, {cost:.2f} times the CPU a draw")
    print("; ".join(faults[:10]) or "no invariant is broken")
    return not faults and cost <= 1.0


def print_result(turns: dict[str, Turn]) -> None:
    """A table in Markdown."""
    print("\n| draws | full | called, agreed | median s | last s | CPU ms a draw: ours | PostgreSQL |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, turn in turns.items():
        count = len(turn.draws)
        full = sum(draw.state == "completed" for draw in turn.draws)
        people = f"{sum(draw.called for draw in turn.draws)}, {sum(draw.accepted for draw in turn.draws)}"
        each = f"{turn.ours / count * 1000:.0f} | {turn.postgres / count * 1000:.0f}"
        print(f"| {name} | {full} of {count} | {people} | {turn.middle:.1f} | {turn.took:.1f} | {each} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=DATA_DIR)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds after which draws are no longer watched")
    chosen = parser.parse_args()
    print_load()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        well = runner.run(run(chosen.data_dir, Sizes(), chosen.draws, chosen.timeout))
    raise SystemExit(0 if well else 1)


if __name__ == "__main__":
    main()
