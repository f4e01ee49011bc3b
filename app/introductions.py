"""At the start of a demonstration, some of the cast follow the official account and bind themselves, over the wire.

So a first draw rings on WeChat as well as on telephones; the others are left for trying the binding by hand. What is
bound already only follows again, because the sandbox forgets who follows; for the same reason it is told how far the
clock was moved.
"""

from __future__ import annotations

import asyncio

import aiohttp
import structlog
from redis.asyncio import Redis

from app.clock import find_offset
from app.demo.phones import Missing, Phone
from app.demo.wire import Refused, Wire
from app.demo_data import POOL
from app.demo_people import EXPERTS, STAFF
from config.settings import Settings
from handlers import commands

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

BOUND_EXPERTS = 10
"""Of the sixteen; every third call or so goes to a telephone that knows no WeChat."""


async def introduce(settings: Settings, sandbox_url: str) -> None:
    """Let the first experts and the staff follow and bind. Whoever fails is logged and left as he is."""
    if settings.env != "sandbox" or POOL not in settings.pools:
        return
    mobiles = [person.mobile for person in (*EXPERTS[:BOUND_EXPERTS], *STAFF)]
    service = f"http://{settings.http.host}:{settings.http.port}"
    async with aiohttp.ClientSession() as session, Redis.from_url(settings.redis_url) as redis:
        wire = Wire(session, service, sandbox_url)
        if offset := await find_offset(redis):
            await wire.control("/clock", {"offset_seconds": offset.total_seconds()})
        outcomes = await asyncio.gather(*(_introduce(Phone(wire, m, POOL)) for m in mobiles), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, Missing | Refused | aiohttp.ClientError | TimeoutError):
            log.warning("not_introduced", reason=type(outcome).__name__)
        elif isinstance(outcome, BaseException):
            raise outcome


async def _introduce(phone: Phone) -> None:
    welcome = await phone.follow()
    if commands.BIND in welcome:
        await phone.bind()
