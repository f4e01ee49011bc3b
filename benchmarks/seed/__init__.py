"""A database as a province has it after two years, for benchmarks and to look at plans (``benchmarks/README.md``).

``fill`` needs a migrated database without experts. Everything is invented, in the pool ``demo``, and keeps the
project's invariants; the demonstration's cast is there too, so staff are known by their phones.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import asyncpg

from app.demo.data import load_demo
from benchmarks.seed.draws import load_draws
from benchmarks.seed.entry import applicants_among, load_applications
from benchmarks.seed.money import load_fees
from benchmarks.seed.notices import load_notices
from benchmarks.seed.people import load_people
from benchmarks.seed.rows import Loader
from benchmarks.seed.world import Sizes, World
from services.core.base import Deps

__all__ = ["Sizes", "fill"]


async def fill(deps: Deps, database_url: str, catalogues: Path, sizes: Sizes, *, appid: str) -> Mapping[str, int]:
    """Load everything and analyse it; returns the rows by table. ``appid`` is the official account's."""
    await load_demo(deps, catalogues, extras=0)
    world = await World.of(deps, catalogues, sizes, appid)
    connection = await asyncpg.connect(database_url, command_timeout=300)
    try:
        loader = Loader(connection)
        await load_people(world, loader, applicants_among(sizes.applications))
        applied = await load_applications(world, loader)
        await load_fees(world, loader, applied)
        called = await load_draws(world, loader)
        await load_notices(world, loader, called, applied)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    return loader.counts
