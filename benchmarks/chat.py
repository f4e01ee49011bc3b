"""Chat callbacks: our whole path against wechatpy + Flask + gunicorn as a bare echo.

``python -m benchmarks.chat`` starts a PostgreSQL and a Valkey of its own, two web processes of ours and two gunicorn
workers, and loads them in turn with the same safe-mode callbacks: unique MsgIds, 2,000 users. Ours de-duplicates, finds
the account in PostgreSQL, keeps the user's order, replays and writes the talk; the peer echoes. Everything, the load
included, shares the machine's cores. Aims: ratio at least 1.5, p99 below 50 ms at half our rate, at most 200 MB.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict, cast

import asyncpg
import uvloop

from benchmarks.chat_ours import APPID, KEY, TOKEN
from bot.codec import Codec
from models.migrate import migrate

ROOT = Path(__file__).parent.parent
OURS, BARE = 18311, 18312
USERS = 2000
CONNECTIONS = 48

_codec = Codec("bench", appid=APPID, token=TOKEN, aes_key=KEY, original_id="gh_1")
_numbers = itertools.count(int(time.time() * 1_000_000))


def request(number: int, *, close: bool) -> bytes:
    """One callback as bytes. Users come in turn; each says 登记, then its number, and so on."""
    user, round_ = number % USERS, number // USERS
    text = "登记" if round_ % 2 == 0 else str(user)
    plain = (
        f"<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oBench{user:05d}]]></FromUserName>"
        f"<CreateTime>{int(time.time())}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content><![CDATA[{text}]]></Content><MsgId>{next(_numbers)}</MsgId></xml>"
    )
    sealed, nonce, stamp = _codec.encrypt(plain.encode()), str(number), str(int(time.time()))
    signature = _codec.sign(stamp, nonce, sealed)
    body = f"<xml><ToUserName><![CDATA[gh_1]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>".encode()
    query = f"timestamp={stamp}&nonce={nonce}&encrypt_type=aes&msg_signature={signature}"
    closing = "Connection: close\r\n" if close else ""
    head = (
        f"POST /wechat/bench?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml\r\n"
        f"Content-Length: {len(body)}\r\n{closing}\r\n"
    )
    return head.encode() + body


@dataclass
class Load:
    """Takes requests from ``waiting`` and writes down how long each took, in seconds, and what went wrong."""

    port: int
    waiting: deque[tuple[float, bytes]] = field(default_factory=deque)
    took: list[float] = field(default_factory=list)
    errors: int = 0
    answered: int = 0


class Line(asyncio.Protocol):
    """One connection: one request at a time, and the next when its answer is complete."""

    def __init__(self, load: Load, over: Callable[[], None]) -> None:
        self._load = load
        self._over = over
        self._buffer = b""
        self._since: float | None = None
        self.transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.WriteTransport", transport)
        self.next()

    def next(self) -> None:
        if self._load.waiting and self.transport is not None and not self.transport.is_closing():
            due, data = self._load.waiting.popleft()
            self._since = due or time.perf_counter()
            self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, body = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        lowered = head.lower()
        length = int(lowered.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        if len(body) < length or self._since is None:
            return
        self._load.took.append(time.perf_counter() - self._since)
        self._load.answered += 1
        if b" 200 " not in head[:20] or b"<Encrypt>" not in body:
            self._load.errors += 1
        self._buffer, self._since = b"", None
        if b"connection: close" in lowered and self.transport is not None:
            self.transport.close()
        else:
            self.next()

    def connection_lost(self, _error: Exception | None) -> None:
        if self._since is not None:
            self._load.errors += 1
        self._over()

    @property
    def idle(self) -> bool:
        return self._since is None


async def full_speed(port: int, count: int, start: int, *, close: bool) -> tuple[float, Load]:
    """Requests a second with all connections busy."""
    load = Load(port)
    load.waiting.extend((0.0, request(start + number, close=close)) for number in range(count))
    began = time.perf_counter()
    await asyncio.gather(*(_connection(load) for _ in range(CONNECTIONS)))
    return load.answered / (time.perf_counter() - began), load


async def _connection(load: Load) -> None:
    """Keep one connection open until nothing waits."""
    loop = asyncio.get_running_loop()
    while load.waiting:
        lost = asyncio.Event()
        _, line = await loop.create_connection(lambda lost=lost: Line(load, lost.set), "127.0.0.1", load.port)
        while not lost.is_set():
            if line.idle and not load.waiting:
                assert line.transport is not None
                line.transport.close()
            try:
                await asyncio.wait_for(lost.wait(), 0.05)
            except TimeoutError:
                continue


async def steady(port: int, rate: float, count: int, start: int) -> Load:
    """Requests at a fixed rate, whether or not earlier ones were answered; time counts from when each was due."""
    load, loop = Load(port), asyncio.get_running_loop()
    requests = [request(start + number, close=False) for number in range(count)]
    lines = [
        (await loop.create_connection(lambda: Line(load, lambda: None), "127.0.0.1", port))[1]
        for _ in range(CONNECTIONS)
    ]
    began = time.perf_counter()
    for number, data in enumerate(requests):
        due = began + number / rate
        if (delay := due - time.perf_counter()) > 0.0005:
            await asyncio.sleep(delay)
        load.waiting.append((due, data))
        idle = next((line for line in lines if line.idle), None)
        if idle is not None:
            idle.next()
    deadline = time.perf_counter() + 10
    while load.answered < count and time.perf_counter() < deadline:
        await asyncio.sleep(0.01)
    for line in lines:
        assert line.transport is not None
        line.transport.close()
    load.errors += count - load.answered
    return load


class Servers(TypedDict):
    """What ``app.embedded`` prints."""

    database_url: str
    redis_url: str
    pids: list[int]


@contextmanager
def servers() -> Iterator[Servers]:
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
def running(*commands: list[str]) -> Iterator[list[int]]:
    children = [subprocess.Popen(command, cwd=ROOT) for command in commands]
    try:
        yield [child.pid for child in children]
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait(timeout=10)


async def prepare(database_url: str) -> None:
    """2,000 followers, so that each message finds its row."""
    await migrate(database_url)
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "INSERT INTO wechat_identity (id, pool, app, appid, openid, following, blocked, subscribe_credits, created_at) "
        "SELECT gen_random_uuid(), 'bench', 'oa', $1, 'oBench' || lpad(n::text, 5, '0'), true, false, '{}', now() "
        "FROM generate_series(0, $2::int - 1) n",
        APPID,
        USERS,
    )
    await connection.execute("ANALYZE wechat_identity")
    await connection.close()


async def wait_for(port: int) -> None:
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


def cpu(pids: list[int]) -> float:
    """Seconds of CPU that these processes and their children have used."""
    total = 0
    for folder in Path("/proc").iterdir():
        try:
            fields = (folder / "stat").read_text("ascii").rpartition(")")[2].split()
        except (OSError, UnicodeDecodeError):
            continue
        if folder.name.isdigit() and (int(folder.name) in pids or int(fields[1]) in pids):
            total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


async def calm(rate: float, start: int, rounds: int) -> tuple[float, float, int]:
    """Medians over the rounds of p50 and p99 in milliseconds at a fixed rate, and all errors."""
    middles, tails, errors, count = [], [], 0, int(rate * 5)
    for round_ in range(rounds):
        load = await steady(OURS, rate, count, start + round_ * count)
        took = sorted(load.took)
        middles.append(took[len(took) // 2] * 1000)
        tails.append(took[int(len(took) * 0.99)] * 1000)
        errors += load.errors
    return statistics.median(middles), statistics.median(tails), errors


async def measure(ours: list[int], bare: int, stores: list[int], rounds: int, count: int) -> bool:
    await asyncio.gather(wait_for(OURS), wait_for(BARE))
    start = 0
    used: dict[str, list[float]] = {"ours": [], "stores": [], "bare": []}
    rates: dict[tuple[str, bool], list[float]] = {}
    for round_ in range(rounds + 1):
        for close in (True, False):
            for name, port in (("ours", OURS), ("bare", BARE)):
                before = cpu(ours), cpu(stores), cpu([bare])
                rate, load = await full_speed(port, count, start, close=close)
                after = cpu(ours), cpu(stores), cpu([bare])
                assert load.errors == 0, f"{name}: {load.errors} errors"
                start += count
                if round_ > 0:  # the first round warms up
                    rates.setdefault((name, close), []).append(rate)
                    for part, then, now in zip(("ours", "stores", "bare"), before, after, strict=True):
                        if not close and (part == "bare") == (name == "bare"):
                            used[part].append((now - then) / count * 1e6)
    best = us = peer = 0.0
    for close, title in ((True, "a connection per request"), (False, "connections kept where the server keeps them")):
        us, peer = statistics.median(rates["ours", close]), statistics.median(rates["bare", close])
        best = max(best, us)
        print(
            f"{title}: ours {us:.0f}/s, bare echo {peer:.0f}/s, ratio {us / peer:.2f}{'' if close else ' (aim 1.50)'}"
        )
    passed = us / peer >= 1.5
    micros = {part: statistics.median(values) for part, values in used.items() if values}
    print(
        f"CPU of a message, µs: ours {micros['ours']:.0f} + PostgreSQL and Valkey {micros['stores']:.0f}; "
        f"bare echo {micros['bare']:.0f}"
    )
    p50, p99, errors = await calm(best / 2, start, rounds)
    print(f"at {best / 2:.0f}/s: p50 {p50:.1f} ms, p99 {p99:.1f} ms (aim 50), errors {errors}")
    megabytes = max(memory(pid) for pid in ours)
    print(f"memory of one web process: {megabytes:.0f} MB (aim 200)")
    return passed and p99 < 50 and errors == 0 and megabytes <= 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=int, default=4000, help="requests a round")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the children are ended too
    busy = os.getloadavg()[0]
    if busy > 0.5:
        print(f"others use this machine (load {busy:.1f}, {os.cpu_count()} cores): expect worse numbers")
    with servers() as urls:
        asyncio.run(prepare(urls["database_url"]))
        ours = [sys.executable, "-m", "benchmarks.chat_ours", str(OURS), urls["database_url"], urls["redis_url"]]
        gunicorn = [sys.executable, "-m", "gunicorn", "-w", "2", "-b", f"127.0.0.1:{BARE}", "--log-level", "error"]
        with (
            running(ours, ours, [*gunicorn, "benchmarks.chat_bare:app"]) as pids,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            passed = runner.run(measure(pids[:2], pids[2], urls["pids"], chosen.rounds, chosen.count))
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
