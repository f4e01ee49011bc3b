"""Distributes changes of draws to all processes over Redis: a lease per draw elects the process that polls, a channel
carries what it found.

Redis holds only ids of draws; each process reads what changed from the database.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Collection
from uuid import UUID

from redis.asyncio import Redis

_CHANNEL = "draws:changed"
_LEASE_TTL = 1_200
"""Milliseconds: three polls. Another process takes over from one that stops; two that poll at once do no harm."""
_TAKE = """
local mine = {}
for i, key in ipairs(KEYS) do
  local holder = redis.call('GET', key)
  if not holder or holder == ARGV[1] then
    redis.call('SET', key, ARGV[1], 'PX', ARGV[2])
    mine[#mine + 1] = i
  end
end
return mine
"""
_POLL_TIMEOUT = 1.0
"""Seconds of one wait for a published message."""


class RedisDrawRelay:
    """Raises RedisError while Redis is unavailable."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._me = secrets.token_hex(8)
        self._take = redis.register_script(_TAKE)

    async def claim_draws(self, draw_ids: Collection[UUID]) -> Collection[UUID]:
        ids = list(draw_ids)
        claimed_places = await self._take(
            keys=[f"draws:watch:{draw_id.hex}" for draw_id in ids], args=[self._me, _LEASE_TTL]
        )
        return [ids[place - 1] for place in claimed_places]

    async def publish(self, draw_ids: Collection[UUID]) -> None:
        pipeline = self._redis.pipeline(transaction=False)
        for draw_id in draw_ids:
            pipeline.publish(_CHANNEL, draw_id.hex)
        await pipeline.execute()

    async def subscribe(self) -> AsyncGenerator[UUID, None]:
        async with self._redis.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(_CHANNEL)
            while True:
                if message := await channel.get_message(timeout=_POLL_TIMEOUT):
                    yield UUID(message["data"].decode())
