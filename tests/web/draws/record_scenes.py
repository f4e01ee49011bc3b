"""Activities with every possible end of a record, in one database."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from domain.clock import local
from models.draws import Draw
from models.invitations import Invitation
from services.draws import RecallTimes, RedrawTimes
from services.draws.setup.attachments import DrawAttachments
from services.files import SealedFiles
from tests.factories.files import MemoryFiles, QuickChecker, pdf
from tests.factories.offices import (
    answer_recall,
    enter_all,
    fix_seed,
    new_project,
    open_invitations,
    prove,
    recuse,
    verify,
)
from tests.web.conftest import World

KINDS = ("released", "terminated", "supplemented", "recalled", "redrawn")


async def end(world: World, draw_id: UUID) -> Draw:
    draw = await Draw.get(id=draw_id)
    world.clock.set(draw.ends_at)
    await enter_all(draw_id)
    await world.services.draws.activity_end.end(world.office.agency, draw_id, "评标已结束")
    return await Draw.get(id=draw_id)


async def every_ending(world: World) -> dict[str, Draw]:
    """One activity of each of ``KINDS``, of three projects; recall and redraw follow the supplemented one."""
    draws_by_kind = {"released": await released(world)}
    await new_project(world.office)
    draws_by_kind["terminated"] = await terminated(world)
    await new_project(world.office)
    draws_by_kind["supplemented"] = await supplemented(world)
    draws_by_kind["recalled"] = await recalled(world, draws_by_kind["supplemented"])
    draws_by_kind["redrawn"] = await redrawn(world, draws_by_kind["supplemented"])
    return draws_by_kind


async def released(world: World) -> Draw:
    office = world.office
    draw_id, _ = await world.panel(2)
    files = DrawAttachments(office.deps, SealedFiles(MemoryFiles(), office.deps.keys), office.access, QuickChecker())
    await files.attach(office.agency, draw_id, "退选申请表.pdf", pdf(), "release")
    application = await office.releases.submit(office.agency, draw_id, "招标失败", "投标人不足三家")
    await office.verification.approve(office.verifier, application)
    await office.releases.start(office.agency, draw_id)
    return await Draw.get(id=draw_id)


async def terminated(world: World) -> Draw:
    draw_id, _ = await world.panel(2)
    await world.office.activity_end.terminate(world.office.verifier, draw_id, "project_stopped", "项目取消")
    return await Draw.get(id=draw_id)


async def supplemented(world: World) -> Draw:
    """One of two is recused on the spot, and replaced along the same order."""
    office = world.office
    draw_id, [invitation, _] = await world.panel(2)
    await recuse(office, draw_id, (await Invitation.get(id=invitation.id)).code)
    await office.supplements.start(office.agency, draw_id)
    await office.run.advance(draw_id)
    await accept_all(world, draw_id)
    return await end(world, draw_id)


async def accept_all(world: World, draw_id: UUID) -> None:
    for invitation in await open_invitations(draw_id):
        await world.office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    await world.office.run.advance(draw_id)


def tomorrow(world: World, hour: int) -> datetime:
    day = local(world.clock.now()) + timedelta(days=1)
    return day.replace(hour=hour, minute=0, second=0, microsecond=0)


async def recalled(world: World, original: Draw) -> Draw:
    office = world.office
    times = RecallTimes(tomorrow(world, 14), tomorrow(world, 18))
    draw_id = await office.redraws.recall(office.agency, original.id, times)
    await prove(office, draw_id)
    await verify(office, draw_id)
    await answer_recall(office, draw_id)
    await office.recalls.confirm(office.agency, draw_id)
    return await end(world, draw_id)


async def redrawn(world: World, original: Draw) -> Draw:
    office = world.office
    times = RedrawTimes(tomorrow(world, 9), tomorrow(world, 8), tomorrow(world, 14), tomorrow(world, 18))
    draw_id = await office.redraws.redraw(office.agency, original.id, times)
    await prove(office, draw_id)
    await verify(office, draw_id)
    await office.rounds.open(office.agency, draw_id)
    await fix_seed(office, draw_id)
    await office.run.start(office.agency, draw_id)
    await office.run.advance(draw_id)
    await accept_all(world, draw_id)
    return await end(world, draw_id)
