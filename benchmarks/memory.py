"""Starts and memory: how soon the command line and a web process are there, and what a web process and an import hold.

``python -m benchmarks.memory`` starts one web process on the filled database (``benchmarks.seed``), asks every word and
opens every page of ``benchmarks.words`` and ``benchmarks.pages`` in turn, exports among them, and imports 100,000
experts into a database of their own. Aims: ``pbt --help`` in 0.3 s, a web process ready in 2 s, 140 MB idle and 200 MB
after the load, of which the second half adds at most 10; seconds of CPU are printed besides, for busy machines.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import cycle, islice
from pathlib import Path

import uvloop

from app.boot import own_servers
from app.demo.data import codes_of, pool_catalogues, render_sheet
from app.rulebook_files import load_rulebooks
from benchmarks import pages, words
from benchmarks.folder import DATA_DIR, bench_settings
from benchmarks.load import Load, full_speed
from benchmarks.log_ins import LogIns, log_in
from benchmarks.people import People, find_people
from benchmarks.processes import ROOT, cpu, print_load
from benchmarks.product import POOL, PORT, Product, environment, product
from benchmarks.seed import Sizes

SLICES = 10
CONNECTIONS = 8
_EXPORTS = ("applications.xlsx?state=notice", "orders.xlsx", "refunds.xlsx", "differences.xlsx")
_SETTLED = 3.0
"""Seconds after which a process without requests is idle."""


def print_result(what: str, value: float, aim: float, unit: str, more: str = "") -> bool:
    print(f"{what}: {value:.{0 if unit == 'MB' else 2}f} {unit} (aim {aim:g}){more}", flush=True)
    return value <= aim


def resident(pid: int) -> float:
    """Resident MB now, with shared memory."""
    return _status(pid, "VmRSS")


def _status(pid: int, name: str) -> float:
    return int(Path(f"/proc/{pid}/status").read_text("ascii").split(f"{name}:")[1].split()[0]) / 1024


def time_help() -> bool:
    before, began = os.times(), time.perf_counter()
    subprocess.run([sys.executable, "-m", "app.cli", "--help"], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    took, after = time.perf_counter() - began, os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return print_result("pbt --help", took, 0.3, "s", f", {used:.2f} s of CPU")


async def time_serve(started: Product) -> bool:
    """Seconds until another web process, on a port of its own, is ready."""
    port = PORT + 20
    env = os.environ | environment(started.settings) | {"PBT_HTTP__PORT": str(port)}
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "app.cli", "serve", cwd=ROOT, env=env)
    try:
        while not await _is_ready(port):
            await asyncio.sleep(0.02)
        took = time.perf_counter() - began
        return print_result("pbt serve, ready", took, 2, "s", f", {cpu([process.pid]):.2f} s of CPU")
    finally:
        process.terminate()
        await process.wait()


async def _is_ready(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.write(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    answer = await reader.read(15)
    writer.close()
    return answer.startswith(b"HTTP/1.1 200")


async def measure_web(started: Product, count: int) -> bool:
    """A web process before, during and after ``count`` requests of all kinds."""
    (pid,) = started.webs
    await asyncio.sleep(_SETTLED)
    good = print_result("web process, idle", resident(pid), 140, "MB")
    people = await find_people(started)
    made = requests(started, people, await log_in(started, people))
    load, held = Load(PORT), list[float]()
    for _ in range(SLICES):
        await full_speed(load, islice(made, count // SLICES), connections=CONNECTIONS)
        held.append(resident(pid))
    print(
        f"{load.answered:,} requests, {load.errors} refused; MB on the way: {', '.join(f'{size:.0f}' for size in held)}"
    )
    good &= print_result("web process, after the load", held[-1], 200, "MB")
    return print_result("of which in the second half", held[-1] - held[SLICES // 2 - 1], 10, "MB") and good


def requests(started: Product, people: People, log_ins: LogIns) -> Iterator[bytes]:
    """Every word, address and export, one after the other, again and again."""
    makes: list[Callable[[], bytes | None]] = [case.make for case in words.cases(started, people)]
    makes += [case.make for case in pages.cases(log_ins)]
    makes += [_Export(log_ins, name) for name in _EXPORTS]
    return (made for make in cycle(makes) if (made := make()) is not None)


class _Export:
    def __init__(self, log_ins: LogIns, name: str) -> None:
        self._log_ins, self._path = log_ins, f"/office/exports/{name}"

    def __call__(self) -> bytes:
        return pages.read_page(self._log_ins.next("admin"), self._path)


async def measure_import(count: int) -> bool:
    """Peak of ``pbt import-experts``; the limited process that reads the sheet is printed besides."""
    with tempfile.TemporaryDirectory(prefix="pbt-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        settings = bench_settings(folder / "data")
        book = load_rulebooks(settings.rulebooks, [POOL])[POOL]
        codes = codes_of(pool_catalogues(book, settings.rulebooks.parent / "catalogues"))
        (folder / "experts.csv").write_bytes(render_sheet(codes, seed=1, count=count))
        async with own_servers(settings, durable=False) as (resolved_settings, _servers):
            env = os.environ | environment(resolved_settings)
            for words_ in (["migrate"], ["catalogue", "import", "--pool", POOL]):
                await _run(env, *words_)
            peak, reader, took = await _run(env, "import-experts", str(folder / "experts.csv"), "--pool", POOL)
    more = f"; {reader:.0f} MB in the process that reads the sheet; {took:.0f} s, {count / took:.0f} experts/s"
    return print_result(f"import of {count:,} experts, peak", peak, 350, "MB", more)


async def _run(env: Mapping[str, str], *arguments: str) -> tuple[float, float, float]:
    """MB at most of the command and of what it starts; seconds."""
    began, peaks = time.perf_counter(), [0.0, 0.0]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app.cli", *arguments, cwd=ROOT, env=env, stdout=subprocess.DEVNULL
    )
    ending = asyncio.create_task(process.wait())
    while not ending.done():
        _note_peaks(process.pid, peaks)
        await asyncio.wait([ending], timeout=0.1)
    if process.returncode:
        raise SystemExit(f"pbt {' '.join(arguments)} failed")
    return peaks[0], peaks[1], time.perf_counter() - began


def _note_peaks(pid: int, peaks: list[float]) -> None:
    try:
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
        for at, process_id in [(0, pid), *((1, int(child)) for child in below)]:
            peaks[at] = max(peaks[at], _status(process_id, "VmHWM"))
    except (OSError, IndexError):
        return  # it is ending


async def run(data_dir: Path, count: int, experts: int) -> bool:
    good = time_help()
    async with product(data_dir, Sizes(), webs=1) as started:
        good &= await time_serve(started)
        good &= await measure_web(started, count)
    return await measure_import(experts) and good


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=DATA_DIR)
    parser.add_argument("--requests", type=int, default=20_000, help="requests to the web process")
    parser.add_argument("--experts", type=int, default=100_000, help="experts to import")
    chosen = parser.parse_args()
    print_load()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        good = runner.run(run(chosen.data_dir, chosen.requests, chosen.experts))
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
