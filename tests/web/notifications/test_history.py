"""消息 on pages and by the API: reached from every first page, paged, each with a way to where one acts."""

from __future__ import annotations

from services.core.base import transaction
from tests.factories.people import make_expert
from tests.web.conftest import World


async def _make_notices(world: World, count: int) -> None:
    """Unsealed draws of this agent, one after the other, all sent."""
    for number in range(count):
        async with transaction():
            await world.services.notifications.notices.notify(
                pool="demo",
                kind="agency_unsealed",
                dedupe_key=f"unsealed:{number}",
                params={"number": f"CQ{number:03}", "draw": "7", "when": "11月21日", "day": "11月21日"},
                account_id=world.office.agency.account_id,
            )
    await world.services.notifications.delivery.deliver_due()


async def test_an_agent_reads_on_his_first_page_what_was_sent_to_him(world: World) -> None:
    agent = await world.log_in(world.office.agency)
    await agent.get("/agency")
    await agent.click("消息")
    assert (agent.path, "还没有发给您的消息" in agent.text) == ("/h5/demo/notices", True)
    await _make_notices(world, 21)
    await agent.get("/h5/demo/notices")
    assert ("CQ020" in agent.text, "CQ000" in agent.text, "共21条" in agent.text) == (True, False, True)
    assert "/agency/draws/7/result" in agent.page.links.values()
    await agent.click("下一页")
    assert ("CQ020" in agent.text, "CQ000" in agent.text) == (False, True)
    await agent.get("/h5/demo/notices?page=9")
    assert "没有更早的消息" in agent.text


async def test_an_expert_goes_back_to_his_own_first_page(world: World) -> None:
    expert = await world.log_in_expert((await make_expert(world.services.deps)).id)
    await expert.get("/h5/demo/notices")
    assert expert.page.links["首页"] == "/h5/demo/apply"
    await expert.click("首页")
    assert expert.page.links["我的考试"] == "/h5/demo/exams"


async def test_a_visitor_who_is_not_logged_in_cannot_read_notices(world: World) -> None:
    stranger = await world.visitor().get("/h5/demo/notices")
    assert stranger.path == "/h5/login"
    assert (await stranger.get("/h5/notices")).path == "/h5/login"
    assert (await stranger.get("/h5/nowhere/notices")).status in (404, 422)
