"""Draws that are calling, on the filled database: each run in full, with a record that can be verified."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

from app.commands.database import deps_for
from app.demo.data import POOL
from app.players.people import CAST, DemoPerson
from benchmarks.draw import Bench, call, fix_order, make_draw
from config.settings import Settings
from models.accounts import Account
from models.organisations import Organisation
from models.projects import Project
from services.core.base import Actor, Deps
from services.core.composition import compose
from services.draws import Calling
from services.draws.call_order.rounds import Rounds

_READY_FROM = 1_000
"""First number of the draws that start together."""
_TOGETHER = 5
"""Draws whose order is fixed at a time: on a busy machine one after the other takes minutes."""


async def call_experts(settings: Settings, draws: int, *, needed: int = 20) -> Sequence[UUID]:
    """Start ``draws`` draws of ``needed`` experts each; every one of them is called. Returns the draws' ids."""
    async with deps_for(settings) as deps:
        bench = await cast_bench(deps, needed)
        made = [await make_draw(bench) for _ in range(draws)]
        for draw in made:
            await call(bench, draw)
        return [draw.id for draw in made]


async def make_ready_draws(settings: Settings, draws: int, *, needed: int = 5) -> Sequence[UUID]:
    """Draws whose order is fixed, so that they can be started at one moment."""
    async with deps_for(settings) as deps:
        bench = await cast_bench(deps, needed)
        bench.drawn = _READY_FROM
        made = [await make_draw(bench) for _ in range(draws)]
        for at in range(0, draws, _TOGETHER):
            await asyncio.gather(*(fix_order(bench, draw) for draw in made[at : at + _TOGETHER]))
        return [draw.id for draw in made]


async def cast_bench(deps: Deps, needed: int) -> Bench:
    """The demonstration's agency and supervisor draw, for one project of the filled database."""
    agency, supervisor = _person("agency"), _person("supervisor")
    agent = await _account(deps, agency)
    organisation = await Organisation.get(pool=POOL)
    project = await Project.filter(pool=POOL, agent_id=agent).order_by("created_at").first()
    if project is None:
        raise SystemExit("the agency has no project: seed the database first")
    return Bench(
        deps,
        compose(Rounds, {Deps: deps}),
        compose(Calling, {Deps: deps}),
        Actor(POOL, "organisation", account_id=agent, organisation_id=organisation.id),
        Actor(POOL, "supervisor", account_id=await _account(deps, supervisor)),
        supervisor.mobile,
        project.id,
        needed=needed,
    )


def _person(role: str) -> DemoPerson:
    return next(person for person in CAST if person.role == role)


async def _account(deps: Deps, person: DemoPerson) -> UUID:
    return (await Account.get(pool=POOL, mobile_hash=deps.keys.lookup_hash("mobile", person.mobile))).id
