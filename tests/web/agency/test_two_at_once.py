"""The legal entity and its agent press the same button of one activity at once: done once, and the other learns it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from uuid import UUID

import pytest

from models.audit import AuditEntry
from models.draws import Absence, Draw, DrawApplication, LogEntry
from models.invitations import Invitation
from models.notices import Notice
from models.organisations import Organisation
from tests.factories.draw_states import (
    asked_to_release,
    completed,
    drawing,
    seeded,
    supplement_pending,
    verified,
)
from tests.factories.offices import add_experts, state_of
from tests.factories.people import make_account, make_agent_link
from tests.invariants import check_invariants
from tests.web.conftest import Visitor, World


@pytest.fixture
async def world(world: World) -> World:
    await add_experts(world.office, 6)
    return world


async def two(world: World, draw_id: UUID) -> tuple[Visitor, Visitor]:
    """The legal entity, and the agent whose activity it is, each at a computer."""
    office, agent = world.office, await make_account(world.services.deps)
    await make_agent_link(await Organisation.get(id=office.agency.organisation_id), agent)
    await Draw.filter(id=draw_id).update(agent_id=agent.id)
    return await world.log_in(office.agency), await world.enter(agent)


async def press_at_once(world: World, draw_id: UUID, path: str, button: str, **typed: str) -> tuple[Visitor, Visitor]:
    """Both open the page and press; who was first, and who was not."""
    visitors = await two(world, draw_id)
    for one in visitors:
        await one.get(path)
    await asyncio.gather(*(one.press(button, **typed) for one in visitors))
    first, second = sorted(visitors, key=lambda one: one.status)
    assert (first.status, second.status) == (200, 409), (first.text, second.text)
    await check_invariants()
    return first, second


async def acts(draw_id: UUID) -> Mapping[str, int]:
    """How often each act is in the record."""
    found = [one.act for one in await LogEntry.filter(draw_id=draw_id)]
    return {act: found.count(act) for act in found}


async def done(action: str) -> int:
    return await AuditEntry.filter(action=action).count()


async def test_the_draw_of_lots_is_opened_once(world: World) -> None:
    draw_id = await verified(world.office)
    _, second = await press_at_once(world, draw_id, f"/agency/draws/{draw_id}/run", "开始三方摇号")
    assert ("现在是“摇号中”" in second.text, "终止本轮" in second.page.buttons) == (True, True), second.text
    assert (await done("draw.round_opened"), (await acts(draw_id))["round_opened"]) == (1, 1)


async def test_calling_begins_once(world: World) -> None:
    draw_id = await seeded(world.office)
    _, second = await press_at_once(world, draw_id, f"/agency/draws/{draw_id}/run", "启动抽取")
    assert ("现在是“抽取中”" in second.text, "暂停抽取" in second.page.buttons) == (True, True), second.text
    assert (await done("draw.started"), (await acts(draw_id))["need"]) == (1, 1)
    assert await Notice.filter(kind="draw_call").count() <= 1


async def test_calling_is_paused_once(world: World) -> None:
    draw_id = await drawing(world.office)
    _, second = await press_at_once(world, draw_id, f"/agency/draws/{draw_id}/run", "暂停抽取", reason="改时间")
    assert ("现在是“已暂停”" in second.text, "继续抽取" in second.page.buttons) == (True, True), second.text
    assert (await done("draw.paused"), (await acts(draw_id))["paused"]) == (1, 1)


async def test_a_supplementary_draw_begins_once(world: World) -> None:
    draw_id = await supplement_pending(world.office)
    before = (await acts(draw_id))["need"]
    path = f"/agency/draws/{draw_id}/run"
    _, second = await press_at_once(world, draw_id, path, "启动补抽", update="", postpone="")
    assert ("当前没有等待补抽的名额" in second.text, "暂停抽取" in second.page.buttons) == (True, True), second.text
    assert (await done("draw.supplemented"), (await acts(draw_id))["need"]) == (1, before + 1)


async def test_a_release_begins_once(world: World) -> None:
    office = world.office
    draw_id = await asked_to_release(office)
    application = await DrawApplication.get(draw_id=draw_id, kind="release")
    await office.verification.approve(office.verifier, application.id)
    agreed = await Invitation.filter(draw_id=draw_id, state="accepted").count()
    _, second = await press_at_once(world, draw_id, f"/agency/draws/{draw_id}/release", "确定启动退选")
    assert ("现在是“已退选”" in second.text, "退选通知" in second.text) == (True, True), second.text
    assert (await done("draw.released"), await Notice.filter(kind="draw_released").count()) == (1, agreed)


async def test_an_absence_is_registered_once(world: World) -> None:
    draw_id = await completed(world.office)
    one = await Invitation.filter(draw_id=draw_id, state="accepted").order_by("code").first()
    assert one is not None
    world.clock.set(one.gathering_at + world.services.deps.book("demo").attendance.late_after)
    said = {"who": one.code, "kind": "absence", "reason": "未到场"}
    _, second = await press_at_once(world, draw_id, f"/desk/{draw_id}/absences", "登记", **said)
    assert "该专家缺席，名额已空出，不用再登记" in second.text, second.text
    assert (await Absence.filter(draw_id=draw_id).count(), await state_of(draw_id)) == (1, "supplement_pending")
    assert (await Invitation.get(id=one.id)).state == "absent"
