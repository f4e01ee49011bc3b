"""微信提醒: which notices the official account may send by consent, and WeChat's tag to permit more."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from models.accounts import WechatIdentity
from services.ports import SubscribeTemplate
from tests.drivers.pages import Visitor
from tests.factories.assembly import SUBSCRIPTIONS
from tests.factories.people import make_identity
from tests.plugins.browsers import CHROMIUM
from tests.web.conftest import WECHAT, World
from tests.web.test_browser import PHONE, SCREEN, staff

ADDRESS = "/h5/demo/reminders"


@pytest.fixture
async def identity(world: World, monkeypatch: pytest.MonkeyPatch) -> WechatIdentity:
    """The agent's; the pool sends two kinds as subscription notices, and one that only experts get."""
    for kind, template in (
        ("agency_full", SubscribeTemplate("T1")),
        ("agency_short", SubscribeTemplate("L1", long_term=True)),
        ("draw_accepted", SubscribeTemplate("T9")),
    ):
        monkeypatch.setitem(SUBSCRIPTIONS, kind, template)
    identity = await make_identity(None, app="oa", subscribe_credits={"L1": 1})
    identity.account_id = world.office.agency.account_id
    await identity.save()
    return identity


async def open_page(world: World, **headers: str) -> Visitor:
    agent = await world.log_in(world.office.agency)
    agent.headers = {**agent.headers, **headers}
    return await agent.get(ADDRESS)


async def test_only_the_page_of_reminders_runs_wechat_s_script(world: World, identity: WechatIdentity) -> None:
    page = await open_page(world, **WECHAT)
    assert "script-src 'self' https://script.test;" in page.response.headers["Content-Security-Policy"]
    source = await page.response.text()
    assert 'template="T1"' in source
    assert 'template="L1"' not in source, "it is permitted for good"
    assert "T9" not in source, "nobody is asked for what others get"
    assert 'data-signature="http' in source
    await page.get("/h5/demo/notices")
    assert "script.test" not in page.response.headers["Content-Security-Policy"]


async def test_outside_wechat_the_page_says_where_to_open_it(world: World, identity: WechatIdentity) -> None:
    page = await open_page(world)
    assert "请在手机微信里打开本页" in page.text
    assert "已开启" in page.text
    assert "未开启" in page.text
    assert "wx-open-subscribe" not in await page.response.text()
    assert "script.test" not in page.response.headers["Content-Security-Policy"]


async def test_where_nothing_needs_a_consent_the_page_says_so(world: World) -> None:
    page = await open_page(world, **WECHAT)
    assert "不需要您另外开启" in page.text
    assert "script.test" not in page.response.headers["Content-Security-Policy"]


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")
@pytest.mark.parametrize("size", [PHONE, SCREEN])
async def test_the_page_reads_well(
    browser: Browser, world: World, identity: WechatIdentity, size: tuple[int, int]
) -> None:
    seen = await staff(browser, world, size, "agency")
    await seen.check_page("reminders", ADDRESS)
    assert seen.complaints == []
