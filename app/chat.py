"""Puts the official accounts' edge together: one codec per pool, every conversation registered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from app.container import Container
from bot.codec import Codec
from bot.dialogue import Dialogue
from bot.engine import Engine, Parts
from bot.inbox import Inbox
from bot.router import Router
from bot.users import Users
from handlers import register_all


def make_codecs(container: Container) -> Mapping[str, Codec]:
    wechat = container.settings.wechat
    accounts = wechat.accounts
    return {
        pool: Codec.of(pool, accounts[pool], wechat.max_age) for pool in container.settings.pools if pool in accounts
    }


@asynccontextmanager
async def make_engine(container: Container, codecs: Mapping[str, Codec]) -> AsyncIterator[Engine]:
    """The engine that runs messages, for callbacks and for messages handed over as jobs."""
    router = Router()
    register_all(router)
    users = Users(container.settings.database_url)
    jobs = container.services.deps.jobs

    async def late(pool: str, sealed: str) -> None:
        await jobs.defer("chat.late", pool=pool, message=sealed)

    engine = Engine(
        Parts(
            codecs=codecs,
            dialogue=Dialogue(router),
            services=container.services,
            users=users,
            inbox=Inbox(container.redis, seen_for=2 * container.settings.wechat.max_age),
            windows=container.windows,
            keys=container.services.deps.keys,
            sender=container.gateways.official,
            late=late,
            no_window=container.services.notifications.pending_replies.notify_waiting,
        )
    )
    try:
        yield engine
    finally:
        await engine.close()
        await users.close()
