"""The one look at PostgreSQL that every message needs: whose openid is this?

Connections are held, each with its prepared statement: a pool's acquire and release cost more than the query. Behind
a transaction-pooling proxy this needs the proxy's support for prepared statements.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TypeAlias

import asyncpg

from bot.messages import Message
from bot.turn import NOBODY, WechatUser
from domain.ids import new_id

_FIND = "SELECT id, account_id, following FROM wechat_identity WHERE appid = $1 AND openid = $2"
_WELCOME = """
INSERT INTO wechat_identity
  (id, pool, app, appid, openid, following, blocked, subscribe_credits, created_at)
VALUES ($1, $2, 'oa', $3, $4, true, false, '{}', $5)
ON CONFLICT (appid, openid) DO UPDATE SET following = true
RETURNING id, account_id, following
"""

_LEAVING = frozenset({"unsubscribe", "user_authorization_revoke", "user_authorization_cancellation"})
_RECEIPTS = frozenset({"templatesendjobfinish", "masssendjobfinish", "subscribe_msg_sent_event"})

Row: TypeAlias = "asyncpg.Record | None"


@dataclass
class _Held:
    connection: asyncpg.Connection
    find: asyncpg.prepared_stmt.PreparedStatement


class Users:
    """Up to ``size`` connections, opened when first needed and again after a failure. Times are in seconds."""

    def __init__(self, database_url: str, *, size: int = 4, connect_timeout: float = 2, timeout: float = 2) -> None:
        self._url = database_url
        self._idle: deque[_Held] = deque()
        self._free = asyncio.Semaphore(size)
        self._connect_timeout = connect_timeout
        self._timeout = timeout

    async def find(self, message: Message) -> WechatUser:
        """The user of a message; a first contact is written down, and who writes or taps is following.

        Raises asyncpg's errors, OSError or TimeoutError when the database is away.
        """
        async with self._free:
            held = self._idle.pop() if self._idle else await self._connect()
            try:
                row = await held.find.fetchrow(message.appid, message.openid, timeout=self._timeout)
                if _is_presence(message) and (row is None or not row["following"]):
                    row = await self._welcome(held, message)
            except BaseException:
                held.connection.terminate()
                raise
            self._idle.append(held)
        return _user(message, row)

    async def close(self) -> None:
        while self._idle:
            await self._idle.pop().connection.close(timeout=2)

    async def _connect(self) -> _Held:
        connection = await asyncpg.connect(
            self._url,
            timeout=self._connect_timeout,
            command_timeout=self._timeout,
            server_settings={"application_name": "pingbiaotong-bot"},
        )
        try:
            return _Held(connection, await connection.prepare(_FIND, timeout=self._timeout))
        except BaseException:
            connection.terminate()
            raise

    async def _welcome(self, held: _Held, message: Message) -> Row:
        values = (new_id(), message.pool, message.appid, message.openid, message.received_at)
        return await held.connection.fetchrow(_WELCOME, *values, timeout=self._timeout)


def _is_presence(message: Message) -> bool:
    """Whether the user did something that only a follower can do."""
    return message.event not in _LEAVING and message.event not in _RECEIPTS


def _user(message: Message, row: Row) -> WechatUser:
    pool, appid, openid = message.pool, message.appid, message.openid
    if row is None:
        return WechatUser(pool, appid, openid, NOBODY, None, following=False)
    return WechatUser(pool, appid, openid, row["id"], row["account_id"], row["following"])
