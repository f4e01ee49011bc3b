"""Requests of organisations to act for them."""

from __future__ import annotations

from uuid import UUID

from tests.factories.offices import Office
from tests.factories.people import mobile_number
from tests.miniapp_api.conftest import World


async def test_a_person_agrees_to_act_until_the_organisation_ends_it(world: World, office: Office) -> None:
    mobile, entities = mobile_number(), world.services.organisations.legal_entities
    await entities.link_agent(office.agency, mobile=mobile, name="王小明")
    person = await world.log_in(mobile)
    [request] = (await person.get("/organisations/requests"))["items"]
    assert request["state"] == "waiting"
    accepted = await person.post(f"/organisations/requests/{request['link_id']}/acceptance")
    assert accepted["state"] == "active"
    chosen = {"role": "agent", "organisation_id": request["organisation_id"]}
    await person.put("/sessions/current/role", chosen, 200)
    await entities.revoke(office.agency, UUID(request["link_id"]))
    assert (await person.get("/sessions/current"))["role"] == "guest"
