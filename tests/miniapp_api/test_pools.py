"""Public data of a pool."""

from __future__ import annotations

from tests.miniapp_api.conftest import World


async def test_the_pool_says_what_it_is_and_what_registration_requires(world: World) -> None:
    response = await world.client.get("/api/v1/demo/pool")
    pool = await response.json()
    assert pool["privacy_version"]
    assert pool["registration"]["open"] is True
    assert pool["registration"]["honesty"]
    assert (await (await world.client.get("/api/v1/guangdong/pool")).json())["name"] != pool["name"]
