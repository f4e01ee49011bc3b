"""A mobile or an ID number is looked up without standing in an address or in a log."""

from __future__ import annotations

import logging
from urllib.parse import quote

import pytest
from structlog.testing import capture_logs

from models.audit import AuditEntry
from tests.factories.people import make_expert
from tests.web.conftest import World
from tests.web.office_scene import make_scene, post

MOBILE, ID_NUMBER = "13912345678", "110105197512310099"


@pytest.mark.parametrize("typed", [MOBILE, "+86 139-1234-5678", ID_NUMBER])
async def test_a_number_leads_to_the_file_and_stays_out_of_addresses_and_logs(
    world: World, caplog: pytest.LogCaptureFixture, typed: str
) -> None:
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.INFO, logger="aiohttp.access")
    scene = await make_scene(world)
    expert = await make_expert(world.services.deps, MOBILE, id_number=ID_NUMBER)
    visitor = await scene.at("/office/experts")
    with capture_logs() as lines:
        await post(visitor, "/office/experts", search=typed, rest="state=in_pool")
    assert (visitor.status, visitor.path) == (200, f"/office/experts/{expert.id}")
    assert await AuditEntry.filter(action="person.search").count() == 1
    logged = f"{lines} {caplog.text}"
    assert "/office/experts" in logged, "the test's server logs each address, that of the service none"
    assert not any(number in logged for number in (typed, MOBILE, ID_NUMBER))
    await visitor.get(f"/office/experts?search={quote(typed)}")
    assert visitor.path == f"/office/experts/{expert.id}", "an old bookmark leads on"


async def test_of_two_files_the_one_in_the_pool_is_opened(world: World) -> None:
    scene, deps = await make_scene(world), world.services.deps
    left = await make_expert(deps, MOBILE, left_at=deps.now())
    visitor = await scene.at("/office/experts")
    await post(visitor, "/office/experts", search=MOBILE, rest="")
    assert visitor.path == f"/office/experts/{left.id}"
    expert = await make_expert(deps, MOBILE)
    await visitor.get("/office/experts")
    await post(visitor, "/office/experts", search=MOBILE, rest="")
    assert visitor.path == f"/office/experts/{expert.id}"


async def test_an_unknown_number_is_said_to_be_and_another_pools_stays_unknown(world: World) -> None:
    scene = await make_scene(world)
    await make_expert(world.services.deps, MOBILE, pool="hunan")
    visitor = await scene.at("/office/experts")
    await post(visitor, "/office/experts", search=MOBILE, rest="state=left")
    assert "没有专家登记这个手机号或身份证号" in visitor.text
    await visitor.get(f"/office/experts?search={MOBILE}")
    assert (visitor.path, "没有专家登记" in visitor.text) == ("/office/experts", True)
    assert MOBILE not in visitor.text


async def test_names_are_searched_with_the_other_filters_kept(world: World) -> None:
    scene = await make_scene(world)
    await make_expert(world.services.deps, name="欧阳锋", left_at=world.clock.now())
    visitor = await scene.at("/office/experts?state=left")
    await visitor.press("查找", search="阳锋")
    query = visitor.response.url.query
    assert (query["search"], query["state"], query["sort"]) == ("阳锋", "left", "name")
    assert "欧阳锋" in visitor.text
    await post(visitor, "/office/experts", search="阳锋", rest="next=https://evil.example&page=9")
    assert dict(visitor.response.url.query) == {"search": "阳锋"}
