"""The sandbox's clock: every process stands at the same time, whatever is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from datetime import timedelta
from pathlib import Path

import redis.asyncio as redis_client
from redis.exceptions import RedisError

from app.clock import find_offset, move_clock
from app.embedded import embedded
from domain.clock import ShiftedClock

MOVED = timedelta(days=2)


async def test_a_moved_clock_survives_a_kill_of_the_cache_server() -> None:
    with tempfile.TemporaryDirectory(prefix="pbt-clock-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        async with embedded(folder, durable=False, database_url="postgres://elsewhere/pbt") as servers:
            async with redis_client.from_url(servers.redis_url) as redis:
                await move_clock(redis, ShiftedClock(), MOVED)
                async with asyncio.timeout(20):
                    while (await redis.info("persistence"))["rdb_bgsave_in_progress"]:
                        await asyncio.sleep(0.02)
            os.kill(servers.pids[0], signal.SIGKILL)
            assert await _offset_patiently(servers.redis_url) == MOVED


async def _offset_patiently(url: str) -> timedelta:
    async with asyncio.timeout(20), redis_client.from_url(url) as redis:
        while True:
            try:
                return await find_offset(redis)
            except (RedisError, OSError):
                await asyncio.sleep(0.05)
