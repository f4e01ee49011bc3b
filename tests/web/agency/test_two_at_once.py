"""Two persons press buttons of one activity at once: each act is done once, and the second person is informed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

import pytest

from domain.clock import local
from models.audit import AuditEntry
from models.draws import Absence, CallNotice, Draw, DrawApplication, LogEntry
from models.invitations import Invitation
from models.notices import Notice
from models.organisations import Organisation
from models.projects import Project
from models.remuneration import Remuneration
from services.draws import DiscardForm
from tests.factories.draw_states import (
    asked_to_release,
    completed,
    drawing,
    recall_verified,
    seeded,
    supplement_pending,
    verified,
)
from tests.factories.offices import add_experts, answer_recall, end_with_panel, state_of
from tests.factories.people import make_account, make_agent_link
from tests.factories.remuneration import ended_panel
from tests.invariants import check_invariants
from tests.web.conftest import Visitor, World


@pytest.fixture
async def world(world: World) -> World:
    await add_experts(world.office, 6)
    return world


async def log_in_two(world: World, draw_id: UUID) -> tuple[Visitor, Visitor]:
    """The legal entity, and the agent whose activity it is, each at a computer."""
    office, agent = world.office, await make_account(world.services.deps)
    await make_agent_link(await Organisation.get(id=office.agency.organisation_id), agent)
    await Draw.filter(id=draw_id).update(agent_id=agent.id)
    await Project.filter(id=office.project_id).update(agent_id=agent.id)
    return await world.log_in(office.agency), await world.enter(agent)


async def press_at_once(world: World, draw_id: UUID, path: str, button: str, **typed: str) -> tuple[Visitor, Visitor]:
    """Both open the page and press; returns the first and the second."""
    visitors = await log_in_two(world, draw_id)
    for visitor in visitors:
        await visitor.get(path)
    await asyncio.gather(*(visitor.press(button, **typed) for visitor in visitors))
    first, second = sorted(visitors, key=lambda visitor: visitor.status)
    assert (first.status, second.status) == (200, 409), (first.text, second.text)
    await check_invariants()
    return first, second


async def acts(draw_id: UUID) -> Mapping[str, int]:
    """Number of each act in the record."""
    recorded_acts = [log_entry.act for log_entry in await LogEntry.filter(draw_id=draw_id)]
    return {act: recorded_acts.count(act) for act in recorded_acts}


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
    invitation = await Invitation.filter(draw_id=draw_id, state="accepted").order_by("code").first()
    assert invitation is not None
    world.clock.set(invitation.gathering_at + world.services.deps.book("demo").attendance.late_after)
    absence_fields = {"who": invitation.code, "kind": "absence", "reason": "未到场"}
    _, second = await press_at_once(world, draw_id, f"/draws/{draw_id}/absences", "登记", **absence_fields)
    assert "该专家缺席，名额已空出，不用再登记" in second.text, second.text
    assert (await Absence.filter(draw_id=draw_id).count(), await state_of(draw_id)) == (1, "supplement_pending")
    assert (await Invitation.get(id=invitation.id)).state == "absent"


async def test_the_panel_of_a_recall_is_confirmed_once(world: World) -> None:
    office = world.office
    draw_id = await recall_verified(office)
    await answer_recall(office, draw_id)
    _, second = await press_at_once(world, draw_id, f"/agency/draws/{draw_id}/notify", "提交最终确认结果")
    assert "已提交最终确认结果，不能再修改" in second.text, second.text
    [agreed] = await Invitation.filter(draw_id=draw_id, state="accepted")
    assert await Notice.filter(kind="draw_accepted", invitation_id=agreed.id).count() == 1


async def test_an_activity_is_drawn_anew_once(world: World) -> None:
    draw_id = await end_with_panel(world.office)
    times = {"opening_at": at(world, 9), "bid_closing_at": at(world, 8), "starts_at": at(world, 14)}
    path = f"/agency/draws/{draw_id}/redraw"
    _, second = await press_at_once(world, draw_id, path, "确定重新抽取", **times, ends_at=at(world, 18))
    [new] = await Draw.filter(original_id=draw_id)
    assert f"/agency/draws/{new.id}" in " ".join(second.page.links.values()), second.text


async def test_a_start_is_postponed_once(world: World) -> None:
    """Both fill the place that became free at the gathering, each by a start of his own."""
    draw_id = await at_the_door(world)
    old = (await Draw.get(id=draw_id)).starts_at
    visitors = await log_in_two(world, draw_id)
    for visitor in visitors:
        await visitor.get(f"/agency/draws/{draw_id}/run")
    [notice] = await CallNotice.filter(draw_id=draw_id)
    gathering = {f"at-{notice.id}": moment(world, 2), "update": "1", "postpone": "1", "start_reason": "补抽"}
    hours = (3, 4)
    await asyncio.gather(
        *(
            visitor.press("启动补抽", **gathering, starts_at=moment(world, hour))
            for visitor, hour in zip(visitors, hours, strict=True)
        )
    )
    assert sorted(visitor.status for visitor in visitors) == [200, 409], [visitor.text for visitor in visitors]
    won = hours[0] if visitors[0].status == 200 else hours[1]
    draw = await Draw.get(id=draw_id)
    assert (f"{local(draw.starts_at):%Y-%m-%dT%H:%M}", draw.starts_at > old) == (moment(world, won), True)
    assert (await done("draw.start_moved"), await done("draw.supplemented")) == (1, 1)
    told = await Notice.filter(kind="evaluation_postponed").values_list("account_id", flat=True)
    assert len(told) == len(set(told)), "everybody once"
    await check_invariants()


async def test_a_release_is_withdrawn_or_approved(world: World) -> None:
    draw_id = await asked_to_release(world.office)
    agency = await world.log_in(world.office.agency)
    verifier = await world.log_in(world.office.verifier, "verifier")
    await agency.get(f"/agency/draws/{draw_id}/release")
    await verifier.get(f"/draws/{draw_id}/application")
    await asyncio.gather(agency.press("撤回退选申请"), verifier.press("通过"))
    assert sorted((agency.status, verifier.status)) == [200, 409], (agency.text, verifier.text)
    [application] = await DrawApplication.filter(draw_id=draw_id, kind="release")
    assert application.state == ("withdrawn" if agency.status == 200 else "approved")
    late = agency if verifier.status == 200 else verifier
    assert ("核验通过" if late is agency else "已撤回") in late.text, late.text
    await check_invariants()


# ---- money


async def test_payment_is_marked_once(world: World) -> None:
    draw_id, [invitation] = await ended_panel(world.office, world.clock)
    await world.services.remuneration.proposals.propose_all(world.office.venue, draw_id)
    expert = await (await world.log_in_expert(invitation.expert_id)).get("/h5/demo/remuneration")
    await expert.press("确认500.00元")
    visitors = await log_in_two(world, draw_id)
    for visitor in visitors:
        await visitor.get(f"/agency/draws/{draw_id}/remuneration")
    ways = ("现金", "银行转账")
    await asyncio.gather(
        *(visitor.press("全部登记（1人）", way=way) for visitor, way in zip(visitors, ways, strict=True))
    )
    assert [visitor.status for visitor in visitors] == [200, 200]
    told = ["此前已登记支付" in visitor.text for visitor in visitors]
    assert sorted(told) == [False, True], "who was second learns it"
    assert (await Remuneration.get(invitation_id=invitation.id)).paid_way == ways[told.index(False)]
    assert (await done("remuneration.paid"), await Notice.filter(kind="remuneration_paid").count()) == (1, 1)
    await check_invariants()


async def test_an_amount_is_corrected_while_its_expert_objects(world: World) -> None:
    """In either order: the expert is asked about the new amount, and an objection to the old one is not lost."""
    draw_id, [invitation] = await ended_panel(world.office, world.clock)
    await world.services.remuneration.proposals.propose_all(world.office.venue, draw_id)
    venue = await (await world.log_in(world.office.venue, "venue")).get(f"/draws/{draw_id}/remuneration")
    expert = await (await world.log_in_expert(invitation.expert_id)).get("/h5/demo/remuneration")
    await asyncio.gather(
        venue.press("更正金额", amount="600", words="补登记一小时"), expert.press("提出异议", reason="实际20:30离场")
    )
    remuneration = await Remuneration.get(invitation_id=invitation.id)
    assert (remuneration.state, remuneration.amount, remuneration.version) == ("proposed", 60000, 2), (
        venue.text,
        expert.text,
    )
    if expert.status == 409:
        assert (remuneration.disputes, "已更新为600.00元" in expert.text) == (0, True)
    else:
        assert (remuneration.dispute, remuneration.reply, expert.status) == ("实际20:30离场", "补登记一小时", 200)
    assert await Notice.filter(kind="remuneration_proposed").count() == 2
    await check_invariants()


def at(world: World, hour: int) -> str:
    """Tomorrow, as an input of a day and time holds it."""
    return f"{local(world.clock.now()) + timedelta(days=1):%Y-%m-%d}T{hour:02}:00"


def moment(world: World, hours: int) -> str:
    return f"{local(world.clock.now() + timedelta(hours=hours)):%Y-%m-%dT%H:%M}"


async def at_the_door(world: World) -> UUID:
    """A panel of two has gathered; one is there, the other is registered as absent."""
    draw_id, [here, gone] = await world.panel(2)
    world.clock.set(here.gathering_at + timedelta(minutes=1))
    await world.office.attendance.check_in_by_code(world.office.venue, draw_id, here.code)
    await world.office.discards.register(world.office.venue, draw_id, DiscardForm(gone.code, "absence", "未到"))
    return draw_id
