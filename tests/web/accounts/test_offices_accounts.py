"""我的账号 of persons who are neither expert nor applicant: staff, agents, legal entities, former staff."""

from __future__ import annotations

from models.accounts import Account, RoleGrant, WechatIdentity
from services.accounts.passwords import HASHER
from tests.factories.people import OTHER_CREDIT_CODE, make_account, make_agent_link, make_organisation, mobile_number
from tests.web.conftest import WECHAT, World
from web.accounts.targets import fitting_target

ACCOUNT = "/h5/demo/account"
_OF_PERSONS = ("身份证号", "身份状态", "我的酬劳", "我的证书", "打印个人信息表", "我的申报")


async def offices(world: World) -> dict[str, Account]:
    """A person of each office, by first page."""
    office = world.office
    accounts: dict[str, Account] = {}
    for role, actor in (("verifier", office.verifier), ("supervisor", office.supervisor), ("venue", office.venue)):
        accounts[role] = await Account.get(id=actor.account_id)
        await RoleGrant.get_or_create(
            account_id=actor.account_id, role=role, scope="", defaults={"granted_at": world.clock.now()}
        )
    accounts["organisation"] = await Account.get(id=office.agency.account_id)
    return accounts


async def test_every_office_finds_its_account_and_nothing_of_an_experts(world: World) -> None:
    for role, account in (await offices(world)).items():
        visitor = await (await world.enter(account)).get("/")
        await visitor.click("我的账号")
        assert (visitor.path, visitor.status) == (ACCOUNT, 200), role
        assert not [words for words in _OF_PERSONS if words in visitor.text], role
        assert {"身份切换身份、经办人关联", "消息发给您的通知", "我的数据与注销查看、导出全部资料，或注销账号"} <= set(
            visitor.page.links
        )
        assert "本设备" in visitor.text
        await visitor.get(f"{ACCOUNT}/mobile")
        assert (visitor.status, "统一身份认证平台" in visitor.text) == (200, role == "organisation")
        await visitor.get("/h5/role")
        assert {"消息", "我的账号"} <= set(visitor.page.links)


async def test_a_venues_clerk_sets_a_password_and_changes_the_mobile(world: World) -> None:
    venue = (await offices(world))["venue"]
    visitor = await (await world.enter(venue)).get(f"{ACCOUNT}/password")
    await visitor.press("获取验证码")
    await visitor.press("保存新密码", code=await world.last_code(), password="Wxyz6789", again="Wxyz6789")
    assert (visitor.path, "密码已修改" in visitor.text) == (ACCOUNT, True)
    assert HASHER.verify((await Account.get(id=venue.id)).password_hash or "", "Wxyz6789")
    fresh = mobile_number()
    await visitor.get(f"{ACCOUNT}/mobile")
    await visitor.press("获取验证码", mobile=fresh, by="password")
    await visitor.press("更换", code=await world.last_code(), password="Wxyz6789")
    assert (visitor.path, "手机号已更换" in visitor.text) == (ACCOUNT, True)
    again = await world.visitor().get("/h5/login/password?pool=demo")
    await again.press("登录", pool="demo", name=fresh, password="Wxyz6789")
    assert again.path == "/draws"
    await again.get(ACCOUNT)
    await again.press(next(name for name in again.page.buttons if name.startswith("退出浏览器")))
    assert "已退出该登录" in again.text
    await again.press("退出全部设备")
    assert again.path == "/h5/login"


async def test_an_office_inside_wechat_binds_it_from_the_account(world: World) -> None:
    supervisor = (await offices(world))["supervisor"]
    visitor = await world.enter(supervisor)
    assert "绑定微信" not in (await visitor.get(ACCOUNT)).text
    visitor.headers = WECHAT
    await visitor.get(ACCOUNT)
    await visitor.click("绑定微信通知会发到公众号")
    assert (visitor.path, "绑定并继续" in visitor.page.buttons) == ("/h5/wechat/bind", True)
    await WechatIdentity.create(
        pool="demo",
        app="oa",
        appid="wx-oa-demo",
        openid="o-of-a-supervisor",
        account_id=supervisor.id,
        created_at=world.clock.now(),
    )
    assert "绑定微信" not in (await visitor.get(ACCOUNT)).text


async def test_who_is_asked_to_act_for_another_enterprise_sees_it_on_first_page_account_and_roles(
    world: World,
) -> None:
    agent = await make_account(world.services.deps, mobile_number())
    own = await make_organisation(name="自家招标有限公司", credit_code=OTHER_CREDIT_CODE)
    await make_agent_link(own, agent)
    visitor = await (await world.enter(agent)).get("/")
    assert (visitor.path, visitor.page.links["切换身份"]) == ("/agency", "/h5/role")
    asks = await world.services.organisations.legal_entities.link_agent(
        world.office.agency, mobile=_mobile(world, agent), name="李经办"
    )
    assert asks.state == "waiting"
    for path in ("/agency", ACCOUNT, "/h5/role"):
        assert "1" in [word for word in (await visitor.get(path)).page.words if word == "1"], path
    await visitor.click("经办人关联有企业请您担任经办人，等您答复1")
    await visitor.press(f"接受：{asks.organisation_name}")
    assert "已接受" in visitor.text


def _mobile(world: World, account: Account) -> str:
    return world.services.deps.keys.open_text(account.mobile_sealed, "mobile")


async def test_whose_office_has_ended_still_has_an_account_and_leaves(world: World) -> None:
    world.set_rules("registration", open=False, closed="请向主管部门咨询。")
    venue = (await offices(world))["venue"]
    visitor = await world.enter(venue)
    await RoleGrant.filter(account_id=venue.id).delete()
    await visitor.get("/")
    assert visitor.path == "/h5/role"
    await visitor.click("我的账号")
    assert (visitor.path, visitor.status) == (ACCOUNT, 200)
    await visitor.press("只退出本设备")
    assert visitor.path == "/h5/login"


async def test_an_office_writes_feedback_without_logging_in_again(world: World) -> None:
    visitor = await (await world.enter((await offices(world))["verifier"])).get("/h5/demo/help")
    assert (visitor.page.links["首页"], "；需要登录" in visitor.text) == ("/", False)
    await visitor.get("/h5/demo/feedback")
    await visitor.press("提交", subject="advice", text="建议在核验页显示咨询电话。")
    assert visitor.path.startswith("/h5/demo/feedback/")
    assert "建议在核验页显示咨询电话" in visitor.text


def test_pages_of_all_are_gone_on_with_in_any_role() -> None:
    for role in ("venue", "agent", "expert"):
        assert fitting_target("/h5/demo/agent-requests", role) == "/h5/demo/agent-requests"
    assert (
        fitting_target("/h5/demo/apply", "venue")
        == fitting_target("/review", "agent")
        == fitting_target("/agency", "venue")
        == ""
    )
