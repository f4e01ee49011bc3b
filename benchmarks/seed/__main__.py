"""``python -m benchmarks.seed``: a data folder with a filled database, kept for the benchmarks.

Afterwards ``PBT_DATA_DIR=var/bench pbt run`` serves it; ``python -m app.embedded var/bench`` tells where to connect.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from dataclasses import fields
from pathlib import Path

import uvloop

from app.embedded import EmbeddedError
from benchmarks.folder import DATA_DIR, seeded_servers
from benchmarks.seed import Sizes


async def main(data_dir: Path, sizes: Sizes, *, fresh: bool) -> None:
    began = time.perf_counter()
    async with seeded_servers(data_dir, sizes, fresh=fresh) as (settings, _servers):
        print(f"{data_dir} is filled ({time.perf_counter() - began:.0f} s). Pools: {', '.join(settings.pools)}.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.seed", description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=DATA_DIR)
    parser.add_argument("--fresh", action="store_true", help="throw away what an earlier seed put there")
    for size in fields(Sizes):
        parser.add_argument(f"--{size.name}", type=int, default=size.default)
    chosen = vars(parser.parse_args())
    folder, anew = chosen.pop("data_dir"), chosen.pop("fresh")
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main(folder, Sizes(**chosen), fresh=anew))
    except EmbeddedError as error:
        sys.exit(str(error))
