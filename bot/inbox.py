"""A message's state in Redis: de-duplication, order of one user's messages over all processes, journal, windows.

Each message has a hash: ``owner`` and ``lease`` of the process at work, ``reply`` when it is done, ``late`` once a job
has taken over the delivery, ``sent`` once that job sends. Each user has a list of the messages at work, oldest first;
the head may run. A process that dies stops renewing its lease: the next process takes over or skips it. One script
begins a message and one ends it; leases are read from Redis's own clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import cast

from redis.asyncio import Redis

from bot.journal import JOURNAL_TTL
from bot.messages import Message
from bot.pipelined_redis import ScriptRunner, make_runner
from bot.windows import find_opening, window_key

LEASE_TTL = 6.0
"""Seconds that a silent process keeps its claim: longer than WeChat's interval between retries."""

_REPEAT_TTL = 60_000
"""Milliseconds a stored reply is kept; WeChat's last retry comes after some 15 seconds."""
_LATE_REPEAT_TTL = 3_600_000
_WINDOW_TTL = 48 * 3600 * 1000
"""Milliseconds the user's windows are kept after the last message."""
_JOURNAL_TTL = int(JOURNAL_TTL.total_seconds() * 1000)
_PARKED = "bot:parked"
_REPLY_TTL = 7 * 24 * 3600 * 1000
"""Milliseconds that a reply which could not be sent is kept until the user writes again."""
_PENDING_MOST = 3
"""Replies that wait for one user; when more come, the oldest are dropped."""

# ARGV: late ttl
_HAND_OVER = """
local s = redis.call('HMGET', KEYS[1], 'reply', 'late')
if s[1] and not s[2] then return {'done', s[1], 0} end
redis.call('HSET', KEYS[1], 'late', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return {'late'}
"""

# ARGV: key, reply, ttl
_SETTLE = """
local s = redis.call('HMGET', KEYS[1], 'reply', 'late')
if s[2] then return {'late'} end
if s[1] then return {'done', s[1], 0} end
redis.call('HSET', KEYS[1], 'reply', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('LREM', KEYS[2], 0, ARGV[1])
return {'done', ARGV[2], 0}
"""

# ARGV: key, token
_RELEASE = """
if redis.call('HGET', KEYS[1], 'owner') == ARGV[2] then
  redis.call('HSET', KEYS[1], 'lease', 0)
  redis.call('LREM', KEYS[2], 0, ARGV[1])
end
return 1
"""


class ClaimStatus(StrEnum):
    RUN = "run"
    """The caller holds the claim and may run the message."""
    TURN = "turn"
    """The caller holds the claim, but an older message of the same user is still being run."""
    JOIN = "join"
    """Another delivery of the same message is being run."""
    DONE = "done"
    LATE = "late"
    """A job delivers the reply, or has done so."""


@dataclass(frozen=True)
class MessageClaim:
    """``reply`` when DONE (``late``: for the job to send); ``journal``, ``timed_out`` (name of a talk) and ``pending``
    (sealed replies that could not be sent, oldest first) when RUN."""

    status: ClaimStatus
    reply: str = ""
    late: bool = False
    journal: str = ""
    timed_out: str = ""
    pending: tuple[str, ...] = ()


@dataclass(frozen=True)
class JournalAct:
    """What to do with the stored journal: keep, set, close, or forget (with the user's windows)."""

    act: str
    journal: str = ""
    talk: str = ""


KEEP = JournalAct("keep")
CLOSE = JournalAct("close")
FORGET = JournalAct("forget")


class Inbox:
    """Raises redis.exceptions.RedisError, or OSError, when Redis is unavailable."""

    def __init__(self, redis: Redis, runner: ScriptRunner | None = None, *, seen_for: float = 1200) -> None:
        """``seen_for``: seconds for which a message id counts as a repetition: twice the permitted age of a message."""
        self._redis = redis
        self._seen_for = int(seen_for * 1000)
        self._runner = runner or make_runner(redis)
        self._claim = files("bot").joinpath("claim.lua").read_text("utf-8")
        self._finish = files("bot").joinpath("finish.lua").read_text("utf-8")

    async def claim(self, message: Message, token: str, *, job: bool = False) -> MessageClaim:
        """Begin a message, ask again whether its turn has come, or renew the lease."""
        opening = find_opening(message)
        window = (opening.sort, opening.until, opening.allowed) if opening else ("", 0, 0)
        times = (_REPEAT_TTL, _LATE_REPEAT_TTL, _WINDOW_TTL)
        args = (message.key, token, int(LEASE_TTL * 1000), int(job), *times, *window, self._seen_for)
        return _read_claim(await self._runner.run(self._claim, _keys(message), args))

    async def finish(self, message: Message, token: str, reply: str, journal: JournalAct, *, included: int = 0) -> bool:
        """Store the reply and the journal, and let the user's next message run. False when the claim was lost.

        The first ``included`` pending replies are contained in this reply and are removed.
        """
        times = (_REPEAT_TTL, _LATE_REPEAT_TTL, _WINDOW_TTL, _JOURNAL_TTL)
        args = (message.key, token, reply, journal.act, journal.journal, journal.talk, *times, included)
        return _text(await self._runner.run(self._finish, _keys(message), args)) != "lost"

    async def hand_over(self, message: Message) -> MessageClaim:
        """Leave the delivery to the job, unless the reply exists by now (DONE)."""
        return _read_claim(await self._runner.run(_HAND_OVER, _keys(message), [_LATE_REPEAT_TTL]))

    async def set_answer_once(self, message: Message, reply: str) -> MessageClaim:
        """Make ``reply`` the answer unless there is one; a run still under way finds its claim lost."""
        return _read_claim(await self._runner.run(_SETTLE, _keys(message), [message.key, reply, _REPEAT_TTL]))

    async def release(self, message: Message, token: str) -> None:
        """Give the claim back without a result."""
        await self._runner.run(_RELEASE, _keys(message), [message.key, token])

    async def close(self) -> None:
        await self._runner.close()

    async def claim_delivery(self, message: Message) -> bool:
        """True for the first caller only: the one that sends the late reply."""
        return bool(await self._redis.hsetnx(_keys(message)[0], "sent", "1"))

    async def return_delivery(self, message: Message) -> None:
        """The reply was not sent; another job may try again."""
        await self._redis.hdel(_keys(message)[0], "sent")

    async def add_pending(self, message: Message, sealed: str) -> None:
        """Hold a reply that could not be sent until the user writes again."""
        key = _keys(message)[4]
        async with self._redis.pipeline() as pipeline:
            pipeline.rpush(key, sealed)
            pipeline.ltrim(key, -_PENDING_MOST, -1)
            pipeline.pexpire(key, _REPLY_TTL)
            await pipeline.execute()

    async def park(self, sealed: str) -> None:
        """Keep a message that can't be committed because PostgreSQL is unavailable."""
        await self._redis.rpush(_PARKED, sealed)

    async def find_parked(self) -> str | None:
        """The oldest parked message; it stays until ``unpark``."""
        parked_message = await self._redis.lindex(_PARKED, 0)
        return _text(parked_message) if parked_message is not None else None

    async def unpark(self, sealed: str) -> None:
        await self._redis.lrem(_PARKED, 1, sealed)


def _keys(message: Message) -> list[str]:
    user = f"bot:{{{message.pool}:{message.openid}}}"
    windows = window_key(message.pool, message.openid)
    return [f"{user}:m:{message.key}", f"{user}:q", f"{user}:j", windows, f"{user}:l", f"{user}:s:{message.key}"]


def _read_claim(row: object) -> MessageClaim:
    status, *rest = cast("list[bytes | str | int]", row)
    match ClaimStatus(_text(status)):
        case ClaimStatus.DONE:
            return MessageClaim(ClaimStatus.DONE, reply=_text(rest[0]), late=bool(rest[1]))
        case ClaimStatus.RUN:
            pending = tuple(_text(sealed_reply) for sealed_reply in cast("list[bytes | str]", rest[2]))
            return MessageClaim(ClaimStatus.RUN, journal=_text(rest[0]), timed_out=_text(rest[1]), pending=pending)
        case other:
            return MessageClaim(other)


def _text(value: object) -> str:
    """The Redis client may or may not decode responses."""
    return value.decode() if isinstance(value, bytes) else str(value)
