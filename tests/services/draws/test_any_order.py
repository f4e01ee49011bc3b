"""All callbacks of a draw, in any order and repeated, lead to the same end; and races keep the panel within bounds."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import pytest

from domain.clock import FixedClock
from domain.draws.random_draw import participant_commitment
from domain.errors import AppError
from models.draws import CallNotice, CandidateList, Condition, DiscardRequest, LogEntry, Round
from models.invitations import Invitation
from models.notices import Attempt, Notice
from services.core.base import Deps, execute
from services.draws import DiscardForm, DiscardKind, RegionChange, locks
from services.operations import DeliveryReports
from services.ports import CallReport
from tests.factories.offices import (
    Office,
    add_experts,
    fix_seed,
    make_draw,
    make_office,
    new_project,
    start_draw,
    state_of,
)
from tests.factories.offices import verify as approve
from tests.factories.vendors import Vendors, make_delivery, make_reports
from tests.invariants import check_invariants
from tests.services.notifications.test_delivery import report_call


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


async def walk_of(office: Office, draw_id: UUID) -> list[UUID]:
    """Experts in drawn order."""
    listed = await CandidateList.get(draw_id=draw_id)
    raw = office.deps.keys.open(listed.experts_sealed, "experts")
    places = [int.from_bytes(listed.walk[i : i + 4], "big") for i in range(0, len(listed.walk), 4)]
    return [UUID(bytes=raw[p * 16 : p * 16 + 16]) for p in places]


@pytest.mark.parametrize("chance", range(6))
async def test_any_order_and_repetition_of_answers_ends_the_same(
    office: Office, deps: Deps, clock: FixedClock, chance: int
) -> None:
    dice = random.Random(chance)
    vendors = Vendors()
    delivery = make_delivery(deps, office, vendors)
    reports = make_reports(deps, office, vendors)
    experts = await add_experts(office, 9)
    wishes = {e.id: dice.choice(["accept", "decline"]) for e in experts}
    draw_id = await start_draw(office, needed=3)
    expected = [e for e in await walk_of(office, draw_id) if wishes[e] == "accept"][:3]
    answered: list[Invitation] = []
    while fresh := await Invitation.filter(draw_id=draw_id, state="open"):
        clock.move(timedelta(seconds=41))
        for notice in await Notice.filter(kind="draw_call", state="active"):
            await office.notices.advance(notice.id)
        await delivery.deliver_due()
        answered += fresh
        acts = [(i, channel) for i in dice.sample(answered, len(answered)) for channel in ("voice", "chat", "voice")]
        dice.shuffle(acts)
        for invitation, channel in acts:
            await answer(office, reports, vendors, invitation, wishes[invitation.expert_id], channel, clock)
            if dice.random() < 0.3:
                await office.run.advance(draw_id)
        await office.run.advance(draw_id)
    accepted = {i.expert_id for i in await Invitation.filter(draw_id=draw_id, state="accepted")}
    assert accepted == set(expected)
    assert await state_of(draw_id) == ("completed" if len(expected) == 3 else "short")
    await check_invariants()


async def answer(
    office: Office,
    reports: DeliveryReports,
    vendors: Vendors,
    invitation: Invitation,
    wish: str,
    channel: str,
    clock: FixedClock,
) -> None:
    if channel == "chat":
        await office.invitations.answer(invitation.id, invitation.expert_id, wish, by="chat")  # type: ignore[arg-type]
        return
    call = await Attempt.filter(notice__invitation_id=invitation.id, channel="voice").first()
    if call is not None:
        keys = "11" if wish == "accept" else "22"
        await report_call(reports, vendors, CallReport(call.vendor_id, call.out_id, True, "200000", keys, clock.now()))


async def race(office: Office, draw_id: UUID) -> None:
    """All experts answer and all workers advance, at once."""
    invitations = await Invitation.filter(draw_id=draw_id, state="open")
    answers = [office.invitations.answer(i.id, i.expert_id, "accept", by="chat") for i in invitations for _ in range(2)]
    await asyncio.gather(*answers, *(office.run.advance(draw_id) for _ in range(4)))


async def test_many_answers_and_workers_at_once_never_overfill_a_panel(office: Office) -> None:
    await add_experts(office, 12)
    draw_id = await start_draw(office, needed=4)
    await race(office, draw_id)
    await office.run.advance(draw_id)
    assert await Invitation.filter(draw_id=draw_id, state="accepted").count() == 4
    await check_invariants()


async def test_without_the_lock_the_race_would_be_lost(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the same race with the lock and the database's own rule taken away must go wrong."""
    await execute("ALTER TABLE draw_condition DROP CONSTRAINT condition_counters")
    for name in ("_LOCK_DRAW", "_LOCK_INVITATION"):
        monkeypatch.setattr(locks, name, getattr(locks, name).replace("FOR UPDATE", ""))
    await add_experts(office, 12)
    draw_id = await start_draw(office, needed=4)
    broken = False
    try:
        await race(office, draw_id)
        condition = await Condition.get(draw_id=draw_id)
        broken = condition.accepted != await Invitation.filter(draw_id=draw_id, state="accepted").count()
    except Exception:  # noqa: BLE001  (any failure shows that the lock was needed)
        broken = True
    assert broken


async def test_two_draws_racing_for_the_same_experts_share_none(office: Office) -> None:
    await add_experts(office, 4)
    first = await start_draw(office, needed=2)
    await new_project(office)
    second = await start_draw(office, needed=2)
    await asyncio.gather(*(office.run.advance(d) for d in (first, second) for _ in range(3)))
    expert_ids = [i.expert_id for i in await Invitation.filter(state="open")]
    assert len(expert_ids) == len(set(expert_ids)) == 4
    await check_invariants()


class Hands:
    """All roles of a draw, with random acts at any time. Refused acts must change nothing."""

    def __init__(self, office: Office, draw_id: UUID, clock: FixedClock, dice: random.Random) -> None:
        self.office, self.draw_id, self.clock, self.dice = office, draw_id, clock, dice

    async def press(self) -> None:
        """Do a random act; a refusal is permitted."""
        acts = (
            self.open,
            self.open,
            self.fix,
            self.fix,
            self.abort,
            self.reveal_once,
            self.start,
            self.force_end,
            self.pause,
            self.resume,
            self.answer,
            self.answer,
            self.answer,
            self.undo,
            self.undo,
            self.leave,
            self.register,
            self.supplement,
            self.register,
            self.confirm,
            self.terminate,
            self.supplement,
            self.widen,
            self.widen,
            self.gather,
            self.wait,
            self.office.run.start_due,
        )
        with suppress(AppError):
            await self.dice.choice(acts)()
        await self.office.run.advance(self.draw_id)

    async def open(self) -> None:
        await self.office.rounds.open(self.office.agency, self.draw_id)

    async def fix(self) -> None:
        if await Round.exists(draw_id=self.draw_id):
            await fix_seed(self.office, self.draw_id)

    async def reveal_once(self) -> None:
        """Both commit, one reveals; the other does not."""
        view = await self.office.rounds.view(self.office.agency, self.draw_id, "agency")
        if view is None:
            return
        for role, actor in (("agency", self.office.agency), ("supervisor", self.office.supervisor)):
            digest = participant_commitment(role, bytes(16), view.draw_number, view.round_number)
            await self.office.rounds.commit(actor, self.draw_id, role, digest.hex())
        await self.office.rounds.reveal(self.office.agency, self.draw_id, "agency", bytes(16).hex())
        self.clock.move(timedelta(minutes=10))

    async def abort(self) -> None:
        await self.office.rounds.abort(self.office.agency, self.draw_id, "不满意")

    async def start(self) -> None:
        await self.office.run.start(self.office.agency, self.draw_id)

    async def pause(self) -> None:
        await self.office.run.pause(self.office.agency, self.draw_id, "等等")

    async def resume(self) -> None:
        await self.office.run.resume(self.office.agency, self.draw_id)

    async def force_end(self) -> None:
        if self.dice.random() < 0.3:
            await self.office.run.force_end(self.office.agency, self.draw_id, "不满意")

    async def answer(self) -> None:
        for invitation in await Invitation.filter(draw_id=self.draw_id, state="open"):
            choice = self.dice.choice(["accept", "decline"])
            await self.office.invitations.answer(invitation.id, invitation.expert_id, choice, by="chat")  # type: ignore[arg-type]

    async def undo(self) -> None:
        for invitation in await Invitation.filter(draw_id=self.draw_id, state="accepted").limit(1):
            await self.office.invitations.undo(invitation.id, invitation.expert_id, by="chat")

    async def leave(self) -> None:
        for invitation in await Invitation.filter(draw_id=self.draw_id, state="accepted").limit(1):
            await self.office.invitations.leave(invitation.id, invitation.expert_id, "生病")

    async def register(self) -> None:
        for invitation in await Invitation.filter(draw_id=self.draw_id, state="accepted").limit(1):
            kind: DiscardKind = self.dice.choice(["leave", "absence", "recusal"])  # type: ignore[assignment]
            form = DiscardForm(invitation.code, kind, "未到", "投标人")
            await self.office.discards.register(self.office.agency, self.draw_id, form)

    async def confirm(self) -> None:
        """The expert or the supervisor confirms or denies a pending request."""
        agrees = self.dice.random() < 0.7
        for request in await DiscardRequest.filter(draw_id=self.draw_id, state="open").prefetch_related("invitation"):
            if request.kind == "leave":
                expert_id = request.invitation.expert_id
                await self.office.discards.answer_leave(request.invitation_id, expert_id, agrees, by="chat")
            elif agrees:
                await self.office.discards.confirm(self.office.supervisor, request.id)
            else:
                await self.office.discards.refuse(self.office.supervisor, request.id, "不成立")

    async def terminate(self) -> None:
        if self.dice.random() < 0.1:
            actor = self.dice.choice([self.office.agency, self.office.verifier])
            await self.office.activity_end.terminate(actor, self.draw_id, "replanned", "不满意")

    async def supplement(self) -> None:
        await self.office.supplements.start(self.office.agency, self.draw_id)

    async def widen(self) -> None:
        condition = await Condition.filter(draw_id=self.draw_id).order_by("position").first()
        assert condition is not None
        regions = self.dice.choice([("440100",), ("440300",), ("440100", "440300"), ("440100", "440300", "440400")])
        await self.office.supplements.start(
            self.office.agency, self.draw_id, regions=[RegionChange(condition.id, regions)]
        )

    async def gather(self) -> None:
        notice = await CallNotice.get(draw_id=self.draw_id)
        at = self.clock.now() + timedelta(minutes=self.dice.choice([3, 30, 120]))
        await self.office.gathering_times.change(self.office.agency, self.draw_id, notice.id, at)

    async def wait(self) -> None:
        self.clock.move(timedelta(minutes=self.dice.choice([1, 11, 35])))
        await self.office.invitations.expire_due()
        await self.office.discards.lapse_due()


@pytest.mark.slow
@pytest.mark.parametrize("chance", range(12))
async def test_the_record_verifies_after_any_actions_in_any_order(
    office: Office, deps: Deps, clock: FixedClock, chance: int
) -> None:
    dice = random.Random(chance)
    await add_experts(office, 4)
    await add_experts(office, 3, region="440300")
    draw_id = await make_draw(office, needed=2)
    await approve(office, draw_id)
    hands = Hands(office, draw_id, clock, dice)
    for _ in range(60):
        await hands.press()
    clock.move(timedelta(hours=13))
    await office.activity_end.end_due()
    await check_invariants()
    log = await LogEntry.filter(draw_id=draw_id).order_by("seq")
    first = [entry for entry in log if entry.act == "seed_fixed"][:1]
    further = [entry for entry in log if entry.act == "round_opened" and first and entry.seq > first[0].seq]
    assert all(entry.facts["cause"] == "exhausted" for entry in further)
