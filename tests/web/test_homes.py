"""The first page of each role: what waits stands above everything else, by the state that the person is in."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.async_api import Browser

from models.accounts import Account
from models.experts import Expert
from models.invitations import Invitation
from services.core.base import transaction
from tests.factories import draw_states as states
from tests.factories.offices import add_experts, enter_all, new_project, open_invitations, start_draw
from tests.factories.people import make_account, make_expert
from tests.factories.reviews import make_applicant, make_application, make_catalogues
from tests.plugins.browsers import CHROMIUM
from tests.web.conftest import Visitor, World
from tests.web.test_browser import PHONE, Seen, look, staff
from web.agency.tabs import FIRST_MAX

HOME = "/h5/demo/apply"


def stand_in_order(text: str, *parts: str) -> bool:
    """Whether all parts are there, each behind the one before."""
    places = [text.find(part) for part in parts]
    return -1 not in places and places == sorted(places)


async def applying(world: World) -> Account:
    """A person whose application is in review."""
    await make_catalogues()
    version = world.services.deps.book("demo").pool.privacy_version
    account = await make_applicant(world.services.deps, privacy_version=version)
    application = await make_application(world.services.deps, account)
    async with transaction():
        await world.services.workflows.reviews.begin(application, world.clock.now())
    return account


async def expert_home(world: World, invitation: Invitation) -> Visitor:
    expert = await world.log_in_expert(invitation.expert_id)
    return await expert.get(HOME)


# ---- the expert


async def test_an_expert_sees_the_next_meeting_first_and_an_open_invitation_above_it(world: World) -> None:
    world.set_rules("attendance", check_in_opens=timedelta(hours=1))
    _, [first, _] = await world.panel(2)
    home = await expert_home(world, first)
    shown = await Invitation.get(id=first.id)
    assert stand_in_order(home.text, "下一场评标", "集合", shown.code, "联系人", "请假")
    assert "起可以签到" in home.text
    assert "签到" not in home.page.links
    assert home.page.links["请假"] == f"/i/{shown.link}?do=leave"
    assert "uri.amap.com" in home.page.links["怎么去"]

    later = timedelta(days=9)
    await new_project(world.office)
    [other] = await open_invitations(await start_draw(world.office, needed=1))
    moved = {name: getattr(other, name) + later for name in ("gathering_at", "starts_at", "ends_at")}
    await Invitation.filter(id=other.id).update(expert_id=first.expert_id, **moved)
    await home.get(HOME)
    assert stand_in_order(home.text, "待答复", "去答复", "下一场评标")


async def test_on_the_day_an_expert_checks_in_from_the_first_page(world: World) -> None:
    _, [invitation] = await world.panel()
    world.clock.set(invitation.gathering_at - timedelta(minutes=20))
    home = await expert_home(world, invitation)
    assert home.page.links["签到"] == f"/i/{invitation.link}#check-in"
    assert home.page.links["会晚到"] == f"/i/{invitation.link}?do=late"
    await enter_all(invitation.draw_id)
    await home.get(HOME)
    assert ("正在评标" in home.text, "已签到" in home.text) == (True, True)
    assert not {"签到", "会晚到", "请假"} & set(home.page.links)


async def test_the_end_of_a_term_is_on_the_first_page_once_it_is_near(world: World) -> None:
    account = await make_account(world.services.deps, real_name="欧阳锋")
    expert = await make_expert(world.services.deps, account=account, term_until=world.clock.now() + timedelta(days=200))
    home = await (await world.log_in_expert(expert.id)).get(HOME)
    assert ("聘期至" in home.text, "续聘" in home.text) == (True, False)
    await Expert.filter(id=expert.id).update(term_until=world.clock.now() + timedelta(days=60))
    await home.get(HOME)
    assert "现在没有接受续聘的征集" in home.text


# ---- the applicant


async def test_an_applicant_reads_who_has_the_application_and_whom_to_ring_up(world: World) -> None:
    home = await (await world.enter(await applying(world))).get(HOME)
    hotline = world.services.deps.book("demo").pool.hotline
    assert stand_in_order(home.text, "您的申请正在", "现在由谁办", "咨询电话", hotline, "接下来", "查看进度")
    assert home.page.links[hotline] == f"tel:{hotline}"
    assert len(re.findall("您的申请正在", home.text)) == 1, "the to-do item is the card itself"


# ---- staff


async def test_an_agency_sees_what_waits_before_the_figures(world: World) -> None:
    await add_experts(world.office, 4)
    await states.short(world.office)
    agency = await (await world.log_in(world.office.agency)).get("/agency")
    assert stand_in_order(agency.text, "待办事项", "专家不足，请补抽", "今日活动")


async def test_a_verifier_and_a_supervisor_read_how_much_waits(world: World) -> None:
    verifier = await (await world.log_in(world.office.verifier, "verifier")).get("/draws")
    assert "没有待核验的" in verifier.text
    await states.submitted(world.office)
    await verifier.get("/draws")
    assert ("等您办理 共 1 件" in verifier.text, "1件待核验" in verifier.text) == (True, True)
    supervisor = await (await world.log_in(world.office.supervisor, "supervisor")).get("/draws")
    assert "等您办理 举报" in supervisor.text
    await new_project(world.office)
    await add_experts(world.office, 4)
    await states.committing(world.office)
    await supervisor.get("/draws")
    assert stand_in_order(supervisor.text, "等您办理", "等待您提交随机数", "全部活动")


async def test_a_phone_has_four_tabs_of_a_draw_and_the_others_behind_one(world: World) -> None:
    draw_id, _ = await world.panel()
    agency = await (await world.log_in(world.office.agency)).get(f"/agency/draws/{draw_id}/log")
    few = (await agency.response.text()).partition('few-tabs">')[2].partition("</nav>")[0]
    assert few.partition("<details")[0].count("<li><a") == FIRST_MAX
    assert 'class="within"' in few
    assert "操作记录" in few.partition("<details")[2]


# ---- as they look

browsers = pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")


async def enter_browser(seen: Seen, visitor: Visitor) -> None:
    cookie = visitor.cookie
    await seen.page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": seen.base}])


@pytest.mark.browser
@browsers
async def test_homes_of_persons_are_looked_at(browser: Browser, world: World) -> None:
    _, [invitation, *_] = await world.panel(2)
    seen = await look(browser, world, PHONE)
    await enter_browser(seen, await world.log_in_expert(invitation.expert_id))
    await seen.check_page("home-expert", HOME)
    world.clock.set(invitation.gathering_at - timedelta(minutes=20))
    await seen.check_page("home-expert-day", HOME)
    applicant = await look(browser, world, PHONE)
    cookie_holder = await world.enter(await applying(world))
    await enter_browser(applicant, cookie_holder)
    await applicant.check_page("home-applicant", HOME)
    assert seen.complaints + applicant.complaints == []


@pytest.mark.browser
@browsers
async def test_homes_of_staff_are_looked_at(browser: Browser, world: World) -> None:
    draw_id, _ = await world.panel(2)
    await new_project(world.office)
    await states.submitted(world.office)
    agency = await staff(browser, world, PHONE, "agency")
    await agency.check_page("home-agency", "/agency")
    for who in ("verifier", "supervisor", "venue"):
        seen = await staff(browser, world, PHONE, who)
        await seen.check_page(f"home-{who}", "/draws")
        assert seen.complaints == []
    page = await agency.open(f"/agency/draws/{draw_id}/result")
    await page.get_by_text("更多", exact=True).click()
    await agency.check("home-agency-tabs")
    await page.get_by_role("link", name="操作记录").click()
    await page.wait_for_url("**/log")
    assert agency.complaints == []
