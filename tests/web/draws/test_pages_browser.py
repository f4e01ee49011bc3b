"""The pages of verifier, supervisor and venue in a real browser, on a phone and on a computer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import Browser, expect

from models.draws import Draw
from models.notices import Notice
from tests.factories.draws import make_project
from tests.plugins.browsers import CHROMIUM
from tests.web.conftest import World
from tests.web.draws.test_verification import submitted
from tests.web.test_browser import PHONE, look, staff

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]


async def test_pages_of_staff_read_well(browser: Browser, world: World) -> None:
    running, [invitation] = await world.panel()
    await world.services.draws.invitations.leave(invitation.id, invitation.expert_id, "生病住院", by="chat")
    office = world.office
    office.project_id = (await make_project(office.agency.organisation_id, office.agency.account_id)).id
    draw_id = await submitted(world, attached=True)
    seen = await staff(browser, world, PHONE, "verifier")
    await seen.check_page("draws-list", "/draws")
    await seen.check_page("draws-queue", "/draws/applications")
    await seen.check_page("draws-application", f"/draws/{draw_id}/application")
    await world.services.draws.verification.approve(
        world.office.verifier,
        (await world.services.draws.verification_queries.applications_of_draw(draw_id))[0].id,
        "资料齐全，同意抽取",
    )
    await seen.check_page("draws-decided", "/draws/applications?state=approved")
    await seen.check_page("draws-detail", f"/draws/{draw_id}")
    await seen.check_page("draws-log", f"/draws/{running}/log")
    await seen.check_page("draws-absences", f"/draws/{running}/absences")
    assert seen.complaints == []


async def test_a_list_of_decided_applications_is_kept_fresh_and_stays(browser: Browser, world: World) -> None:
    draw_id = await submitted(world)
    [application] = await world.services.draws.verification_queries.applications_of_draw(draw_id)
    await world.services.draws.verification.approve(world.office.verifier, application.id)
    seen = await staff(browser, world, PHONE, "verifier")
    await seen.page.clock.install()
    page = await seen.open("/draws/applications?state=approved")
    await page.evaluate("document.body.dataset.kept = 'yes'")
    async with page.expect_response(lambda answer: "/draws/applications" in answer.url) as fetched:
        await page.clock.run_for(15_000)
    assert (await fetched.value).url.endswith("?state=approved")
    await page.clock.run_for(1_000)
    await expect(page.locator("body[data-kept]")).to_have_count(1)


async def test_a_leave_past_its_time_reads_well(browser: Browser, world: World) -> None:
    _, [invitation] = await world.panel()
    world.clock.move(timedelta(hours=4, minutes=55))
    seen = await look(browser, world)
    await seen.check_page("invitation-late", f"/i/{invitation.link}")
    await seen.check_page("invitation-late-leave", f"/i/{invitation.link}?do=leave")
    assert seen.complaints == []


async def test_pages_of_a_late_arrival_read_well(browser: Browser, world: World) -> None:
    draw_id, [invitation, other] = await world.panel(2)
    world.clock.set(invitation.gathering_at - timedelta(minutes=50))
    seen = await look(browser, world)
    page = await seen.check_page("invitation-delay", f"/i/{invitation.link}?do=late")
    await page.get_by_role("button", name="20分钟").click()
    await page.get_by_label("原因（选填）").fill("高速上出了事故，堵了几公里")
    await seen.check("invitation-delay-confirm")
    await page.get_by_role("button", name="确认晚到").click()
    await seen.check("invitation-delayed")
    await world.services.draws.late_arrivals.state(other.id, other.expert_id, 60, by="chat")
    agency = await staff(browser, world, PHONE, "agency")
    await agency.check_page("agency-delays-sealed", f"/agency/draws/{draw_id}/attendance")
    world.clock.set(invitation.gathering_at + timedelta(minutes=18))
    await world.office.attendance.check_in_by_code(world.office.venue, draw_id, invitation.code)
    await Draw.filter(id=draw_id).update(starts_at=world.clock.now() + timedelta(minutes=30))
    await agency.check_page("agency-delays", f"/agency/draws/{draw_id}/attendance")
    venue = await staff(browser, world, PHONE, "venue")
    await venue.check_page("draws-desk-delays", f"/draws/{draw_id}/attendance")
    assert (seen.complaints, agency.complaints, venue.complaints) == ([], [], [])


async def test_a_visible_page_of_an_invitation_ends_its_reminders(browser: Browser, world: World) -> None:
    _, [invitation] = await world.panel()
    seen = await look(browser, world)
    async with seen.page.expect_response(lambda answer: answer.url.endswith("/opened")) as reported:
        await seen.open(f"/i/{invitation.link}")
    assert (await reported.value).status == 204
    assert await Notice.filter(invitation_id=invitation.id, kind="draw_accepted", opened_at__not_isnull=True).exists()
    assert seen.complaints == []
