"""Agencies and supervisors ask about commitments, supervisors and drawing again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from html import unescape
from uuid import UUID

import pytest

from domain.clock import print_time
from models.accounts import Account
from models.draws import Draw
from tests.factories import draw_states
from tests.factories.offices import Office, add_experts
from tests.handlers.conftest import Phone, World

COMMIT, SUPERVISOR, REDRAW = "三方摇号卡住了", "监督人换人了怎么改", "抽错专业了能重抽不"
RUN, BASIC, SUBMIT = "/agency/draws/{}/run", "/agency/draws/{}/basic", "/agency/draws/{}/submit"
EXIT, RELEASE, EDIT = "/draws/{}/exit", "/agency/draws/{}/release", "/agency/draws/{}"

Way = Callable[[Office], Awaitable[UUID]]


@pytest.fixture
async def agency(world: World) -> Phone:
    await add_experts(world.office, 5)
    return await world.phone_with(await Account.get(id=world.office.agency.account_id))


CASES: list[tuple[str, Way, str, str]] = [
    (COMMIT, draw_states.verified, "核验已通过，待代理机构开始三方摇号。要您做的，打开活动就能做。", RUN),
    (COMMIT, draw_states.committing, "没有反应的请打电话给他。", RUN),
    (SUPERVISOR, draw_states.submitted, "现在可以更换：打开活动信息", BASIC),
    (SUPERVISOR, draw_states.committing, "先终止本轮摇号，换好监督人再重新开始", RUN),
    (SUPERVISOR, draw_states.drawing, "正在呼叫专家，现在不能更换监督人", RUN),
    (SUPERVISOR, draw_states.short, "现在可以更换：打开活动信息", BASIC),
    (REDRAW, draw_states.editing, "专业、人数直接改", EDIT),
    (REDRAW, draw_states.submitted, "先撤回申请，改好条件再提交审核", SUBMIT),
    (REDRAW, draw_states.verified, "抽错的请终止活动，再新建抽取", EXIT),
    (REDRAW, draw_states.drawing, "先暂停或强制结束", RUN),
    (REDRAW, draw_states.completed, "只是缺人的用补抽，不用重抽。", RELEASE),
]


@pytest.mark.parametrize(("sentence", "way", "fact", "page"), CASES)
async def test_each_question_is_answered_for_the_state_of_the_draw(
    world: World, agency: Phone, sentence: str, way: Way, fact: str, page: str
) -> None:
    draw_id = await way(world.office)
    draw = await Draw.get(id=draw_id)
    shown = unescape(await agency.says(sentence))
    assert fact in shown
    assert f'next={page.format(draw_id).replace("/", "%2F")}"' in shown
    assert (await Draw.get(id=draw_id)).state == draw.state


async def test_after_the_last_moment_for_a_release_the_verifier_is_named(world: World, agency: Phone) -> None:
    draw = await Draw.get(id=await draw_states.completed(world.office))
    until = draw.starts_at - world.services.deps.book("demo").draw.release.before_start
    world.clock.set(until)
    assert f"{print_time(until)}前申请退选" in await agency.says(REDRAW)
    world.clock.set(draw.starts_at)
    assert f"退选时间（{print_time(until)}）已过：请核验人员终止" in await agency.says(REDRAW)


@pytest.mark.parametrize(
    ("sentence", "general"),
    [
        (COMMIT, "目前没有等待摇号的活动。"),
        (SUPERVISOR, "每次抽取至少选一位监督人。"),
        (REDRAW, "已结束、已退选或已终止的活动可以重新抽取"),
    ],
)
async def test_without_a_draw_it_is_said_how_it_goes(agency: Phone, sentence: str, general: str) -> None:
    assert general in await agency.says(sentence)


async def test_a_supervisor_is_shown_the_draws_that_wait_for_the_number(world: World) -> None:
    await draw_states.committing(world.office)
    phone = await world.phone_with(await Account.get(id=world.office.supervisor.account_id))
    shown = await phone.says("我是监督人怎么摇号")
    assert "监督" in shown
    assert (await Draw.first()).number in shown  # type: ignore[union-attr]
