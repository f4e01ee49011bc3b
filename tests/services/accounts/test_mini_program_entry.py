"""From the chat into the mini-program: without typing, and for the same person only."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, NotFound, Unauthenticated
from models.accounts import Account, Session, WechatIdentity
from models.notices import Notice
from services.accounts import AccountServices
from services.core.base import Actor, Deps
from services.ports import MiniLogin
from tests.factories.assembly import composed
from tests.factories.people import make_account, make_identity

pytestmark = pytest.mark.usefixtures("db")
VERSION = "2026-11"
PAGE = "pages/draw?id=d1"


class MiniProgram:
    """A fake mini-program: codes are openids, links are stored as path and query."""

    def __init__(self) -> None:
        self.unionid: str | None = None
        self.lifetime = 0

    async def login(self, pool: str, code: str) -> MiniLogin:
        return MiniLogin(code, self.unionid)

    async def phone_number(self, pool: str, code: str) -> str:
        raise AssertionError("nobody asks for the number")

    async def send_subscribe(self, *_: object, **__: object) -> None:
        raise AssertionError("nobody sends from a log-in")

    async def url_link(self, pool: str, path: str, query: str, lifetime: int) -> str:
        self.lifetime = lifetime
        return f"{path}?{query}"


class Stage:
    """A person in WeChat's browser, and visitors of the mini-program."""

    def __init__(self, deps: Deps) -> None:
        self.deps, self.platform = deps, MiniProgram()
        accounts = composed(AccountServices, deps, mini=self.platform)
        self.sessions, self.browsers = accounts.sessions, accounts.web_sessions
        self.entry = accounts.mini_program_entry

    async def browser(self, account: Account) -> Actor:
        cookie = await self.browsers.log_in_authenticated(account.id)
        assert cookie is not None
        return await self.browsers.resume(cookie)

    async def token(self, actor: Actor) -> str:
        path, _, query = (await self.entry.make_link(actor, PAGE)).partition("?")
        parameters = parse_qs(query)
        assert (path, parameters["id"]) == ("pages/draw", ["d1"])
        return parameters["entry"][0]

    async def visitor(self, openid: str = "o-mini") -> Actor:
        return await self.sessions.authenticate((await self.sessions.login("demo", openid)).tokens.access)


@pytest.fixture
def stage(deps: Deps) -> Stage:
    return Stage(deps)


@pytest.fixture
async def account(deps: Deps) -> Account:
    account = await make_account(deps)
    await make_identity(account)
    return account


async def owner_of(openid: str) -> object:
    return (await WechatIdentity.get(openid=openid, app="mini")).account_id


async def test_a_tap_lets_the_person_in_without_a_code_and_without_the_text_again(
    stage: Stage, account: Account
) -> None:
    token, visitor = await stage.token(await stage.browser(account)), await stage.visitor()
    shown = await stage.entry.show(visitor, token)
    assert shown.consent
    assert "****" in shown.masked_mobile
    assert await owner_of("o-mini") is None, "looking binds nothing"
    bound = await stage.entry.enter(visitor, token, VERSION)
    assert (bound.account_id, await owner_of("o-mini")) == (account.id, account.id)
    assert (await Session.get(id=visitor.session_id)).account_id == account.id
    assert not await Notice.exists(kind="verification_code")
    assert [notice.kind for notice in await Notice.filter(account_id=account.id)] == ["mini_program_bound"]
    assert (await stage.sessions.login("demo", "o-mini")).bound


async def test_it_serves_once(stage: Stage, account: Account) -> None:
    token = await stage.token(await stage.browser(account))
    await stage.entry.enter(await stage.visitor(), token, VERSION)
    friend = await stage.visitor("o-friend")
    for attempt in (stage.entry.show(friend, token), stage.entry.enter(friend, token, VERSION)):
        with pytest.raises(Conflict, match="已使用过"):
            await attempt
    assert await owner_of("o-friend") is None


async def test_it_lives_five_minutes(stage: Stage, account: Account, clock: FixedClock) -> None:
    token, visitor = await stage.token(await stage.browser(account)), await stage.visitor()
    assert stage.platform.lifetime == 300
    clock.move(timedelta(minutes=5))
    with pytest.raises(Forbidden):
        await stage.entry.enter(visitor, token, VERSION)


async def test_it_ends_with_the_log_in_that_asked_for_it(stage: Stage, account: Account) -> None:
    browser, visitor = await stage.browser(account), await stage.visitor()
    token = await stage.token(browser)
    await stage.sessions.logout(browser)
    with pytest.raises(Forbidden, match="已失效"):
        await stage.entry.show(visitor, token)


async def test_where_wechat_tells_who_both_are_they_must_be_one(stage: Stage, account: Account) -> None:
    await WechatIdentity.filter(account_id=account.id).update(unionid="u-owner")
    stage.platform.unionid = "u-friend"
    token = await stage.token(await stage.browser(account))
    with pytest.raises(Forbidden):
        await stage.entry.enter(await stage.visitor(), token, VERSION)
    assert await owner_of("o-mini") is None


async def test_a_text_that_changed_is_read_and_agreed_to_first(stage: Stage, deps: Deps) -> None:
    account = await make_account(deps, privacy_version="old")
    token, visitor = await stage.token(await stage.browser(account)), await stage.visitor()
    assert not (await stage.entry.show(visitor, token)).consent
    with pytest.raises(Conflict, match="隐私说明已更新"):
        await stage.entry.enter(visitor, token, "old")
    await stage.entry.enter(visitor, token, VERSION)
    await account.refresh_from_db()
    assert account.privacy_version == VERSION


async def test_who_is_logged_in_as_another_stays_so(stage: Stage, deps: Deps, account: Account) -> None:
    other = await make_account(deps)
    await make_identity(other, app="mini", openid="o-other", appid="wx-mini-demo")
    token = await stage.token(await stage.browser(account))
    with pytest.raises(Conflict, match="您已登录"):
        await stage.entry.enter(await stage.visitor("o-other"), token, VERSION)
    assert await owner_of("o-other") == other.id


@pytest.mark.parametrize("page", ["", "https://evil.example", "pages/draw?id=<b>", "pages/../x", "/pages/draw"])
async def test_only_pages_of_the_mini_program_are_opened(stage: Stage, account: Account, page: str) -> None:
    with pytest.raises(NotFound):
        await stage.entry.make_link(await stage.browser(account), page)


async def test_a_link_without_a_log_in_is_refused(stage: Stage) -> None:
    with pytest.raises(Unauthenticated):
        await stage.entry.make_link(Actor("demo", "guest"), PAGE)
