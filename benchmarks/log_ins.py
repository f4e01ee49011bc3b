"""Log-ins for the benchmarks: sessions of persons of the filled database, for the API and for pages alike."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from app.commands.database import deps_for
from benchmarks.people import AHEAD, FEE, INVITED, REVIEWING, People
from benchmarks.product import POOL, Product
from domain.ids import new_id
from models.accounts import Session
from models.organisations import Organisation
from services.accounts.tokens import hash_token, issue
from services.core.base import Deps, rows
from services.core.signed_links import Links

ROLES = {
    AHEAD: "expert",
    REVIEWING: "applicant",
    FEE: "applicant",
    "agency": "agent",
    "legal": "organisation",
    "verifier": "verifier",
    "supervisor": "supervisor",
    "venue": "venue",
    "reviewer": "reviewer",
    "admin": "pool_admin",
}
_EACH = 100
"""Log-ins of a kind of person; staff are one person each, who logs in as often."""
_APPLICATIONS = "SELECT account_id, id FROM application WHERE account_id = ANY($1::uuid[]) AND ended_at IS NULL"
_DRAWS = "SELECT id FROM draw WHERE agent_id = $1 AND state = 'completed' ORDER BY starts_at LIMIT 50"
_TASKS = "SELECT id FROM review_task WHERE state = 'open' AND step_code = $1 ORDER BY opened_at LIMIT 50"


@dataclass(frozen=True)
class LogIn:
    """``ids`` are the parameters of the addresses that this person opens."""

    token: str
    cookie: str
    ids: Mapping[str, str] = field(default_factory=dict)


class LogIns:
    """Log-ins of each kind, in turn without end; each of the ``invited`` once."""

    def __init__(self, by_kind: Mapping[str, Sequence[LogIn]], invited: Sequence[LogIn]) -> None:
        self._by_kind: dict[str, Iterator[LogIn]] = {who: itertools.cycle(some) for who, some in by_kind.items()}
        self.invited = invited

    def next(self, who: str) -> LogIn:
        return next(self._by_kind[who])


async def log_in(product: Product, people: People) -> LogIns:
    """Log everybody in, as by password and in the one role."""
    async with deps_for(product.settings) as deps:
        maker = LogInMaker(deps, (await Organisation.get(pool=POOL)).id)
        by_kind = await maker.make_all(people)
        invited = [
            (
                await maker.make(
                    INVITED, [row["account"]], [{"invitation": str(row["id"]), "link": row["link"]}], each=1
                )
            )[0]
            for row in people.invited
        ]
        return LogIns(by_kind, invited)


async def _ids(people: People, who: str) -> Sequence[Mapping[str, str]]:
    """Parameters of the addresses of a kind of person: one for each account, or several for the one of staff."""
    accounts = people.accounts[who]
    if who in (REVIEWING, FEE):
        known = {row["account_id"]: str(row["id"]) for row in await rows(_APPLICATIONS, list(accounts))}
        return [{"application": known[account]} for account in accounts]
    if who == "agency":
        return [{"draw": str(row["id"])} for row in await rows(_DRAWS, accounts[0])]
    if who == "reviewer":
        return [{"task": str(row["id"])} for row in await rows(_TASKS, "industry")]
    return [{}]


class LogInMaker:
    def __init__(self, deps: Deps, organisation_id: UUID) -> None:
        self._deps, self._organisation_id = deps, organisation_id
        self._links = Links(deps.keys, deps.clock)

    async def make_all(self, people: People, *, each: int = _EACH) -> dict[str, list[LogIn]]:
        """``each`` log-ins of every kind of person but the invited."""
        known = [who for who in ROLES if who in people.accounts]
        return {who: await self.make(who, people.accounts[who], await _ids(people, who), each=each) for who in known}

    async def make(
        self, who: str, accounts: Sequence[UUID], ids: Sequence[Mapping[str, str]], *, each: int = _EACH
    ) -> list[LogIn]:
        now = self._deps.now()
        made = [self._session(who, accounts[number % len(accounts)], now) for number in range(each)]
        await Session.bulk_create([session for session, _ in made])
        return [
            LogIn(token, self._cookie(session), ids[number % len(ids)]) for number, (session, token) in enumerate(made)
        ]

    def _session(self, who: str, account_id: UUID, now: datetime) -> tuple[Session, str]:
        role = ROLES.get(who, "expert")
        session = Session(id=new_id(), pool=POOL, account_id=account_id, role=role, created_at=now)
        session.organisation_id = self._organisation_id if role in ("agent", "organisation") else None
        access = issue(self._deps, session, now).access
        session.access_until = now + timedelta(hours=12)
        session.refresh_hash = hash_token(secrets.token_urlsafe(32))
        return session, access

    def _cookie(self, session: Session) -> str:
        """As ``services.accounts.web_sessions`` signs it."""
        if session.account_id is None:
            raise ValueError("a page's log-in has a person")
        return self._links.sign("browser", session.id, session.account_id, session.refresh_until)
