"""A draw in each of its states, made by the services."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from domain.clock import FixedClock, local
from domain.draws.lifecycles import DRAW, DrawEvent, DrawState
from domain.ids import new_id
from models.draws import (
    CallNotice,
    Condition,
    DiscardRequest,
    Draw,
    DrawApplication,
    RecalledExpert,
    RecusalPerson,
    RecusalUnit,
)
from models.invitations import Invitation
from services.draws import RecallTimes, RedrawTimes, RegionChange
from tests.factories.draws import make_project
from tests.factories.offices import (
    Office,
    add_experts,
    answer_recall,
    end_with_panel,
    fix_seed,
    make_draw,
    open_invitations,
    prove,
    start_draw,
)
from tests.factories.offices import verify as approve


async def submit(office: Office, draw_id: UUID) -> None:
    await office.setup.submit(office.agency, draw_id, office.deps.book("demo").draw.terminals[0], "请核验")


async def never_handed_in(office: Office) -> UUID:
    return await make_draw(office, needed=1)


async def editing(office: Office) -> UUID:
    """Submitted once and withdrawn: it can't be deleted any more."""
    draw_id = await make_draw(office, needed=1)
    await submit(office, draw_id)
    await office.setup.withdraw(office.agency, draw_id)
    return draw_id


async def submitted(office: Office) -> UUID:
    draw_id = await make_draw(office, needed=1)
    await submit(office, draw_id)
    return draw_id


async def refused(office: Office) -> UUID:
    return await _refuse_draw(office, await make_draw(office, needed=1))


async def verified(office: Office) -> UUID:
    draw_id = await make_draw(office, needed=1)
    await approve(office, draw_id)
    return draw_id


async def committing(office: Office) -> UUID:
    draw_id = await verified(office)
    await office.rounds.open(office.agency, draw_id)
    return draw_id


async def seeded(office: Office) -> UUID:
    draw_id = await committing(office)
    await fix_seed(office, draw_id)
    return draw_id


async def drawing(office: Office) -> UUID:
    """One of two has agreed, the other is being called."""
    draw_id = await start_draw(office, needed=2)
    [agreeing, _] = await open_invitations(draw_id)
    await office.invitations.answer(agreeing.id, agreeing.expert_id, "accept", by="chat")
    return draw_id


async def paused(office: Office) -> UUID:
    draw_id = await drawing(office)
    await office.run.pause(office.agency, draw_id, "改时间")
    return draw_id


async def ending(office: Office) -> UUID:
    draw_id = await drawing(office)
    await office.run.force_end(office.agency, draw_id, "取消")
    return draw_id


async def short(office: Office) -> UUID:
    draw_id = await drawing(office)
    for invitation in await open_invitations(draw_id):
        await office.invitations.answer(invitation.id, invitation.expert_id, "decline", by="chat")
    await office.run.force_end(office.agency, draw_id, "取消")
    return draw_id


async def completed(office: Office, *, on_site: bool = False) -> UUID:
    draw_id = await start_draw(office, needed=2, on_site=on_site)
    for invitation in await open_invitations(draw_id):
        await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    await office.run.advance(draw_id)
    return draw_id


async def supplement_pending(office: Office) -> UUID:
    draw_id = await completed(office)
    invitation = await Invitation.filter(draw_id=draw_id, state="accepted").order_by("code").first()
    assert invitation is not None
    await office.invitations.leave(invitation.id, invitation.expert_id, "生病")
    return draw_id


async def widening(office: Office) -> UUID:
    """No expert of the order accepted: another one, for wider regions, is being fixed."""
    draw_id = await start_draw(office, needed=1)
    while called := await open_invitations(draw_id):
        for invitation in called:
            await office.invitations.answer(invitation.id, invitation.expert_id, "decline", by="chat")
        await office.run.advance(draw_id)
    await add_experts(office, 1, region="440300")
    condition = await Condition.get(draw_id=draw_id)
    regions = [RegionChange(condition.id, ("440100", "440300"))]
    await office.supplements.start(office.agency, draw_id, regions=regions)
    return draw_id


async def widened(office: Office) -> UUID:
    draw_id = await widening(office)
    await fix_seed(office, draw_id)
    return draw_id


Way = Callable[[Office], Awaitable[UUID]]
BEFORE = [editing, submitted, refused, verified, committing, seeded]
BEGUN = [drawing, paused, ending, short, completed, supplement_pending]


# ---- over


async def terminated(office: Office) -> UUID:
    """Terminated after its panel was full: the accepted experts need not come."""
    draw_id = await completed(office)
    await office.activity_end.terminate(office.verifier, draw_id, "replanned", "评标改期")
    return draw_id


async def asked_to_release(office: Office) -> UUID:
    """A full draw whose release waits for the verifier."""
    draw_id = await completed(office)
    await prove(office, draw_id, "release_application")
    await office.releases.submit(office.agency, draw_id, office.deps.book("demo").draw.release.causes[0], "")
    return draw_id


async def released(office: Office) -> UUID:
    draw_id = await asked_to_release(office)
    application = await DrawApplication.get(draw_id=draw_id, kind="release")
    await office.verification.approve(office.verifier, application.id)
    await office.releases.start(office.agency, draw_id)
    return draw_id


async def recalled(office: Office, old: UUID) -> UUID:
    """A verified recall of the panel of an ended activity for tomorrow, of which no expert has been asked yet."""
    now = office.deps.now()
    times = RecallTimes(now + timedelta(hours=30), now + timedelta(hours=34))
    draw_id = await office.redraws.recall(office.agency, old, times)
    await prove(office, draw_id)
    await approve(office, draw_id)
    return draw_id


# ---- what follows an activity that is over


def _tomorrow(office: Office, hour: int) -> datetime:
    return (local(office.deps.now()) + timedelta(days=1)).replace(hour=hour, minute=0, second=0, microsecond=0)


async def redraw_of(office: Office) -> UUID:
    old = await end_with_panel(office, needed=1)
    times = (_tomorrow(office, hour) for hour in (9, 8, 14, 18))
    draw_id = await office.redraws.redraw(office.agency, old, RedrawTimes(*times))
    await prove(office, draw_id)
    return draw_id


async def recall_of(office: Office) -> UUID:
    old = await end_with_panel(office, needed=1)
    draw_id = await office.redraws.recall(office.agency, old, RecallTimes(_tomorrow(office, 14), _tomorrow(office, 18)))
    await prove(office, draw_id)
    return draw_id


async def redraw_refused(office: Office) -> UUID:
    return await _refuse_draw(office, await redraw_of(office))


async def recall_refused(office: Office) -> UUID:
    return await _refuse_draw(office, await recall_of(office))


async def _refuse_draw(office: Office, draw_id: UUID) -> UUID:
    await submit(office, draw_id)
    application = await DrawApplication.get(draw_id=draw_id)
    await office.verification.refuse(office.verifier, application.id, "缺少监督人")
    return draw_id


async def recall_submitted(office: Office) -> UUID:
    draw_id = await recall_of(office)
    await submit(office, draw_id)
    return draw_id


async def recall_verified(office: Office) -> UUID:
    draw_id = await recall_of(office)
    await approve(office, draw_id)
    return draw_id


async def recall_invited(office: Office) -> UUID:
    """Each expert of the panel is asked, and has not answered."""
    draw_id = await recall_verified(office)
    await office.recalls.invite_panel(office.agency, draw_id)
    return draw_id


async def recall_answered(office: Office) -> UUID:
    draw_id = await recall_verified(office)
    await answer_recall(office, draw_id)
    return draw_id


STATES: Mapping[str, Way] = {way.__name__: way for way in (*BEFORE, *BEGUN, terminated, asked_to_release, released)}


async def make_every_state(office: Office) -> dict[str, UUID]:
    """A draw in each state by its name, each for a project of its own, and two recalls; the clock goes on by a day."""
    made: dict[str, UUID] = {}
    await add_experts(office, 4 * (len(STATES) + 2))
    old = [await _on_own_project(office, end_with_panel) for _ in range(3)]
    clock = cast(FixedClock, office.deps.clock)
    clock.set(office.deps.now() + timedelta(hours=12))
    made["ended"] = old[0]
    for name, way in STATES.items():
        made[name] = await _on_own_project(office, way)
    for name in ("editing", "refused"):
        await _recuse(office, made[name])
    made["recalled"] = await recalled(office, old[1])
    made["recalled_again"] = await recalled(office, old[2])
    return made


async def _recuse(office: Office, draw_id: UUID) -> None:
    """Recuse a unit and a person."""
    why = ("投标人", "自行申报")
    await office.recusal_lists.add_unit(office.agency, draw_id, "丙公司", "", *why)
    await office.recusal_lists.add_person(office.agency, draw_id, "王五", "", "丙公司", *why)


async def _on_own_project(office: Office, way: Way) -> UUID:
    office.project_id = (await make_project(office.agency.organisation_id, office.agency.account_id)).id
    return await way(office)


# ---- what a state allows, and what a draw has


def by(*events: DrawEvent) -> frozenset[DrawState]:
    """States that one of the events leaves."""
    return frozenset(state for state in DrawState if any(DRAW.can(state, event) for event in events))


ALWAYS = frozenset(DrawState)
STARTED = frozenset(
    {
        DrawState.DRAWING,
        DrawState.PAUSED,
        DrawState.ENDING,
        DrawState.COMPLETED,
        DrawState.SHORT,
        DrawState.SUPPLEMENT_PENDING,
    }
)
"""States in which experts are called or have accepted."""
PANEL = STARTED | {DrawState.COMMITTING}
"""States in which a place may be given up, also while wider regions are drawn."""


@dataclass
class DrawNow:
    """A draw's state, and the ids of its rows by the names that presses fill in: "" without such a row."""

    id: UUID
    state: DrawState
    kind: str
    ids: dict[str, str]

    def invented(self) -> dict[str, str]:
        """The ids, with one that no row has for each row that is missing."""
        return {name: row_id or ("000000" if name == "code" else str(new_id())) for name, row_id in self.ids.items()}


async def draw_now(draw_id: UUID) -> DrawNow | None:
    """None if the draw has been deleted."""
    draw = await Draw.get_or_none(id=draw_id)
    if draw is None:
        return None
    invitations = await Invitation.filter(draw_id=draw_id).order_by("created_at", "id")
    invitation = next(
        (called for called in invitations if called.state in ("accepted", "released")), next(iter(invitations), None)
    )
    newest = DrawApplication.filter(draw_id=draw_id).order_by("-submitted_at", "-id")
    rows_by_name = {
        "notice": await CallNotice.filter(draw_id=draw_id).order_by("position").first(),
        "condition": await Condition.filter(draw_id=draw_id).order_by("position").first(),
        "invitation": invitation,
        "application": await newest.filter(state="submitted").first() or await newest.first(),
        "unit": await RecusalUnit.filter(draw_id=draw_id, fixed=False).first(),
        "person": await RecusalPerson.filter(draw_id=draw_id).first(),
        "request": await DiscardRequest.filter(draw_id=draw_id, state="open").first(),
        "recalled": await RecalledExpert.filter(draw_id=draw_id).first(),
    }
    ids = {
        "draw": draw.number[-4:],
        "project": str(draw.project_id),
        "code": invitation.code if invitation else "",
        **{name: str(row.id) if row else "" for name, row in rows_by_name.items()},
    }
    return DrawNow(draw.id, DrawState(draw.state), draw.kind, ids)
