"""Shared error pages: missing pages and failures."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.draws.calls.invitation_queries import InvitationQueries
from tests.web.conftest import WECHAT, Visitor, World


@pytest.mark.parametrize("path", ["/i", "/i/a/b/c", "/v", "/h5/nothing/here", "/draw", "/record/", "/draws/a/b/c"])
async def test_what_is_not_there_says_so_in_our_look(world: World, path: str) -> None:
    page = await world.visitor().get(path)
    assert (page.status, "没有找到" in page.text, "page.css" in await page.response.text()) == (404, True, True)


@pytest.mark.parametrize("bare", ["/", "/h5", "/h5/"])
async def test_the_bare_address_leads_to_ones_own_first_page(world: World, bare: str) -> None:
    agency = await world.log_in(world.office.agency)
    assert (await agency.get(bare)).path == "/agency"


@pytest.mark.parametrize(
    ("failure", "status", "words"),
    [(ConnectionRefusedError("database"), 503, "稍后刷新"), (KeyError("a fault of ours"), 500, "我们已记录")],
)
async def test_failures_become_pages_that_say_what_to_do_and_nothing_else(
    world: World, monkeypatch: pytest.MonkeyPatch, failure: Exception, status: int, words: str
) -> None:
    async def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(InvitationQueries, "get_by_link", fail)
    page = await world.visitor().get("/i/whatever")
    assert (page.status, words in page.text) == (status, True)
    assert "fault of ours" not in await page.response.text()
    assert page.response.headers["Cache-Control"] == "no-store"


async def test_a_page_that_wechat_opens_anew_after_a_form_is_there(world: World) -> None:
    draw_id, [invitation] = await world.panel()
    for command in ("answer", "leave", "check-in"):
        page = await world.visitor().get(f"/i/{invitation.link}/{command}")
        assert (page.path, page.status) == (f"/i/{invitation.link}", 200)
    assert (await world.visitor().get("/h5/login/code")).status == 200
    venue = await world.log_in(world.office.venue, "venue")
    assert (await venue.get(f"/draws/{draw_id}/share")).status == 200
    token, _ = await world.services.draws.attendance.venue_token(world.office.venue, draw_id)
    phone = await world.scan(world.visitor(**WECHAT), f"/v/{token}", await world.bind(invitation.expert_id))
    await phone.press("签到")
    await phone.get(phone.path)
    assert "签到成功" in phone.text


async def test_a_refusal_names_the_way_out_and_whom_to_call(world: World) -> None:
    """For the pool of the address, or of the log-in."""
    visitor = await world.visitor().get("/h5/demo/nothing")
    assert visitor.status == 404
    assert visitor.page.links["我的申报"] == "/h5/demo/apply"
    assert "400-000-0000" in visitor.text
    venue = await world.log_in(world.office.venue, "venue")
    await venue.get("/draws/00000000-0000-0000-0000-000000000000")
    assert (venue.status, venue.page.links["抽取活动"]) == (404, "/draws")
    assert "400-000-0000" in venue.text
    await venue.get("/office")
    assert (venue.status, venue.page.links["切换身份"]) == (403, "/h5/role")
    assert "管理首页" not in venue.page.links, "the page that refuses is no way out"


REFUSED = {
    "venue": ("/office", "/review", "/agency"),
    "agency": ("/office", "/review", "/reports"),
    "pool_admin": ("/review", "/agency"),
}
HOMES = {"venue": "/draws", "agency": "/agency", "pool_admin": "/office"}


@pytest.mark.parametrize("role", sorted(REFUSED))
async def test_a_page_for_another_role_leads_home_by_one_tap(world: World, role: str) -> None:
    office = world.office
    visitor = await (world.log_in(office.agency) if role == "agency" else world.log_in(office.venue, role))
    for path in REFUSED[role]:
        await visitor.get(path)
        assert visitor.status == 403, path
        assert (await visitor.click("我的首页")).path == HOMES[role], path


@pytest.mark.parametrize(
    ("path", "home"),
    [
        ("/i/nobody", "/"),
        ("/h5/nothing/here", "/"),
        ("/h5/demo/nothing", "/h5/demo"),
        ("/draws/x/y", "/"),
        ("/p/x", "/"),
    ],
)
async def test_who_meets_nothing_gets_to_the_first_page(world: World, path: str, home: str) -> None:
    visitor = await world.visitor(Accept="text/html").get(path)
    assert (visitor.status, visitor.page.links["首页"]) == (404, home)
    assert (await visitor.click("首页")).status == 200


def _service_lines(visitor: Visitor) -> set[str]:
    return {target.removeprefix("tel:") for target in visitor.page.links.values() if target.startswith("tel:")}


async def test_without_a_pool_in_the_address_the_lines_of_all_pools_are_there(world: World) -> None:
    """The test's pools are those of 广东, whose line is 12345, and of the demo."""
    for path in ("/i/nobody", "/n/1aaaa", "/nothing", "/h5/nothing"):
        visitor = await world.visitor(Accept="text/html,*/*").get(path)
        assert visitor.status == 404
        assert "广东" in visitor.text, path
        assert _service_lines(visitor) == {"12345", "400-000-0000"}, path


async def test_a_program_gets_plain_text_for_an_unknown_path(world: World) -> None:
    answer = await world.visitor().client.get("/nothing", headers={"Accept": "application/json"})
    assert (answer.status, answer.content_type) == (404, "text/plain")


async def test_a_link_whose_pool_is_known_shows_the_line_of_that_pool_alone(world: World) -> None:
    _, [invitation] = await world.call()
    visitor = await world.visitor().get(f"/i/{invitation.link}?do=leave")
    world.clock.move(timedelta(hours=3))
    await visitor.post(f"/i/{invitation.link}/answer", {"choice": "accept", "form": "x"})
    assert (visitor.status, _service_lines(visitor)) == (403, {"400-000-0000"}), "a form that is too old"
    world.clock.move(timedelta(hours=24))
    await visitor.get(f"/i/{invitation.link}")
    assert (visitor.status, _service_lines(visitor)) == (404, {"400-000-0000"}), "a link that has ended"
