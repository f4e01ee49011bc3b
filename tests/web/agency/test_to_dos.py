"""The to-do list of an agency: each entry can be done, the most urgent comes first, long lists are complete."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from models.accounts import Account
from models.draws import Draw
from tests.factories import draw_states as states
from tests.factories.offices import Office, add_experts, make_draw, open_invitations, start_draw, state_of
from tests.web.conftest import Visitor, World

Make = Callable[[Office], Awaitable[UUID]]


async def enter(world: World) -> Visitor:
    return await world.enter(await Account.get(id=world.office.agency.account_id))


async def copy_draw(draw_id: UUID, number: int, **columns: Any) -> None:
    draw = await Draw.get(id=draw_id)
    known = {name: getattr(draw, name) for name in draw._meta.db_fields if name != "id"}
    await Draw.create(**{**known, "number": f"CQSQ20261101{number:04}", **columns})


@pytest.mark.parametrize(
    ("make", "before", "past"),
    [
        (states.never_handed_in, "填写后提交审核", "评标时间已过，请修改时间"),
        (states.refused, "请修改后重新提交", "评标时间已过，请修改时间"),
        (states.verified, "请开始三方摇号", "评标时间已过，请终止活动"),
        (states.committing, "前打开抽取页提交随机数", "评标时间已过，请终止活动"),
        (states.seeded, "专家顺序已确定，请启动抽取", "评标时间已过，请终止活动"),
        (states.widening, "前打开抽取页提交随机数", "评标时间已过，请结束活动或终止本轮摇号"),
        (states.short, "专家不足，请补抽", "评标时间已过，不再补抽的请结束活动"),
        (states.supplement_pending, "有名额待补抽", "评标时间已过，不再补抽的请结束活动"),
    ],
)
async def test_a_to_do_past_the_start_is_what_can_still_be_done(
    world: World, make: Make, before: str, past: str
) -> None:
    await add_experts(world.office, 4)
    draw_id = await make(world.office)
    agency = await enter(world)
    await agency.get("/agency")
    assert (before in agency.text, past in agency.text) == (True, False)
    world.clock.set((await Draw.get(id=draw_id)).starts_at)
    agency = await enter(world)
    await agency.get("/agency")
    assert (before in agency.text, past in agency.text) == (False, True)


async def test_a_recall_past_its_start_can_only_be_terminated(world: World) -> None:
    await add_experts(world.office, 4)
    draw_id = await states.recall_verified(world.office)
    world.clock.set((await Draw.get(id=draw_id)).starts_at)
    agency = await enter(world)
    assert "评标时间已过，请终止活动" in (await agency.get("/agency")).text


async def test_what_is_nearest_stands_first_and_drafts_last(world: World) -> None:
    draw_id = await make_draw(world.office)
    starts_at = (await Draw.get(id=draw_id)).starts_at
    for number, hours in enumerate((3, 2)):
        urgent = {"state": "verified", "starts_at": starts_at + timedelta(hours=hours), "name": f"急{hours}"}
        await copy_draw(draw_id, number, **urgent, created_at=world.clock.now() - timedelta(days=9))
    for number in range(25):
        await copy_draw(draw_id, 100 + number)
    agency = await enter(world)
    await agency.get("/agency")
    todo = agency.text.partition("待办事项")[2].partition("月的活动")[0]
    assert -1 < todo.find("急2") < todo.find("急3") < todo.find("填写后提交审核")
    assert "共28项" in re.sub(r"\s", "", todo)
    await agency.click("查看全部待办事项")
    assert "项目数量：28" in agency.text
    assert -1 < agency.text.find("急2") < agency.text.find("急3")


async def decline_all(world: World, draw_id: UUID) -> None:
    for invitation in await open_invitations(draw_id):
        await world.services.draws.invitations.answer(invitation.id, invitation.expert_id, "decline", by="chat")
    await world.office.run.advance(draw_id)


async def test_a_place_for_which_no_expert_was_found_is_listed_again_with_all_its_facts(world: World) -> None:
    draw_id, [invitation, _] = await world.panel(2)
    await world.services.draws.invitations.leave(invitation.id, invitation.expert_id, "出差", by="chat")
    await world.office.supplements.start(world.office.agency, draw_id)
    await world.office.run.advance(draw_id)
    agency = await enter(world)
    await agency.get(f"/agency/draws/{draw_id}/log")
    assert ("补抽中" in agency.text, "已补抽" in agency.text) == (True, False)
    await decline_all(world, draw_id)
    assert await state_of(draw_id) == "short"
    await agency.get("/agency/pending")
    for shown in (invitation.code, "条件1", "通知1", "请假：出差", "专家本人", "未补抽", "专家不足", "需补抽1人"):
        assert shown in agency.text, shown
    assert "专家不足的活动" not in agency.text, "listed once"


async def test_a_short_activity_is_listed_with_what_it_lacks_however_many_are_newer(world: World) -> None:
    await add_experts(world.office, 1)
    draw_id = await start_draw(world.office, needed=2)
    [invitation] = await open_invitations(draw_id)
    await world.services.draws.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    await world.office.run.advance(draw_id)
    assert await state_of(draw_id) == "short"
    later = world.clock.now() + timedelta(hours=1)
    for number in range(51):
        await copy_draw(draw_id, number, state="completed", created_at=later)
    agency = await enter(world)
    await agency.get("/agency/pending")
    short = agency.text.partition("专家不足的活动")[2].partition("缺席专家登记")[0]
    for shown in ("专家不足", "已同意1人，共需2人", "需补抽1人"):
        assert shown in short, shown
    assert "共52个" in re.sub(r"\s", "", agency.text.partition("缺席专家登记")[2])
