"""Parts are started, restarted and ended together."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from app import process_supervisor as keeper_module
from app.command_error import CommandError
from app.embedded.child import Child, spawn
from app.free_port import free_port
from app.process_supervisor import Part, ProcessSupervisor

ROOT = Path(__file__).parents[3]
SERVE = "import http.server, sys; http.server.test(http.server.SimpleHTTPRequestHandler, port=int(sys.argv[1]))"
LAST = "import time; time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


def _part(name: str, script: str, *arguments: str, ready_url: str = "", **env: str) -> Part:
    return Part(name, (sys.executable, "-c", script, *arguments), env, ready_url)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def port() -> int:
    return free_port()


async def test_ready_means_that_every_part_answers(port: int, tmp_path: Path) -> None:
    parts = [_part("web", SERVE, str(port), ready_url=f"http://127.0.0.1:{port}/"), _part("worker", LAST)]
    async with ProcessSupervisor(parts, cwd=tmp_path) as supervisor:
        await supervisor.wait_until_ready()
        pids = [supervisor.pid("web"), supervisor.pid("worker")]
        assert all(_is_alive(pid) for pid in pids)
    assert not any(_is_alive(pid) for pid in pids)


async def test_a_part_that_ends_before_it_is_ready_ends_the_start(port: int) -> None:
    parts = [_part("web", "raise SystemExit(1)", ready_url=f"http://127.0.0.1:{port}/"), _part("worker", LAST)]
    async with ProcessSupervisor(parts) as supervisor:
        with pytest.raises(CommandError, match="web 没能启动"):
            await supervisor.wait_until_ready()


async def test_a_part_that_never_answers_ends_the_start(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper_module, "READY_TIMEOUT", 0.3)
    async with ProcessSupervisor([_part("web", LAST, ready_url=f"http://127.0.0.1:{port}/")]) as supervisor:
        with pytest.raises(CommandError, match="仍未就绪"):
            await supervisor.wait_until_ready()


async def test_a_killed_part_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper_module, "FIRST_PAUSE", 0.01)
    async with ProcessSupervisor([_part("worker", LAST), _part("other", LAST)]) as supervisor:
        await supervisor.wait_until_ready()
        first, other = supervisor.pid("worker"), supervisor.pid("other")
        os.kill(first, signal.SIGKILL)
        async with asyncio.timeout(10):
            while supervisor.pid("worker") == first:
                await asyncio.sleep(0.01)
        assert _is_alive(supervisor.pid("worker"))
        assert supervisor.pid("other") == other


async def test_a_part_that_can_not_be_started_again_at_once_is_started_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper_module, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(keeper_module, "LONGEST_PAUSE", 0.01)
    refusals = [OSError(11, "no process left"), OSError(12, "no memory left")]

    async def spawn_refused(*arguments: Any, **options: Any) -> Child:
        if refusals:
            raise refusals.pop()
        return await spawn(*arguments, **options)

    async with ProcessSupervisor([_part("worker", LAST)]) as supervisor:
        await supervisor.wait_until_ready()
        monkeypatch.setattr(keeper_module, "spawn", spawn_refused)
        first = supervisor.pid("worker")
        os.kill(first, signal.SIGKILL)
        async with asyncio.timeout(10):
            while supervisor.pid("worker") == first:
                await asyncio.sleep(0.01)
        assert (refusals, _is_alive(supervisor.pid("worker"))) == ([], True)


async def test_a_part_that_will_not_end_is_killed_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper_module, "END_TIMEOUT", 0.2)
    async with ProcessSupervisor([_part("stubborn", STUBBORN)]) as supervisor:
        await supervisor.wait_until_ready()
        pid = supervisor.pid("stubborn")
        started = time.monotonic()
    assert time.monotonic() - started < 3
    assert not _is_alive(pid)


async def test_a_part_gets_its_own_settings(tmp_path: Path) -> None:
    script = "import os, pathlib, time; pathlib.Path('said').write_text(os.environ['PBT_X']); time.sleep(60)"
    async with ProcessSupervisor([_part("worker", script, PBT_X="7")], cwd=tmp_path):
        async with asyncio.timeout(10):
            while not (tmp_path / "said").exists() or not (tmp_path / "said").read_text():
                await asyncio.sleep(0.02)
        assert (tmp_path / "said").read_text() == "7"


OWNER = f"""
import asyncio, sys
from app.process_supervisor import ProcessSupervisor, Part

async def main():
    parts = [Part("a", (sys.executable, "-c", {LAST!r})), Part("b", (sys.executable, "-c", {LAST!r}))]
    async with ProcessSupervisor(parts) as k:
        print(k.pid("a"), k.pid("b"), flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


def test_parts_do_not_outlive_a_killed_owner() -> None:
    process = subprocess.Popen([sys.executable, "-c", OWNER], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pids = [int(word) for word in process.stdout.readline().split()]
    assert len(pids) == 2
    process.kill()
    process.communicate(timeout=5)
    deadline = time.monotonic() + 5
    while any(_is_alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_is_alive(pid) for pid in pids)
