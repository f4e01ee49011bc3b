"""Which draws stand in an agency's lists of work, by their state."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.draws.lifecycles import OVER, DrawState
from models.draws import Draw, DrawApplication
from services.core.base import Deps
from services.draws import DrawAccess, WorkLists
from tests.factories import draw_states
from tests.factories.offices import Office, add_experts, make_draw, make_office


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


@pytest.fixture
def lists(deps: Deps) -> WorkLists:
    return WorkLists(deps, DrawAccess(deps))


async def test_a_draw_is_unfinished_until_it_is_over(office: Office, lists: WorkLists) -> None:
    draw_id = await make_draw(office)
    for state in DrawState:
        await Draw.filter(id=draw_id).update(state=state)
        unfinished = await lists.read(office.agency, "unfinished")
        assert (unfinished.total == 1) == (state not in OVER), state


async def test_a_complete_panel_is_finished_when_its_evaluation_ends(
    office: Office, lists: WorkLists, clock: FixedClock
) -> None:
    draw_id = await make_draw(office)
    await Draw.filter(id=draw_id).update(state="completed")
    draw = await Draw.get(id=draw_id)
    clock.set(draw.ends_at - timedelta(seconds=1))
    assert (await lists.read(office.agency, "unfinished")).total == 1
    clock.set(draw.ends_at)
    assert (await lists.read(office.agency, "unfinished")).total == 0


async def test_the_newest_request_to_release_is_told(office: Office, lists: WorkLists) -> None:
    await add_experts(office, 2)
    draw_id = await draw_states.completed(office)

    async def release() -> str:
        [line] = (await lists.read(office.agency, "unfinished")).lines
        return line.release

    assert await release() == "", "the approval of the draw itself is another application"
    await draw_states.prove(office, draw_id, "release_application")
    for end, state in ((office.verification.refuse, "refused"), (None, "submitted")):
        await office.releases.submit(office.agency, draw_id, "招标失败", "")
        assert await release() == "submitted"
        newest = await DrawApplication.filter(draw_id=draw_id, kind="release").order_by("-submitted_at", "-id").first()
        assert newest is not None
        if end is not None:
            await end(office.verifier, newest.id, "证明没有盖章")
        assert await release() == state
