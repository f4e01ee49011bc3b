"""Customer-service windows: how many messages we may send a user unasked, and until when.

A message of the user allows 5 in 48 hours; a tap on a choice or a menu button, a scan, or following allows 3 in one
minute. Each new trigger replaces the window of its sort. Source: WeChat's page 发送客服消息 (下发条数限制).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.messages import Message
from domain.clock import Clock
from domain.errors import Transient

_MESSAGE = (timedelta(hours=48), 5)
_TAP = (timedelta(minutes=1), 3)
_ORDINARY = frozenset({"text", "image", "voice", "video", "shortvideo", "location", "link"})
_TAPS = frozenset({"click", "scancode_push", "scancode_waitmsg", "scan", "subscribe"})

_SPEND = """
local now = tonumber(ARGV[1])
for _, sort in ipairs({'tap', 'msg'}) do
  local row = redis.call('HMGET', KEYS[1], sort .. '_until', sort .. '_left')
  if row[1] and tonumber(row[1]) > now and tonumber(row[2]) > 0 then
    redis.call('HINCRBY', KEYS[1], sort .. '_left', -1)
    return 1
  end
end
return 0
"""


@dataclass(frozen=True)
class Opening:
    """The window that a message opens: field prefix in Redis, end in milliseconds since 1970, messages allowed."""

    sort: str
    until: int
    allowed: int


def find_opening(message: Message) -> Opening | None:
    """The window that a message or event opens; None for those that open none (a menu link, a delivery report)."""
    if message.event in _TAPS or (message.kind == "text" and message.tap is not None):
        sort, (length, allowed) = "tap", _TAP
    elif message.kind in _ORDINARY:
        sort, (length, allowed) = "msg", _MESSAGE
    else:
        return None
    return Opening(sort, int((message.received_at + length).timestamp() * 1000), allowed)


def window_key(pool: str, openid: str) -> str:
    """Redis key of the user's hash: windows, and the name of the open talk. The braces keep a user's keys on one
    cluster node."""
    return f"bot:{{{pool}:{openid}}}:w"


class Windows:
    """Messages left in each user's windows. Losing this data only makes us use another channel.

    Raises Transient while Redis is unavailable: a window is looked up before anything is sent.
    """

    def __init__(self, redis: Redis, clock: Clock) -> None:
        self._redis = redis
        self._clock = clock
        self._spend = redis.register_script(_SPEND)

    async def spend(self, pool: str, openid: str) -> bool:
        """Count one message against the window that closes first; False when none is open."""
        with _raise_transient():
            return bool(await self._spend(keys=[window_key(pool, openid)], args=[self._now()]))

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


@contextmanager
def _raise_transient() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        raise Transient("windows: Redis is away") from error
