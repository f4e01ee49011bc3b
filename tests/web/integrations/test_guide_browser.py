"""The guide, and the pages of office and agency, in a real browser; pictures go to ``var/screenshots``."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.factories.integrations import RECEIVER, make_platform
from tests.plugins.browsers import CHROMIUM
from tests.web.conftest import World
from tests.web.office.test_office_browser import open_administrator
from tests.web.office_scene import make_scene
from tests.web.test_browser import PHONE, staff

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]


async def test_an_administrator_issues_a_key_and_sees_its_events(browser: Browser, world: World) -> None:
    scene = await make_scene(world)
    platform = await make_platform(world.office, world.services.integrations, webhook_url=RECEIVER)
    await world.services.integrations.clients.send_test(platform.admin, platform.client_id)
    seen = await open_administrator(browser, scene, PHONE)
    paths = {"clients": "/office/integrations", "client": f"/office/integrations/{platform.client_id}"}
    await seen.check_pages("integrations", {"guide": "/integration", **paths})
    page = await seen.open(paths["client"])
    await page.get_by_role("button", name="换发密钥").click()
    await page.get_by_text("只显示这一次").wait_for()
    await seen.check("integrations-secret")
    assert seen.complaints == []


async def test_an_agency_accepts_a_platform(browser: Browser, world: World) -> None:
    await make_platform(world.office, world.services.integrations, accepted=False)
    agency = await staff(browser, world, PHONE, "agency")
    page = await agency.check_page("integrations-agency", "/agency/integrations")
    await page.get_by_role("button", name="确认某某交易平台").click()
    await page.get_by_text("对接系统现在可以代为办理").wait_for()
    assert agency.complaints == []
