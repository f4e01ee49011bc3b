"""A draw from the fixed order to the full panel, whose process dies at each crossing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from app.assembly import make_services
from domain.clock import FixedClock
from domain.draws.random_draw import participant_commitment
from domain.rulebook.sections import Ladder
from models.draws import CandidateList, Draw
from models.experts import Expert
from models.invitations import Invitation
from services.core.base import Actor, Deps
from services.ports import CallReport
from services.registry import Services
from tests.drivers.kill_points import KillPoints, Kind, Life, Story, enumeration
from tests.factories.assembly import make_ports
from tests.factories.offices import Office, add_experts, counters, make_draw, make_office, verify
from tests.factories.people import make_account, make_identity
from tests.factories.phones import Message, PhoneCall, Phones, delivered

NEEDED = 2
DECLINES, IN_CHAT = 0, 2
"""Places in the order of the expert who declines by key, and of the one who accepts in the chat; all others accept by
key."""
OVER = ("completed", "short")


def with_short_ladders(deps: Deps) -> Deps:
    """The demo pool, which calls by WeChat and by telephone at once, as Guangdong does, confirms by SMS, and notifies
    all others by WeChat only, which they don't have: fewer crossings of the same kind."""
    book = deps.book("demo")
    ladder = {kind: _only(rules, "wechat") for kind, rules in book.ladder.items()}
    ladder["draw_call"] = _only(book.ladder["draw_call"], "wechat", "voice")
    ladder |= {kind: _only(book.ladder[kind], "sms") for kind in ("draw_accepted", "draw_declined")}
    return replace(deps, rulebooks={"demo": book.model_copy(update={"ladder": ladder})})


def _only(ladder: Ladder, *channels: str) -> Ladder:
    steps = {step.channel: step.model_copy(update={"after": timedelta()}) for step in ladder.steps}
    return ladder.model_copy(update={"steps": tuple(steps[name] for name in channels if name in steps) or ladder.steps})


class DrawStory(Story):
    office: Office
    draw_id: UUID

    async def prepare(self) -> None:
        self.office = await make_office(self.deps)
        for expert in await add_experts(self.office, 4):
            account = await make_account(self.deps, real_name=expert.name)
            await make_identity(account, openid=f"o-{expert.id}")
            await Expert.filter(id=expert.id).update(account_id=account.id)
        self.draw_id = await make_draw(self.office, needed=NEEDED)
        await verify(self.office, self.draw_id)
        await self.office.rounds.open(self.office.agency, self.draw_id)

    def begin(self) -> Callable[[KillPoints], Services]:
        self.phones, self.keys, self.chatted = Phones(), {}, set()
        phones = self.phones
        ports = replace(
            make_ports(self.deps), official=phones.official, windows=phones.official, sms=phones.sms, voice=phones.voice
        )
        return lambda points: make_services(self.deps, points.wire(ports))

    async def tell(self, life: Life) -> None:
        await self.fix_order(life)
        await life.ask_once("start", lambda: life.services.draws.calling.start(self.office.agency, self.draw_id))
        order = await self.read_order()
        for _ in range(60):
            await life.work()
            if not await self.use_phones(life, order) and (await Draw.get(id=self.draw_id)).state in OVER:
                return
            await life.pass_time(30)
        raise AssertionError("the draw hangs")

    async def fix_order(self, life: Life) -> None:
        office, draw_id, people = (
            self.office,
            self.draw_id,
            {"agency": bytes(15) + b"a", "supervisor": bytes(15) + b"s"},
        )
        view = await office.rounds.view(office.agency, draw_id, "agency")
        assert view is not None
        for role, value in people.items():
            digest = participant_commitment(role, value, view.draw_number, view.round_number).hex()
            actor = office.agency if role == "agency" else office.supervisor
            await self.commit(life, role, actor, digest)
        for role, value in people.items():
            actor = office.agency if role == "agency" else office.supervisor
            await self.reveal(life, role, actor, value)

    async def commit(self, life: Life, role: str, actor: Actor, digest: bytes) -> None:
        await life.ask_once(
            f"commit {role}", lambda: life.services.draws.rounds.commit(actor, self.draw_id, role, digest)
        )

    async def reveal(self, life: Life, role: str, actor: Actor, value: bytes) -> None:
        await life.ask_once(
            f"reveal {role}", lambda: life.services.draws.rounds.reveal(actor, self.draw_id, role, value.hex())
        )

    async def read_order(self) -> list[UUID]:
        listed = await CandidateList.get(round__draw_id=self.draw_id)
        raw = self.deps.keys.open(listed.experts_sealed, "experts")
        places = [int.from_bytes(listed.walk[i : i + 4], "big") for i in range(0, len(listed.walk), 4)]
        return [UUID(bytes=raw[place * 16 : place * 16 + 16]) for place in places]

    async def use_phones(self, life: Life, order: list[UUID]) -> bool:
        """What vendors report and people do now; whether there was anything."""
        messages, texts, calls = self.phones.new_messages(), self.phones.new_texts(), self.phones.new_calls()
        for message in messages:
            await self.report(life, message)
            await self.read_message(life, message, order)
        if texts:
            received = [delivered(text) for text in texts]
            await life.ask(lambda: life.services.operations.delivery_reports.take_sms(received))
        if calls:
            taken = [await self.take_call(call, order) for call in calls]
            await life.ask(lambda: life.services.operations.delivery_reports.take_calls(taken))
        return bool(messages or texts or calls)

    async def report(self, life: Life, message: Message) -> None:
        await life.ask(
            lambda: life.services.operations.delivery_reports.take_template(
                "wx-oa-demo", message.id, "success", message.openid
            )
        )

    async def read_message(self, life: Life, message: Message, order: list[UUID]) -> None:
        expert_id = UUID(message.openid.removeprefix("o-"))
        if message.kind != "draw_call" or expert_id != order[IN_CHAT]:
            return
        invitation = await Invitation.get(draw_id=self.draw_id, expert_id=expert_id)
        answered = await life.ask(
            lambda: life.services.draws.invitations.answer(invitation.id, expert_id, "accept", by="chat")
        )
        assert answered.view.state == "accepted"
        self.chatted.add(expert_id)

    async def take_call(self, call: PhoneCall, order: list[UUID]) -> CallReport:
        """The expert listens to the end and presses a key twice."""
        expert = await Expert.get(mobile_hash=self.deps.keys.lookup_hash("mobile", call.mobile))
        self.keys[expert.id] = "22" if expert.id == order[DECLINES] else "11"
        return self.phones.voice.answer(call, self.keys[expert.id], self.clock.now())

    async def check(self, life: Life) -> Mapping[str, object]:
        draw = await Draw.get(id=self.draw_id)
        states = {one.expert_id: one.state for one in await Invitation.filter(draw_id=self.draw_id)}
        for expert_id, keys in self.keys.items():
            assert states[expert_id] == ("accepted" if keys == "11" else "declined"), "a confirmed key does not count"
        for expert_id in self.chatted:
            assert states[expert_id] == "accepted", "who was told to come is not on the panel"
        called = Counter(call.mobile for call in self.phones.voice.calls)
        assert set(called.values()) <= {1}, f"somebody who answers was called twice: {called}"
        return {"state": draw.state, "places": await counters(self.draw_id), "panel": sorted(states.values())[:NEEDED]}


@pytest.mark.parametrize("kind", ["commit", "exchange", "defer"])
async def test_a_draw_ends_full_wherever_its_process_dies(
    db: str, deps: Deps, clock: FixedClock, kind: Kind, request: pytest.FixtureRequest
) -> None:
    async with enumeration(DrawStory(with_short_ladders(deps), clock), db, request.node.nodeid) as runs:
        await runs.run_all(kind)
