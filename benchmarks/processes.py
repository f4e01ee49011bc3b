"""Processes that a benchmark starts, and the CPU and memory that they use."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict, cast

ROOT = Path(__file__).parent.parent


class Servers(TypedDict):
    """URLs that ``app.embedded`` prints."""

    database_url: str
    redis_url: str
    pids: list[int]


@contextmanager
def servers() -> Iterator[Servers]:
    """An empty PostgreSQL and an empty Valkey."""
    with tempfile.TemporaryDirectory(prefix="pbt-bench-") as folder:
        Path(folder).chmod(0o755)
        command = [sys.executable, "-m", "app.embedded", folder, "--fast"]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield cast("Servers", json.loads(process.stdout.readline()))
        finally:
            process.stdin.close()
            process.wait(timeout=20)


@contextmanager
def running_processes(*commands: list[str]) -> Iterator[list[int]]:
    """Run commands side by side for the length of the block."""
    children = [subprocess.Popen(command, cwd=ROOT) for command in commands]
    try:
        yield [child.pid for child in children]
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait(timeout=10)


async def wait_for(port: int) -> None:
    """Wait until a server listens on ``port``, ten seconds at most."""
    for _ in range(200):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise SystemExit(f"nothing listens on {port}")


def memory(pid: int) -> float:
    """Peak resident memory in MB."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def cpu(pids: Collection[int]) -> float:
    """Seconds of CPU that these processes and all below them have used, of those that still run."""
    return sum(_own_cpu(pid) for pid in _families(pids))


def _families(pids: Collection[int]) -> set[int]:
    below: defaultdict[int, list[int]] = defaultdict(list)
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_bytes().rpartition(b")")[2].split()
            except OSError:
                continue
            below[int(fields[1])].append(int(folder.name))
    family: set[int] = set()
    waiting = list(pids)
    while waiting:
        pid = waiting.pop()
        if pid not in family:
            family.add(pid)
            waiting += below[pid]
    return family


def _own_cpu(pid: int) -> float:
    """Seconds of all its threads, in nanoseconds where the kernel has them. PostgreSQL's housekeeping is left out."""
    folder = Path(f"/proc/{pid}")
    try:
        if b"autovacuum" in (folder / "cmdline").read_bytes():
            return 0.0
        return sum(int(task.read_text().split()[0]) for task in folder.glob("task/*/schedstat")) / 1e9 or _ticks(folder)
    except (OSError, IndexError, ValueError):
        return 0.0


def _ticks(folder: Path) -> float:
    fields = (folder / "stat").read_bytes().rpartition(b")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def print_load() -> None:
    """Print that other processes use the machine, so that the figures are not taken for those of a quiet one."""
    busy = os.getloadavg()[0]
    if busy > 0.5:
        print(f"others use this machine (load {busy:.1f}, {os.cpu_count()} cores): expect worse numbers")
