"""Measures one kind of request at a time: processor time, statements, how long an answer takes at 30 % load."""

from __future__ import annotations

import math
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from benchmarks.callbacks import Account, is_reply
from benchmarks.chat_ours import APPID, KEY, TOKEN
from benchmarks.load import Check, Load, full_speed, is_good, steady
from benchmarks.processes import cpu, running_processes, wait_for
from benchmarks.product import COUNTED, ECHO, PORT, Product
from bot.codec import Codec

BUSY = 16
"""Connections while processor time is measured."""
SHARE = 0.3
"""Share of the full load at which answers are timed."""
_FIRST, _COUNTED = 3, 5
_ECHO_EVERY = 8
ECHO_ACCOUNT = Account(
    Codec("bench", appid=APPID, token=TOKEN, aes_key=KEY, original_id="gh_1"), "/wechat/bench", "gh_1"
)

Make = Callable[[], bytes | None]
"""The next request of a kind; None after the last."""


@dataclass(frozen=True)
class Aim:
    """``ratio``: at least so many to one bare echo, by CPU; ``ours`` and ``postgres``: at most so many µs of CPU."""

    ratio: float = 0.0
    ours: float = math.inf
    postgres: float = math.inf


@dataclass(frozen=True)
class Case:
    """One kind of request. ``name`` is the request, ``who`` the kind of person who sends it."""

    name: str
    who: str
    make: Make
    check: Check = is_good
    aim: Aim = Aim()


@dataclass(frozen=True)
class Pace:
    """How long to measure: seconds of full load, seconds at 30 %, requests at most."""

    busy: float = 1.0
    calm: float = 3.0
    most: int = 1_000
    warm_up: int = 48


QUICK = Pace(busy=0.3, calm=0.9)


@dataclass(frozen=True)
class Figures:
    """Results of one kind: CPU in µs a request, statements a request, milliseconds, errors."""

    case: Case
    ours: float
    postgres: float
    valkey: float
    statements: float
    p50: float
    p99: float
    errors: int
    wrong: bytes

    @property
    def total(self) -> float:
        return self.ours + self.postgres + self.valkey

    def misses(self, echo: float) -> bool:
        """Whether an aim is missed; ``echo`` is the bare echo's cost in µs."""
        aim = self.case.aim
        return echo / self.total < aim.ratio or self.ours > aim.ours or self.postgres > aim.postgres


async def measure(product: Product, case: Case, pace: Pace) -> Figures:
    statements = await count_statements(product, case)
    load = Load(PORT, case.check)
    await full_speed(load, _requests(case, pace.warm_up), connections=BUSY)
    each = await _time_one(load, case)
    before = product.used()
    done = load.answered
    await full_speed(load, _requests(case, _count_within(pace.busy, each / BUSY * 4, pace)), connections=BUSY)
    used, count = product.used().since(before), max(load.answered - done, 1)
    calm = Load(PORT, case.check)
    rate = SHARE * (os.cpu_count() or 1) / max(used.total / count, 1e-5)
    await steady(calm, list(_requests(case, min(int(rate * pace.calm), pace.most))), rate)
    micros = 1e6 / count
    return Figures(
        case,
        used.ours * micros,
        used.postgres * micros,
        used.valkey * micros,
        statements,
        calm.quantile(0.5),
        calm.quantile(0.99),
        load.errors + calm.errors,
        load.wrong or calm.wrong,
    )


def _requests(case: Case, count: int) -> Iterator[bytes]:
    for _ in range(count):
        made = case.make()
        if made is None:
            return
        yield made


async def _time_one(load: Load, case: Case) -> float:
    """Seconds of one request without other load."""
    began = time.perf_counter()
    await full_speed(load, _requests(case, _FIRST), connections=1)
    return (time.perf_counter() - began) / _FIRST


def _count_within(seconds: float, each: float, pace: Pace) -> int:
    return max(20, min(int(seconds / max(each, 1e-4)), pace.most))


async def count_statements(product: Product, case: Case) -> float:
    """The median of a few requests, one after the other, of the statements that PostgreSQL executed."""
    load = Load(COUNTED, case.check)
    await full_speed(load, _requests(case, _FIRST), connections=1)
    counts = []
    for data in _requests(case, _COUNTED):
        product.wire.take()
        await full_speed(load, [data], connections=1)
        counts.append(len(product.wire.take()))
    return statistics.median(counts) if counts else 0.0


class Echo:
    """The bare echo: two gunicorn workers below ``pid``. Measured repeatedly, as other load varies."""

    def __init__(self, pid: int, pace: Pace) -> None:
        self._pid, self._pace = pid, pace
        self._costs: list[float] = []

    @property
    def cost(self) -> float:
        """Microseconds of CPU a message."""
        return statistics.median(self._costs)

    async def measure(self) -> None:
        load = Load(ECHO, is_reply)
        await full_speed(load, _echoes(100), connections=BUSY)
        before, done = cpu([self._pid]), load.answered
        await full_speed(load, _echoes(int(1_500 * self._pace.busy)), connections=BUSY)
        if load.errors:
            raise SystemExit(f"the echo failed: {load.wrong[:200]!r}")
        self._costs.append((cpu([self._pid]) - before) / (load.answered - done) * 1e6)


@asynccontextmanager
async def echo(pace: Pace) -> AsyncIterator[Echo]:
    """Run the bare echo for the length of the block."""
    gunicorn = [sys.executable, "-m", "gunicorn", "-w", "2", "-b", f"127.0.0.1:{ECHO}", "--log-level", "error"]
    with running_processes([*gunicorn, "benchmarks.chat_bare:app"]) as (pid,):
        await wait_for(ECHO)
        yield Echo(pid, pace)


async def measure_all(product: Product, cases: Iterable[Case], pace: Pace, bare: Echo) -> list[Figures]:
    """One after the other, and the echo before every few of them."""
    results = []
    for number, case in enumerate(cases):
        if number % _ECHO_EVERY == 0:
            await bare.measure()
        results.append(await measure(product, case, pace))
    return results


def _echoes(count: int) -> Iterator[bytes]:
    return (ECHO_ACCOUNT.says(f"oBench{number:05d}", "帮助") for number in range(count))


def print_result(title: str, results: Sequence[Figures], echo: float) -> bool:
    """A table in Markdown, as it stands in the documentation, and what is wrong or missed; True where nothing is."""
    print(f"\n{title}; the bare echo costs {echo:.0f} µs\n")
    print("| request | by | ours µs | PostgreSQL µs | Valkey µs | statements | p50 ms | p99 ms | ratio |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for figures in results:
        cells = [f"{figures.ours:.0f}", f"{figures.postgres:.0f}", f"{figures.valkey:.0f}", f"{figures.statements:g}"]
        cells += [f"{figures.p50:.1f}", f"{figures.p99:.1f}", f"{echo / figures.total:.2f}"]
        print(f"| {figures.case.name} | {figures.case.who} | {' | '.join(cells)} |")
    dearest = sorted(results, key=lambda figures: -figures.total)[:5]
    print(
        "\ndearest: "
        + "; ".join(f"{figures.case.name} ({figures.case.who}) {figures.total / 1000:.1f} ms" for figures in dearest)
    )
    missed = [figures for figures in results if figures.misses(echo)]
    if missed:
        print(f"aims missed by {len(missed)} of {len(results)}: {', '.join(figures.case.name for figures in missed)}")
    wrong = [figures for figures in results if figures.errors]
    for figures in wrong:
        print(
            f"wrong: {figures.case.name} by {figures.case.who}, {figures.errors} times, such as {figures.wrong[:300]!r}"
        )
    return not missed and not wrong
