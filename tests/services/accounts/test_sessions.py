"""Log-ins of the mini-program: tokens, rotation, binding, roles, links."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    OutcomeUnknown,
    Rejected,
    Transient,
    Unauthenticated,
    Unavailable,
)
from domain.ids import new_id
from models.accounts import Account, RoleGrant, Session, WechatIdentity
from models.experts import Expert
from models.organisations import AgentLink
from services.accounts.sessions import LoggedIn, Sessions
from services.accounts.wechat_binding import WechatBinding
from services.core.base import Actor, Deps
from services.core.permissions import check
from services.ports import MiniLogin
from tests.factories.assembly import composed
from tests.factories.people import (
    make_account,
    make_agent_link,
    make_expert,
    make_grant,
    make_identity,
    make_organisation,
    mobile_number,
)
from tests.factories.sources import PHONE
from tests.services.conftest import NoticeBook

pytestmark = pytest.mark.usefixtures("db")
VERSION = "2026-11"


@dataclass
class MiniProgram:
    """A fake platform: codes are openids, phone codes are mobiles; ``fail`` is raised once."""

    unionid: str | None = None
    fail: list[Exception] = field(default_factory=list)

    async def login(self, pool: str, code: str) -> MiniLogin:
        if self.fail:
            raise self.fail.pop()
        return MiniLogin(code, self.unionid)

    async def phone_number(self, pool: str, code: str) -> str:
        if self.fail:
            raise self.fail.pop()
        return code

    async def send_subscribe(self, *_: object, **__: object) -> None:
        raise AssertionError("nobody sends from a log-in")

    async def url_link(self, *_: object, **__: object) -> str:
        raise AssertionError("nobody makes links from a log-in")


@pytest.fixture
def platform() -> MiniProgram:
    return MiniProgram()


@pytest.fixture
def accounts(deps: Deps, book: NoticeBook) -> WechatBinding:
    return composed(WechatBinding, deps, notices=book)


@pytest.fixture
def sessions(deps: Deps, accounts: WechatBinding, platform: MiniProgram) -> Sessions:
    return Sessions(deps, accounts, platform, {"demo": "wx-mini-demo"})


async def _enter(sessions: Sessions, mobile: str, openid: str = "o-1") -> tuple[LoggedIn, Actor]:
    """Log in and bind by WeChat's phone code."""
    entered = await sessions.login("demo", openid)
    await sessions.bind_phone(
        await sessions.authenticate(entered.tokens.access), privacy_version=VERSION, phone_code=mobile
    )
    return entered, await sessions.authenticate(entered.tokens.access)


async def test_a_new_visitor_has_no_account(sessions: Sessions) -> None:
    entered = await sessions.login("demo", "o-1")
    actor = await sessions.authenticate(entered.tokens.access)
    assert (entered.bound, entered.role, actor.role, actor.account_id) == (False, "", "guest", None)
    with pytest.raises(Unauthenticated, match="绑定手机号"):
        check(actor, "project.create")
    assert await sessions.roles(actor) == ()


async def test_tokens_are_stored_as_hashes_only(sessions: Sessions) -> None:
    entered = await sessions.login("demo", "o-1")
    stored = str(dict(await Session.get()))
    assert entered.tokens.access not in stored
    assert entered.tokens.refresh not in stored


@pytest.mark.parametrize(
    ("failure", "refusal"),
    [
        (Rejected("40029"), Unauthenticated),
        (Transient("slow"), Unavailable),
        (OutcomeUnknown("cut"), Unavailable),
    ],
)
async def test_a_refusal_and_a_failure_of_wechat_are_distinguished(
    sessions: Sessions, platform: MiniProgram, failure: Exception, refusal: type[Exception]
) -> None:
    platform.fail = [failure]
    with pytest.raises(refusal):
        await sessions.login("demo", "o-1")
    assert not await Session.exists()


async def test_the_phone_code_tells_who_it_is(sessions: Sessions, deps: Deps, book: NoticeBook) -> None:
    mobile = mobile_number()
    expert = await make_expert(deps, mobile)
    _, actor = await _enter(sessions, mobile)
    assert (actor.role, actor.expert_id) == ("expert", expert.id)
    again = await sessions.login("demo", "o-1")
    assert (again.bound, again.role) == (True, "expert")


async def test_a_used_phone_code_asks_to_tap_again(sessions: Sessions, platform: MiniProgram) -> None:
    entered = await sessions.login("demo", "o-1")
    actor = await sessions.authenticate(entered.tokens.access)
    platform.fail = [Rejected("40029")]
    with pytest.raises(InvalidInput, match="重新点击"):
        await sessions.bind_phone(actor, privacy_version=VERSION, phone_code="x")
    with pytest.raises(InvalidInput, match="11位"):
        await sessions.bind_phone(actor, privacy_version=VERSION, phone_code="+4412345")
    assert not await Account.exists()


async def test_mobile_and_sms_code_serve_as_well(sessions: Sessions, accounts: WechatBinding, book: NoticeBook) -> None:
    mobile = mobile_number()
    entered = await sessions.login("demo", "o-1")
    actor = await sessions.authenticate(entered.tokens.access)
    await accounts.send_code("demo", mobile, source=PHONE)
    code = book.last_code(mobile)
    bad = "000000" if code != "000000" else "111111"
    with pytest.raises(InvalidInput, match="4次"):
        await sessions.bind_phone(actor, privacy_version=VERSION, mobile=mobile, sms_code=bad, key="k1")
    bound = await sessions.bind_phone(actor, privacy_version=VERSION, mobile=mobile, sms_code=code, key="k2")
    assert (await sessions.authenticate(entered.tokens.access)).account_id == bound.account_id
    assert await sessions.bind_phone(actor, privacy_version=VERSION, mobile=mobile, sms_code=code, key="k2") == bound


async def test_binding_without_consent_is_refused(sessions: Sessions) -> None:
    entered = await sessions.login("demo", "o-1")
    actor = await sessions.authenticate(entered.tokens.access)
    with pytest.raises(Conflict, match="隐私说明"):
        await sessions.bind_phone(actor, privacy_version="", phone_code=mobile_number())


async def test_who_is_bound_in_chat_is_known_by_unionid_at_the_first_log_in_only(
    sessions: Sessions, accounts: WechatBinding, platform: MiniProgram, deps: Deps
) -> None:
    account = await make_account(deps)
    await make_identity(account, unionid="u-1")
    platform.unionid = "u-1"
    assert (await sessions.login("demo", "o-new")).bound
    identity = await WechatIdentity.get(openid="o-new")
    await accounts.unbind(identity.id)
    assert not (await sessions.login("demo", "o-new")).bound


async def test_a_token_of_another_s_making_opens_nothing(sessions: Sessions) -> None:
    for token in ("", "x", "a" * 500, "你好", "\x00"):
        with pytest.raises(Unauthenticated):
            await sessions.authenticate(token)
        with pytest.raises(Unauthenticated):
            await sessions.refresh(token)


async def test_access_ends_and_refresh_gives_a_new_pair(sessions: Sessions, clock: FixedClock) -> None:
    entered = await sessions.login("demo", "o-1")
    clock.move(timedelta(hours=2))
    with pytest.raises(Unauthenticated, match="重新登录"):
        await sessions.authenticate(entered.tokens.access)
    fresh = await sessions.refresh(entered.tokens.refresh)
    assert (await sessions.authenticate(fresh.access)).session_id == entered.session_id
    clock.move(timedelta(days=30))
    with pytest.raises(Unauthenticated):
        await sessions.refresh(fresh.refresh)


async def test_an_old_refresh_token_ends_the_session(sessions: Sessions) -> None:
    entered = await sessions.login("demo", "o-1")
    fresh = await sessions.refresh(entered.tokens.refresh)
    with pytest.raises(Unauthenticated):
        await sessions.authenticate(entered.tokens.access)
    with pytest.raises(Unauthenticated):
        await sessions.refresh(entered.tokens.refresh)
    with pytest.raises(Unauthenticated):
        await sessions.authenticate(fresh.access)
    with pytest.raises(Unauthenticated):
        await sessions.refresh(fresh.refresh)


async def test_a_forged_refresh_token_ends_nothing(sessions: Sessions) -> None:
    entered = await sessions.login("demo", "o-1")
    token = entered.tokens.refresh
    forged = token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB")
    with pytest.raises(Unauthenticated):
        await sessions.refresh(forged)
    assert (await sessions.authenticate(entered.tokens.access)).session_id == entered.session_id


async def test_of_two_refreshes_at_once_one_wins_and_the_session_ends(sessions: Sessions) -> None:
    entered = await sessions.login("demo", "o-1")
    twice = (sessions.refresh(entered.tokens.refresh) for _ in range(2))
    results = await asyncio.gather(*twice, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Tokens", "Unauthenticated"]
    assert (await Session.get()).revoked_at is not None


async def test_logging_out_ends_every_log_in_of_the_person(sessions: Sessions, deps: Deps) -> None:
    mobile = mobile_number()
    await make_expert(deps, mobile)
    first, _ = await _enter(sessions, mobile, "o-1")
    second, actor = await _enter(sessions, mobile, "o-2")
    other = await sessions.login("demo", "o-3")
    assert await sessions.logout(actor) == 2
    for tokens in (first.tokens, second.tokens):
        with pytest.raises(Unauthenticated):
            await sessions.authenticate(tokens.access)
    assert (await sessions.authenticate(other.tokens.access)).role == "guest"


async def test_an_agent_chooses_for_which_enterprise_he_acts(sessions: Sessions, deps: Deps) -> None:
    mobile = mobile_number()
    account = await make_account(deps, mobile)
    first = await make_organisation()
    second = await make_organisation(name="深圳示范招标有限公司", credit_code="91350211M000100Y46")
    for organisation in (first, second):
        await make_agent_link(organisation, account)
    entered, guest = await _enter(sessions, mobile)
    assert guest.role == "guest"
    assert {option.organisation_name for option in await sessions.roles(guest)} == {first.name, second.name}
    with pytest.raises(Forbidden, match="切换身份"):
        check(guest, "draw.create")
    chosen = await sessions.choose_role(guest, "agent", organisation_id=second.id)
    actor = await sessions.authenticate(entered.tokens.access)
    assert (actor.role, actor.organisation_id, chosen.organisation_id) == ("agent", second.id, second.id)
    check(actor, "draw.create")
    with pytest.raises(Forbidden, match="没有这个身份"):
        await sessions.choose_role(actor, "organisation", organisation_id=second.id)
    with pytest.raises(Forbidden, match="没有这个身份"):
        await sessions.choose_role(actor, "agent", organisation_id=new_id())


@pytest.mark.parametrize(
    "change",
    [
        {"revoked_at": "now"},
        {"valid_until": "now"},
        {"accepted_at": None},
    ],
)
async def test_an_agent_who_is_struck_off_loses_the_role_at_once(
    sessions: Sessions, deps: Deps, clock: FixedClock, change: dict[str, str | None]
) -> None:
    mobile = mobile_number()
    account, organisation = await make_account(deps, mobile), await make_organisation()
    link = await make_agent_link(organisation, account)
    entered, actor = await _enter(sessions, mobile)
    assert actor.role == "agent"
    values = {name: clock.now() if value == "now" else None for name, value in change.items()}
    await AgentLink.filter(id=link.id).update(**values)
    assert (await sessions.authenticate(entered.tokens.access)).role == "guest"


async def test_offices_are_held_until_revoked_each_with_its_scope(
    sessions: Sessions, deps: Deps, clock: FixedClock
) -> None:
    mobile = mobile_number()
    account = await make_account(deps, mobile)
    await make_grant(account, "venue", "demo-hall")
    await make_grant(account, "verifier", "440100")
    entered, guest = await _enter(sessions, mobile)
    assert [option.label for option in await sessions.roles(guest)] == ["核验人员 · 440100", "场地人员 · demo-hall"]
    await sessions.choose_role(guest, "venue", scope="demo-hall")
    assert (await sessions.authenticate(entered.tokens.access)).scope == "demo-hall"
    await RoleGrant.filter(role="venue").update(revoked_at=clock.now())
    assert (await sessions.authenticate(entered.tokens.access)).role == "guest"


async def test_an_expert_who_has_left_the_pool_is_no_expert(sessions: Sessions, deps: Deps, clock: FixedClock) -> None:
    mobile = mobile_number()
    await make_expert(deps, mobile)
    entered, _ = await _enter(sessions, mobile)
    await Expert.all().update(left_at=clock.now())
    assert (await sessions.authenticate(entered.tokens.access)).role == "guest"


async def test_a_disabled_account_is_shut_out(sessions: Sessions, deps: Deps, clock: FixedClock) -> None:
    mobile = mobile_number()
    await make_expert(deps, mobile)
    entered, _ = await _enter(sessions, mobile)
    await Account.all().update(disabled_at=clock.now())
    with pytest.raises(Forbidden, match="停用"):
        await sessions.authenticate(entered.tokens.access)


async def test_a_role_can_be_chosen_in_the_own_session_only(sessions: Sessions, deps: Deps) -> None:
    mobile = mobile_number()
    await make_expert(deps, mobile)
    _, actor = await _enter(sessions, mobile)
    await sessions.logout(actor)
    with pytest.raises(Unauthenticated):
        await sessions.choose_role(actor, "expert")
    with pytest.raises(Unauthenticated):
        await sessions.choose_role(replace(actor, session_id=None), "expert")
