"""The chat answers, and hands over, while everything else has taken the database connections that are shared."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from app.chat import make_codecs, make_engine
from app.container import build
from app.sandbox_setup import with_demo_accounts
from bot.codec import Codec
from bot.engine import Engine
from bot.messages import Message, parse_xml
from bot.replies import speak
from models.accounts import Account
from services.core.base import rows, transaction
from tests.factories.people import make_account, make_expert, make_identity
from tests.factories.settings import make_settings


@pytest.fixture
async def chat(database: str, redis: str) -> AsyncIterator[tuple[Engine, Codec]]:
    """The chat of a process whose only shared connection is in use."""
    settings = with_demo_accounts(make_settings(database_url=database, redis_url=redis, db_pool_size=1))
    async with build(settings, registry=CollectorRegistry()) as container:
        codecs = make_codecs(container)
        expert = await make_expert(container.services.deps, account=await make_account(container.services.deps))
        await make_identity(await Account.get(id=expert.account_id), appid=codecs["demo"].appid, openid="openid1")
        held, over = asyncio.Event(), asyncio.Event()
        async with make_engine(container, codecs) as engine, asyncio.TaskGroup() as group:
            group.create_task(hold_connection(held, over))
            await held.wait()
            yield engine, codecs["demo"]
            over.set()


async def hold_connection(held: asyncio.Event, over: asyncio.Event) -> None:
    async with transaction():
        await rows("SELECT 1")
        held.set()
        await over.wait()


def text_message(codec: Codec, words: str, number: int = 1) -> Message:
    fields = {
        "ToUserName": "gh_1",
        "FromUserName": f"openid{number}",
        "CreateTime": str(int(time.time())),
        "MsgType": "text",
        "Content": words,
        "MsgId": str(number),
    }
    return Message("demo", codec.appid, fields, datetime.now(UTC), hashlib.sha256(str(number).encode()).hexdigest())


async def test_it_answers_while_no_shared_connection_is_free(chat: tuple[Engine, Codec]) -> None:
    engine, codec = chat
    async with asyncio.timeout(30):
        reply = await asyncio.create_task(engine.receive(text_message(codec, "我的状态"), time.monotonic()))
    text = speak(parse_xml(codec.decrypt(reply)))
    assert "身份：评标专家" in text


async def test_late_messages_are_handed_over_while_no_shared_connection_is_free(
    database: str, chat: tuple[Engine, Codec], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, codec = chat
    for limit in ("_LATE_LIMIT", "_REDIS_LIMIT"):
        monkeypatch.setattr(f"bot.engine.{limit}", 20.0)
    too_late = time.monotonic() - 60
    async with asyncio.timeout(60):
        replies = await asyncio.gather(
            *(engine.receive(text_message(codec, "进度", number), too_late) for number in range(1, 41))
        )
    assert set(replies) == {""}, "WeChat is told that all is well"
    connection = await asyncpg.connect(database)
    waiting = await connection.fetch("SELECT queue_name FROM procrastinate_jobs WHERE task_name = 'chat.late'")
    await connection.close()
    assert [row["queue_name"] for row in waiting] == ["chat"] * 40
