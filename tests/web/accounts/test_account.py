"""Registering, logging in by password or silently in WeChat, and one's own account, in a browser without scripts."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from domain.errors import Transient
from models.accounts import Account, Session
from models.notices import Notice
from services.accounts.passwords import HASHER
from tests.factories.assembly import identity_verifier_of
from tests.factories.people import make_account, make_expert, make_grant, make_identity, mobile_number
from tests.web.conftest import WECHAT, Visitor, World
from web.accounts.targets import safe_target

NUMBER, PASSWORD, NEW = "11010519491231002X", "Abcd1234", "Wxyz6789"
ACCOUNT = "/h5/demo/account"


async def fill_in(world: World, visitor: Visitor, mobile: str, **values: str) -> Visitor:
    """Fill in all pages of registering."""
    await visitor.press("获取验证码", pool="demo", mobile=mobile)
    typed = {
        "code": await world.last_code(),
        "name": "周大同",
        "id_number": NUMBER,
        "password": PASSWORD,
        "again": PASSWORD,
    }
    return await visitor.press("注册", **{**typed, **values})


async def registered(world: World, **columns: object) -> tuple[Account, str]:
    """A person with a password, and the mobile."""
    keys, mobile = world.services.deps.keys, mobile_number()
    values = {
        "id_number_sealed": keys.seal(NUMBER, "id_number"),
        "id_number_hash": keys.lookup_hash("id_number", NUMBER),
        "registered_at": world.clock.now(),
        "password_hash": HASHER.hash(PASSWORD),
    }
    return await make_account(world.services.deps, mobile, **values | columns), mobile


async def logged_in(world: World, mobile: str, password: str = PASSWORD, path: str = ACCOUNT) -> Visitor:
    visitor = await world.visitor().get(path)
    await visitor.click("密码登录")
    return await visitor.press("登录", pool="demo", name=mobile, password=password)


async def test_a_stranger_is_led_to_the_log_in_registers_and_comes_back(world: World) -> None:
    visitor = await world.visitor().get(ACCOUNT)
    assert visitor.path == "/h5/login"
    await visitor.click("注册")
    await fill_in(world, visitor, mobile_number())
    assert (visitor.path, visitor.status) == (ACCOUNT, 200)
    assert "周**" in visitor.text
    assert "1101***002X" in visitor.text
    assert NUMBER not in await visitor.response.text()
    assert "姓名与身份证号一致" in visitor.text
    assert "未入库" in visitor.text
    assert "电脑浏览器" in visitor.text


async def test_a_wrong_value_keeps_what_was_typed_but_no_password(world: World) -> None:
    visitor = await world.visitor().get("/h5/register?pool=demo")
    await fill_in(world, visitor, mobile_number(), id_number="110105194912310021")
    text = await visitor.response.text()
    assert (visitor.status, "身份证号有误" in visitor.text, 'value="周大同"' in text) == (422, True, True)
    assert PASSWORD not in text
    await visitor.press("注册", id_number=NUMBER, password=PASSWORD, again="Abcd12345")
    assert "两次输入" in visitor.text
    await visitor.press("注册", password="", again="")
    assert "请设置登录密码" in visitor.text
    assert not await Account.exists(real_name="周大同")


async def test_faults_of_a_new_password_are_shown_beside_all_others_each_at_its_field(world: World) -> None:
    visitor = await world.visitor().get("/h5/register?pool=demo")
    await fill_in(world, visitor, mobile_number(), password="", again=PASSWORD, id_number="110105194912310021")
    text = await visitor.response.text()
    assert text.count("身份证号有误") == 1
    assert [text.count(fault) for fault in ('id="e-password"', 'id="e-again"', "请设置登录密码", "两次输入")] == [1] * 4
    assert (visitor.status, PASSWORD in text) == (422, False)


@pytest.mark.parametrize(
    ("start", "page", "asks"),
    [
        ("/h5/login?pool=demo", "/h5/login/code", "输入验证码"),
        ("/h5/register?pool=demo", "/h5/register/new", "真实姓名"),
        ("/h5/forgot?pool=demo", "/h5/forgot/new", "身份证号后"),
    ],
)
async def test_the_page_of_a_code_is_opened_anew_while_the_code_is_good(
    world: World, start: str, page: str, asks: str
) -> None:
    visitor = await world.visitor().get(start)
    await visitor.press("获取验证码", pool="demo", mobile=(mobile := mobile_number()))
    assert (visitor.path, asks in visitor.text) == (page, True)
    assert mobile not in str(visitor.response.url)
    cookie_values = [morsel.value for morsel in visitor.client.session.cookie_jar if morsel.key == "pbt_sent"]
    assert (len(cookie_values), mobile in cookie_values[0]) == (1, False)
    again = await visitor.get(str(visitor.response.url.relative()))
    assert (asks in again.text, again.page.forms[0]["fields"]["mobile"]) == (True, mobile)
    other = await world.visitor().get(page)
    assert (asks in other.text, "获取验证码" in other.page.buttons) == (False, True)
    world.clock.move(timedelta(minutes=16))
    assert "获取验证码" in (await visitor.get(page)).page.buttons


@pytest.mark.parametrize(
    ("first", "second"), [("login", "login/code"), ("register", "register/new"), ("forgot", "forgot/new")]
)
async def test_who_goes_back_and_asks_again_types_the_code_that_came(world: World, first: str, second: str) -> None:
    visitor, other = world.visitor(), world.visitor()
    for _ in range(2):
        await visitor.get(f"/h5/{first}?pool=demo")
        await visitor.press("获取验证码", pool="demo", mobile="13800138000")
        assert (visitor.path, visitor.status) == (f"/h5/{second}", 200)
    await other.get(f"/h5/{first}?pool=demo")
    await other.press("获取验证码", pool="demo", mobile="13800138000")
    assert "获取验证码太频繁" in other.text, "another browser has no page with the code"


async def test_a_changed_mobile_s_code_is_asked_again_of_its_owner_only(world: World) -> None:
    _, mobile = await registered(world)
    visitor = await logged_in(world, mobile, path=f"{ACCOUNT}/mobile")
    new_mobile = mobile_number()
    for _ in range(2):
        await visitor.get(f"{ACCOUNT}/mobile")
        await visitor.press("获取验证码", mobile=new_mobile, by="password")
        assert (visitor.path, visitor.status) == (f"{ACCOUNT}/mobile/new", 200), "who goes back has the code already"
    assert "新手机号收到的验证码" in (await visitor.get(f"{ACCOUNT}/mobile/new")).text
    _, other = await registered(world, id_number_hash="x")
    stranger = await logged_in(world, other, path=f"{ACCOUNT}/mobile")
    cookie = next(morsel for morsel in visitor.client.session.cookie_jar if morsel.key == "pbt_sent")
    stranger.client.session.cookie_jar.update_cookies({cookie.key: cookie.value})
    assert "新手机号收到的验证码" not in (await stranger.get(f"{ACCOUNT}/mobile/new")).text


async def test_a_name_that_is_not_the_owners_is_said_on_the_form(world: World) -> None:
    identity_verifier_of(world.services).answers["周大同"] = "differs"
    visitor = await world.visitor().get("/h5/register?pool=demo")
    await fill_in(world, visitor, mobile_number())
    assert (visitor.status, "姓名与身份证号不一致" in visitor.text) == (409, True)
    assert not await Account.exists(real_name="周大同")


async def test_the_same_form_sent_twice_registers_once_and_lets_in_twice(world: World) -> None:
    visitor = await world.visitor().get("/h5/register?pool=demo")
    await visitor.press("获取验证码", pool="demo", mobile=mobile_number())
    form = visitor.page.buttons["注册"][0]
    typed = {
        **form["fields"],
        "code": await world.last_code(),
        "name": "周大同",
        "id_number": NUMBER,
        "password": PASSWORD,
        "again": PASSWORD,
    }
    for _ in range(2):
        await visitor.post(form["action"], typed)
        assert visitor.status in (200, 404)  # the applicant's own page is not part of this test
    assert await Account.filter(real_name="周大同").count() == 1


async def test_a_pool_with_closed_registration_says_where_to_ask(world: World) -> None:
    books = world.services.deps.rulebooks
    closed = books["demo"].registration.model_copy(update={"open": False, "closed": "请向主管部门咨询。"})
    books["demo"] = books["demo"].model_copy(update={"registration": closed})  # type: ignore[index]  # the test's own
    page = await world.visitor().get("/h5/register?pool=demo")
    assert "请向主管部门咨询" in page.text


async def test_who_is_logged_in_but_not_registered_needs_no_code(world: World) -> None:
    mobile = mobile_number()
    await make_account(world.services.deps, mobile, real_name="")
    visitor = await world.visitor().get("/h5/demo/apply")
    await visitor.press("获取验证码", pool="demo", mobile=mobile)
    await visitor.press("登录", code=await world.last_code())
    assert visitor.path == "/h5/register"
    assert (await visitor.get("/h5/account")).path == ACCOUNT, "which has what isn't about applying"
    await visitor.get("/h5/register?pool=demo&next=/h5/demo/apply")
    await visitor.press("注册", name="周大同", id_number=NUMBER, password=PASSWORD, again=PASSWORD)
    assert visitor.path == "/h5/demo/apply"


async def test_password_log_in_says_the_same_to_strangers_and_locks(world: World) -> None:
    _, mobile = await registered(world)
    texts = []
    for name in (mobile, mobile_number()):
        visitor = await logged_in(world, name, "Wrong1234")
        texts.append((visitor.status, visitor.text.replace(name, "")))
        assert 'id="e-' not in await visitor.response.text(), "no field is named as the wrong one"
    assert texts[0] == texts[1]
    visitor = world.visitor()
    for _ in range(4):
        visitor = await logged_in(world, mobile, "Wrong1234")
    assert (visitor.status, "已暂停到" in visitor.text) == (429, True)
    assert (await logged_in(world, mobile)).status == 429


async def test_an_expert_of_the_pool_logs_in_by_code_and_consents_first(world: World) -> None:
    mobile = mobile_number()
    await make_expert(world.services.deps, mobile)
    visitor = await world.visitor().get(ACCOUNT)
    await visitor.press("获取验证码", pool="demo", mobile=mobile)
    await visitor.press("登录", code=await world.last_code())
    assert visitor.path == "/h5/demo/consent"
    await visitor.press("同意并继续")
    assert (visitor.path, "正式专家" in visitor.text) == (ACCOUNT, True)
    [link] = [path for label, path in visitor.page.links.items() if "打印个人信息表" in label]
    pdf = await visitor.client.get((await visitor.get(link)).page.links["打开PDF"])
    assert (pdf.status, pdf.content_type) == (200, "application/pdf")


async def test_only_an_expert_takes_an_information_form_along(world: World) -> None:
    _, mobile = await registered(world)
    visitor = await logged_in(world, mobile)
    assert "个人信息表" not in visitor.text
    assert (await visitor.get("/h5/demo/papers/information")).status == 404


async def test_a_clerk_who_is_an_expert_too_uses_both_pages_in_one_log_in(world: World) -> None:
    account, mobile = await registered(world)
    await make_expert(world.services.deps, mobile, account=account, id_number=NUMBER)
    await make_grant(account, "venue")
    visitor = await logged_in(world, mobile)
    assert visitor.path == ACCOUNT
    await visitor.get("/draws")
    assert visitor.path == "/h5/role"
    await visitor.press("场地人员")
    assert visitor.path == "/draws"
    assert (await visitor.get(ACCOUNT)).status == 200


async def test_an_applicant_may_not_open_pages_of_staff(world: World) -> None:
    _, mobile = await registered(world)
    visitor = await logged_in(world, mobile)
    await visitor.get("/draws")
    assert (visitor.path, "申请人" in visitor.text) == ("/h5/role", True)


async def test_an_initial_password_is_changed_before_all_else(world: World) -> None:
    _, mobile = await registered(world, password_initial=True, password_hash=HASHER.hash(NUMBER[-8:]))
    visitor = await logged_in(world, NUMBER, NUMBER[-8:])
    assert visitor.path == f"{ACCOUNT}/password"
    for path in (ACCOUNT, f"{ACCOUNT}/mobile", "/draws", "/h5/role"):
        assert (await visitor.get(path)).path == f"{ACCOUNT}/password"
    await visitor.press("保存新密码", password=NEW, again=NEW)
    assert "短信验证码" in visitor.text
    await visitor.press("获取验证码")
    assert mobile not in await visitor.response.text()
    await visitor.press("保存新密码", code=await world.last_code(), password=NEW, again=NEW)
    assert (await visitor.get(ACCOUNT)).path == ACCOUNT


async def test_a_forgotten_password_is_set_anew(world: World) -> None:
    _, mobile = await registered(world)
    elsewhere = await logged_in(world, mobile)
    visitor = await world.visitor().get("/h5/login")
    await visitor.click("忘记密码")
    await visitor.press("获取验证码", pool="demo", mobile=mobile)
    code = await world.last_code()
    await visitor.press("重设密码", code=code, id_tail="002x", password=NEW, again=NEW)
    assert "密码已重设" in visitor.text
    assert (await elsewhere.get(ACCOUNT)).path == "/h5/login"
    assert (await logged_in(world, mobile, NEW)).path == ACCOUNT


async def test_an_unknown_mobile_gets_no_code_for_a_forgotten_password_and_the_same_page(world: World) -> None:
    visitor = await world.visitor().get("/h5/forgot?pool=demo")
    await visitor.press("获取验证码", pool="demo", mobile=mobile_number())
    assert (visitor.status, "如果" in visitor.text) == (200, True)
    assert not await Notice.exists(kind="verification_code")


async def test_the_password_is_changed_by_the_old_one(world: World) -> None:
    _, mobile = await registered(world)
    visitor = await logged_in(world, mobile)
    await visitor.get(f"{ACCOUNT}/password")
    await visitor.press("保存新密码", old="Wrong1234", password=NEW, again=NEW)
    assert (visitor.status, "密码不对" in visitor.text) == (422, True)
    await visitor.press("保存新密码", old=PASSWORD, password=NEW, again=NEW)
    assert (visitor.path, "密码已修改" in visitor.text) == (ACCOUNT, True)


@pytest.mark.parametrize("by", ["password", "code"])
async def test_the_mobile_is_changed_by_two_proofs(world: World, by: str) -> None:
    account, mobile = await registered(world)
    expert = await make_expert(world.services.deps, mobile, account=account, id_number=NUMBER)
    visitor, fresh = await logged_in(world, mobile), mobile_number()
    await visitor.get(f"{ACCOUNT}/mobile")
    await visitor.press("获取验证码", mobile=fresh, by=by)
    codes = {}
    for notice in await Notice.filter(kind="verification_code"):
        number = world.services.deps.keys.open_text(notice.mobile_sealed, "mobile")
        codes[number] = world.services.deps.keys.open_text(notice.secret_sealed, "notice")
    proof = {"password": PASSWORD} if by == "password" else {"old_code": codes[mobile]}
    await visitor.press("更换", code=codes[fresh], **proof)
    assert (visitor.path, fresh[-4:] in visitor.text) == (ACCOUNT, True)
    await expert.refresh_from_db()
    assert expert.mobile_hash == (await Account.get(id=account.id)).mobile_hash


async def test_log_ins_are_listed_ended_one_by_one_and_all_at_once(world: World) -> None:
    _, mobile = await registered(world)
    first, second, third = [await logged_in(world, mobile) for _ in range(3)]
    await first.get(ACCOUNT)
    assert first.text.count("退出 ") >= 2
    button = next(name for name in first.page.buttons if name.startswith("退出电脑浏览器"))
    await first.press(button)
    assert "已退出该登录" in first.text
    assert sum([(await other.get(ACCOUNT)).path == ACCOUNT for other in (second, third)]) == 1
    await first.press("退出全部设备")
    assert first.path == "/h5/login"
    assert not await Session.exists(revoked_at=None)


async def test_logging_in_again_ends_the_log_in_before(world: World) -> None:
    _, mobile = await registered(world)
    visitor = await logged_in(world, mobile)
    await visitor.get("/h5/login/password?pool=demo")
    await visitor.press("登录", pool="demo", name=mobile, password=PASSWORD)
    assert await Session.filter(revoked_at=None).count() == 1


async def test_a_form_of_one_log_in_does_nothing_in_another(world: World) -> None:
    (_, mobile), other = await registered(world), await make_account(world.services.deps)
    visitor = await logged_in(world, mobile)
    form = visitor.page.buttons["退出全部设备"][0]
    await make_grant(other, "venue")
    thief = await world.visitor().get("/h5/login")
    await thief.press(
        "获取验证码", pool="demo", mobile=world.services.deps.keys.open_text(other.mobile_sealed, "mobile")
    )
    await thief.press("登录", code=await world.last_code())
    await thief.post(form["action"], form["fields"])
    assert thief.status == 403
    assert await Session.filter(revoked_at=None).count() == 2


# ---- inside WeChat


async def from_wechat(world: World, openid: str, path: str = ACCOUNT) -> Visitor:
    """Open a page inside WeChat and come back from its silent question."""
    visitor = world.visitor(**WECHAT)
    first = await visitor.client.get(path, headers=WECHAT, allow_redirects=False)
    start = await visitor.client.get(first.headers["Location"], headers=WECHAT, allow_redirects=False)
    query = parse_qs(urlsplit(start.headers["Location"]).query)
    return await visitor.get(f"{query['redirect_uri'][0]}?code={openid}&state={query['state'][0]}")


async def test_who_has_bound_wechat_is_let_in_silently(world: World) -> None:
    account, _ = await registered(world)
    visitor = await from_wechat(world, (await make_identity(account)).openid)
    assert (visitor.path, "微信内网页" in visitor.text) == (ACCOUNT, True)


async def test_a_stranger_in_wechat_is_asked_once_and_then_logs_in(world: World) -> None:
    visitor = await from_wechat(world, "o-nobody")
    assert visitor.path == "/h5/login"
    assert (await visitor.get(ACCOUNT)).path == "/h5/login"


async def test_logging_out_in_wechat_lasts(world: World) -> None:
    account, _ = await registered(world)
    visitor = await from_wechat(world, (await make_identity(account)).openid)
    await visitor.press("只退出本设备")
    assert (await visitor.get(ACCOUNT)).path == "/h5/login"


async def test_a_snapshot_a_wrong_state_and_wechat_being_away_lead_to_the_log_in(world: World) -> None:
    account, _ = await registered(world)
    openid = (await make_identity(account)).openid
    world.wechat.fail = [Transient("away")]
    assert (await from_wechat(world, openid)).path == "/h5/login"
    world.wechat.snapshot = True
    assert (await from_wechat(world, openid)).path == "/h5/login"
    world.wechat.snapshot = False
    visitor = world.visitor(**WECHAT)
    assert (await visitor.get(f"/h5/wechat/back?code={openid}&state=x")).path == "/h5/login"
    assert not await Session.exists()


OFFICE = "/h5/wechat?pool=demo&next=%2Foffice"


async def test_the_chats_link_to_an_office_lets_its_people_in_without_a_code(world: World) -> None:
    account = await make_account(world.services.deps)
    await make_grant(account, "pool_admin")
    visitor = world.visitor(**WECHAT)
    start = await visitor.client.get(OFFICE, headers=WECHAT, allow_redirects=False)
    query = parse_qs(urlsplit(start.headers["Location"]).query)
    openid = (await make_identity(account)).openid
    await visitor.get(f"{query['redirect_uri'][0]}?code={openid}&state={query['state'][0]}")
    assert (visitor.path, visitor.status) == ("/office", 200)
    assert (await visitor.get(OFFICE)).path == "/office", "who is in already is not asked again"
    assert await Session.all().count() == 1


async def test_outside_wechat_such_a_link_leads_to_the_log_in(world: World) -> None:
    visitor = await world.visitor().get(OFFICE)
    assert visitor.path == "/h5/login"
    assert str(visitor.response.url.query["next"]) == "/office"


# ---- where links lead


@pytest.mark.parametrize("target", ["/draws/x?page=2", "/h5/demo/account", "/review", "/h5/demo/apply/form/basic?a=1"])
def test_pages_of_ours_are_gone_on_with(target: str) -> None:
    assert safe_target(target) == target


@pytest.mark.parametrize(
    "target",
    [
        "",
        "draws",
        "//evil.example/draws",
        "/\\evil.example",
        "https://evil.example/draws",
        "/draws\r\nX: y",
        "/api/v1",
        "/h5/logout",
        "/h5/login?next=/draws",
        "/\t/evil.example",
        "/draws" + "x" * 400,
        "/[",
        "//[/draws",
        "/h5\\demo",
        "///draws/x",
        "////h5/demo",
    ],
)
def test_other_places_are_not(target: str) -> None:
    assert safe_target(target) == ""


async def test_a_log_in_does_not_redirect_to_another_site(world: World) -> None:
    _, mobile = await registered(world)
    visitor = await world.visitor().get("/h5/login/password?pool=demo&next=https://evil.example/draws")
    await visitor.press("登录", pool="demo", name=mobile, password=PASSWORD)
    assert (visitor.response.url.host, visitor.path) == ("127.0.0.1", "/h5/demo/apply")


async def test_a_mobile_can_be_changed_again_from_the_day_shown_on_the_page(world: World) -> None:
    books = world.services.deps.rulebooks
    yearly = books["demo"].registration.model_copy(update={"mobile_change_every": timedelta(days=365)})
    books["demo"] = books["demo"].model_copy(update={"registration": yearly})  # type: ignore[index]  # the test's own
    _, mobile = await registered(world, mobile_changed_at=world.clock.now())
    visitor = await logged_in(world, mobile)
    assert "11月21日" in visitor.text
    await visitor.get(f"{ACCOUNT}/mobile")
    assert "起可以再次更换" in visitor.text
    assert "获取验证码" not in visitor.page.buttons
