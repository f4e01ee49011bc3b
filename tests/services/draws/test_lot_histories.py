"""One history for each lot: what was on it decides what may follow, whatever the parties would like."""

from __future__ import annotations

import asyncio
import contextvars
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import pytest

from domain.clock import FixedClock
from domain.draws.record import lot_mark
from domain.draws.verify_draw import compare
from domain.draws.verify_draw import verify as verify_record
from domain.errors import AppError, Conflict, RuleViolation
from models.draws import AvoidedDraw, Draw, DrawApplication, DrawLot, LogEntry, Round
from models.invitations import Invitation
from models.organisations import Organisation
from models.projects import Lot, Project
from services.core.base import Actor, Deps, rows
from services.core.composition import compose
from services.draws import ConditionForm, RecallTimes, RedrawTimes
from services.draws.lot_histories import check_history
from services.draws.projects.project_rules import LotData
from services.draws.projects.projects import Projects
from tests.factories.draw_states import released
from tests.factories.offices import (
    Office,
    add_experts,
    answer_recall,
    draw_form,
    end_with_panel,
    fix_seed,
    make_draw,
    make_office,
    notice_form,
    open_invitations,
    prove,
)
from tests.factories.offices import verify as approve
from tests.factories.people import OTHER_CREDIT_CODE, make_account
from tests.invariants import check_invariants

Record = dict[str, Any]


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    office = await make_office(deps)
    await add_experts(office, 8)
    return office


def redraw_times(office: Office) -> RedrawTimes:
    now = office.deps.now()
    times = (now + timedelta(hours=hours) for hours in (3, 2, 6, 12))
    return RedrawTimes(*times)


async def redraw(office: Office, original: UUID) -> UUID:
    """A verified redraw."""
    draw_id = await office.redraws.redraw(office.agency, original, redraw_times(office))
    await prove(office, draw_id)
    await approve(office, draw_id)
    return draw_id


async def seed(office: Office, draw_id: UUID) -> None:
    await office.rounds.open(office.agency, draw_id)
    await fix_seed(office, draw_id)


async def give_up(office: Office, draw_id: UUID) -> None:
    await office.activity_end.terminate(office.agency, draw_id, "mistaken", "填错了")


async def record_of(office: Office, draw_id: UUID) -> Record:
    document = await office.public_records.document_of(await Draw.get(id=draw_id))
    record: Record = json.loads(json.dumps(document))
    return record


# ---- the attacks


async def test_a_released_panel_is_not_followed_by_an_ordinary_draw(office: Office) -> None:
    old = await released(office)
    with pytest.raises(Conflict, match="重新抽取") as refusal:
        await make_draw(office)
    assert (refusal.value.code, refusal.value.field) == ("follows_another", "lots")
    new = await redraw(office, old)
    assert await AvoidedDraw.filter(draw_id=new).values_list("earlier_id", flat=True) == [old]
    await seed(office, new)
    [earlier] = (await record_of(office, new))["log"][0]["earlier"]
    assert (earlier["number"], earlier["panel"], len(earlier["seeds"])) == (
        (await Draw.get(id=old)).number,
        "released",
        1,
    )


async def test_a_redraw_given_up_before_its_order_does_not_free_the_lot(office: Office) -> None:
    """Nor may the old panel be called again: it is recused in whatever follows."""
    old = await end_with_panel(office)
    panel = {invitation.expert_id for invitation in await Invitation.filter(draw_id=old, state="accepted")}
    await give_up(office, await redraw(office, old))
    with pytest.raises(Conflict, match=(await Draw.get(id=old)).number):
        await make_draw(office)
    assert await DrawLot.filter(project_id=office.project_id, live=True).values_list("draw_id", flat=True) == [old]
    again = await redraw(office, old)
    await seed(office, again)
    await office.run.start(office.agency, again)
    await office.run.advance(again)
    assert not panel & {invitation.expert_id for invitation in await open_invitations(again)}
    record = await record_of(office, again)
    given_up = await Draw.get(original_id=old, state="terminated")
    assert compare(record, [await record_of(office, old), await record_of(office, given_up.id)]) == []


async def test_an_order_given_up_before_the_start_is_followed_by_redraws_only_and_limited(
    office: Office, clock: FixedClock
) -> None:
    limit = office.deps.book("demo").draw.commitments.lot_orders_max
    draw_id = await make_draw(office)
    await approve(office, draw_id)
    chain = [draw_id]
    for turn in range(limit):
        await seed(office, draw_id)
        await give_up(office, draw_id)
        with pytest.raises(Conflict):
            await make_draw(office)
        draw_id = await redraw(office, draw_id)
        chain.append(draw_id)
        clock.move(timedelta(minutes=turn + 1))
    with pytest.raises(RuleViolation, match="以后才能再次摇号") as refusal:
        await office.rounds.open(office.agency, draw_id)
    assert refusal.value.rule == "draw.commitments.lot_orders_max"
    assert not await Round.exists(draw_id=draw_id)
    clock.move(timedelta(days=1))
    last = await redraw_after(office, draw_id)
    await seed(office, last)
    record = await record_of(office, last)
    assert sum(len(earlier["seeds"]) for earlier in record["log"][0]["earlier"]) == limit
    records = [await record_of(office, earlier) for earlier in chain if await LogEntry.exists(draw_id=earlier)]
    assert [finding for finding in compare(record, records) if finding.severity == "error"] == []
    assert "order_unused" in {finding.code for finding in verify_record(record)}


async def redraw_after(office: Office, draw_id: UUID) -> UUID:
    """Its time passed while it waited, so it is redrawn."""
    await office.activity_end.end_due()
    return await redraw(office, draw_id)


async def test_of_two_approved_followers_only_one_goes_on(office: Office) -> None:
    """A recall of a recall, and a redraw of the first original, both drafted before either is approved."""
    old = await end_with_panel(office)
    recall = await recalled(office, old)
    second = await office.redraws.recall(office.agency, recall, recall_times(office))
    other = await office.redraws.redraw(office.agency, old, redraw_times(office))
    terminal = office.deps.book("demo").draw.terminals[0]
    for draft in (second, other):
        await prove(office, draft)
    application = await office.setup.submit(office.agency, other, terminal, "重新评审")
    await approve(office, second)
    with pytest.raises(Conflict, match="还没有结束"):
        await office.verification.approve(office.verifier, application)
    await give_up(office, second)
    await office.verification.approve(office.verifier, application)
    assert (await Draw.get(id=other)).state == "verified"


def recall_times(office: Office) -> RecallTimes:
    now = office.deps.now()
    return RecallTimes(now + timedelta(hours=30), now + timedelta(hours=34))


async def recalled(office: Office, old: UUID) -> UUID:
    """A recall that nobody came to: it is over without a panel, or with one."""
    draw_id = await office.redraws.recall(office.agency, old, recall_times(office))
    await prove(office, draw_id)
    await approve(office, draw_id)
    await confirm_panel(office, await Draw.get(id=draw_id))
    clock = cast(FixedClock, office.deps.clock)
    clock.move((await Draw.get(id=draw_id)).ends_at - office.deps.now())
    await office.activity_end.end_due()
    return draw_id


async def confirm_panel(office: Office, draw: Draw) -> None:
    await answer_recall(office, draw.id)
    await office.recalls.confirm(office.agency, draw.id)


async def test_a_project_that_was_drawn_as_one_lot_gets_no_lots_without_its_history(office: Office, deps: Deps) -> None:
    draw_id = await make_draw(office)
    await approve(office, draw_id)
    await seed(office, draw_id)
    await give_up(office, draw_id)
    assert not await DrawLot.exists(project_id=office.project_id, live=True)
    projects = compose(Projects, {Deps: deps})
    with pytest.raises(Conflict, match="作为一个标段"):
        await projects.add_lot(office.agency, office.project_id, LotData("一标段", "01", 1_000_000))


async def test_a_redraw_in_preparation_keeps_a_project_one_lot(office: Office, clock: FixedClock, deps: Deps) -> None:
    """The attack: a lot is added while the redraw of an activity without an order is a draft: the project is then
    drawn twice, as a whole and by its lot, each without the other's history."""
    undrawn = await make_draw(office)
    await approve(office, undrawn)
    clock.move((await Draw.get(id=undrawn)).ends_at - clock.now())
    await office.activity_end.end_due()
    await office.redraws.redraw(office.agency, undrawn, redraw_times(office))
    with pytest.raises(Conflict, match="作为一个标段"):
        await add_lot(office, deps, "一标段")


async def test_no_lot_is_added_once_an_order_may_be_known(office: Office, deps: Deps) -> None:
    """The attack: an order that does not suit is left behind, and the tender drawn again as a lot of another name."""
    first = await add_lot(office, deps, "一标段")
    second = await add_lot(office, deps, "二标段")
    draw_id = await draw_lots(office, first)
    await add_lot(office, deps, "三标段")
    await office.rounds.open(office.agency, draw_id)
    with pytest.raises(Conflict, match="另建招标项目") as refusal:
        await add_lot(office, deps, "一标段（重新招标）")
    assert refusal.value.code == "lots_fixed"
    await draw_lots(office, second)


async def test_a_panel_of_two_lots_is_recalled_for_the_lot_that_is_still_its_own(
    office: Office, deps: Deps, clock: FixedClock
) -> None:
    """Of a panel that sat for two lots the one is redrawn; nobody is stuck with the other."""
    first, second = await add_lot(office, deps, "一标段"), await add_lot(office, deps, "二标段")
    old = await draw_lots(office, first, second)
    await meet(office, old, clock)
    await redraw_lot(office, old, first)
    recall = await office.redraws.recall(office.agency, old, recall_times(office))
    assert await DrawLot.filter(draw_id=recall).values_list("lot_id", flat=True) == [second]
    await prove(office, recall)
    await approve(office, recall)
    await confirm_panel(office, await Draw.get(id=recall))
    record = await record_of(office, recall)
    findings = [*verify_record(record), *compare(record, [await record_of(office, old)])]
    assert [finding.code for finding in findings if finding.severity == "error"] == []
    await check_invariants()


async def redraw_lot(office: Office, old: UUID, lot: UUID) -> None:
    """Its order is known, and it is given up."""
    draw_id = await office.redraws.redraw(office.agency, old, replace(redraw_times(office), lots=(lot,)))
    await prove(office, draw_id)
    await approve(office, draw_id)
    await seed(office, draw_id)
    await give_up(office, draw_id)


async def meet(office: Office, draw_id: UUID, clock: FixedClock) -> None:
    """Drawn, full, and over."""
    await seed(office, draw_id)
    await office.run.start(office.agency, draw_id)
    await office.run.advance(draw_id)
    for invitation in await open_invitations(draw_id):
        await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    await office.run.advance(draw_id)
    clock.set((await Draw.get(id=draw_id)).ends_at)
    await office.activity_end.end_due()


async def add_lot(office: Office, deps: Deps, name: str) -> UUID:
    lot = await compose(Projects, {Deps: deps}).add_lot(office.agency, office.project_id, LotData(name))
    return lot.id


async def draw_lots(office: Office, *lots: UUID) -> UUID:
    """A verified draw of these lots."""
    draw_id = await office.setup.create(office.agency, replace(draw_form(office, needed=1), lots=lots))
    notice = await office.setup.add_call_notice(office.agency, draw_id, notice_form(office))
    condition = ConditionForm(notice, "permanent", ("440100",), "A08", 1)
    await office.setup.add_condition(office.agency, draw_id, condition)
    await approve(office, draw_id)
    return draw_id


async def test_of_two_followers_approved_at_the_same_moment_only_one_goes_on(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recall holds no lot: the project's row makes one approval wait for the other."""
    old = await end_with_panel(office)
    recall = await office.redraws.recall(office.agency, old, recall_times(office))
    free: list[bool] = []

    async def look(draw: Draw) -> object:
        locking = "SELECT 1 FROM project WHERE id = $1 FOR UPDATE SKIP LOCKED"
        elsewhere = asyncio.create_task(rows(locking, draw.project_id), context=contextvars.Context())
        free.append(bool(await elsewhere))
        return await check_history(draw)

    monkeypatch.setattr("services.draws.verification.check_history", look)
    await prove(office, recall)
    await approve(office, recall)
    assert free == [False]


# ---- any sequence of acts


@dataclass
class Parties:
    """Two agencies with a project each for the same tender, one with two lots and one with none, who try what they can.

    ``dice`` decides; what is refused changes nothing.
    """

    office: Office
    dice: random.Random
    agents: dict[UUID, Actor]
    """Who acts for each project."""
    lots: dict[UUID, list[UUID]]
    done: Counter[str] = field(default_factory=Counter)

    async def act(self) -> None:
        """Mostly what fits the state of one of the newest draws, now and then anything."""
        self._be(self.dice.choice(list(self.agents)))
        draws = await Draw.filter(project_id=self.office.project_id).order_by("-created_at", "number")
        if not draws:
            await self.create(self.office.project_id)
            return
        draw = draws[min(int(self.dice.expovariate(0.8)), len(draws) - 1)]
        acts = self._fitting(draw.state) if self.dice.random() < 0.85 else self._fitting("any")
        chosen = self.dice.choice(acts)
        try:
            await chosen(draw.id)
        except AppError as refusal:
            self.done[f"{chosen.__name__} {refusal.code}"] += 1
        else:
            self.done[chosen.__name__] += 1

    def _fitting(self, state: str) -> list[Callable[[UUID], Awaitable[None]]]:
        over = [self.redraw, self.redraw, self.recall, self.create, self.create]
        fitting: dict[str, list[Callable[[UUID], Awaitable[None]]]] = {
            "editing": [self.submit, self.submit, self.delete],
            "submitted": [self.approve],
            "verified": [self.fix, self.call, self.call, self.call, self.give_up],
            "committing": [self.abort, self.give_up],
            "completed": [self.wait, self.release, self.approve, self.terminate],
            "any": [*over, self.submit, self.approve, self.fix, self.abort, self.call, self.give_up, self.wait],
        }
        return fitting.get(state, over)

    async def create(self, _: UUID) -> None:
        office = self.office
        form = replace(draw_form(office, needed=1), lots=self._some_lots())
        draw_id = await office.setup.create(office.agency, form)
        notice = await office.setup.add_call_notice(office.agency, draw_id, notice_form(office))
        condition = ConditionForm(notice, "permanent", ("440100",), "A08", 1)
        await office.setup.add_condition(office.agency, draw_id, condition)

    async def redraw(self, draw_id: UUID) -> None:
        times = replace(redraw_times(self.office), lots=self._some_lots())
        await prove(self.office, await self.office.redraws.redraw(self.office.agency, draw_id, times))

    async def recall(self, draw_id: UUID) -> None:
        office = self.office
        await prove(office, await office.redraws.recall(office.agency, draw_id, recall_times(office)))

    async def submit(self, draw_id: UUID) -> None:
        office = self.office
        await office.setup.submit(office.agency, draw_id, office.deps.book("demo").draw.terminals[0], "请核验")

    async def approve(self, draw_id: UUID) -> None:
        for application in await DrawApplication.filter(draw_id=draw_id, state="submitted"):
            await self.office.verification.approve(self.office.verifier, application.id)
        if await DrawApplication.exists(draw_id=draw_id, kind="release", state="approved"):
            await self.office.releases.start(self.office.agency, draw_id)

    async def fix(self, draw_id: UUID) -> None:
        """Now and then a round is left open."""
        await self.office.rounds.open(self.office.agency, draw_id)
        if self.dice.random() < 0.7:
            await fix_seed(self.office, draw_id)

    async def abort(self, draw_id: UUID) -> None:
        if await Round.exists(draw_id=draw_id, aborted_at=None, seed="") and self.dice.random() < 0.6:
            await fix_seed(self.office, draw_id, silent="supervisor")
            self._pass(self.office.deps.book("demo").draw.commitments.reveal_timeout)
        await self.office.rounds.abort(self.office.agency, draw_id, "对方没有公开")

    async def call(self, draw_id: UUID) -> None:
        """The experts who are called come, or the original experts of a recall."""
        office, draw = self.office, await Draw.get(id=draw_id)
        if draw.kind == "recall":
            await confirm_panel(office, draw)
            return
        if not await Round.exists(draw_id=draw_id):
            await self.fix(draw_id)
        await office.run.start(office.agency, draw_id)
        await office.run.advance(draw_id)
        for invitation in await open_invitations(draw_id):
            await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
        await office.run.advance(draw_id)

    async def give_up(self, draw_id: UUID) -> None:
        await give_up(self.office, draw_id)

    async def terminate(self, draw_id: UUID) -> None:
        await self.office.activity_end.terminate(self.office.verifier, draw_id, "replanned", "改期")

    async def delete(self, draw_id: UUID) -> None:
        await self.office.setup.delete(self.office.agency, draw_id)

    async def release(self, draw_id: UUID) -> None:
        office = self.office
        await prove(office, draw_id, "release_application")
        cause = office.deps.book("demo").draw.release.causes[0]
        await office.releases.submit(office.agency, draw_id, cause, "不足三家")

    async def wait(self, draw_id: UUID) -> None:
        """Until the end of the draw."""
        self._pass(max((await Draw.get(id=draw_id)).ends_at - self.office.deps.now(), timedelta(hours=1)))
        await self.office.activity_end.end_due()

    def _pass(self, time: timedelta) -> None:
        cast(FixedClock, self.office.deps.clock).move(time)

    def _some_lots(self) -> tuple[UUID, ...]:
        lots = self.lots[self.office.project_id]
        return tuple(self.dice.sample(lots, self.dice.randint(min(1, len(lots)), len(lots))))

    def _be(self, project_id: UUID) -> None:
        self.office.project_id, self.office.agency = project_id, self.agents[project_id]


async def make_parties(office: Office, dice: random.Random) -> Parties:
    first = await Project.get(id=office.project_id)
    agent = await make_account(office.deps)
    columns = {name: getattr(first, name) for name in first._meta.db_fields if name != "id"}
    other = await Organisation.create(
        pool="demo",
        name="另一招标代理有限公司",
        credit_code=OTHER_CREDIT_CODE,
        assurance_level=4,
        legal_account_id=agent.id,
        created_at=office.deps.now(),
    )
    second = await Project.create(**columns | {"organisation_id": other.id, "agent_id": agent.id})
    lots = [await Lot.create(project_id=second.id, name=f"{no}标段", number=str(no), position=no) for no in (1, 2)]
    agents = {
        first.id: office.agency,
        second.id: Actor("demo", "organisation", account_id=agent.id, organisation_id=other.id),
    }
    return Parties(office, dice, agents, {first.id: [], second.id: [lot.id for lot in lots]})


@pytest.mark.parametrize("chance", range(3))
async def test_a_stranger_counts_every_order_of_a_lot_from_its_newest_record(office: Office, chance: int) -> None:
    parties = await make_parties(office, random.Random(chance))
    for project_id in parties.agents:
        parties._be(project_id)
        await parties.create(project_id)
    for _ in range(70):
        await parties.act()
    await check_invariants()
    counted = 0
    for project_id, lots in parties.lots.items():
        for lot in lots or [None]:
            counted += await count_orders(office, project_id, lot)
    assert counted, parties.done


async def count_orders(office: Office, project_id: UUID, lot: UUID | None) -> int:
    """The orders that the lot had by its newest record, which are all that it had, and that the records bear out."""
    held = await DrawLot.filter(project_id=project_id, lot_id=lot).values_list("draw_id", flat=True)
    firsts = await LogEntry.filter(draw_id__in=list(held), seq=1).order_by("at")
    records = [await record_of(office, entry.draw_id) for entry in firsts]
    for place, record in enumerate(records):
        findings = [*verify_record(record), *compare(record, records[:place])]
        assert [finding for finding in findings if finding.severity == "error"] == []
    if not records:
        return 0
    mark = lot_mark(lot or project_id).hex()
    newest = records[-1]
    earlier = [facts for facts in newest["log"][0]["earlier"] if mark in facts["lots"]]
    told = sum(len(facts["seeds"]) for facts in earlier) + _seeds(newest)
    assert told == sum(_seeds(record) for record in records)
    assert [facts["number"] for facts in earlier if facts["head"]] == [record["draw"] for record in records[:-1]]
    return told


def _seeds(record: Record) -> int:
    return sum(entry["act"] == "seed_fixed" for entry in record["log"])
