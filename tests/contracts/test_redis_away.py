"""Before a request to a vendor Redis may be away: the request goes out without it, or Transient says that none did.

Any other error would count as "perhaps sent", and such a message is never sent again.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from redis.asyncio import Redis

import bot
import gateways
from app.redis_connection import make_redis
from bot.windows import Windows
from domain.clock import SystemClock
from domain.errors import Transient
from gateways.wechat.quota import DailyQuotas
from gateways.wechat.token_cache import IssuedValue, SharedValues

Step = Callable[[Redis], Awaitable[object]]


async def fetch() -> IssuedValue:
    return IssuedValue("token", 7200)


STEPS: dict[type, dict[str, Step]] = {
    SharedValues: {
        "get": lambda redis: SharedValues(redis).get("key", fetch),
        "drop": lambda redis: SharedValues(redis).drop("key", "token"),
    },
    DailyQuotas: {
        "check": lambda redis: DailyQuotas(redis, SystemClock()).check("wx1", "/send"),
        "use_up": lambda redis: DailyQuotas(redis, SystemClock()).use_up("wx1", "/send"),
    },
    Windows: {
        "spend": lambda redis: Windows(redis, SystemClock()).spend("demo", "oA"),
    },
}
"""What uses Redis before a request to a vendor, and a call of each of its methods."""
NO_VENDOR = {"bot.inbox.Inbox", "bot.pipelined_redis.PooledRunner", "gateways.draw_relay.RedisDrawRelay"}
"""What uses Redis where no request follows: messages that came in, and screens. Their callers expect RedisError."""


def find_users_of_redis() -> dict[str, type]:
    """The classes of gateways and bot whose constructor takes a client, by module and name."""
    return {
        f"{module.__name__}.{name}": member
        for package in (gateways, bot)
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        for module in [importlib.import_module(info.name)]
        for name, member in vars(module).items()
        if inspect.isclass(member) and member.__module__ == module.__name__ and _takes_redis(member)
    }


def _takes_redis(member: type) -> bool:
    made = vars(member).get("__init__")
    return "Redis" in getattr(made, "__annotations__", {}).values()


def test_every_user_of_redis_is_checked_here() -> None:
    users = find_users_of_redis()
    assert set(users) - NO_VENDOR == {f"{user.__module__}.{user.__name__}" for user in STEPS}
    assert users.keys() >= NO_VENDOR


@pytest.mark.parametrize("user", STEPS)
def test_every_method_is_called(user: type) -> None:
    methods = {name for name, member in vars(user).items() if inspect.iscoroutinefunction(member) and name[0] != "_"}
    assert methods == STEPS[user].keys()


@pytest.fixture
async def away() -> AsyncIterator[Redis]:
    async with make_redis("redis://127.0.0.1:1/0") as client:
        yield client


@pytest.mark.parametrize("step", [step for steps in STEPS.values() for step in steps.values()])
async def test_without_redis_nothing_but_transient_is_raised(away: Redis, step: Step) -> None:
    with suppress(Transient):
        await step(away)


async def test_a_server_that_is_silent_is_away(monkeypatch: pytest.MonkeyPatch, away: Redis) -> None:
    async def time_out(*_arguments: Any, **_named: Any) -> None:
        raise TimeoutError

    monkeypatch.setattr(Redis, "execute_command", time_out)
    with pytest.raises(Transient):
        await Windows(away, SystemClock()).spend("demo", "oA")
    assert await SharedValues(away).get("key", fetch) == "token"
