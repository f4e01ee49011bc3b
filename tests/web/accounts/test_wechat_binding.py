"""Logging in or registering inside WeChat binds this WeChat by a tap, and never to another person's account."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from urllib.parse import parse_qs, urlsplit

import pytest

from domain.errors import Rejected
from models.accounts import Account, WechatIdentity
from models.notices import Attempt, Notice
from tests.factories.people import make_identity, mobile_number
from tests.web.accounts.test_account import ACCOUNT, NUMBER, PASSWORD, fill_in, from_wechat, registered
from tests.web.conftest import WECHAT, Visitor, World

MINE, THEIRS = "o-mine", "o-theirs"
BIND = "/h5/wechat/bind"
_codes = count()
MINI = {"User-Agent": f"{WECHAT['User-Agent']} miniProgram/wx1"}


async def log_in(world: World, openid: str, mobile: str, **headers: str) -> Visitor:
    """From the chat's link over WeChat's silent question to the code by SMS."""
    visitor = await from_wechat(world, openid)
    visitor.headers |= headers
    await visitor.press("获取验证码", pool="demo", mobile=mobile)
    return await visitor.press("登录", code=await world.last_code())


async def confirm(visitor: Visitor, button: str = "绑定并继续") -> dict[str, str]:
    """Tap the button; returns the request to WeChat."""
    form, own = visitor.page.buttons[button]
    sent = {"Origin": "http://127.0.0.1:8080", **visitor.headers}
    answer = await visitor.client.post(
        form["action"], data={**form["fields"], **own}, headers=sent, allow_redirects=False
    )
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


async def come_back(visitor: Visitor, request: dict[str, str], openid: str) -> Visitor:
    """WeChat sends the browser back with a code that stands for ``openid``."""
    return await visitor.get(f"{request['redirect_uri']}?code={openid}--{next(_codes)}&state={request['state']}")


async def owner_of(openid: str) -> Account | None:
    identity = await WechatIdentity.get_or_none(openid=openid, app="oa").prefetch_related("account")
    return identity.account if identity else None


async def test_who_registers_from_the_chat_is_bound_by_one_sms_and_one_privacy_text(world: World) -> None:
    visitor = await from_wechat(world, MINE)
    await visitor.click("注册")
    await fill_in(world, visitor, mobile_number())
    assert visitor.path == BIND
    assert "隐私说明" not in visitor.text
    await come_back(visitor, await confirm(visitor), MINE)
    assert (visitor.path, visitor.status) == (ACCOUNT, 200)
    owner = await owner_of(MINE)
    assert owner is not None
    assert owner.real_name == "周大同"
    assert await Notice.filter(kind="verification_code").count() == 1


async def test_afterwards_the_chats_links_let_in_without_a_code(world: World) -> None:
    _, mobile = await registered(world)
    visitor = await log_in(world, MINE, mobile)
    assert mobile[-4:] in visitor.text
    await come_back(visitor, await confirm(visitor), MINE)
    assert visitor.path == ACCOUNT
    assert (await from_wechat(world, f"{MINE}--later")).path == ACCOUNT
    assert await Notice.filter(kind="verification_code").count() == 1


async def test_a_binding_by_password_is_notified_by_wechat_and_sms(world: World) -> None:
    _, mobile = await registered(world)
    visitor = await from_wechat(world, MINE)
    await visitor.click("密码登录")
    await visitor.press("登录", pool="demo", name=mobile, password=PASSWORD)
    await come_back(visitor, await confirm(visitor), MINE)
    notice = await Notice.get(kind="account_joined")
    assert {attempt.channel for attempt in await Attempt.filter(notice_id=notice.id)} == {"wechat", "sms"}


async def test_who_would_rather_not_goes_on_unbound(world: World) -> None:
    _, mobile = await registered(world)
    visitor = await log_in(world, MINE, mobile)
    await visitor.press("暂不绑定")
    assert visitor.path == ACCOUNT
    assert await owner_of(MINE) is None


async def test_a_privacy_text_that_was_never_read_is_read_here(world: World) -> None:
    account, mobile = await registered(world, privacy_version="old")
    visitor = await log_in(world, MINE, mobile)
    assert "隐私说明" in visitor.text
    await come_back(visitor, await confirm(visitor, "同意并绑定"), MINE)
    assert visitor.path == ACCOUNT
    await account.refresh_from_db()
    assert account.privacy_version == world.services.deps.book("demo").pool.privacy_version


@pytest.mark.parametrize("headers", [MINI, {"User-Agent": "Mozilla/5.0 (Linux; Android 14) Chrome/120"}])
async def test_elsewhere_nothing_is_offered(world: World, headers: dict[str, str]) -> None:
    _, mobile = await registered(world)
    visitor = await log_in(world, MINE, mobile, **headers)
    assert visitor.path == ACCOUNT
    assert (await visitor.get(BIND)).path != BIND


async def test_a_pool_without_an_official_account_offers_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _, mobile = await registered(world)
    visitor = await log_in(world, MINE, mobile)
    assert visitor.path == BIND

    def refuse(*_: str) -> str:
        raise Rejected("no_account", "no official account")

    monkeypatch.setattr(world.wechat, "authorize_url", refuse)
    assert (await visitor.get(f"{BIND}?next={ACCOUNT}")).path == ACCOUNT


async def test_who_has_bound_a_wechat_is_not_asked(world: World) -> None:
    account, mobile = await registered(world)
    await make_identity(account)
    assert (await log_in(world, MINE, mobile)).path == ACCOUNT


async def test_an_initial_password_is_changed_first(world: World) -> None:
    _, mobile = await registered(world, password_initial=True)
    visitor = await from_wechat(world, MINE)
    await visitor.click("密码登录")
    await visitor.press("登录", pool="demo", name=mobile, password=PASSWORD)
    assert visitor.path == "/h5/demo/account/password"


# ---- attacks


async def test_a_confirmation_opened_in_another_persons_browser_binds_neither(world: World) -> None:
    """An attacker's address, opened by a logged-in victim, binds neither person's WeChat to the other."""
    (_, mine), (_, theirs) = await registered(world), await registered(world, **other())
    me, victim = await log_in(world, MINE, mine), await log_in(world, THEIRS, theirs)
    request = await confirm(me)
    for openid in (MINE, THEIRS):
        await come_back(victim, request, openid)
        assert victim.status == 409
        assert "没有绑定" in victim.text
    assert (await owner_of(MINE), await owner_of(THEIRS)) == (None, None)


async def test_my_code_does_not_serve_in_a_victims_own_confirmation(world: World) -> None:
    """The state of the victim's browser is needed."""
    (_, mine), (_, theirs) = await registered(world), await registered(world, **other())
    me, victim = await log_in(world, MINE, mine), await log_in(world, THEIRS, theirs)
    mine_asked = await confirm(me)
    await confirm(victim)
    await come_back(victim, mine_asked, MINE)
    assert victim.status == 409
    assert await owner_of(MINE) is None


async def test_a_confirmation_does_not_outlive_its_log_in(world: World) -> None:
    """On a shared phone: confirmed by one person, answered after another has logged in."""
    (_, mine), (_, theirs) = await registered(world), await registered(world, **other())
    visitor = await log_in(world, MINE, mine)
    request = await confirm(visitor)
    await visitor.get("/h5/login?pool=demo")
    await visitor.press("获取验证码", pool="demo", mobile=theirs)
    await visitor.press("登录", code=await world.last_code())
    await come_back(visitor, request, MINE)
    assert visitor.status == 409
    assert await owner_of(MINE) is None


async def test_an_answer_serves_once_and_five_minutes(world: World) -> None:
    _, mobile = await registered(world)
    visitor = await log_in(world, MINE, mobile)
    request = await confirm(visitor)
    [linking_cookie] = [cookie for cookie in visitor.client.session.cookie_jar if cookie.key == "pbt_linking"]
    await come_back(visitor, request, MINE)
    await WechatIdentity.filter(openid=MINE).delete()
    visitor.client.session.cookie_jar.update_cookies({linking_cookie.key: linking_cookie})
    await come_back(visitor, request, MINE)
    assert visitor.status == 409
    assert await owner_of(MINE) is None
    request = await confirm(visitor)
    world.clock.move(timedelta(minutes=6))
    await come_back(visitor, request, MINE)
    assert (visitor.status, await owner_of(MINE)) == (409, None)


async def test_a_wechat_of_another_person_stays_bound_to_its_owner(world: World) -> None:
    (other_account, _), (_, mine) = await registered(world, **other()), await registered(world)
    visitor = await log_in(world, MINE, mine)
    await make_identity(other_account, openid=THEIRS)
    await come_back(visitor, await confirm(visitor), THEIRS)
    assert visitor.status == 409
    assert "已绑定手机号" in visitor.text
    owner = await owner_of(THEIRS)
    assert owner is not None
    assert owner.id == other_account.id
    await visitor.press("暂不绑定")
    assert visitor.path == ACCOUNT


async def test_a_virtual_visitor_cannot_bind(world: World) -> None:
    _, mobile = await registered(world)
    visitor = await log_in(world, MINE, mobile)
    world.wechat.snapshot = True
    await come_back(visitor, await confirm(visitor), MINE)
    assert (visitor.status, await owner_of(MINE)) == (409, None)


async def test_a_form_of_another_site_binds_no_account(world: World) -> None:
    _, mobile = await registered(world)
    visitor = await log_in(world, MINE, mobile)
    form, own = visitor.page.buttons["绑定并继续"]
    await visitor.post(form["action"], {**form["fields"], **own}, {"Origin": "https://evil.example"})
    assert visitor.status == 403
    await visitor.post(BIND, {**own, "next": ACCOUNT})
    assert visitor.status == 403


def other() -> dict[str, str]:
    """A person with an ID number of his own."""
    return {"id_number_hash": f"other-{NUMBER}"}
