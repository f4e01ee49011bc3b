"""Pages of remuneration in a real browser, on a phone and on a computer."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from models.experts import Expert
from services.core.base import Actor
from tests.factories.remuneration import ended_panel
from tests.plugins.browsers import CHROMIUM
from tests.web.conftest import World
from tests.web.test_browser import PHONE, look, staff

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]


async def test_every_page_reads_well(browser: Browser, world: World) -> None:
    owed = world.services.remuneration
    draw_id, invitations = await ended_panel(world.office, world.clock, needed=4, hours=3.5)
    for invitation in invitations[:3]:
        await owed.proposals.propose(world.office.venue, draw_id, invitation.id)
    actors = [Actor("demo", "expert", expert_id=invitation.expert_id) for invitation in invitations]
    await Expert.filter(id=invitations[1].expert_id).update(permanent_region="440306")
    for actor in actors[:2]:
        [mine] = await owed.answers.list_own(actor)
        if actor is actors[0]:
            await owed.answers.confirm(actor, mine.id, 1, by="h5")
        else:
            await owed.answers.dispute(actor, mine.id, 1, "实际20:30才离场，请核对监控", by="h5")
    experts = {
        "expert": await world.log_in_expert(invitations[2].expert_id),
        "unpaid": await world.log_in_expert(invitations[0].expert_id),
    }
    for role, paths in {
        "expert": {"own": "/h5/demo/remuneration"},
        "unpaid": {"unpaid": "/h5/demo/remuneration"},
        "venue": {"venue": f"/draws/{draw_id}/remuneration", "detail": f"/draws/{draw_id}"},
        "agency": {"tab": f"/agency/draws/{draw_id}/remuneration", "months": "/agency/remuneration"},
    }.items():
        seen = await (look(browser, world) if role in experts else staff(browser, world, PHONE, role))
        if role in experts:
            own = experts[role].cookie
            cookie = {"name": own.key, "value": own.value, "url": seen.base}
            await seen.page.context.add_cookies([cookie])
        await seen.check_pages("remuneration", paths)
        assert seen.complaints == []
