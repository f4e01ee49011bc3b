"""An expert's region or specialty changes while a draw runs: the frozen list holds, and later lists know the change."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.experts.file import FileChange, FileSource
from models.draws import CandidateList
from models.experts import CatalogueEntry, Expert
from models.invitations import Invitation
from services.core.base import Deps, transaction
from services.expert_files import change_file
from tests.factories.offices import (
    Office,
    add_experts,
    check_record,
    fix_seed,
    make_draw,
    make_office,
    new_project,
    open_invitations,
    start_draw,
    verify,
)
from tests.invariants import check_invariants

MOVES = {
    "region": {"region": "440300", "remote_evaluation": False},
    "specialty": {"specialties": [{"code": "A01", "choice": "preferred"}]},
}


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    made = await make_office(deps)
    for code, parent in (("440000", ""), ("440100", "440000"), ("440300", "440000")):
        await CatalogueEntry.update_or_create(
            pool="demo", kind="region", code=code, defaults={"name": code, "parent": parent}
        )
    return made


async def move(office: Office, expert: Expert, values: dict[str, object]) -> None:
    """As an approved change takes effect."""
    async with transaction():
        locked = await Expert.select_for_update().get(id=expert.id)
        await change_file(office.deps, locked, FileChange(office.deps.now(), FileSource.APPLICATION, values))


async def called(draw_id: UUID) -> set[UUID]:
    return {invitation.expert_id for invitation in await Invitation.filter(draw_id=draw_id)}


@pytest.mark.parametrize("kind", MOVES)
async def test_a_change_after_the_freeze_leaves_the_order_and_counts_from_the_next_list_on(
    office: Office, kind: str
) -> None:
    """Who may be called was fixed before anybody knew the seed: nobody gets himself, or another, in or out later."""
    experts = await add_experts(office, 2)
    draw_id = await make_draw(office, needed=2)
    await verify(office, draw_id)
    await office.rounds.open(office.agency, draw_id)
    await fix_seed(office, draw_id)
    await move(office, experts[0], MOVES[kind])
    await office.run.start(office.agency, draw_id)
    await office.run.advance(draw_id)
    assert await called(draw_id) == {expert.id for expert in experts}
    await check_record(office, draw_id)
    await check_invariants()
    await Invitation.filter(draw_id=draw_id).update(state="declined")
    await new_project(office)
    later = await start_draw(office, needed=1)
    assert (await CandidateList.get(draw_id=later)).count == 1
    assert experts[0].id not in await called(later)


@pytest.mark.parametrize("kind", MOVES)
async def test_an_invitation_stays_open_though_the_expert_moves(office: Office, kind: str) -> None:
    [expert] = await add_experts(office, 1)
    draw_id = await start_draw(office, needed=1)
    [invitation] = await open_invitations(draw_id)
    await move(office, expert, MOVES[kind])
    answered = await office.invitations.answer(invitation.id, expert.id, "accept", by="chat")
    assert answered.effective
    await office.run.advance(draw_id)
    await check_record(office, draw_id)
    await check_invariants()
