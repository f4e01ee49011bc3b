"""Public data of a pool."""

from __future__ import annotations

from tests.miniapp_api.conftest import World


async def test_the_pool_lists_the_choices_of_forms(world: World) -> None:
    response = await world.client.get("/api/v1/demo/pool")
    pool = await response.json()
    assert pool["privacy_version"]
    assert "投标人" in pool["choices"]["recusal_reasons"]
    assert pool["choices"]["venues"][0]["address"]
    assert (await (await world.client.get("/api/v1/guangdong/pool")).json())["name"] != pool["name"]
