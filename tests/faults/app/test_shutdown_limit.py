"""Web process and worker stop on a signal, even while the database is away."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from app.embedded import Servers, embedded
from app.free_port import free_port
from tests.plugins.data_folders import data_folder

pytestmark = pytest.mark.slow
TIMEOUT = 30.0
"""Seconds that an end may take; service managers kill after 90, container platforms often after 30."""
START_TIMEOUT = 60.0


@pytest.fixture
async def servers() -> AsyncIterator[Servers]:
    with data_folder("ending") as folder:
        async with embedded(folder, durable=False) as embedded_servers:
            yield embedded_servers


@pytest.mark.parametrize(("command", "how"), [("worker", "is silent"), ("worker", "is gone"), ("serve", "is silent")])
async def test_a_process_ends_although_the_database(command: str, how: str, servers: Servers, tmp_path: Path) -> None:
    port = free_port()
    process = await _start(command, port, servers, tmp_path)
    try:
        await _wait_until_ready(port)
        family = _family(servers.pids[0])
        for pid in family:
            os.kill(pid, signal.SIGSTOP if how == "is silent" else signal.SIGKILL)
        try:
            await asyncio.sleep(1)
            process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(process.wait(), TIMEOUT)
        finally:
            if how == "is silent":
                for pid in family:
                    os.kill(pid, signal.SIGCONT)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _start(command: str, port: int, servers: Servers, folder: Path) -> asyncio.subprocess.Process:
    settings = {
        "PBT_DATABASE_URL": servers.database_url,
        "PBT_REDIS_URL": servers.redis_url,
        "PBT_DATA_DIR": str(folder),
        "PBT_WORKER_PORT" if command == "worker" else "PBT_HTTP__PORT": str(port),
    }
    return await asyncio.create_subprocess_exec(sys.executable, "-m", "app.cli", command, env=os.environ | settings)


async def _wait_until_ready(port: int) -> None:
    async with asyncio.timeout(START_TIMEOUT), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"http://127.0.0.1:{port}/readyz") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.2)


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]
