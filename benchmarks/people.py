"""Accounts of the filled database in whose name benchmarks send messages: openids by kind of person."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime

import asyncpg

from app.players.people import CAST
from benchmarks.product import POOL, Product
from domain.clock import SystemClock
from domain.ids import new_id
from services.core.crypto import Keyring

STRANGER, EXPERT, AHEAD, INVITED = "stranger", "expert", "expert with a panel ahead", "invited expert"
REVIEWING, FEE = "applicant in review", "applicant with a fee"
STAFF = ("agency", "verifier", "supervisor", "venue", "reviewer", "admin")
_MOST = 2_000
_WECHATS = 40

_BOUND = "FROM wechat_identity w JOIN account a ON a.id = w.account_id AND w.app = 'oa' "
_EXPERTS = (
    f"SELECT w.openid, a.id {_BOUND} JOIN expert e ON e.account_id = a.id "
    "AND e.membership_status = 'formal' AND NOT EXISTS (SELECT FROM sanction s WHERE s.expert_id = e.id) "
)
_SELECT = {
    EXPERT: f"{_EXPERTS} ORDER BY md5(w.openid)",
    AHEAD: f"{_EXPERTS} WHERE EXISTS (SELECT 1 FROM invitation i WHERE i.expert_id = e.id AND i.state = 'accepted' "
    "AND i.starts_at > {now}) "
    "AND NOT EXISTS (SELECT 1 FROM invitation i WHERE i.expert_id = e.id AND i.state = 'open')",
    REVIEWING: f"SELECT w.openid, a.id {_BOUND} JOIN application p ON p.account_id = a.id AND p.state = 'reviewing'",
    FEE: f"SELECT w.openid, a.id {_BOUND} JOIN application p ON p.account_id = a.id AND p.state = 'fee'",
}
_INVITED = (
    f"SELECT w.openid, i.menu_id, i.link, i.id, a.id AS account {_BOUND} JOIN expert e ON e.account_id = a.id "
    "JOIN invitation i ON i.expert_id = e.id AND i.state = 'open' ORDER BY md5(w.openid)"
)


class People:
    """``openids[who]`` are used in turn without end; ``invited`` are openid, menu id, link, invitation and account."""

    def __init__(self) -> None:
        self._openids: dict[str, Iterator[str]] = {}
        self.accounts: dict[str, Sequence[object]] = {}
        self.invited: list[asyncpg.Record] = []

    def next(self, who: str) -> str:
        """The openid of the next person of a kind."""
        return next(self._openids[who])

    def add(self, who: str, openids: Sequence[str]) -> None:
        if not openids:
            raise SystemExit(f"the filled database has nobody who is {who}")
        self._openids[who] = itertools.cycle(openids)


async def find_people(product: Product) -> People:
    """The people of a run's own database."""
    appid = product.account.codec.appid
    return await find_people_in(product.settings.database_url, product.keys, appid, SystemClock().now())


async def find_people_in(database_url: str, keys: Keyring, appid: str, now: datetime) -> People:
    """Binds WeChats to the cast's staff on the way. ``appid`` is the official account's."""
    people, moment = People(), f"timestamptz '{now}'"
    connection = await asyncpg.connect(database_url)
    try:
        for who, sql in _SELECT.items():
            accounts = await connection.fetch(f"{sql.replace('{now}', moment)} LIMIT {_MOST}")
            people.add(who, [row["openid"] for row in accounts])
            people.accounts[who] = [row["id"] for row in accounts]
        people.invited = await connection.fetch(_INVITED)
        people.add(STRANGER, [f"oStranger{number:019}" for number in range(100)])
        for role in STAFF:
            await _bind_staff(connection, people, role, keys, appid, now)
    finally:
        await connection.close()
    return people


async def _bind_staff(
    connection: asyncpg.Connection[asyncpg.Record],
    people: People,
    role: str,
    keys: Keyring,
    appid: str,
    now: datetime,
) -> None:
    """Several WeChats for the one person, so that messages needn't wait for the previous one."""
    person = next(person for person in CAST if person.role == role)
    hashed = keys.lookup_hash("mobile", person.mobile)
    account_id = await connection.fetchval("SELECT id FROM account WHERE pool = $1 AND mobile_hash = $2", POOL, hashed)
    openids = [f"oStaff{person.mobile}{number:011}" for number in range(_WECHATS)]
    await connection.executemany(
        "INSERT INTO wechat_identity (id, pool, app, appid, openid, account_id, following, blocked, subscribe_credits, "
        "created_at, bound_at) VALUES ($1, $2, 'oa', $3, $4, $5, true, false, '{}', $6, $6)",
        [(new_id(), POOL, appid, openid, account_id, now) for openid in openids],
    )
    people.add(role, openids)
    people.accounts[role] = [account_id]
