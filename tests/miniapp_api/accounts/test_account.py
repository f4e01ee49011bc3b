"""The rights over one's own data."""

from __future__ import annotations

from datetime import timedelta

from tests.factories.people import mobile_number
from tests.miniapp_api.conftest import World


async def test_own_data_are_given_out_against_a_code_only(world: World) -> None:
    mobile = mobile_number()
    person = await world.log_in(mobile)
    assert (await person.post("/accounts/me/export", {"code": "000000"}, 422))["code"] == "code_expired"
    await person.post("/codes", {"mobile": mobile, "purpose": "privacy"})
    response = await person.ask("POST", "/accounts/me/export", json={"code": await world.last_code()})
    assert response.status == 200
    assert response.headers["Content-Disposition"] == 'attachment; filename="my-data.json"'
    assert (await response.json())["account"]["mobile"] == mobile


async def test_an_account_is_deleted_and_its_log_in_ends(world: World) -> None:
    mobile = mobile_number()
    person = await world.log_in(mobile)
    world.clock.move(timedelta(minutes=2))
    await person.post("/codes", {"mobile": mobile, "purpose": "privacy"})
    said = await person.post("/accounts/me/deletion", {"code": await world.last_code()})
    assert said["removed"]
    assert said["kept"]
    await person.get("/sessions/current", 401)
