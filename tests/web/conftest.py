"""Visitors of the H5 pages: browsers without scripts, which click links and press buttons by what stands on them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from tortoise import Tortoise
from yarl import URL

from domain.clock import FixedClock
from domain.errors import Rejected
from domain.rulebook.book import Rulebook
from models.accounts import Account
from models.database_connection import tortoise_config
from models.experts import Expert
from models.invitations import Invitation
from models.notices import Notice
from services.core.base import Actor, Deps, Jobs
from services.core.crypto import Keyring
from services.draws import PublicLinks
from services.ports import WebUser
from services.registry import Services
from tests.drivers.pages import PUBLIC_URL, Visitor, local_of
from tests.factories.assembly import make_services
from tests.factories.offices import Office, add_experts, make_office, open_invitations, start_draw
from tests.factories.people import make_grant, make_identity
from tests.miniapp_api.conftest import NOON, Wechat, _rulebooks
from web.accounts.login import COOKIE
from web.assembly import setup_pages

WECHAT = {"User-Agent": "Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.50"}


@dataclass
class WechatBrowser:
    """A fake of WeChat's silent log-in: a code is an openid and can be used once."""

    used: set[str] = field(default_factory=set)
    snapshot: bool = False
    fail: list[Exception] = field(default_factory=list)

    def authorize_url(self, pool: str, redirect_uri: str, state: str) -> str:
        return f"https://open.example/authorize?{urlencode({'redirect_uri': redirect_uri, 'state': state})}"

    async def web_user(self, pool: str, code: str) -> WebUser:
        if self.fail:
            raise self.fail.pop()
        if code in self.used:
            raise Rejected("40163", "code been used")
        self.used.add(code)
        return WebUser(code.partition("--")[0], None, self.snapshot, f"wx-oa-{pool}")


@dataclass
class World:
    """The pages, the services behind them, and the clock."""

    server: TestServer
    services: Services
    office: Office
    clock: FixedClock
    wechat: WechatBrowser
    _clients: list[TestClient[Any, Any]] = field(default_factory=list)

    def visitor(self, **headers: str) -> Visitor:
        client: TestClient[Any, Any] = TestClient(self.server)
        self._clients.append(client)
        return Visitor(client, headers)

    def set_rules(self, section: str, **values: Any) -> None:
        """Change a section of the demo pool's rulebook."""
        rulebooks = cast("dict[str, Rulebook]", self.services.deps.rulebooks)
        changed = getattr(rulebooks["demo"], section).model_copy(update=values)
        rulebooks["demo"] = rulebooks["demo"].model_copy(update={section: changed})

    def public_links(self) -> PublicLinks:
        return self.services.draws.public_links

    async def close(self) -> None:
        """End the visitors' sessions; a client's own end would stop the server, which waits for open pages."""
        for client in self._clients:
            await client.session.close()

    async def call(self, needed: int = 1, **options: Any) -> tuple[UUID, list[Invitation]]:
        """A draw that has called ``needed`` experts; one more is in the pool."""
        await add_experts(self.office, needed + 1)
        draw_id = await start_draw(self.office, needed=needed, **options)
        return draw_id, await open_invitations(draw_id)

    async def panel(self, needed: int = 1, **options: Any) -> tuple[UUID, list[Invitation]]:
        """A draw whose experts have all agreed."""
        draw_id, invitations = await self.call(needed, **options)
        for invitation in invitations:
            await self.services.draws.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
        await self.office.run.advance(draw_id)
        return draw_id, invitations

    async def log_in(self, actor: Actor, role: str = "") -> Visitor:
        """A person of an office at a computer, by SMS code."""
        account = await Account.get(id=actor.account_id)
        if role:
            await make_grant(account, role)
        visitor = await self.visitor().get("/h5/login")
        mobile = self.services.deps.keys.open_text(account.mobile_sealed, "mobile")
        await visitor.press("获取验证码", pool="demo", mobile=mobile)
        return await visitor.press("登录", code=await self.last_code())

    async def enter(self, account: Account) -> Visitor:
        """A person at a computer with an existing log-in."""
        visitor = self.visitor()
        cookie = await self.services.accounts.web_sessions.begin(account)
        visitor.client.session.cookie_jar.update_cookies({COOKIE: cookie}, URL(str(visitor.client.make_url("/"))))
        return visitor

    async def log_in_expert(self, expert_id: UUID) -> Visitor:
        """An expert at a computer, who has consented."""
        await self.bind(expert_id)
        expert = await Expert.get(id=expert_id)
        await Account.filter(id=expert.account_id).update(
            real_name=expert.name,
            privacy_version=self.services.deps.book("demo").pool.privacy_version,
            privacy_accepted_at=self.clock.now(),
        )
        return await self.log_in(Actor("demo", "expert", account_id=expert.account_id, expert_id=expert.id))

    async def last_code(self) -> str:
        notice = await Notice.filter(kind="verification_code").order_by("-created_at", "-id").first()
        assert notice is not None
        return self.services.deps.keys.open_text(notice.secret_sealed, "notice")

    async def bind(self, expert_id: UUID) -> str:
        """The openid of an expert who has bound WeChat."""
        expert = await Expert.get(id=expert_id)
        account = await Account.get_or_none(pool="demo", mobile_hash=expert.mobile_hash)
        if account is None:
            account = await Account.create(
                pool="demo", mobile_sealed=expert.mobile_sealed, mobile_hash=expert.mobile_hash, created_at=NOON
            )
        expert.account_id = account.id
        await expert.save()
        return (await make_identity(account)).openid

    async def scan(self, visitor: Visitor, url: str, openid: str) -> Visitor:
        """Scan with WeChat, with the silent log-in."""
        redirect = await visitor.client.get(local_of(url), headers=visitor.headers, allow_redirects=False)
        query = parse_qs(urlsplit(redirect.headers["Location"]).query)
        back = f"{query['redirect_uri'][0]}?{urlencode({'code': openid, 'state': query['state'][0]})}"
        return await visitor.get(back)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def deps(clock: FixedClock) -> Deps:
    keys = Keyring({"k1": b"d" * 32}, "k1", b"l" * 32, b"s" * 32)
    return Deps(clock=clock, keys=keys, rulebooks=dict(_rulebooks()), jobs=Jobs(), public_url=PUBLIC_URL, puzzle_bits=6)


@pytest.fixture
async def world(
    database: str, deps: Deps, clock: FixedClock, aiohttp_server: Callable[[web.Application], Awaitable[TestServer]]
) -> AsyncIterator[World]:
    await Tortoise.init(config=tortoise_config(database), _enable_global_fallback=True)
    try:
        wechat = WechatBrowser()
        services = make_services(deps, mini=Wechat(), web=wechat)
        app = web.Application()
        setup_pages(app, services, address_of=lambda request: request.headers.get("X-Forwarded-For", "127.0.0.1"))
        world = World(await aiohttp_server(app), services, await make_office(deps), clock, wechat)
        yield world
        await world.close()
    finally:
        await Tortoise.close_connections()
