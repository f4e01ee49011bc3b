"""Agents of an organisation."""

from __future__ import annotations

from tests.factories.people import mobile_number
from tests.miniapp_api.conftest import Person, World


async def test_an_agent_is_linked_accepts_and_is_struck_off(world: World, agency: Person) -> None:
    mobile = mobile_number()
    asked = await agency.post("/organisations/agents", {"mobile": mobile, "name": "王小明"}, 201)
    assert (asked["state"], asked["masked_name"]) == ("waiting", "王**")
    person = await world.log_in(mobile)
    [request] = (await person.get("/organisations/requests"))["items"]
    accepted = await person.post(f"/organisations/requests/{request['link_id']}/acceptance")
    assert accepted["state"] == "active"
    assert (await agency.get("/organisations/agents"))["items"][0]["state"] == "active"
    chosen = {"role": "agent", "organisation_id": request["organisation_id"]}
    await person.put("/sessions/current/role", chosen, 200)
    revoked = await agency.delete(f"/organisations/agents/{request['link_id']}", 200)
    assert revoked["state"] == "revoked"
    assert (await person.get("/sessions/current"))["role"] == "guest"
