"""What waits for a role, as the mini-program's first page shows it."""

from __future__ import annotations

from tests.factories.offices import Office, add_experts, make_draw, open_invitations, start_draw, verify
from tests.miniapp_api.conftest import Person, World

PATH = "/sessions/current/work"


async def counts(person: Person) -> dict[str, int]:
    return {count["name"]: count["number"] for count in (await person.get(PATH))["items"]}


async def test_an_agency_reads_what_waits_for_it(world: World, office: Office, agency: Person) -> None:
    assert await counts(agency) == {"待办理": 0, "正在抽取": 0, "退选待处理": 0, "酬劳待支付": 0}
    await verify(office, await make_draw(office))
    assert (await counts(agency))["待办理"] == 1


async def test_an_expert_has_no_counts_and_a_visitor_is_refused(world: World, office: Office) -> None:
    await add_experts(office, 4)
    [invitation, *_] = await open_invitations(await start_draw(office, needed=2))
    assert await counts(await world.log_in_expert(invitation.expert_id)) == {}
    assert (await (await world.visit()).get(PATH, 401))["code"]
