"""What is typed beside a box counts as its tick: no typed value is dropped."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from domain.clock import local
from models.draws import CallNotice, Draw
from models.invitations import Invitation
from tests.factories.offices import add_experts, state_of
from tests.web.conftest import Visitor, World

TEMPLATES = Path(__file__).parents[3] / "web" / "templates" / "agency"
BOXES = {
    "basic_fields.html": "lists of supervisors and of former draws; nothing is typed beside them",
    "calling.html": "update, postpone: typed values count as the tick",
    "condition.html": "one condition with all its fields, which are stored either way",
    "follow_up.html": "the lots to be drawn again; nothing is typed beside them",
    "project_form.html": "on_site, internal_code: say how other fields are checked, which are stored either way",
    "remuneration.html": "the payments that the date and way below it apply to; none is refused",
}
"""Templates of the agency with boxes, and what is typed beside them."""


@pytest.fixture
async def draw_id(world: World) -> UUID:
    """A panel of three of whom one is on leave, long before its gathering."""
    await add_experts(world.office, 3)
    draw_id, [invitation, *_] = await world.panel(3)
    await world.services.draws.invitations.leave(invitation.id, invitation.expert_id, "生病", by="chat")
    return draw_id


async def open_run(world: World, draw_id: UUID) -> Visitor:
    return await (await world.log_in(world.office.agency)).get(f"/agency/draws/{draw_id}/run")


def typed(at: datetime) -> str:
    return f"{local(at):%Y-%m-%dT%H:%M}"


async def test_a_gathering_that_was_typed_without_the_tick_is_asked_for(world: World, draw_id: UUID) -> None:
    """The attack on oneself: the time is typed, the box overlooked, and the experts are called for the old time."""
    notice = await CallNotice.get(draw_id=draw_id)
    moved = notice.gathering_at + timedelta(minutes=20)
    agency = await open_run(world, draw_id)
    await agency.press("启动补抽", **{f"at-{notice.id}": typed(moved), "update": "", "postpone": ""})
    assert await state_of(draw_id) == "drawing", agency.text
    assert typed((await CallNotice.get(id=notice.id)).gathering_at) == typed(moved)
    [agreed, _] = await Invitation.filter(draw_id=draw_id, state="accepted")
    assert (agreed.gathering_at, typed(agreed.proposed_gathering_at or moved)) == (notice.gathering_at, typed(moved))
    assert "还有2位专家没有答复改期" in (await agency.get(f"/agency/draws/{draw_id}/run")).text


@pytest.mark.parametrize("field", ["starts_at", "start_reason"])
async def test_a_start_that_was_typed_without_the_tick_is_not_dropped(world: World, draw_id: UUID, field: str) -> None:
    draw = await Draw.get(id=draw_id)
    values = {"starts_at": typed(draw.starts_at + timedelta(hours=1)), "start_reason": "一位专家请假"}
    agency = await open_run(world, draw_id)
    await agency.press("启动补抽", update="", postpone="", **{field: values[field]})
    assert agency.status == 422
    assert values[field] in await agency.response.text(), "what was typed stays"
    await agency.press("启动补抽", update="", postpone="", **values)
    assert typed((await Draw.get(id=draw_id)).starts_at) == values["starts_at"]


async def test_shown_values_that_nobody_touched_move_nothing(world: World, draw_id: UUID) -> None:
    notice, draw = await CallNotice.get(draw_id=draw_id), await Draw.get(id=draw_id)
    await (await open_run(world, draw_id)).press("启动补抽", update="", postpone="")
    assert await state_of(draw_id) == "drawing"
    assert (await CallNotice.get(id=notice.id)).gathering_at == notice.gathering_at
    assert (await Draw.get(id=draw_id)).starts_at == draw.starts_at


def test_no_box_of_the_agency_drops_what_is_typed_beside_it() -> None:
    """A new box fails here until somebody says what is typed beside it."""
    with_boxes = {
        path.name for path in TEMPLATES.glob("*.html") if re.search(r'type="checkbox"', path.read_text("utf-8"))
    }
    assert with_boxes == set(BOXES)
