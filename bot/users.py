"""The one PostgreSQL query of every message: the account of the openid, and what exists for the person.

A connection is held, with its statement prepared, and messages that arrive while a look-up is under way share the next
one. Both were measured (``benchmarks/chat.py``): a pool's acquire and release cost more than the query, and a query of
its own for each message costs a sixth of a message's whole time. Behind a transaction-pooling proxy this needs the
proxy's support for prepared statements.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

from bot.messages import Message
from bot.turn import NOBODY, BoundPerson, WechatUser
from config.connection_limits import LOOK_UP, ConnectionLimits
from domain.ids import new_id
from models.database_connection import connect, set_up_session
from services.accounts import MAY_WORK
from services.core.request_batcher import RequestBatcher

_FIND = f"""
SELECT asked.number, i.id, i.account_id, i.following, e.id AS expert_id, a.disabled_at IS NOT NULL AS disabled,
  coalesce((SELECT TRUE FROM invitation v WHERE v.expert_id = e.id AND v.state IN ('open', 'accepted')
    AND (v.state = 'open' OR v.ends_at >= asked.at) LIMIT 1), FALSE) AS called,
  {MAY_WORK} AS works,
  coalesce((SELECT TRUE FROM exam_candidate k WHERE k.account_id = a.id LIMIT 1), FALSE) AS sits,
  coalesce((SELECT TRUE FROM course_enrolment n WHERE n.account_id = a.id LIMIT 1), FALSE) AS studies
FROM unnest($1::text[], $2::text[], $3::timestamptz[]) WITH ORDINALITY AS asked (appid, openid, at, number)
JOIN wechat_identity i ON i.appid = asked.appid AND i.openid = asked.openid
LEFT JOIN account a ON a.id = i.account_id
LEFT JOIN LATERAL (SELECT x.id FROM expert x WHERE x.account_id = a.id AND x.left_at IS NULL LIMIT 1) e ON TRUE
"""
"""Scalar subqueries are looked up by index for each user; EXISTS would be turned into scans of whole tables."""
_WELCOME = """
INSERT INTO wechat_identity
  (id, pool, app, appid, openid, following, blocked, subscribe_credits, created_at)
VALUES ($1, $2, 'oa', $3, $4, true, false, '{}', $5)
ON CONFLICT (appid, openid) DO UPDATE SET following = true
RETURNING id, account_id, following
"""

LEAVING_EVENTS = frozenset({"unsubscribe", "user_authorization_revoke", "user_authorization_cancellation"})
"""Events by which a user leaves and withdraws consent."""
_REPORTS = frozenset({"templatesendjobfinish", "masssendjobfinish", "subscribe_msg_sent_event"})
_MOST = 100
"""Messages that share a look-up."""


@dataclass(frozen=True)
class _LookUpSession:
    connection: asyncpg.Connection
    find: PreparedStatement


class Users:
    """Looks users up over one connection, opened when first needed and again after a failure. ``timeout`` is in
    seconds, for each step."""

    def __init__(self, database_url: str, *, timeout: float = LOOK_UP.answer) -> None:
        self._url = database_url
        self._timeout = timeout
        self._session: _LookUpSession | None = None
        self._batcher: RequestBatcher[Message, WechatUser] = RequestBatcher(self._look_up, most=_MOST)

    async def find(self, message: Message) -> WechatUser:
        """The user of a message; a first contact is stored, and a user who writes or taps is marked as following.

        Raises asyncpg's errors, OSError or TimeoutError when the database is unavailable.
        """
        return await self._batcher.ask(message)

    async def close(self) -> None:
        await self._batcher.close(self._timeout)
        if self._session is not None:
            await self._session.connection.close(timeout=2)
            self._session = None

    async def _look_up(self, messages: Sequence[Message]) -> list[WechatUser]:
        try:
            session = self._session = self._session or await self._connect()
            lookups = [(message.appid, message.openid, message.received_at) for message in messages]
            columns = [list(column) for column in zip(*lookups, strict=True)]
            rows = {row["number"]: row for row in await session.find.fetch(*columns, timeout=self._timeout)}
            return [await self._user(session, message, rows.get(number)) for number, message in enumerate(messages, 1)]
        except asyncpg.DataError:  # an argument is invalid, not the connection
            raise
        except BaseException:
            self._drop_connection()
            raise

    async def _user(self, session: _LookUpSession, message: Message, row: asyncpg.Record | None) -> WechatUser:
        person = _read_bound_person(row) if row is not None and row["account_id"] is not None else None
        if (row is None or not row["following"]) and _is_presence(message):
            row = await self._welcome(session, message)
        pool, appid, openid = message.pool, message.appid, message.openid
        if row is None:
            return WechatUser(pool, appid, openid, NOBODY, None, following=False)
        return WechatUser(pool, appid, openid, row["id"], row["account_id"], row["following"], person)

    def _drop_connection(self) -> None:
        if self._session is not None:
            self._session.connection.terminate()
            self._session = None

    async def _connect(self) -> _LookUpSession:
        limits = ConnectionLimits(self._timeout, self._timeout, self._timeout)
        connection = await connect(
            self._url,
            limits,
            server_settings={"application_name": "pingbiaotong-bot"},
        )
        try:
            await set_up_session(connection)
            # The arrays' lengths are unknown beforehand: by default PostgreSQL would plan each look-up again.
            await connection.execute("SET plan_cache_mode = force_generic_plan")
            return _LookUpSession(connection, await connection.prepare(_FIND, timeout=self._timeout))
        except BaseException:
            connection.terminate()
            raise

    async def _welcome(self, session: _LookUpSession, message: Message) -> asyncpg.Record | None:
        values = (new_id(), message.pool, message.appid, message.openid, message.received_at)
        return await session.connection.fetchrow(_WELCOME, *values, timeout=self._timeout)


def _read_bound_person(row: asyncpg.Record) -> BoundPerson:
    return BoundPerson(**{name: row[name] for name in BoundPerson.__dataclass_fields__})


def _is_presence(message: Message) -> bool:
    """Whether the user did something that only a follower can do."""
    return message.event not in LEAVING_EVENTS and message.event not in _REPORTS
