"""A limit passes between page and press: the answer gives the new state and a link, and nothing is half done.

Each test opens a page a minute before its limit and presses a minute after it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.clock import local
from models.draws import CallNotice, Draw, DrawApplication
from models.invitations import Invitation
from tests.drivers.tables import sums_of_draws
from tests.factories.draw_states import asked_to_release, completed, paused, recalled, seeded, submitted
from tests.factories.draw_states import supplement_pending as needs_supplement
from tests.factories.offices import add_experts, answer_recall, end_with_panel, enter_all, state_of
from tests.web.conftest import Visitor, World

MINUTE = timedelta(minutes=1)
NAME = "演示项目(一标段)"
"""Of the activity; its link leads back to it."""


@pytest.fixture
async def world(world: World) -> World:
    await add_experts(world.office, 6)
    return world


async def open_before(world: World, limit: datetime, who: Visitor, path: str) -> Visitor:
    """The page as it stands a minute before the limit; now it is a minute after it."""
    await who.get(path)
    assert who.status == 200
    world.clock.set(limit + MINUTE)
    return who


async def log_in(world: World, limit: datetime, role: str) -> Visitor:
    """A person who is logged in a minute before the limit."""
    world.clock.set(limit - MINUTE)
    office = world.office
    if role == "agency":
        return await world.log_in(office.agency)
    return await world.log_in(office.verifier if role == "verifier" else office.venue, role)


async def refused(visitor: Visitor, button: str, says: str, way: str, **typed: str) -> None:
    """Press too late: nothing changes, and the page gives the reason and ``way``, a link, a button or a word."""
    before = await sums_of_draws()
    await visitor.press(button, **typed)
    assert visitor.status in (409, 422), (visitor.status, visitor.text)
    assert says in visitor.text, visitor.text
    offered = {*visitor.page.links, *visitor.page.buttons}
    assert way in offered or way in visitor.text, (way, sorted(offered))
    assert await sums_of_draws() == before


async def test_a_request_is_not_approved_once_its_start_has_passed(world: World) -> None:
    draw_id = await submitted(world.office)
    limit = (await Draw.get(id=draw_id)).starts_at
    verifier = await log_in(world, limit, "verifier")
    await open_before(world, limit, verifier, f"/draws/{draw_id}/application")
    await refused(verifier, "通过", "预计评标开始时间已过，不能通过", "退回")
    await verifier.press("退回", opinion="评标时间已过，请修改")
    assert await state_of(draw_id) == "refused"


async def test_calling_is_not_begun_so_near_the_gathering_and_the_gathering_is_moved(world: World) -> None:
    draw_id = await seeded(world.office)
    notice, draw = await CallNotice.get(draw_id=draw_id), await Draw.get(id=draw_id)
    limit = notice.gathering_at - timedelta(seconds=draw.lead_seconds)
    agency = await log_in(world, limit, "agency")
    await open_before(world, limit, agency, f"/agency/draws/{draw_id}/run")
    await refused(agency, "启动抽取", "距集合时间太近，已不能呼叫专家，请先修改集合时间", "保存并通知专家")
    await agency.press("保存并通知专家", gathering_at=f"{local(draw.starts_at):%Y-%m-%dT%H:%M}")
    await agency.press("启动抽取")
    assert await state_of(draw_id) == "drawing"


async def test_calling_is_not_begun_after_the_start_and_the_activity_is_given_up(world: World) -> None:
    draw_id = await seeded(world.office)
    limit = (await Draw.get(id=draw_id)).starts_at
    agency = await log_in(world, limit, "agency")
    await open_before(world, limit, agency, f"/agency/draws/{draw_id}/run")
    await refused(agency, "启动抽取", "预计评标开始时间已过，不能再抽取", "终止本活动")
    assert "请先修改集合时间" not in agency.text
    await agency.click("终止本活动")
    await agency.press("终止活动", cause="replanned", words="时间已过")
    assert await state_of(draw_id) == "terminated"


async def test_a_release_is_not_begun_within_five_hours_of_the_start(world: World) -> None:
    office = world.office
    draw_id = await asked_to_release(office)
    application = await DrawApplication.get(draw_id=draw_id, kind="release")
    await office.verification.approve(office.verifier, application.id)
    limit = office.release_queries.deadline_of(await Draw.get(id=draw_id))
    agency = await log_in(world, limit, "agency")
    await open_before(world, limit, agency, f"/agency/draws/{draw_id}/release")
    await refused(agency, "确定启动退选", "退选截止时间", "核验人员终止活动")


async def test_a_recall_is_not_confirmed_once_its_start_has_passed(world: World) -> None:
    office = world.office
    old = await end_with_panel(office)
    world.clock.move(timedelta(hours=12))
    draw_id = await recalled(office, old)
    draw = await Draw.get(id=draw_id)
    await answer_recall(office, draw_id)
    agency = await log_in(world, draw.starts_at, "agency")
    await open_before(world, draw.starts_at, agency, f"/agency/draws/{draw_id}/notify")
    words = "预计评标开始时间已过，请终止本活动，重新发起复评"
    await refused(agency, "提交最终确认结果", words, "终止本活动")


async def test_a_supplementary_draw_is_not_begun_so_near_the_gathering(world: World) -> None:
    draw_id = await needs_supplement(world.office)
    notice, draw = await CallNotice.get(draw_id=draw_id), await Draw.get(id=draw_id)
    limit = notice.gathering_at - timedelta(seconds=draw.lead_seconds)
    agency = await log_in(world, limit, "agency")
    await open_before(world, limit, agency, f"/agency/draws/{draw_id}/run")
    await refused(agency, "启动补抽", "距集合时间太近", "请先更新集合时间", update="", postpone="")
    await agency.press("启动补抽", postpone="")
    assert await state_of(draw_id) == "drawing", agency.text


@pytest.mark.parametrize("way", [completed, paused])
async def test_a_gathering_is_not_moved_into_the_past(world: World, way: Any) -> None:
    draw_id = await way(world.office)
    limit = world.clock.now() + timedelta(hours=2)
    agency = await log_in(world, limit, "agency")
    await open_before(world, limit, agency, f"/agency/draws/{draw_id}/run")
    typed = f"{local(limit):%Y-%m-%dT%H:%M}"
    await refused(agency, "保存并通知专家", "集合时间应在现在之后", "保存并通知专家", gathering_at=typed)


@pytest.mark.parametrize("role", ["agency", "venue"])
async def test_urging_after_the_window_is_refused(world: World, role: str) -> None:
    draw_id = await completed(world.office)
    book = world.services.deps.book("demo")
    notice, draw = await CallNotice.get(draw_id=draw_id), await Draw.get(id=draw_id)
    await world.office.gathering_times.change(world.office.agency, draw_id, notice.id, draw.starts_at)
    invitation = await Invitation.filter(draw_id=draw_id, state="accepted").order_by("code").first()
    assert invitation is not None
    limit = draw.starts_at + book.attendance.urging_window
    visitor = await log_in(world, limit, role)
    page = f"/agency/draws/{draw_id}/attendance" if role == "agency" else f"/draws/{draw_id}/attendance"
    await open_before(world, limit, visitor, page)
    way = "请假、缺席与回避" if role == "agency" else "进场"
    await refused(visitor, f"语音催促{invitation.code}", "分钟内催促", way)


async def test_a_leave_is_not_registered_after_the_gathering_but_an_absence_is(world: World) -> None:
    draw_id = await completed(world.office)
    invitation = await Invitation.filter(draw_id=draw_id, state="accepted").order_by("code").first()
    assert invitation is not None
    venue = await log_in(world, invitation.gathering_at, "venue")
    await open_before(world, invitation.gathering_at, venue, f"/draws/{draw_id}/absences")
    absence_fields = {"who": invitation.code, "reason": "来电"}
    await refused(
        venue, "登记", "集合时间已到，不能再登记请假；未到场的请登记缺席", "登记", kind="leave", **absence_fields
    )


@pytest.mark.parametrize("kind", ["leave", "absence", "recusal"])
async def test_nothing_is_registered_once_the_activity_has_ended_by_itself(world: World, kind: str) -> None:
    draw_id = await completed(world.office)
    invitation = await Invitation.filter(draw_id=draw_id, state="accepted").order_by("code").first()
    assert invitation is not None
    limit = (await Draw.get(id=draw_id)).ends_at
    venue = await log_in(world, limit, "venue")
    await open_before(world, limit, venue, f"/draws/{draw_id}/absences")
    await world.office.activity_end.end_due()
    absence_fields = {"who": invitation.code, "kind": kind, "reason": "来电", "cause": "投标人"}
    await refused(venue, "登记", "活动已结束，不能再登记", NAME, **absence_fields)


@pytest.mark.parametrize("button", ["终止活动", "结束活动"])
async def test_an_activity_that_has_ended_by_itself_is_not_ended_again(world: World, button: str) -> None:
    draw_id = await completed(world.office)
    limit = (await Draw.get(id=draw_id)).ends_at
    verifier = await log_in(world, limit, "verifier")
    if button == "结束活动":
        await enter_all(draw_id)
    await open_before(world, limit, verifier, f"/draws/{draw_id}/exit")
    await world.office.activity_end.end_due()
    typed = {"cause": "replanned", "words": "改期"} if button == "终止活动" else {"words": "改期"}
    await refused(verifier, button, "已结束", NAME, **typed)
