"""A browser remembers where its person logs in and as whom; it opens nothing that the person does not hold."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest

from models.accounts import Account, RoleGrant
from tests.factories.people import make_account, make_expert, make_grant
from tests.web.conftest import Visitor, World
from web.accounts.doors import COOKIE, GROUPS, Door, group_of, group_of_page

GUANGDONG = "广东省综合评标评审专家库"


async def of_two_roles(world: World) -> Account:
    account = await make_account(world.services.deps, "13712345678")
    for role in ("venue", "verifier"):
        await make_grant(account, role)
    return account


async def log_in(world: World, visitor: Visitor, path: str = "/h5/login", mobile: str = "13712345678") -> Visitor:
    await visitor.get(path)
    await visitor.press("获取验证码", pool="demo", mobile=mobile)
    return await visitor.press("登录", code=await world.last_code())


async def test_the_next_log_in_of_a_browser_is_in_the_same_pool_and_role(world: World) -> None:
    await of_two_roles(world)
    visitor = await log_in(world, world.visitor())
    assert visitor.path == "/h5/role"
    await visitor.press("核验人员")
    assert visitor.path == "/draws"
    await visitor.get("/h5/role")
    await visitor.press("退出登录")
    assert (visitor.path, "换专家库" in visitor.page.links, GUANGDONG in visitor.text) == ("/h5/login", True, False)
    world.clock.move(timedelta(minutes=2))
    await log_in(world, visitor)
    assert (visitor.path, "核验" in visitor.text) == ("/draws", True)


async def test_a_role_that_was_withdrawn_is_not_chosen(world: World) -> None:
    account = await of_two_roles(world)
    await make_grant(account, "pool_admin")
    visitor = await log_in(world, world.visitor())
    await visitor.press("核验人员")
    await RoleGrant.filter(account_id=account.id, role="verifier").delete()
    await visitor.get("/h5/role")
    await visitor.press("退出登录")
    world.clock.move(timedelta(minutes=2))
    assert (await log_in(world, visitor)).path == "/h5/role", "two others of the office remain"


async def test_the_log_in_of_a_group_leads_to_the_only_role_in_it(world: World) -> None:
    account = await make_account(world.services.deps, "13712345678")
    await make_expert(world.services.deps, "13712345678", account=account)
    await make_grant(account, "venue")
    assert (await log_in(world, world.visitor(), "/h5/login?pool=demo&role=staff")).path == "/draws"
    world.clock.move(timedelta(minutes=2))
    assert (await log_in(world, world.visitor())).path == "/h5/role"


async def test_a_page_for_another_role_is_not_opened_in_the_remembered_one(world: World) -> None:
    await of_two_roles(world)
    visitor = await log_in(world, world.visitor())
    await visitor.press("核验人员")
    await visitor.get("/h5/role")
    await visitor.press("退出登录")
    world.clock.move(timedelta(minutes=2))
    await log_in(world, visitor, "/h5/login?next=/office")
    assert visitor.path == "/h5/role"


async def test_the_log_in_shows_only_what_its_pool_and_role_have(world: World) -> None:
    visitor = await world.visitor().get("/h5/login?pool=demo&role=person")
    assert ("注册" in visitor.page.links, "统一身份认证登录" in visitor.page.links) == (True, False)
    await visitor.click(GROUPS["agency"])
    assert ("注册" in visitor.page.links, "pool=demo" in visitor.page.links["统一身份认证登录"]) == (False, True)
    assert GUANGDONG not in visitor.text
    await visitor.click("换专家库")
    assert [name for name in visitor.page.links if name.startswith("统一身份认证登录（")] == [
        "统一身份认证登录（演示省综合评标专家库）",
        f"统一身份认证登录（{GUANGDONG}）",
    ]


@pytest.mark.parametrize("stored", ["", "!", base64.urlsafe_b64encode(b"[1]").decode(), "eyJhIjoxfQ=="])
async def test_something_else_in_the_cookie_is_as_good_as_none(world: World, stored: str) -> None:
    visitor = await world.visitor(Cookie=f"{COOKIE}={stored}").get("/h5/login")
    assert (visitor.status, GUANGDONG in visitor.text) == (200, True)


async def test_a_forged_role_is_not_taken(world: World) -> None:
    forged = base64.urlsafe_b64encode(json.dumps({"pool": "demo", "role": "pool_admin"}).encode()).decode()
    await of_two_roles(world)
    visitor = await log_in(world, world.visitor(Cookie=f"{COOKIE}={forged}"))
    assert visitor.path == "/h5/role"
    assert (await visitor.get("/office")).path == "/h5/role"


def test_pages_and_roles_belong_to_groups() -> None:
    assert [group_of(role) for role in ("expert", "agent", "venue", "guest", "", "staff")] == [
        *("person", "agency", "staff", "", "", "staff"),
    ]
    assert [group_of_page(page) for page in ("/agency?x=/h5", "/office/experts", "/h5/demo/apply", "/draws", "")] == [
        *("agency", "staff", "person", "", ""),
    ]
    assert Door().group == ""
