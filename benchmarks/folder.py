"""The data folder that benchmarks share: filled once by ``benchmarks.seed``, then kept."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path

from app.boot import own_servers
from app.commands.database import deps_for
from app.embedded import Servers
from app.embedded.home import SERVERS
from app.sandbox_setup import with_demo_accounts
from benchmarks.seed import Sizes, fill
from config.settings import Settings
from models.migrate import migrate

DATA_DIR = Path("var/bench")
_NOTE = "seed.json"
"""Written when a seed is complete, with its sizes and time."""
_VERSION = 3
"""Version of the seed's contents and of the migrations that made it, raised when they change."""
_FRESH_FOR = 3 * 86_400
"""Seconds after which the seed's future panels have passed and the folder is filled again."""


def bench_settings(data_dir: Path) -> Settings:
    """The sandbox's settings for the pool ``demo`` alone, whatever the environment says."""
    data_dir.mkdir(parents=True, exist_ok=True)
    chosen = Settings(_env_file=None, data_dir=data_dir, pools=["demo"])  # type: ignore[call-arg]  # pydantic-settings' own
    return with_demo_accounts(chosen)


@asynccontextmanager
async def seeded_servers(
    data_dir: Path, sizes: Sizes, *, fresh: bool = False
) -> AsyncIterator[tuple[Settings, Servers]]:
    """Run the servers of a folder that holds a seed of these sizes, which is made where there is none."""
    note = data_dir / _NOTE
    if fresh or not _is_current(note, sizes):
        empty(data_dir)
    async with own_servers(bench_settings(data_dir), durable=False) as (settings, servers):
        await migrate(settings.database_url)
        if not note.exists():
            await _fill(settings, sizes)
            note.write_text(json.dumps({"version": _VERSION, "sizes": asdict(sizes), "at": time.time()}))
        yield settings, servers


def _is_current(note: Path, sizes: Sizes) -> bool:
    if not note.exists():
        return False
    stamp = json.loads(note.read_text())
    same = stamp.get("version") == _VERSION and stamp["sizes"] == asdict(sizes)
    return bool(same and time.time() - stamp["at"] < _FRESH_FOR)


def empty(data_dir: Path) -> None:
    """Delete an earlier seed; a folder with other contents is left as it is and can't be filled."""
    if (data_dir / SERVERS).exists() and not (data_dir / _NOTE).exists() and not (data_dir / ".seeding").exists():
        raise SystemExit(f"{data_dir} holds another database: choose another folder, or remove it.")
    if (data_dir / SERVERS).is_symlink():
        shutil.rmtree((data_dir / SERVERS).resolve(), ignore_errors=True)
    shutil.rmtree(data_dir, ignore_errors=True)
    data_dir.mkdir(parents=True)
    (data_dir / ".seeding").touch()


async def _fill(settings: Settings, sizes: Sizes) -> None:
    began = time.perf_counter()
    async with deps_for(settings) as deps:
        catalogues = settings.rulebooks.parent / "catalogues"
        appid = settings.wechat.accounts["demo"].appid
        counts = await fill(deps, settings.database_url, catalogues, sizes, appid=appid)
    took = time.perf_counter() - began
    print(f"seeded {sum(counts.values()):,} rows in {took:.0f} s: ", end="")
    print(", ".join(f"{count:,} {table}" for table, count in sorted(counts.items(), key=lambda item: -item[1])[:12]))
