"""Draw activities: lists, the form, handing in."""

from __future__ import annotations

from models.accounts import Account
from tests.factories.draws import make_draw as make_draw_row
from tests.factories.draws import make_project
from tests.factories.offices import Office, make_draw
from tests.factories.people import make_grant
from tests.miniapp_api.conftest import Person, World
from tests.miniapp_api.forms import at, draw_form, notice_form


async def test_draws_are_filtered_and_paged(world: World, office: Office, agency: Person) -> None:
    project = await make_project(office.agency.organisation_id, office.agency.account_id, region="440300")
    await make_draw_row(project, number="CQSQ202611210777", name="深圳活动", created_at=world.clock.now())
    await make_draw(office)
    for query, count in (
        ("", 2),
        ("?number=0777", 1),
        ("?number=深圳", 1),
        ("?project=演示项目", 1),
        ("?region=440000", 2),
        ("?region=440300", 1),
        ("?state=editing", 2),
        ("?state=ended", 0),
        ("?kind=redraw", 0),
        ("?size=1", 2),
    ):
        page = await agency.get(f"/draws{query}")
        assert page["total"] == count, query
        assert len(page["items"]) == min(count, page["size"]), query
    for query in ("?state=nothing", "?region=44", "?kind=x", "?size=0"):
        await agency.get(f"/draws{query}", 422)


async def test_a_draw_is_edited_while_nothing_is_handed_in(world: World, office: Office, agency: Person) -> None:
    draw = str(await make_draw(office))
    form = draw_form(world, str(office.project_id)) | {"name": "改名", "needed": 3}
    await agency.put(f"/draws/{draw}", form)
    assert (await agency.get(f"/draws/{draw}"))["name"] == "改名"
    terminal = (await agency.get("/pool"))["choices"]["terminals"][0]
    differ = await agency.post(f"/draws/{draw}/submission", {"terminal": terminal}, 422)
    assert differ["code"] == "counts_differ"
    await agency.put(f"/draws/{draw}", form | {"needed": 2})
    await agency.post(f"/draws/{draw}/submission", {"terminal": terminal}, 201)
    assert (await agency.put(f"/draws/{draw}", form, 409))["code"] == "not_editable"
    await agency.delete(f"/draws/{draw}/submission")
    states = [one["state"] for one in (await agency.get(f"/draws/{draw}/applications"))["items"]]
    assert states == ["withdrawn"]


async def test_a_refused_draw_says_why_and_can_be_handed_in_again(world: World, office: Office, agency: Person) -> None:
    await make_grant(await Account.get(id=office.verifier.account_id), "verifier")
    verifier = await world.log_in_account(office.verifier.account_id, "verifier")
    draw = str(await make_draw(office))
    terminal = (await agency.get("/pool"))["choices"]["terminals"][0]
    application = (await agency.post(f"/draws/{draw}/submission", {"terminal": terminal}, 201))["id"]
    path = f"/verification/applications/{application}/refusal"
    assert (await verifier.post(path, {"opinion": ""}, 422))["field"] == "opinion"
    await verifier.post(path, {"opinion": "缺少监督人"}, 204)
    assert (await verifier.post(path, {"opinion": "再退一次"}, 409))["code"] == "illegal_move"
    shown = (await agency.get(f"/draws/{draw}/applications"))["items"][0]
    assert (shown["state"], shown["opinion"]) == ("refused", "缺少监督人")
    await agency.post(f"/draws/{draw}/submission", {"terminal": terminal}, 201)
    queue = await verifier.get("/verification/applications?size=1")
    assert (len(queue["items"]), queue["more"]) == (1, False)


async def test_times_out_of_order_and_organisations_in_addresses_are_refused(
    world: World, office: Office, agency: Person
) -> None:
    form = draw_form(world, str(office.project_id))
    wrong = await agency.post("/draws", form | {"opening_at": at(world, hours=7)}, 422)
    assert (wrong["rule"], wrong["field"]) == ("draw.times_in_order", "starts_at")
    assert wrong["source"]
    draw = str(await make_draw(office))
    said = await agency.post(f"/draws/{draw}/notices", notice_form(world, address="广州市天河区某某公司"), 422)
    assert said["rule"] == "draw.notice.address_forbidden_words"
