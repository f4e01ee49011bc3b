"""The official account over HTTP, with real Redis and PostgreSQL and a sender that records its messages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bot.callback import Callback
from bot.codec import Codec
from bot.dialogue import Dialogue
from bot.engine import Engine, EngineParts
from bot.inbox import Inbox
from bot.messages import Message, parse_xml
from bot.router import Router
from bot.users import Users
from bot.windows import Windows
from domain.clock import FixedClock
from tests.bot.conftest import KEYS, NOW, message

CODEC = Codec("demo", appid="wx1", token="token", aes_key="a" * 43, original_id="gh_1")
LIMITS = ("bot.pipelined_redis._TIMEOUT", "bot.engine._LATE_LIMIT", "bot.engine._REDIS_LIMIT")
LONG = 30.0
"""Seconds that no step exceeds, even on a busy machine."""


class Sender:
    """Records messages; raises ``fault`` when set."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.fault: Exception | None = None

    async def send_text(self, pool: str, openid: str, text: str) -> None:
        if self.fault is not None:
            raise self.fault
        self.texts.append(text)


@dataclass
class Process:
    """One process's engine behind a server of its own."""

    engine: Engine
    client: TestClient[web.Request, web.Application]
    redis: Redis
    clock: FixedClock
    sender: Sender
    jobs: list[tuple[str, str]] = field(default_factory=list)
    late_fault: Exception | None = None
    nudged: list[str] = field(default_factory=list)
    nudge_fault: Exception | None = None

    async def nudge(self, pool: str, openid: str) -> None:
        """Another channel, which notifies a person of a pending reply."""
        if self.nudge_fault is not None:
            raise self.nudge_fault
        self.nudged.append(openid)

    async def late(self, pool: str, sealed: str) -> None:
        if self.late_fault is not None:
            raise self.late_fault
        self.jobs.append((pool, sealed))

    async def work(self) -> None:
        """Do the jobs that were deferred, oldest first."""
        while self.jobs:
            await self.engine.finish_late(*self.jobs[0])
            self.jobs.pop(0)

    async def post(self, sent: Message, nonce: str = "77") -> ClientResponse:
        query, body = sign_request(sent, nonce, self.clock.now())
        return await self.client.post("/wechat/demo", params=query, data=body)

    async def send_in_vain(self, sent: Message) -> str:
        """The person's screen when the reply takes longer than WeChat waits; the caller delays the handler."""
        self.engine._timeout, timeout = 0.2, self.engine._timeout
        try:
            return await self.send(sent)
        finally:
            self.engine._timeout = timeout

    async def send(self, sent: Message, nonce: str = "77") -> str:
        """The reply that the person reads; ``success`` when nothing is shown."""
        response = await self.post(sent, nonce)
        assert response.status == 200
        return read(await response.read(), nonce)


def sign_request(sent: Message, nonce: str, at: datetime = NOW) -> tuple[dict[str, str], bytes]:
    inner = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in sent.fields.items())
    sealed = CODEC.encrypt(f"<xml>{inner}</xml>".encode())
    stamp = str(int(at.timestamp()))
    query = {"encrypt_type": "aes", "timestamp": stamp, "nonce": nonce}
    query["msg_signature"] = CODEC.sign(stamp, nonce, sealed)
    return query, f"<xml><ToUserName>gh_1</ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>".encode()


def read(body: bytes, nonce: str) -> str:
    if body == b"success":
        return "success"
    outer = parse_xml(body)
    assert outer["Nonce"] == nonce
    assert outer["MsgSignature"] == CODEC.sign(str(outer["TimeStamp"]), nonce, str(outer["Encrypt"]))
    return str(parse_xml(CODEC.decrypt(str(outer["Encrypt"])))["Content"])


def redis_client(url: str, timeout: float = LONG) -> Redis:
    return Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=Retry(NoBackoff(), 0))


@contextmanager
def raised_limits() -> Iterator[None]:
    """Raise the bot's time limits, so that a busy machine does not reach them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in LIMITS:
            patch.setattr(name, LONG)
        yield


@asynccontextmanager
async def process(
    router: Router,
    redis_url: str,
    database_url: str,
    *,
    timeout: float = LONG,
    services: Any = None,
    sender: Sender | None = None,
) -> AsyncIterator[Process]:
    """A process with raised time limits, or with the service's if ``timeout`` is given."""
    limited = timeout < LONG
    step = 2 if limited else LONG
    redis, users = redis_client(redis_url, step), Users(database_url, timeout=step)
    clock, sender = FixedClock(NOW), sender or Sender()
    stage: list[Process] = []

    async def late(pool: str, sealed: str) -> None:
        await stage[0].late(pool, sealed)

    async def nudge(pool: str, openid: str) -> None:
        await stage[0].nudge(pool, openid)

    parts = EngineParts(
        codecs={"demo": CODEC},
        dialogue=Dialogue(router),
        services=services,
        users=users,
        inbox=Inbox(redis),
        windows=Windows(redis, clock),
        keys=KEYS,
        sender=cast(Any, sender),
        commit_late=late,
        notify_elsewhere=nudge,
    )
    engine = Engine(parts, timeout=timeout)
    app = web.Application()
    app.add_routes(Callback(engine, parts.codecs, clock).routes())
    with nullcontext() if limited else raised_limits():
        async with TestClient(TestServer(app)) as client:
            stage.append(Process(engine, client, redis, clock, sender))
            try:
                yield stage[0]
            finally:
                await asyncio.wait_for(engine.close(), LONG)
                await users.close()
                await redis.aclose()


__all__ = ["CODEC", "Process", "Sender", "message", "process", "raised_limits", "read", "redis_client", "sign_request"]
