"""Ends reported outages: asks the servers each second, as long as one is reported."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from redis.exceptions import RedisError

from app.health import Check, NotReady, check_database, check_redis
from bot.dialogue import OUTAGES
from config.outage_reports import REPORTS
from config.settings import Settings

INTERVAL = 1.0


async def watch_recovery(settings: Settings) -> None:
    """Log the end of each outage once all servers respond; runs until cancelled."""
    checks = [lambda: check_database(settings.database_url), lambda: check_redis(settings.redis_url)]
    while True:
        await asyncio.sleep(INTERVAL)
        if REPORTS.has_outages() and await all_pass(checks):
            REPORTS.end_outages()


async def all_pass(checks: Sequence[Check]) -> bool:
    """Whether all ``checks`` pass."""
    try:
        await asyncio.gather(*(check() for check in checks))
    except (NotReady, RedisError, *OUTAGES):
        return False
    return True
