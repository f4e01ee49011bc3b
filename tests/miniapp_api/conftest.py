"""The whole API over real services and a fresh database; only WeChat is a fake."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient
from tortoise import Tortoise

from app.rulebook_files import load_rulebooks
from domain.clock import FixedClock
from domain.errors import Rejected
from domain.rulebook.book import Rulebook
from miniapp_api import setup
from models.accounts import Account
from models.database_connection import tortoise_config
from models.experts import Expert
from models.notices import Notice
from services.core.base import Deps, Jobs
from services.core.crypto import Keyring
from services.ports import MiniLogin
from services.registry import Services
from tests.factories.assembly import make_services
from tests.factories.numbers import Numbers
from tests.factories.offices import Office, make_office

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
RULEBOOKS = Path(__file__).parents[2] / "config" / "rulebooks"
_codes = Numbers()


@lru_cache
def _rulebooks() -> dict[str, Rulebook]:
    return load_rulebooks(RULEBOOKS, ["demo", "guangdong"])


class Wechat:
    """``wx.login`` codes are openids here, ``getPhoneNumber`` codes the mobile after ``phone-``; each serves once."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    async def login(self, pool: str, code: str) -> MiniLogin:
        self._use(code)
        return MiniLogin(code, None)

    async def phone_number(self, pool: str, code: str) -> str:
        self._use(code)
        if not code.startswith("phone-"):
            raise Rejected("40029", "invalid code")
        return code.removeprefix("phone-")

    def renew(self, code: str) -> None:
        self._used.discard(code)

    def _use(self, code: str) -> None:
        if code in self._used:
            raise Rejected("40163", "code been used")
        self._used.add(code)


@dataclass
class Person:
    """A person with a phone: every request carries the session's token."""

    client: TestClient[Any, Any]
    token: str
    refresh: str
    pool: str = "demo"
    base: str = field(init=False)

    def __post_init__(self) -> None:
        self.base = f"/api/v1/{self.pool}"

    async def ask(self, method: str, path: str, *, key: str | None = None, **options: Any) -> ClientResponse:
        """Send a request; an expired token is renewed first, as the mini-program does."""
        extra = {"Idempotency-Key": key} if key else {}
        response = await self._send(method, path, extra, options)
        if response.status == 401 and await self._renew():
            response = await self._send(method, path, extra, options)
        return response

    async def _send(self, method: str, path: str, extra: dict[str, str], options: dict[str, Any]) -> ClientResponse:
        headers = {"Authorization": f"Bearer {self.token}"} | extra
        return await self.client.request(method, self.base + path, headers=headers, **options)

    async def _renew(self) -> bool:
        answer = await self.client.post(f"{self.base}/sessions/refresh", json={"refresh": self.refresh})
        if answer.status != 200:
            return False
        tokens = await answer.json()
        self.token, self.refresh = tokens["access"], tokens["refresh"]
        return True

    async def get(self, path: str, status: int = 200) -> Any:
        return await _read(await self.ask("GET", path), status)

    async def post(self, path: str, body: object = None, status: int = 200, **options: Any) -> Any:
        given = {} if body is None else {"json": body}
        return await _read(await self.ask("POST", path, **given, **options), status)

    async def put(self, path: str, body: object, status: int = 204) -> Any:
        return await _read(await self.ask("PUT", path, json=body), status)

    async def delete(self, path: str, status: int = 204) -> Any:
        return await _read(await self.ask("DELETE", path), status)


async def _read(response: ClientResponse, status: int) -> Any:
    assert response.status == status, f"{response.method} {response.url}: {response.status} {await response.text()}"
    return await response.json(content_type=None) if status != 204 else None


@dataclass
class World:
    """The running API, its services and its clock."""

    client: TestClient[Any, Any]
    services: Services
    clock: FixedClock
    wechat: Wechat

    @property
    def deps(self) -> Deps:
        return self.services.deps

    async def visit(self, pool: str = "demo") -> Person:
        """A person opens the mini-program for the first time."""
        response = await self.client.post(f"/api/v1/{pool}/sessions", json={"code": f"o-{next(_codes)}"})
        tokens = (await _read(response, 201))["tokens"]
        return Person(self.client, tokens["access"], tokens["refresh"], pool)

    async def log_in(self, mobile: str, role: str = "", **choice: Any) -> Person:
        """The person of a mobile, acting as ``role`` if one is given."""
        person = await self.visit()
        code = f"phone-{mobile}"
        self.wechat.renew(code)
        version = self.deps.book("demo").pool.privacy_version
        await person.post("/sessions/current/phone", {"privacy_version": version, "phone_code": code})
        if role:
            await person.put("/sessions/current/role", {"role": role, **choice}, 200)
        return person

    async def log_in_account(self, account_id: UUID | None, role: str, **choice: Any) -> Person:
        account = await Account.get(id=account_id)
        return await self.log_in(self.deps.keys.open_text(account.mobile_sealed, "mobile"), role, **choice)

    async def log_in_expert(self, expert_id: UUID) -> Person:
        expert = await Expert.get(id=expert_id)
        return await self.log_in(self.deps.keys.open_text(expert.mobile_sealed, "mobile"), "expert")

    async def last_code(self) -> str:
        """The newest SMS code."""
        notice = await Notice.filter(kind="verification_code").order_by("-created_at", "-id").first()
        assert notice is not None
        return self.deps.keys.open_text(notice.secret_sealed, "notice")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def deps(clock: FixedClock) -> Deps:
    keys = Keyring({"k1": b"d" * 32}, "k1", b"l" * 32, b"s" * 32)
    return Deps(clock=clock, keys=keys, rulebooks=dict(_rulebooks()), jobs=Jobs(), public_url="http://127.0.0.1:8080")


@pytest.fixture
async def world(
    database: str,
    deps: Deps,
    clock: FixedClock,
    aiohttp_client: Callable[[web.Application], Awaitable[TestClient[Any, Any]]],
) -> AsyncIterator[World]:
    await Tortoise.init(config=tortoise_config(database), _enable_global_fallback=True)
    wechat = Wechat()
    services = make_services(deps, mini=wechat)
    app = web.Application()
    setup(app, services)
    yield World(await aiohttp_client(app), services, clock, wechat)
    await Tortoise.close_connections()


@pytest.fixture
async def office(world: World) -> Office:
    """An agency with a project, a verifier, a supervisor, venue staff, and catalogues."""
    return await make_office(world.deps)


@pytest.fixture
async def agency(world: World, office: Office) -> Person:
    chosen = {"organisation_id": str(office.agency.organisation_id)}
    return await world.log_in_account(office.agency.account_id, "organisation", **chosen)
