"""One command starts everything, says where it is, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import asyncpg
import pytest

from app import all_in_one
from app.all_in_one import StartPlan, run
from app.embedded import EmbeddedError, find_instance
from app.free_port import free_port
from app.process_supervisor import Part
from config.settings import Settings
from tests.factories.settings import make_settings

SERVE = """
import http.server, sys
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *words): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Ready).serve_forever()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="pbt-run-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def settings(folder: Path, port: int) -> Settings:
    return make_settings(data_dir=folder / "var", http={"port": port})


@pytest.fixture
def _stand_in_for_the_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    def stand_in(settings: Settings, _plan: StartPlan) -> Sequence[Part]:
        port = settings.http.port
        return [Part("web", (sys.executable, "-c", SERVE, str(port)), {}, f"http://127.0.0.1:{port}/readyz")]

    monkeypatch.setattr(all_in_one, "parts", stand_in)


@pytest.mark.usefixtures("_stand_in_for_the_parts")
async def test_it_migrates_prepares_serves_and_ends_within_five_seconds(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared: list[str] = []

    async def prepare(resolved_settings: Settings) -> None:
        connection = await asyncpg.connect(resolved_settings.database_url)
        try:
            prepared.append(str(await connection.fetchval("SELECT to_regclass('audit_entry')")))
        finally:
            await connection.close()

    monkeypatch.setattr(all_in_one, "PREPARATIONS", [prepare])
    reported: asyncio.Queue[str] = asyncio.Queue()
    task = asyncio.create_task(run(settings, StartPlan(), report=reported.put_nowait))
    async with asyncio.timeout(60):
        report = await reported.get()
    assert f"http://127.0.0.1:{settings.http.port}/api/docs" in report
    assert prepared == ["audit_entry"]
    assert find_instance(settings.data_dir) is not None
    with pytest.raises(EmbeddedError, match=f"进程号 {os.getpid()}"):
        await run(settings, StartPlan())
    # The second start removed the handlers, as one process has one set of them.
    started = time.monotonic()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert time.monotonic() - started < 5
    assert find_instance(settings.data_dir) is None


@pytest.mark.usefixtures("_stand_in_for_the_parts")
async def test_the_phones_are_named_when_the_cast_is_bound_so_that_no_used_code_pops_up(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: asyncio.Queue[str] = asyncio.Queue()

    async def push_menus(_settings: Settings, _plan: StartPlan) -> None:
        order.put_nowait("menus")

    async def introduce(_settings: Settings, _sandbox: str) -> None:
        await asyncio.sleep(0)
        order.put_nowait("introduced")

    monkeypatch.setattr(all_in_one, "PREPARATIONS", [])
    monkeypatch.setattr(all_in_one, "push_menus", push_menus)
    monkeypatch.setattr(all_in_one, "introduce", introduce)
    task = asyncio.create_task(run(settings, StartPlan(sandbox_port=free_port()), report=order.put_nowait))
    async with asyncio.timeout(60):
        assert [await order.get(), await order.get()] == ["menus", "introduced"]
        assert "手机页面" in await order.get()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.usefixtures("_stand_in_for_the_parts")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_in_order(settings: Settings, number: signal.Signals) -> None:
    reported: asyncio.Queue[str] = asyncio.Queue()
    task = asyncio.create_task(run(settings, StartPlan(), report=reported.put_nowait))
    async with asyncio.timeout(60):
        await reported.get()
    os.kill(os.getpid(), number)
    async with asyncio.timeout(5):
        await task
    assert find_instance(settings.data_dir) is None


@pytest.mark.usefixtures("_stand_in_for_the_parts")
async def test_a_signal_in_the_middle_of_the_start_ends_it_too(settings: Settings) -> None:
    reported: list[str] = []
    task = asyncio.create_task(run(settings, StartPlan(), report=reported.append))
    async with asyncio.timeout(60):
        while not (settings.data_dir / "servers").exists():
            await asyncio.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)
        await task
    assert reported == []
    assert find_instance(settings.data_dir) is None
