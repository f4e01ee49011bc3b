"""The record of an activity that is over, for anybody who has its number."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from domain.draws.record import Json
from domain.draws.verify_draw import read, verify
from domain.errors import TooMany
from models.draws import Draw
from services.draws.results.public_record import PublicRecords
from tests.factories.offices import enter_all
from tests.web.conftest import World
from web.assembly import setup_pages


async def finished(world: World) -> Draw:
    """An activity whose panel has met."""
    draw_id, _ = await world.panel(2)
    return await end(world, draw_id)


async def end(world: World, draw_id: UUID) -> Draw:
    draw = await Draw.get(id=draw_id)
    world.clock.set(draw.ends_at)
    await enter_all(draw_id)
    await world.services.draws.activity_end.end(world.office.agency, draw_id, "评标已结束")
    return await Draw.get(id=draw_id)


async def test_a_visitor_finds_a_finished_draw_by_its_number_as_he_types_it(world: World) -> None:
    draw = await finished(world)
    visitor = await world.visitor().get("/record")
    assert "不需要登录" in visitor.text
    await visitor.get(f"/record?number=+{draw.number[:4].lower()}%20{draw.number[4:]}")
    assert (visitor.status, visitor.path) == (200, f"/record/demo/{draw.number}")
    for text in ("活动已结束，记录完整", "记录不能证明什么", f"python verify_draw.py draw-{draw.number}.json"):
        assert text in visitor.text, text


async def test_the_log_in_and_the_guide_lead_to_it(world: World) -> None:
    visitor = world.visitor()
    for page, link in (
        ("/h5/login", "核对抽取记录"),
        ("/h5/demo/help", "核对抽取记录输入活动编号，任何人都可以核对，不需要登录"),
    ):
        await (await visitor.get(page)).click(link)
        assert (visitor.status, visitor.path, "不需要登录" in visitor.text) == (200, "/record", True), page


async def test_its_file_holds_and_is_kept_by_browsers_as_long_as_it_stays_the_same(world: World) -> None:
    draw = await finished(world)
    visitor = await world.visitor().get(f"/record/demo/{draw.number}/file")
    record = read(await visitor.response.text())
    assert verify(record) == []
    tag = visitor.response.headers["ETag"]
    assert (tag, visitor.response.headers["Cache-Control"]) == (f'"{draw.log_head}"', "public, max-age=86400")
    visitor.headers["If-None-Match"] = tag
    await visitor.get(f"/record/demo/{draw.number}/file")
    assert (visitor.status, await visitor.response.read()) == (304, b"")


async def test_an_unknown_number_and_an_activity_that_goes_on_get_the_same_answer(world: World) -> None:
    draw_id, _ = await world.panel(1)
    number = (await Draw.get(id=draw_id)).number
    visitor, answers = world.visitor(), set()
    for unfinished_number in (number, "CQSQ209901010001"):
        await visitor.get(f"/record?number={unfinished_number}")
        assert (visitor.status, "没有找到这个编号的已结束活动" in visitor.text) == (404, True)
        answers.add(visitor.text)
        await visitor.get(f"/record/demo/{unfinished_number}")
        assert (visitor.status, "请在结束后再查" in visitor.text) == (404, True)
        assert (visitor.page.links["按编号核对"], "登录" in visitor.page.links) == ("/record", False)
        await visitor.get(f"/record/nowhere/{unfinished_number}/file")
        assert visitor.status == 404
    assert len(answers) == 1
    await end(world, draw_id)
    assert (await visitor.get(f"/record?number={number}")).status == 200


@pytest.mark.parametrize("typed", ["12", "活动", "CQSQ'; --", "Ａ" * 20, "CQSQ2026112100011234567"])
async def test_what_is_no_number_is_named_as_such(world: World, typed: str) -> None:
    visitor = world.visitor()
    await visitor.get(f"/record?number={typed}")
    assert (visitor.status, "活动编号由字母和数字组成" in visitor.text) == (422, True)


async def test_an_expired_link_says_that_the_number_will_do(world: World) -> None:
    draw_id, _ = await world.panel(1)
    token = await world.public_links().share(world.office.agency, draw_id, "record")
    world.clock.move(timedelta(days=31))
    visitor = await world.visitor().get(f"/record/{token}")
    assert (visitor.status, "凭活动编号就能查看和核对" in visitor.text) == (403, True)


async def test_a_record_is_made_and_compressed_once_however_many_ask_at_a_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw, made = await finished(world), list[str]()
    of = PublicRecords.document_of

    async def counted(self: PublicRecords, requested: Draw) -> dict[str, Json]:
        made.append(requested.number)
        return await of(self, requested)

    monkeypatch.setattr(PublicRecords, "document_of", counted)
    path = f"/record/demo/{draw.number}"
    async with world.visitor().client as client:
        answers = await asyncio.gather(*(client.get(f"{path}/file") for _ in range(4)), client.get(path))
        plain = await client.get(f"{path}/file", headers={"Accept-Encoding": "identity"})
        assert "Content-Encoding" not in plain.headers
        files = [await answer.read() for answer in (*answers[:4], plain)]
    assert {answer.headers["Content-Encoding"] for answer in answers[:4]} == {"gzip"}
    assert len(set(files)) == 1
    assert made == [draw.number]


async def test_a_link_leads_to_the_public_address_once_the_activity_is_over(world: World) -> None:
    draw_id, _ = await world.panel(2)
    token = await world.public_links().share(world.office.agency, draw_id, "record")
    visitor = await world.visitor().get(f"/record/{token}")
    assert (visitor.path, "到目前为止的记录" in visitor.text) == (f"/record/{token}", True)
    draw = await end(world, draw_id)
    await visitor.get(f"/record/{token}")
    assert (visitor.path, "长期有效" in visitor.text) == (f"/record/demo/{draw.number}", True)
    await visitor.get(f"/record/{token}/file")
    assert (visitor.path, visitor.status) == (f"/record/demo/{draw.number}/file", 200)


async def test_look_ups_are_counted_and_refused_when_there_are_too_many(world: World) -> None:
    draw_id, _ = await world.panel(1)
    token = await world.public_links().share(world.office.agency, draw_id, "record")
    counted: list[str] = []

    async def limit(_request: web.Request, name: str, tries: int, period: int) -> None:
        counted.append(name)
        if len(counted) > 3:
            raise TooMany("查询太频繁，请稍后再试。", retry_after=period)

    app = web.Application()
    setup_pages(app, world.services, limit=limit)
    async with TestClient(TestServer(app)) as client:
        for path in (f"/{token}", f"/{token}/file"):
            assert (await client.get(f"/record{path}")).status == 200
        draw = await end(world, draw_id)
        for path, status in ((f"/demo/{draw.number}/file", 200), (f"/demo/{draw.number}", 429), ("?number=CQ", 429)):
            assert (await client.get(f"/record{path}")).status == status
    assert counted == ["h5_record"] * 5
