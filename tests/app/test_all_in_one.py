"""One command starts everything, says where it is, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import asyncpg
import pytest

from app import all_in_one
from app.all_in_one import StartPlan, addresses, check_ports, parts, run, sandbox_urls
from app.command_error import CommandError
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

    async def prepare(found: Settings) -> None:
        connection = await asyncpg.connect(found.database_url)
        try:
            prepared.append(str(await connection.fetchval("SELECT to_regclass('audit_entry')")))
        finally:
            await connection.close()

    monkeypatch.setattr(all_in_one, "PREPARATIONS", [prepare])
    reported: asyncio.Queue[str] = asyncio.Queue()
    task = asyncio.create_task(run(settings, StartPlan(), report=reported.put_nowait))
    async with asyncio.timeout(60):
        said = await reported.get()
    assert f"http://127.0.0.1:{settings.http.port}/api/docs" in said
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


def test_a_taken_port_is_said_in_one_sentence(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.http.port))
        taken.listen()
        with pytest.raises(CommandError, match=f"端口 {settings.http.port} 已被其他程序占用.*PBT_HTTP__PORT"):
            check_ports(settings, StartPlan())
        with pytest.raises(CommandError, match="--sandbox-port"):
            check_ports(make_settings(http={"port": free_port()}), StartPlan(sandbox_port=settings.http.port))
        mine = make_settings(http={"port": free_port()}, mail={"port": settings.http.port})
        with pytest.raises(CommandError, match="PBT_MAIL__PORT"):
            check_ports(mine, StartPlan(sandbox_port=free_port()))
    check_ports(settings, StartPlan())


def test_two_parts_on_one_port_are_said_in_one_sentence(settings: Settings) -> None:
    with pytest.raises(CommandError, match=f"端口 {settings.http.port} 同时用于两个部分.*PBT_HTTP__PORT 或 --sandbox"):
        check_ports(settings, StartPlan(sandbox_port=settings.http.port))


def test_an_address_that_is_not_ours_is_said_in_one_sentence() -> None:
    with pytest.raises(CommandError, match="PBT_HTTP__HOST"):
        check_ports(make_settings(http={"host": "192.0.2.1"}), StartPlan())


def test_the_demonstration_has_a_sandbox_and_production_none(settings: Settings) -> None:
    env = tuple(sandbox_urls(18090, 18091).items())
    demo = parts(settings, StartPlan(sandbox_port=18090, settings_env=env))
    assert [part.name for part in demo] == ["sandbox", "web-1", "worker"]
    assert all(part.set_env["PBT_SMS__URL"] == "http://127.0.0.1:18090/sms/" for part in demo)
    production = parts(settings, StartPlan(web_processes=2))
    assert [part.name for part in production] == ["web-1", "web-2", "worker"]
    assert all("--reuse-port" in part.command for part in production[:2])
    assert "手机页面" in addresses(settings, StartPlan(sandbox_port=18090))
    assert "手机页面" not in addresses(settings, StartPlan())
    assert "/office" in addresses(settings, StartPlan())


def test_every_setting_for_another_sandbox_port_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in sandbox_urls(18090, 18091).items():
        monkeypatch.setenv(name, value)
    read = make_settings()
    urls = [read.wechat.api_url, read.wechat.open_url, read.sms.url, read.voice.url, read.identity.issuer]
    urls += [read.person_check.url, read.pay.api_url]
    assert all(":18090/" in url for url in urls)
    assert [url.replace("18090", "8090") for url in urls] == [
        Settings.model_fields["wechat"].default.api_url,
        Settings.model_fields["wechat"].default.open_url,
        Settings.model_fields["sms"].default.url,
        Settings.model_fields["voice"].default.url,
        Settings.model_fields["identity"].default.issuer,
        Settings.model_fields["person_check"].default.url,
        Settings.model_fields["pay"].default.api_url,
    ]
