"""Screens that open by a signed link: the board of a draw and its record."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from domain.draws.verify_draw import verify
from models.draws import LogEntry
from services.core.streams import CAPS
from tests.drivers import programs
from tests.factories.offices import add_experts, fix_seed, make_draw
from tests.factories.offices import verify as approve
from tests.web.conftest import Visitor, World


async def shared(world: World, draw_id: object, screen: str) -> Visitor:
    agency = await (await world.log_in(world.office.agency)).get(f"/draws/{draw_id}")
    await agency.press(next(name for name in agency.page.buttons if name.startswith(screen)))
    return await world.visitor().get(agency.path)


async def test_a_board_shows_totals_and_no_codes_to_a_visitor_with_the_link(world: World) -> None:
    draw_id, [invitation, _] = await world.call(2)
    await world.services.draws.invitations.answer(invitation.id, invitation.expert_id, "accept", by="voice")
    board = await shared(world, draw_id, "抽取进度大屏")
    assert board.status == 200
    assert "抽取中" in board.text
    assert "正在等待1位专家答复" in board.text
    assert invitation.code not in await board.response.text()


async def test_a_board_gets_every_change(world: World) -> None:
    draw_id, [first, second] = await world.call(2)
    board = await shared(world, draw_id, "抽取进度大屏")
    async with board.client.get(f"{board.path}/events") as stream:
        assert stream.content_type == "text/event-stream"
        assert (await next_facts(stream.content))["accepted"] == 0
        await world.services.draws.invitations.answer(first.id, first.expert_id, "accept", by="voice")
        assert (await next_facts(stream.content))["accepted"] == 1
        await world.services.draws.invitations.answer(second.id, second.expert_id, "accept", by="chat")
        facts = await next_facts(stream.content)
        while facts["state"] != "completed":
            await world.office.run.advance(draw_id)
            facts = await next_facts(stream.content)
    assert facts["accepted"] == facts["planned"] == 2


async def test_one_link_cannot_take_the_streams_of_all_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over real connections: the attacker's own oldest ones end, and another room still sees its draw."""
    monkeypatch.setitem(cast(dict[str, int], CAPS), "address", 6)
    draw_id, _ = await world.call(1)
    board = await shared(world, draw_id, "抽取进度大屏")
    async with AsyncExitStack() as stack:
        taken = [
            await stack.enter_async_context(
                board.client.get(f"{board.path}/events", headers={"X-Forwarded-For": f"2001:db8::{n:x}"})
            )
            for n in range(CAPS["address"] + 3)
        ]
        assert all(stream.status == 200 for stream in taken)
        for stream in taken[:3]:
            async with asyncio.timeout(20):
                assert b"event: elsewhere" in await stream.content.read(), "it is told why it ends"
        assert (await next_facts(taken[-1].content))["planned"] == 1
        assert not taken[3].content.at_eof()
        room = await stack.enter_async_context(
            board.client.get(f"{board.path}/events", headers={"X-Forwarded-For": "203.0.113.7"})
        )
        assert (room.status, (await next_facts(room.content))["planned"]) == (200, 1)


async def next_facts(content: object) -> dict[str, object]:
    while True:
        line = await content.readline()  # type: ignore[attr-defined]  # aiohttp's StreamReader
        assert line, "the stream ended"
        if line.startswith(b"data: "):
            facts: dict[str, object] = json.loads(line[6:])
            return facts


async def test_links_to_screens_run_out_and_serve_one_screen(world: World) -> None:
    draw_id, _ = await world.call()
    board = await shared(world, draw_id, "抽取进度大屏")
    assert (await world.visitor().get(board.path.replace("/draw/", "/record/"))).status == 403
    world.clock.move(timedelta(hours=25))
    assert (await world.visitor().get(board.path)).status == 403
    assert (await world.visitor().get(f"{board.path}/events")).status == 403


async def test_a_record_reads_in_chinese_and_its_file_passes_the_downloaded_program(
    world: World, tmp_path: Path
) -> None:
    draw_id, [first, second] = await world.call(2)
    await world.services.draws.invitations.answer(first.id, first.expert_id, "decline", by="chat")
    await world.services.draws.invitations.answer(second.id, second.expert_id, "accept", by="chat")
    await world.office.run.advance(draw_id)
    page = await shared(world, draw_id, "抽取记录")
    for words in ("名单冻结", "摇号结果确定", "通知专家", "条件1，不参加", "怎样核对"):
        assert words in page.text
    for secret in (first.code, "专家0", "演示项目"):
        assert secret not in page.text
    file = await page.client.get(page.page.links["下载记录"])
    assert "attachment" in file.headers["Content-Disposition"]
    record = await file.read()
    assert [f for f in verify(json.loads(record), []) if f.severity == "error"] == []
    (tmp_path / "record.json").write_bytes(record)
    program = await page.client.get(page.page.links["下载核对程序"])
    (tmp_path / "verify_draw.py").write_bytes(await program.read())
    command = [sys.executable, "-I", "verify_draw.py", "record.json"]
    done = await asyncio.to_thread(programs.run, command, cwd=tmp_path)
    assert done.returncode in (0, 3), done.stdout


async def test_a_record_before_the_draw_has_begun_is_not_offered(world: World) -> None:
    draw_id = await make_draw(world.office)
    agency = await (await world.log_in(world.office.agency)).get(f"/draws/{draw_id}")
    assert not any(name.startswith("抽取记录") for name in agency.page.buttons)
    form = agency.page.forms[0]
    await agency.post(form["action"], {**form["fields"], "screen": "record"})
    assert (agency.status, "还没有开始" in agency.text) == (409, True)


async def test_a_board_shows_how_the_three_numbers_come_in(world: World) -> None:
    draw_id = await make_draw(world.office)
    await add_experts(world.office, 4)
    await approve(world.office, draw_id)
    await world.office.rounds.open(world.office.agency, draw_id)
    board = await shared(world, draw_id, "抽取进度大屏")
    assert "等待代理机构、监督人提交随机数" in board.text
    async with board.client.get(f"{board.path}/events") as stream:
        facts = await next_facts(stream.content)
        assert (facts["roll-system"], facts["roll-agency"], facts["roll-seed"]) == ("已锁定", "等待", "等待")
        await fix_seed(world.office, draw_id)
        while facts["roll-seed"] == "等待":
            facts = await next_facts(stream.content)
    entry = await LogEntry.get(draw_id=draw_id, act="seed_fixed")
    assert facts["roll-seed"] == f"{entry.facts['seed'][:4]} {entry.facts['seed'][4:8]}".upper()
    assert "已锁定" not in (facts["roll-system"], facts["roll-agency"], facts["roll-supervisor"])
    assert facts["roll-state"] == "专家顺序已确定"


async def test_an_agency_whose_log_in_ends_is_cut_off(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.draws.event_stream.CHECK_INTERVAL", 0.0)
    monkeypatch.setattr("services.draws.event_stream.CHANGE_TIMEOUT", 0.01)
    draw_id, _ = await world.call()
    agency = await (await world.log_in(world.office.agency)).get(f"/agency/draws/{draw_id}/run")
    async with agency.client.get(f"/agency/draws/{draw_id}/events") as stream:
        assert (await next_facts(stream.content))["planned"] == 1
        world.clock.move(timedelta(days=60))
        async with asyncio.timeout(20):
            assert b"event: over" in await stream.content.read()


async def test_a_watcher_whose_link_runs_out_is_cut_off(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.draws.event_stream.CHECK_INTERVAL", 0.0)
    monkeypatch.setattr("services.draws.event_stream.CHANGE_TIMEOUT", 0.01)
    draw_id, _ = await world.call()
    board = await shared(world, draw_id, "抽取进度大屏")
    async with board.client.get(f"{board.path}/events") as stream:
        await next_facts(stream.content)
        world.clock.move(timedelta(hours=25))
        async with asyncio.timeout(20):
            assert b"event: over" in await stream.content.read()
