"""Agent and legal entity act on one activity at once: one action succeeds, the other returns the new state."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from domain.clock import FixedClock
from domain.errors import AppError
from models.draws import Draw
from models.invitations import Invitation
from services.core.base import Actor, Deps
from services.draws import DiscardForm
from tests.factories import draw_states as states
from tests.factories.offices import Office, add_experts, make_office, state_of
from tests.factories.people import make_account
from tests.invariants import check_invariants
from tests.services.draws.follow_ups.test_releases import panel, submit_request

Action = Callable[[Office, Actor, UUID], Awaitable[object]]


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


async def make_draw_to_release(office: Office) -> UUID:
    draw_id = await panel(office, 1)
    await office.verification.approve(office.verifier, await submit_request(office, draw_id))
    return draw_id


async def make_gathered_panel(office: Office) -> UUID:
    draw_id = await states.completed(office)
    clock = office.deps.clock
    assert isinstance(clock, FixedClock)
    clock.set((await Invitation.filter(draw_id=draw_id).order_by("id"))[0].gathering_at)
    return draw_id


async def register_absence(office: Office, by: Actor, draw_id: UUID) -> None:
    missing = await Invitation.filter(draw_id=draw_id).order_by("code").first()
    assert missing is not None
    await office.discards.register(by, draw_id, DiscardForm(missing.code, "absence", "未到场"))


ACTIONS: dict[str, tuple[states.Way, Action, str, str]] = {
    "open": (states.verified, lambda o, by, d: o.rounds.open(by, d), "committing", "摇号中"),
    "start": (states.seeded, lambda o, by, d: o.run.start(by, d), "drawing", "抽取中"),
    "pause": (states.drawing, lambda o, by, d: o.run.pause(by, d, "改时间"), "paused", "已暂停"),
    "resume": (states.paused, lambda o, by, d: o.run.resume(by, d), "drawing", "抽取中"),
    "force end": (states.drawing, lambda o, by, d: o.run.force_end(by, d, "取消"), "ending", "结束中"),
    "abort": (states.committing, lambda o, by, d: o.rounds.abort(by, d, "没电"), "verified", "本轮已经结束"),
    "supplement": (
        states.supplement_pending,
        lambda o, by, d: o.supplements.start(by, d),
        "drawing",
        "抽取中",
    ),
    "release": (make_draw_to_release, lambda o, by, d: o.releases.start(by, d), "released", "已退选"),
    "register": (make_gathered_panel, register_absence, "supplement_pending", "缺席，名额已空出"),
    "withdraw": (states.submitted, lambda o, by, d: o.setup.withdraw(by, d), "editing", "新建"),
    "terminate": (
        states.verified,
        lambda o, by, d: o.activity_end.terminate(by, d, "mistaken", "填错了"),
        "terminated",
        "已终止",
    ),
}


@pytest.mark.parametrize("name", ACTIONS)
async def test_one_of_two_persons_acts_and_the_other_gets_the_new_state(office: Office, name: str) -> None:
    way, action, state, words = ACTIONS[name]
    await add_experts(office, 4)
    draw_id = await way(office)
    account = await make_account(office.deps)
    await Draw.filter(id=draw_id).update(agent_id=account.id)
    agent = Actor("demo", "agent", account_id=account.id, organisation_id=office.agency.organisation_id)
    done = await asyncio.gather(*(action(office, by, draw_id) for by in (agent, office.agency)), return_exceptions=True)
    [refusal] = [outcome for outcome in done if isinstance(outcome, BaseException)]
    assert isinstance(refusal, AppError), repr(refusal)
    assert (refusal.status, await state_of(draw_id)) == (409, state)
    assert words in refusal.message
    await check_invariants()
