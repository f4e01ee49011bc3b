"""Chat callbacks: our whole path against wechatpy + Flask + gunicorn as a bare echo.

``python -m benchmarks.chat`` starts a PostgreSQL and a Valkey of its own, two web processes of ours and two gunicorn
workers, and loads them in turn with the same safe-mode callbacks: unique MsgIds, 2,000 users. Ours de-duplicates, finds
the account in PostgreSQL, keeps the user's order, replays and writes the talk; the peer echoes. Everything, the load
included, shares the machine's cores. Aims: ratio at least 1.5, p99 below 50 ms at half our rate, at most 200 MB.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import statistics
import sys

import asyncpg
import uvloop

from benchmarks.callbacks import Account, is_reply
from benchmarks.chat_ours import APPID, KEY, TOKEN
from benchmarks.load import Load, full_speed, steady
from benchmarks.processes import cpu, memory, print_load, running_processes, servers, wait_for
from bot.codec import Codec
from models.migrate import migrate

OURS, BARE = 18311, 18312
USERS = 2000

ACCOUNT = Account(Codec("bench", appid=APPID, token=TOKEN, aes_key=KEY, original_id="gh_1"), "/wechat/bench", "gh_1")


def messages(start: int, count: int, *, close: bool = False) -> list[bytes]:
    """Users come in turn; each says 登记, then its number, and so on."""
    return [_message(number, close=close) for number in range(start, start + count)]


def _message(number: int, *, close: bool) -> bytes:
    user, round_ = number % USERS, number // USERS
    return ACCOUNT.says(f"oBench{user:05d}", "登记" if round_ % 2 == 0 else str(user), close=close)


async def prepare(database_url: str) -> None:
    """2,000 followers, so that each message finds its account."""
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


async def measure_fixed_rate(rate: float, start: int, rounds: int) -> tuple[float, float, int]:
    """Medians over the rounds of p50 and p99 in milliseconds at a fixed rate, and all errors."""
    middles, tails, errors, count = [], [], 0, int(rate * 5)
    for round_ in range(rounds):
        load = Load(OURS, is_reply)
        await steady(load, messages(start + round_ * count, count), rate)
        middles.append(load.quantile(0.5))
        tails.append(load.quantile(0.99))
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
                load = Load(port, is_reply)
                rate = await full_speed(load, messages(start, count, close=close))
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
    p50, p99, errors = await measure_fixed_rate(best / 2, start, rounds)
    print(f"at {best / 2:.0f}/s: p50 {p50:.1f} ms, p99 {p99:.1f} ms (aim 50), errors {errors}")
    megabytes = max(memory(pid) for pid in ours)
    print(f"memory of one web process: {megabytes:.0f} MB (aim 200)")
    return passed and p99 < 50 and errors == 0 and megabytes <= 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=int, default=4000, help="requests a round")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ends the children too
    print_load()
    with servers() as urls:
        asyncio.run(prepare(urls["database_url"]))
        ours = [sys.executable, "-m", "benchmarks.chat_ours", str(OURS), urls["database_url"], urls["redis_url"]]
        gunicorn = [sys.executable, "-m", "gunicorn", "-w", "2", "-b", f"127.0.0.1:{BARE}", "--log-level", "error"]
        with (
            running_processes(ours, ours, [*gunicorn, "benchmarks.chat_bare:app"]) as pids,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            passed = runner.run(measure(pids[:2], pids[2], urls["pids"], chosen.rounds, chosen.count))
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
