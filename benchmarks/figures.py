"""The office's statistics over a filled database: 专业覆盖 (aim: under a second a page) and a year's figures.

``python -m benchmarks.figures`` uses a kept data folder of its own and fills it first where needed; 300,000 experts
unless told otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import uvloop

from app.commands.database import deps_for
from benchmarks.folder import seeded_servers
from benchmarks.product import POOL
from benchmarks.seed import Sizes
from domain.ids import new_id
from services.core.base import Actor, rows
from services.statistics import FigureFilter, Figures, SpecialtyCoverage

AIM = 1.0
"""Seconds for a page of coverage."""
_LAST = "SELECT to_char(max(started_at) AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM') AS month FROM draw"


async def timed(ask: Callable[[], Awaitable[object]], rounds: int) -> float:
    """Median seconds."""
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        await ask()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


async def run(data_dir: Path, sizes: Sizes, rounds: int) -> int:
    async with seeded_servers(data_dir, sizes, fresh=False) as (settings, _servers), deps_for(settings) as deps:
        actor = Actor(POOL, "pool_admin", new_id())
        coverage, figures = SpecialtyCoverage(deps), Figures(deps)
        [last] = await rows(_LAST)
        year = FigureFilter(f"{int(last['month'][:4]) - 1}{last['month'][4:]}", last["month"])
        asks: dict[str, Callable[[], Awaitable[object]]] = {
            "专业覆盖, second level of the catalogue": partial(coverage.read, actor),
            "专业覆盖, below A": partial(coverage.read, actor, "A"),
            "统计, thirteen months": partial(figures.read, actor, year),
            "统计, by region": partial(figures.read, actor, FigureFilter(year.since, year.until, "region")),
        }
        taken = {name: await timed(ask, rounds) for name, ask in asks.items()}
    for name, seconds in taken.items():
        print(f"{name:45} {1000 * seconds:8.0f} ms")
    worst = max(seconds for name, seconds in taken.items() if name.startswith("专业"))
    print(f"{sizes.experts:,} experts, {sizes.draws:,} draws; slowest page of coverage {worst:.2f} s, aim {AIM} s")
    return 0 if worst < AIM else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data-dir", type=Path, default=Path("var/bench-figures"))
    parser.add_argument("--experts", type=int, default=300_000)
    parser.add_argument("--draws", type=int, default=Sizes.draws)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run(given.data_dir, Sizes(experts=given.experts, draws=given.draws), given.rounds))


if __name__ == "__main__":
    raise SystemExit(main())
