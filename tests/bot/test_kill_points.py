"""A message whose reply comes late, and whose process dies at each crossing: the person gets the reply once.

Crossings are the commands to Redis, the commit of the job and the request to the vendor. WeChat repeats what was not
answered, and a job that died is handed out again: both to another process, once the lease of the dead one has lapsed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

import pytest
from redis.asyncio import Redis

from bot.dialogue import Dialogue
from bot.engine import SUCCESS, Engine, EngineParts
from bot.inbox import Inbox
from bot.messages import Message, parse_xml
from bot.router import Router
from bot.turn import Turn, WechatUser
from bot.windows import Windows
from domain.clock import FixedClock
from tests.bot.conftest import KEYS, NOW, message
from tests.bot.stage import CODEC, LONG, Sender, raised_limits, redis_client
from tests.drivers.kill_points import Crossing, Died, KillPoints, run_until_death

REPLY = "第一次"
LOST = ("send_text", "add_pending")
"""Acts before which the delivery is claimed: a death then costs the reply, as nobody knows whether it was sent."""
REPEATS = 3
"""Deliveries by WeChat of what was not answered."""


class _Users:
    async def find(self, sent: Message) -> WechatUser:
        return WechatUser("demo", "wx1", sent.openid, UUID(int=1), None, following=True)


@dataclass
class Chat:
    """The engine of one process after the other, over Redis, a queue and a vendor that outlive them."""

    redis: Redis
    points: KillPoints
    sender: Sender = field(default_factory=Sender)
    jobs: list[tuple[str, str]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    """Replies that the person saw as answers to messages."""
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    slow: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the handler, which is slow at first, may answer."""
    _engine: Engine = field(init=False)

    def __post_init__(self) -> None:
        self.start_process()

    def start_process(self) -> None:
        self.points.dead.clear()
        router = Router()
        router.keyword(self._answer, "数")
        router.keyword(self._answer_at_once, "在吗")
        self.inbox = Inbox(self.redis)
        parts = EngineParts(
            codecs={"demo": CODEC},
            dialogue=Dialogue(router),
            services=cast(Any, None),
            users=cast(Any, _Users()),
            inbox=self.points.port(self.inbox, ours=["close"]),
            windows=self.points.port(Windows(self.redis, FixedClock(NOW))),
            keys=KEYS,
            sender=self.points.port(self.sender),
            commit_late=self._commit_job,
            notify_elsewhere=self.points.port(self).notify_elsewhere,
        )
        self._engine = Engine(parts, timeout=0)

    async def _answer(self, turn: Turn) -> str:
        self.begun.set()
        await self.slow.wait()
        return REPLY

    async def _answer_at_once(self, turn: Turn) -> str:
        return "在"

    async def _commit_job(self, pool: str, sealed: str) -> None:
        await self.begun.wait()  # so that the claim always comes first
        self.points.cross("commit", "before", "job")
        self.jobs.append((pool, sealed))
        self.points.cross("commit", "after", "job")

    async def notify_elsewhere(self, pool: str, openid: str) -> None:
        return None

    async def tell(self, *, in_window: bool) -> None:
        """One message; then all jobs; then another message, as only that shows what could not be sent."""
        sent = message("数")
        await self.deliver(sent)
        if not in_window:
            await self.redis.delete("bot:{demo:oA}:w")
        self.slow.set()
        await self._survive(lambda: asyncio.gather(*self._engine._running))
        while self.jobs:
            if await self._survive(lambda: self._engine.finish_late(*self.jobs[0])):
                self.jobs.pop(0)
        self._engine._timeout = LONG
        await self._receive(message("在吗"))

    async def deliver(self, sent: Message) -> None:
        for _ in range(REPEATS):
            if await self._survive(lambda: self._receive(sent), job=False):
                return

    async def _receive(self, sent: Message) -> None:
        if (answer := await self._engine.receive(sent, time.monotonic())) != SUCCESS:
            self.seen.append(str(parse_xml(CODEC.decrypt(answer))["Content"]))

    async def _survive(self, act: Any, *, job: bool = True) -> bool:
        """Whether the process still lives; else another one has begun, and the lease has lapsed."""
        try:
            await run_until_death(self.points, act, job=job)
        except Died:
            await self.inbox.close()
            async for key in self.redis.scan_iter("bot:*:m:*"):
                await self.redis.hset(key, "lease", "1")  # type: ignore[misc]  # typed as sync or async
            self.slow.set()
            self.start_process()
            return False
        return True

    def count_replies(self) -> int:
        return sum(text.count(REPLY) for text in (*self.sender.texts, *self.seen))


class Enumeration:
    def __init__(self, redis: Redis, *, in_window: bool) -> None:
        self._redis, self._in_window = redis, in_window

    async def run(self, kill_at: int | None = None) -> tuple[KillPoints, int]:
        """The crossings of one run, and how often the person saw the reply."""
        await self._redis.flushall()
        points = KillPoints(kill_at)
        chat = Chat(self._redis, points)
        try:
            await chat.tell(in_window=self._in_window)
        finally:
            await chat.inbox.close()
        return points, chat.count_replies()

    async def find_faults(self) -> tuple[list[str], list[str]]:
        """Crossings at which the process died, and those after which the reply came too often or too seldom."""
        points, replies = await self.run()
        assert replies == 1
        tried, faults = [], []
        for number, crossing in points.distinct():
            killed, replies = await self.run(number)
            assert killed.crossed[number - 1] == crossing, "the runs differ before the death"
            allowed = (0, 1) if _may_be_lost(crossing) else (1,)
            tried.append(str(crossing))
            if replies not in allowed:
                faults.append(f"{number} ({crossing}): {replies} times")
        return tried, faults


def _may_be_lost(crossing: Crossing) -> bool:
    return crossing.side == "before" and crossing.what in LOST


@pytest.fixture
async def client(redis: str) -> AsyncIterator[Redis]:
    async with redis_client(redis) as connected:
        with raised_limits():
            yield connected


@pytest.mark.parametrize("in_window", [True, False])
async def test_a_late_reply_comes_once_wherever_the_process_dies(client: Redis, in_window: bool) -> None:
    tried, faults = await Enumeration(client, in_window=in_window).find_faults()
    acts = {
        "claim",
        "job",
        "hand_over",
        "finish",
        "spend",
        "claim_delivery",
        "send_text" if in_window else "add_pending",
    }
    assert acts <= {crossing.split()[-1] for crossing in tried}
    assert not faults, "\n".join(faults)


async def test_without_the_claim_of_the_delivery_a_reply_would_come_twice(
    client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: each job sends."""

    async def claim_always(inbox: Inbox, sent: Message) -> bool:
        return True

    monkeypatch.setattr(Inbox, "claim_delivery", claim_always)
    _, faults = await Enumeration(client, in_window=True).find_faults()
    assert any("send_text): 2 times" in fault for fault in faults), faults
