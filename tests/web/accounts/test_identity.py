"""Organisations log in by the unified identity platform."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, cast
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from domain.errors import GatewayError, OutcomeUnknown, Rejected, Transient
from models.accounts import Session
from models.organisations import AgentLink, Organisation
from services.ports import IdentityClaims, LoginStart
from tests.factories.people import OTHER_CREDIT_CODE, make_account, make_agent_link, make_organisation
from tests.web.conftest import PUBLIC_URL, WECHAT, Visitor, World
from web.accounts.identity import COOKIE

BACK = "/h5/identity/callback"
LEGAL = IdentityClaims(
    subject="s-1",
    name="陈法人",
    mobile="13700000001",
    id_number="",
    level=4,
    user_type="legal",
    organisation_name="广州新立招标有限公司",
    credit_code=OTHER_CREDIT_CODE,
)
AGENT = replace(LEGAL, subject="s-2", name="李经办", mobile="13700000002", user_type="agent")


@dataclass
class Platform:
    """A fake identity platform that confirms ``claims``; a code can be used once."""

    claims: IdentityClaims = LEGAL
    fail: list[GatewayError] = field(default_factory=list)
    started: list[LoginStart] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    async def start(self, redirect_uri: str) -> LoginStart:
        if self.fail:
            raise self.fail.pop()
        count = len(self.started)
        state = f"state-{count}"
        url = f"https://identity.example/authorize?{urlencode({'redirect_uri': redirect_uri, 'state': state})}"
        self.started.append(LoginStart(url, state, f"nonce-{count}", f"verifier-{count}"))
        return self.started[-1]

    async def finish(self, code: str, redirect_uri: str, started: LoginStart) -> IdentityClaims:
        if self.fail:
            raise self.fail.pop()
        assert redirect_uri == f"{PUBLIC_URL}{BACK}"
        assert (started.nonce, started.verifier) in {(each.nonce, each.verifier) for each in self.started}
        if code in self.used:
            raise Rejected("invalid_grant", "code been used")
        self.used.add(code)
        return self.claims


@pytest.fixture
def platform(world: World) -> Platform:
    """Replaces the port that the pages hold."""
    platform = Platform()
    object.__setattr__(world.services.accounts, "identity_platform", cast(Any, platform))
    return platform


async def leave(visitor: Visitor) -> str:
    """Go to the platform; returns the state that it will send back."""
    redirect = await visitor.client.get("/h5/identity?pool=demo", allow_redirects=False)
    assert redirect.status == 303
    query = parse_qs(urlsplit(redirect.headers["Location"]).query)
    assert query["redirect_uri"] == [f"{PUBLIC_URL}{BACK}"]
    return query["state"][0]


async def log_in(world: World, **answer: str) -> Visitor:
    visitor = world.visitor()
    state = await leave(visitor)
    return await visitor.get(f"{BACK}?{urlencode({'code': 'code-1', 'state': state, **answer})}")


async def test_a_legal_entity_logs_in_and_gets_its_first_page(world: World, platform: Platform) -> None:
    visitor = await log_in(world)
    assert (visitor.path, visitor.status, "法人" in visitor.text) == ("/agency", 200, True)
    organisation = await Organisation.get(credit_code=OTHER_CREDIT_CODE)
    session = await Session.get(organisation_id=organisation.id)
    assert (organisation.name, organisation.assurance_level) == ("广州新立招标有限公司", 4)
    assert (session.role, session.account_id) == ("organisation", organisation.legal_account_id)


async def test_an_agent_comes_in_for_the_organisation(world: World, platform: Platform) -> None:
    platform.claims = AGENT
    visitor = await log_in(world)
    assert (visitor.path, visitor.status, "经办人" in visitor.text) == ("/agency", 200, True)
    link = await AgentLink.get(organisation__credit_code=OTHER_CREDIT_CODE)
    session = await Session.get(organisation_id=link.organisation_id)
    assert (session.role, session.account_id) == ("agent", link.account_id)


async def test_a_person_without_an_enterprise_there_chooses_among_those_that_linked_him_here(
    world: World, platform: Platform
) -> None:
    account = await make_account(world.services.deps, AGENT.mobile)
    other = await make_organisation(name="别家招标有限公司", credit_code=OTHER_CREDIT_CODE)
    own = await Organisation.get(id=world.office.agency.organisation_id)
    await make_agent_link(own, account)
    link = await make_agent_link(other, account, accepted_at=None)
    platform.claims = replace(AGENT, user_type="person", organisation_name="", credit_code="")
    visitor = await log_in(world)
    assert (visitor.path, other.name in visitor.text) == ("/h5/demo/agent-requests", True)
    await AgentLink.filter(id=link.id).update(accepted_at=link.created_at)
    visitor = await log_in(world, code="code-2")
    assert visitor.path == "/h5/role"
    assert {f"经办人 · {other.name}", f"经办人 · {own.name}"} <= set(visitor.page.buttons)
    await visitor.press(f"经办人 · {other.name}")
    assert (visitor.path, other.name in visitor.text) == ("/agency", True)


async def test_a_weak_log_in_ends_what_was_open_and_says_what_helps(world: World, platform: Platform) -> None:
    visitor = await log_in(world)
    platform.claims = replace(LEGAL, level=3)
    refused = await log_in(world, code="code-2")
    assert (refused.status, "实名等级为3级" in refused.text) == (422, True)
    await visitor.get("/agency/projects")
    assert (visitor.path, "实名等级不够" in visitor.text) == ("/h5/role", True)
    platform.claims = LEGAL
    await log_in(world, code="code-3")
    assert (await visitor.get("/agency/projects")).path == "/agency/projects"


async def test_who_holds_several_roles_comes_in_as_what_the_platform_says(world: World, platform: Platform) -> None:
    await log_in(world)
    platform.claims = replace(AGENT, mobile=LEGAL.mobile)
    visitor = await log_in(world, code="code-2")
    assert (visitor.path, "经办人" in visitor.text) == ("/agency", True)


async def test_an_agent_whose_period_begins_later_is_sent_to_the_mini_program_without_a_session(
    world: World, platform: Platform
) -> None:
    deps = world.services.deps
    account = await make_account(deps, AGENT.mobile)
    organisation = await make_organisation(credit_code=OTHER_CREDIT_CODE)
    await make_agent_link(organisation, account, valid_from=deps.now() + timedelta(days=1))
    platform.claims = AGENT
    visitor = await log_in(world)
    assert (visitor.path, visitor.status) == (BACK, 200)
    assert "已登记：广州新立招标有限公司" in visitor.text
    assert "请打开小程序办理抽取" in visitor.text
    assert not await Session.exists(account_id=account.id)


async def test_the_log_in_page_leads_to_the_platform(world: World, platform: Platform) -> None:
    visitor = await world.visitor().get("/h5/login")
    [path] = [link for name, link in visitor.page.links.items() if "统一身份认证登录" in name and "demo" in link]
    redirect = await visitor.client.get(path, allow_redirects=False)
    cookie = redirect.cookies[COOKIE]
    assert redirect.headers["Location"] == platform.started[0].url
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", "600")
    assert not any(secret in cookie.value for secret in ("state-0", "nonce-0", "verifier-0"))


@pytest.mark.parametrize("pool", ["", "nowhere"])
async def test_an_unknown_pool_is_refused(world: World, platform: Platform, pool: str) -> None:
    visitor = await world.visitor().get(f"/h5/identity?pool={pool}")
    assert (visitor.status, "请选择专家库" in visitor.text, platform.started) == (422, True, [])


@pytest.mark.parametrize(
    ("claims", "status", "words"),
    [
        (replace(LEGAL, user_type="person", organisation_name="", credit_code=""), 422, "个人不能发起抽取"),
        (replace(LEGAL, level=2), 422, "请到统一身份认证平台升级后重新登录"),
        (replace(LEGAL, credit_code="91350211M000100Y47"), 422, "请到该平台更正后重新登录"),
        (replace(LEGAL, mobile=""), 422, "请到该平台更正后重新登录"),
        (replace(LEGAL, organisation_name="长" * 201), 422, "请到该平台更正后重新登录"),
        (replace(LEGAL, name="\0"), 422, "请到该平台更正后重新登录"),
    ],
)
async def test_a_log_in_that_the_rules_refuse_says_what_to_do(
    world: World, platform: Platform, claims: IdentityClaims, status: int, words: str
) -> None:
    platform.claims = claims
    visitor = await log_in(world)
    assert (visitor.path, visitor.status, words in visitor.text) == (BACK, status, True)
    assert await Organisation.all().count() == 1, "the office has one"
    assert await Session.all().count() == 0
    assert COOKIE not in {cookie.key for cookie in visitor.client.session.cookie_jar}


@pytest.mark.parametrize("state", ["state-9", "", "状态"])
async def test_an_answer_with_another_state_is_refused_before_the_platform_is_asked(
    world: World, platform: Platform, state: str
) -> None:
    visitor = await log_in(world, state=state)
    assert (visitor.status, "重新点“统一身份认证登录”" in visitor.text, platform.used) == (403, True, set())


@pytest.mark.parametrize("cookie", ["", "nonsense", "a256gcm:k1:AA==", "a256gcm:k1:" + "A" * 80, "a256gcm:k9:é"])
async def test_an_answer_without_a_cookie_of_ours_is_refused(world: World, platform: Platform, cookie: str) -> None:
    visitor = world.visitor(**({"Cookie": f"{COOKIE}={cookie}"} if cookie else {}))
    await visitor.get(f"{BACK}?code=code-1&state=state-0")
    assert (visitor.status, "重新点“统一身份认证登录”" in visitor.text, platform.used) == (403, True, set())


async def test_a_cookie_lasts_ten_minutes(world: World, platform: Platform) -> None:
    visitor = world.visitor()
    state = await leave(visitor)
    world.clock.move(timedelta(minutes=10))
    await visitor.get(f"{BACK}?code=code-1&state={state}")
    assert (visitor.status, "已超过10分钟" in visitor.text, platform.used) == (403, True, set())


async def test_an_answer_serves_once(world: World, platform: Platform) -> None:
    visitor = world.visitor()
    state = await leave(visitor)
    await visitor.get(f"{BACK}?code=code-1&state={state}")
    await visitor.get(f"{BACK}?code=code-1&state={state}")
    assert (visitor.status, "重新点“统一身份认证登录”" in visitor.text) == (403, True)
    assert await Session.all().count() == 1


async def test_a_code_that_the_platform_refuses_means_to_begin_again(world: World, platform: Platform) -> None:
    platform.used.add("code-1")
    visitor = await log_in(world)
    assert (visitor.status, "已失效或已用过" in visitor.text) == (403, True)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"error": "access_denied", "code": ""}, "您没有同意授权"),
        ({"error": "server_error", "code": ""}, "没有完成登录"),
        ({"code": "x" * 2049}, "没有完成登录"),
    ],
)
async def test_an_answer_without_a_code_is_explained(
    world: World, platform: Platform, answer: dict[str, str], words: str
) -> None:
    visitor = await log_in(world, **answer)
    assert (visitor.status, words in visitor.text, platform.used) == (403, True, set())


@pytest.mark.parametrize("failure", [Transient("busy"), OutcomeUnknown("cut off"), Rejected("bad_discovery")])
async def test_a_platform_that_is_away_at_the_start_is_named(
    world: World, platform: Platform, failure: GatewayError
) -> None:
    platform.fail.append(failure)
    visitor = await world.visitor().get("/h5/identity?pool=demo")
    assert (visitor.status, "统一身份认证平台暂时无法连接" in visitor.text) == (424, True)


@pytest.mark.parametrize("failure", [Transient("busy"), OutcomeUnknown("cut off")])
async def test_a_platform_that_is_away_at_the_end_can_be_asked_again(
    world: World, platform: Platform, failure: GatewayError
) -> None:
    visitor = world.visitor()
    state = await leave(visitor)
    platform.fail.append(failure)
    await visitor.get(f"{BACK}?code=code-1&state={state}")
    assert (visitor.status, "请稍后刷新重试" in visitor.text) == (424, True)
    await visitor.get(f"{BACK}?code=code-1&state={state}")
    assert (visitor.path, visitor.status) == ("/agency", 200)


async def arrive(world: World, page: str, **headers: str) -> Visitor:
    """Log in by the platform on the way to a page."""
    visitor = await world.visitor(**headers).get(page)
    assert visitor.path == "/h5/login"
    [path] = [link for name, link in visitor.page.links.items() if "统一身份认证登录" in name and "demo" in link]
    redirect = await visitor.client.get(path, headers=headers, allow_redirects=False)
    state = parse_qs(urlsplit(redirect.headers["Location"]).query)["state"][0]
    return await visitor.get(f"{BACK}?{urlencode({'code': f'code-{state}', 'state': state})}")


@pytest.mark.parametrize("page", ["/agency/projects?page=2", "/h5/demo/agent-requests", "/h5/demo/account"])
async def test_a_visitor_who_logs_in_from_a_link_returns_to_it(world: World, platform: Platform, page: str) -> None:
    visitor = await arrive(world, page)
    assert (visitor.response.url.path_qs, visitor.status) == (page, 200)


async def test_who_must_choose_an_enterprise_first_goes_on_afterwards(world: World, platform: Platform) -> None:
    account = await make_account(world.services.deps, AGENT.mobile)
    other = await make_organisation(name="别家招标有限公司", credit_code=OTHER_CREDIT_CODE)
    for organisation in (other, await Organisation.get(id=world.office.agency.organisation_id)):
        await make_agent_link(organisation, account)
    platform.claims = replace(AGENT, user_type="person", organisation_name="", credit_code="")
    visitor = await arrive(world, "/agency/projects")
    await visitor.press(f"经办人 · {other.name}")
    assert visitor.path == "/agency/projects"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/agency\r\nX: y",
        "/h5/logout",
        "/office",
        "/review",
    ],
)
async def test_it_leads_to_no_strange_page_and_to_none_of_another_role(
    world: World, platform: Platform, target: str
) -> None:
    visitor = world.visitor()
    query = urlencode({"pool": "demo", "next": target})
    redirect = await visitor.client.get(f"/h5/identity?{query}", allow_redirects=False)
    state = parse_qs(urlsplit(redirect.headers["Location"]).query)["state"][0]
    back = await visitor.client.get(f"{BACK}?code=code-1&state={state}", allow_redirects=False)
    assert (back.status, back.headers["Location"]) == (303, "/agency")


async def test_it_ends_the_log_in_before_and_offers_to_bind_the_wechat_it_is_in(
    world: World, platform: Platform
) -> None:
    visitor = await arrive(world, "/agency/projects", **WECHAT)
    assert (visitor.path, "暂不绑定" in visitor.page.buttons) == ("/h5/wechat/bind", True)
    await visitor.press("暂不绑定")
    assert visitor.path == "/agency/projects"
    state = await leave(visitor)
    await visitor.get(f"{BACK}?code=code-again&state={state}")
    assert await Session.filter(revoked_at=None).count() == 1
    assert (await Session.get(revoked_at=None)).device == "微信内网页"
