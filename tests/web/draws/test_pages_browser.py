"""The pages of verifier, supervisor and venue in a real browser, on a phone and on a computer."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.async_api import Browser, expect

from tests.factories.draws import make_project
from tests.plugins.browsers import CHROMIUM
from tests.web.conftest import World
from tests.web.draws.test_verification import submitted
from tests.web.test_browser import PHONE, SCREEN, staff

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (SCREEN, "dark")])
async def test_pages_of_staff_read_well(
    browser: Browser, world: World, size: tuple[int, int], scheme: Literal["light", "dark"]
) -> None:
    running, [invitation] = await world.panel()
    await world.services.draws.invitations.leave(invitation.id, invitation.expert_id, "生病住院", by="chat")
    office = world.office
    office.project_id = (await make_project(office.agency.organisation_id, office.agency.account_id)).id
    draw_id = await submitted(world, attached=True)
    seen = await staff(browser, world, size, "verifier")
    await seen.page.emulate_media(color_scheme=scheme)
    faults: list[str] = []

    async def look(name: str, path: str) -> None:
        page = await seen.open(path)
        await page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")
        try:
            await seen.check(f"desk-{name}-{'phone' if size == PHONE else 'screen'}-{scheme}")
        except AssertionError as error:
            faults.append(f"{name}: {error}")

    await look("list", "/desk")
    await look("queue", "/desk/applications")
    await look("application", f"/desk/{draw_id}/application")
    await world.services.draws.verification.approve(
        world.office.verifier,
        (await world.services.draws.verification_queries.of_draw(draw_id))[0].id,
        "资料齐全，同意抽取",
    )
    await look("decided", "/desk/applications?state=approved")
    await look("detail", f"/desk/{draw_id}")
    await look("log", f"/desk/{running}/log")
    await look("absences", f"/desk/{running}/absences")
    assert not faults, "\n".join(faults)
    assert seen.complaints == []


async def test_a_list_of_decided_applications_is_kept_fresh_and_stays(browser: Browser, world: World) -> None:
    draw_id = await submitted(world)
    [application] = await world.services.draws.verification_queries.of_draw(draw_id)
    await world.services.draws.verification.approve(world.office.verifier, application.id)
    seen = await staff(browser, world, PHONE, "verifier")
    await seen.page.clock.install()
    page = await seen.open("/desk/applications?state=approved")
    await page.evaluate("document.body.dataset.kept = 'yes'")
    async with page.expect_response(lambda answer: "/desk/applications" in answer.url) as fetched:
        await page.clock.run_for(15_000)
    assert (await fetched.value).url.endswith("?state=approved")
    await page.clock.run_for(1_000)
    await expect(page.locator("body[data-kept]")).to_have_count(1)
