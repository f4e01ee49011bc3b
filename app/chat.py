"""Assembles the official accounts' edge: one codec per pool, every conversation registered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial

from app.container import Container
from bot.codec import Codec
from bot.dialogue import Dialogue
from bot.engine import Engine, EngineParts
from bot.inbox import Inbox
from bot.router import Router
from bot.users import Users
from handlers import register_all
from services.core.base import Jobs
from services.core.connections import OwnConnections
from services.core.request_batcher import RequestBatcher

_MOST = 200
"""Messages handed over in one statement."""
_END = 2.0
"""Seconds for pending hand-overs at shutdown."""


def make_codecs(container: Container) -> Mapping[str, Codec]:
    wechat = container.settings.wechat
    accounts = wechat.accounts
    return {
        pool: Codec.from_account(pool, accounts[pool], wechat.max_age)
        for pool in container.settings.pools
        if pool in accounts
    }


@asynccontextmanager
async def make_engine(container: Container, codecs: Mapping[str, Codec]) -> AsyncIterator[Engine]:
    """The engine that runs messages, for callbacks and for messages handed over as jobs."""
    router = Router()
    register_all(router)
    settings = container.settings
    users = Users(settings.database_url)
    own, spare = (OwnConnections(settings.database_url, size=size) for size in (settings.chat_pool_size, 1))
    handed_over = RequestBatcher(partial(_hand_over, container.services.deps.jobs, spare), most=_MOST)

    async def defer_message(pool: str, sealed: str) -> None:
        await handed_over.ask({"pool": pool, "message": sealed})

    engine = Engine(
        EngineParts(
            codecs=codecs,
            dialogue=Dialogue(router),
            services=container.services,
            users=users,
            inbox=Inbox(container.redis, seen_for=2 * settings.wechat.max_age),
            windows=container.windows,
            keys=container.services.deps.keys,
            sender=container.gateways.official,
            commit_late=defer_message,
            notify_elsewhere=container.services.notifications.pending_replies.notify_waiting,
            connected=own,
        )
    )
    try:
        yield engine
    finally:
        await engine.close()
        await handed_over.close(_END)
        await users.close()
        await own.close()
        await spare.close()


async def _hand_over(jobs: Jobs, spare: OwnConnections, messages: Sequence[Mapping[str, str]]) -> list[None]:
    """Commit messages as jobs, over a connection reserved for this, which no running message can occupy."""
    with spare():
        await jobs.defer_many("chat.late", messages)
    return [None] * len(messages)
