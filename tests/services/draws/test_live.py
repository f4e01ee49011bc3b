"""Watched draws are read once for all watchers, in one process and in several."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import cast
from uuid import UUID

import pytest

from domain.ids import new_id
from models.draws import Draw
from services.core.base import Deps
from services.draws.live import LiveDraws, Watch
from services.ports import DrawRelay
from tests.drivers.kill_points import Died, KillPoints
from tests.drivers.statements import count_statements
from tests.factories.draw_relay import NoRelay
from tests.factories.offices import Office, add_experts, make_office, open_invitations, start_draw


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.draws.live.POLL_INTERVAL", 0.01)
    monkeypatch.setattr("services.draws.live._RETRY", 0.01)


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


class Hub:
    """Relay between two processes. ``away``: its server is down."""

    def __init__(self) -> None:
        self.leader: object = None
        self.away = False
        self.told: list[asyncio.Queue[UUID]] = []

    def of(self, *, leads: bool) -> Ear:
        return Ear(self, leads)


class Ear:
    def __init__(self, hub: Hub, leads: bool) -> None:
        self._hub = hub
        self.leads = leads

    async def claim_draws(self, draw_ids: Collection[UUID]) -> Collection[UUID]:
        if self._hub.away:
            raise ConnectionError("redis is away")
        return draw_ids if self.leads else ()

    async def publish(self, draw_ids: Collection[UUID]) -> None:
        for queue in self._hub.told:
            for draw_id in draw_ids:
                queue.put_nowait(draw_id)

    async def subscribe(self) -> AsyncGenerator[UUID, None]:
        queue: asyncio.Queue[UUID] = asyncio.Queue()
        self._hub.told.append(queue)
        while True:
            if self._hub.away:
                raise ConnectionError("redis is away")
            yield await queue.get()


async def live_of(office: Office, relay: DrawRelay) -> AsyncIterator[LiveDraws]:
    live = LiveDraws(office.progress, relay)
    try:
        yield live
    finally:
        await live.close()


@pytest.fixture
async def live(office: Office) -> AsyncIterator[LiveDraws]:
    async for live_draws in live_of(office, NoRelay()):
        yield live_draws


async def accept(office: Office, draw_id: UUID) -> None:
    [invitation, *_] = await open_invitations(draw_id)
    await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="voice")


async def wait_for_accepted(watch: Watch, accepted: int) -> None:
    async with asyncio.timeout(20):
        while watch.snapshot.progress.accepted != accepted:
            await watch.wait_for_change(1.0)


async def test_five_hundred_watchers_see_a_change_that_was_read_once(office: Office, live: LiveDraws) -> None:
    await add_experts(office, 4)
    draw_id = await start_draw(office, needed=2)
    async with AsyncExitStack() as stack:
        watches = [await stack.enter_async_context(live.watch(draw_id)) for _ in range(500)]
        await wait_for_accepted(watches[0], 0)
        await live._poll_once()
        with count_statements() as statements:
            await accept(office, draw_id)
            alone = len(statements)
            await asyncio.gather(*(wait_for_accepted(watch, 1) for watch in watches))
        assert len({id(watch.snapshot) for watch in watches}) == 1
        assert sum("FROM invitation WHERE draw_id" in query for query in statements.queries[alone:]) <= 4
        written = {watch.snapshot.render("form", lambda value: repr(value).encode()) for watch in watches}
        assert len(written) == 1


async def test_draws_without_watchers_are_not_polled(office: Office, live: LiveDraws) -> None:
    draw_id = await start_draw_of_one_expert(office)
    async with live.watch(draw_id):
        assert live._task is not None
    async with asyncio.timeout(20):
        await live._task
    assert live._watched == {}


async def test_a_process_that_does_not_poll_gets_changes(office: Office) -> None:
    hub, draw_id = Hub(), await start_draw_of_one_expert(office)
    async for leader in live_of(office, hub.of(leads=True)):
        async for follower in live_of(office, hub.of(leads=False)):
            async with leader.watch(draw_id), follower.watch(draw_id) as watch:
                while len(hub.told) < 2:
                    await asyncio.sleep(0)
                await accept(office, draw_id)
                await wait_for_accepted(watch, 1)


async def test_while_the_relay_is_away_each_process_looks_itself(office: Office) -> None:
    hub, draw_id = Hub(), await start_draw_of_one_expert(office)
    async for follower in live_of(office, hub.of(leads=False)):
        async with follower.watch(draw_id) as watch:
            hub.away = True
            await accept(office, draw_id)
            await wait_for_accepted(watch, 1)


@asynccontextmanager
async def follow_leader(office: Office, draw_id: UUID, points: KillPoints) -> AsyncIterator[tuple[LiveDraws, Watch]]:
    """A process with a viewer, once the one that polls for both has informed it of an acceptance, or has died.

    The leader publishes twice: the state that it finds, and the acceptance.
    """
    hub = Hub()
    leader = LiveDraws(office.progress, points.port(hub.of(leads=True), "publish", ours=["claim_draws"]))
    follower = LiveDraws(office.progress, hub.of(leads=False))
    with points.watching():
        async with leader.watch(draw_id), follower.watch(draw_id) as watch:
            while len(hub.told) < 2 or (len(points.crossed) < 2 and not points.dead.is_set()):
                await asyncio.sleep(0)
            await accept(office, draw_id)
            while len(points.crossed) < 4 and not points.dead.is_set():
                await asyncio.sleep(0)
            yield follower, watch
        with suppress(Died):
            await leader.close()
        await follower.close()


def take_over(follower: LiveDraws) -> None:
    """The lease of a dead leader lapses."""
    cast(Ear, follower.relay).leads = True


async def test_a_viewer_sees_the_last_state_wherever_the_process_that_polls_dies(office: Office) -> None:
    await add_experts(office, 6)
    draw_id = await start_draw(office, needed=5)
    for accepted, kill_at in enumerate((None, 1, 2, 3, 4), 1):
        points = KillPoints(kill_at)
        async with follow_leader(office, draw_id, points) as (follower, watch):
            assert [crossing.side for crossing in points.crossed] == ["before", "after", "before", "after"][:kill_at]
            if points.dead.is_set():
                take_over(follower)
            await wait_for_accepted(watch, accepted)


async def test_without_a_lease_that_lapses_a_viewer_would_see_the_last_state_only_at_the_next_read(
    office: Office,
) -> None:
    """The control."""
    async with follow_leader(office, await start_draw_of_one_expert(office), KillPoints(3)) as (follower, watch):
        for _ in range(3):
            await follower._poll_once()
        assert watch._watched.latest is not None
        assert watch._watched.latest.progress.accepted == 0
        take_over(follower)
        await wait_for_accepted(watch, 1)


async def test_a_deleted_draft_and_a_failed_read_do_not_stop_other_watchers(
    office: Office, live: LiveDraws, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_id = await start_draw_of_one_expert(office)
    columns = {name: value for name, value in vars(await Draw.get(id=draw_id)).items() if name in Draw._meta.db_fields}
    draft = await Draw.create(**{**columns, "id": new_id(), "number": "CQSQ202611219999"})
    async with live.watch(draw_id) as watch, live.watch(draft.id):
        await draft.delete()
        live._watched[draft.id].read_at = -1000.0
        assert live._task is not None
        monkeypatch.setattr(live, "_find_stale", raise_fault)
        async with asyncio.timeout(20):
            await asyncio.wait([live._task])
        monkeypatch.undo()
        await accept(office, draw_id)
        await wait_for_accepted(watch, 1)


def raise_fault() -> list[object]:
    raise ValueError("a fault")


async def start_draw_of_one_expert(office: Office) -> UUID:
    await add_experts(office, 2)
    return await start_draw(office, needed=1)
