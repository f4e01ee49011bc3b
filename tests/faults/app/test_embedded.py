"""The embedded servers: they start, restart, and never outlive their owner."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio as redis_client
from redis.exceptions import RedisError

from app.embedded import EmbeddedError, Servers, embedded, find_instance, home, server
from app.embedded.errors import explain
from app.embedded.owner import Instance, lock_data_dir, publish
from app.embedded.valkey import Valkey
from app.free_port import free_port

ROOT = Path(__file__).parents[3]
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that an unprivileged PostgreSQL may enter, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="pbt-embedded-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


class Owner:
    """``python -m app.embedded`` as a process of its own, so that it can be killed."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "app.embedded", str(folder), "--fast"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(self.process.communicate(timeout=20)[1])
        ready = json.loads(line)
        self.servers = Servers(ready["database_url"], ready["redis_url"], tuple(ready["pids"]))

    def family(self) -> set[int]:
        """The servers' process ids and those of their own children."""
        return set(self.servers.pids) | {child for pid in self.servers.pids for child in _children(pid)}

    def end(self) -> None:
        """End a process and its children. Raises TimeoutExpired if it does not end in time, after killing it."""
        try:
            self.process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise


@contextmanager
def owner_of(folder: Path) -> Iterator[Owner]:
    owner = Owner(folder)
    try:
        yield owner
    finally:
        owner.end()


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def _holds_within(seconds: float, condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


async def _query(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url, timeout=5)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def _query_patiently(url: str, statement: str) -> object:
    async with asyncio.timeout(20):
        while True:
            try:
                return await _query(url, statement)
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.05)


async def _ping_patiently(url: str) -> bool:
    async with asyncio.timeout(20), redis_client.from_url(url) as client:
        while True:
            try:
                return bool(await client.ping())
            except (RedisError, OSError):
                await asyncio.sleep(0.05)


async def test_the_application_is_no_superuser_and_finds_its_extensions(folder: Path) -> None:
    async with embedded(folder, durable=False) as servers:
        assert await _query(servers.database_url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
        assert await _query(servers.database_url, "SELECT similarity('评标专家', '评标专家')") == 1
        assert await _query(servers.database_url, "SHOW server_encoding") == "UTF8"


async def test_a_durable_start_keeps_the_disk_in_step_and_the_data(folder: Path) -> None:
    async with embedded(folder) as servers:
        assert await _query(servers.database_url, "SHOW fsync") == "on"
        await _query(servers.database_url, "CREATE TABLE kept AS SELECT 7 AS number")
        async with redis_client.from_url(servers.redis_url) as client:
            await client.set("kept", "yes")
    async with embedded(folder) as servers:
        assert await _query(servers.database_url, "SELECT number FROM kept") == 7
        async with redis_client.from_url(servers.redis_url) as client:
            assert await client.get("kept") == b"yes"


async def test_a_database_connection_with_a_wrong_password_is_refused(folder: Path) -> None:
    async with embedded(folder, durable=False) as servers:
        stranger = servers.database_url.replace(servers.database_url.split(":")[2].split("@")[0], "guess")
        with pytest.raises(asyncpg.InvalidPasswordError):
            await _query(stranger, "SELECT 1")
    for secret in ("postgres.password", "valkey.password"):
        assert stat.S_IMODE((folder / secret).stat().st_mode) == 0o600


async def test_a_given_server_is_used_and_not_started_again(folder: Path) -> None:
    async with embedded(folder, durable=False, database_url="postgres://elsewhere/pbt") as servers:
        assert servers.database_url == "postgres://elsewhere/pbt"
        assert await _ping_patiently(servers.redis_url)
        assert len(servers.pids) == 1
    assert not (folder / "servers" / "postgres").exists()


def test_a_second_start_on_the_same_folder_names_the_process_that_uses_it(folder: Path) -> None:
    with owner_of(folder) as first:
        command = [sys.executable, "-m", "app.embedded", str(folder), "--fast"]
        second = subprocess.run(
            command, cwd=ROOT, stdin=subprocess.PIPE, capture_output=True, text=True, timeout=20, check=False
        )
        assert second.returncode == 1
        assert second.stdout == ""
        assert len(second.stderr.strip().splitlines()) == 1
        assert f"进程号 {first.process.pid}" in second.stderr


def test_other_commands_find_the_running_instance_and_no_dead_one(folder: Path) -> None:
    with owner_of(folder) as owner:
        note = find_instance(folder)
        assert note is not None
        assert note.database_url == owner.servers.database_url
        assert note.pid == owner.process.pid
        assert stat.S_IMODE((folder / "instance.json").stat().st_mode) == 0o600
    assert find_instance(folder) is None
    publish(folder, Instance(pid=1, database_url="postgres://dead/db", redis_url="redis://dead/0"))
    assert find_instance(folder) is None


@linux_only
def test_closing_standard_input_ends_everything(folder: Path) -> None:
    owner = Owner(folder)
    family = owner.family()
    owner.end()
    assert owner.process.returncode == 0
    assert not any(_is_alive(pid) for pid in family)


@linux_only
async def test_a_killed_owner_leaves_no_orphan_and_no_damage(folder: Path) -> None:
    for attempt in range(3):
        owner = Owner(folder)
        family = owner.family()
        assert len(family) > 3
        await _query(owner.servers.database_url, "CREATE TABLE IF NOT EXISTS tries (number int)")
        await _query(owner.servers.database_url, "INSERT INTO tries SELECT count(*) FROM tries")
        owner.process.kill()
        owner.process.communicate(timeout=5)
        if attempt == 1:  # the others start again at once, while the remains are still going away
            assert _holds_within(10, lambda family=family: not any(_is_alive(pid) for pid in family))
    with owner_of(folder) as owner:
        assert await _query(owner.servers.database_url, "SELECT count(*) FROM tries") == 3


@linux_only
async def test_killed_servers_come_back_under_the_same_address(folder: Path) -> None:
    with owner_of(folder) as owner:
        await _query(owner.servers.database_url, "CREATE TABLE kept AS SELECT 7 AS number")
        for pid in owner.servers.pids:
            os.kill(pid, signal.SIGKILL)
        assert await _query_patiently(owner.servers.database_url, "SELECT number FROM kept") == 7
        assert await _ping_patiently(owner.servers.redis_url)
        assert not any(_is_alive(pid) for pid in owner.servers.pids)


@linux_only
def test_an_owner_killed_in_the_middle_of_its_first_start_can_start_again(folder: Path) -> None:
    command = [sys.executable, "-m", "app.embedded", str(folder), "--fast"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert _holds_within(20, lambda: any((folder / "servers").glob("postgres.new.*")))
    process.kill()
    process.communicate(timeout=5)
    with owner_of(folder) as owner:
        assert owner.servers.database_url


async def test_a_port_taken_at_the_last_moment_is_exchanged(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports = [taken.getsockname()[1], taken.getsockname()[1]]
        monkeypatch.setattr(server, "free_port", lambda: ports.pop() if ports else free_port())
        async with embedded(folder, durable=False) as servers:
            assert ports == []
            assert await _query(servers.database_url, "SELECT 1") == 1
            assert await _ping_patiently(servers.redis_url)


async def test_a_broken_dump_of_valkey_is_put_aside(folder: Path) -> None:
    async with embedded(folder, database_url="postgres://elsewhere/pbt") as servers:
        assert await _ping_patiently(servers.redis_url)
    dump = folder / "servers" / "valkey" / "dump.rdb"
    dump.write_bytes(b"REDIS0011 this is no dump")
    shutil.chown(dump, *(("postgres", None) if _is_user("postgres") and os.geteuid() == 0 else (os.geteuid(), None)))
    async with embedded(folder, database_url="postgres://elsewhere/pbt") as servers:
        assert await _ping_patiently(servers.redis_url)
    assert dump.with_suffix(".broken").exists()


def _is_user(name: str) -> bool:
    return any(line.startswith(f"{name}:") for line in Path("/etc/passwd").read_text().splitlines())


async def test_a_full_disk_is_said_in_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(100, 99, 1))
    with pytest.raises(EmbeddedError, match="磁盘空间不足"):
        async with embedded(folder):
            pass


async def test_a_file_in_the_place_of_the_folder_is_said_in_one_sentence(folder: Path) -> None:
    (folder / "var").write_text("")
    with pytest.raises(EmbeddedError, match="不是目录"):
        async with embedded(folder / "var"):
            pass


@pytest.mark.parametrize(
    ("number", "sentence"),
    [(errno.EACCES, "不能写入"), (errno.EROFS, "不能写入"), (errno.ENOSPC, "磁盘空间不足"), (errno.EIO, "请检查磁盘")],
)
def test_an_error_of_the_disk_is_said_in_one_sentence(number: int, sentence: str) -> None:
    explanation = str(explain(OSError(number, os.strerror(number)), Path("var")))
    assert sentence in explanation
    assert explanation.endswith("。")


async def test_data_of_another_postgresql_is_refused_with_advice(folder: Path) -> None:
    async with embedded(folder, durable=False):
        pass
    (folder / "servers" / "postgres" / "PG_VERSION").write_text("15\n")
    with pytest.raises(EmbeddedError, match="pbt backup"):
        async with embedded(folder, durable=False):
            pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs its servers as somebody else")
async def test_a_private_folder_of_root_stays_private(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private = folder / "root"
    private.mkdir(mode=0o700)
    monkeypatch.setattr(home, "SHARED_ROOT", folder / "shared")
    monkeypatch.setattr(home, "reachable", lambda path: "site-packages" not in str(path) and "root" not in path.parts)
    async with embedded(private / "var", durable=False) as servers:
        await _query(servers.database_url, "CREATE TABLE kept AS SELECT 7 AS number")
        assert (private / "var" / "servers").is_symlink()
    async with embedded(private / "var", durable=False) as servers:
        assert await _query(servers.database_url, "SELECT number FROM kept") == 7
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


def test_only_one_owner_holds_a_folder(folder: Path) -> None:
    with lock_data_dir(folder), pytest.raises(EmbeddedError, match=str(os.getpid())), lock_data_dir(folder):
        pass


WATCHED = """
import asyncio, signal, sys
from app.embedded.child import spawn

async def main():
    child = await spawn([sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"],
                        owner_gone=signal.SIGTERM, watch=True)
    print(child.pid, flush=True)
    await child.wait()

asyncio.run(main())
"""


@linux_only
def test_where_the_kernel_cannot_watch_a_pipe_does(folder: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", WATCHED], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = {process.stdout.readline().strip(), process.stdout.readline().strip()}
    launcher = int((lines - {"up"}).pop())
    family = {launcher, *_children(launcher)}
    assert len(family) == 2
    process.kill()
    process.communicate(timeout=5)
    assert _holds_within(5, lambda: not any(_is_alive(pid) for pid in family))


async def test_the_end_does_not_hang_on_a_cancellation_that_was_lost(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library's own time-out may swallow a cancellation and report itself instead."""
    monkeypatch.setattr(server, "_CANCEL_RETRY_AFTER", 0.01)
    program, lost = Valkey(home.prepare_home(folder), durable=False), 0

    async def keep() -> None:
        nonlocal lost
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                lost += 1
                if lost == 2:
                    raise

    program._keep_task = asyncio.create_task(keep())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await program.stop()
    assert lost == 2
