"""A draw from the fixed order to the full panel, whose process dies at each crossing."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from app.assembly import make_services
from domain.clock import FixedClock
from domain.draws.random_draw import participant_commitment
from models.draws import CandidateList, Draw
from models.experts import Expert
from models.invitations import Invitation
from services.core.base import Deps
from services.core.idempotency import once
from services.notifications import delivery
from services.ports import CallReport
from services.registry import Services
from tests.drivers import kill_points
from tests.drivers.kill_points import Enumeration, KillPoints, Kind, Life, Story, enumeration
from tests.factories.assembly import make_ports
from tests.factories.offices import Office, add_experts, counters, make_draw, make_office, verify
from tests.factories.people import make_account, make_identity
from tests.factories.phones import Message, PhoneCall, Phones, delivered
from tests.factories.rulebooks import with_short_ladders

NEEDED = 2
DECLINES, IN_CHAT = 0, 2
"""Places in the order of the expert who declines by key, and of the one who accepts in the chat; all others accept by
key."""
OVER = ("completed", "short")


LADDERS = {"draw_call": ("wechat", "voice"), "draw_accepted": ("sms",), "draw_declined": ("sms",)}
"""Calls by WeChat and by telephone at once, as in Guangdong; the parties, who are not in WeChat, are not notified."""


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
        await life.ask_once("start", "draws.calling.start", self.office.agency, self.draw_id)
        order = await self.read_order()
        for _ in range(60):
            await life.work()
            if not await self.use_phones(life, order) and (await Draw.get(id=self.draw_id)).state in OVER:
                return
            await life.pass_time(30)
        raise AssertionError("the draw hangs")

    async def fix_order(self, life: Life) -> None:
        office, draw_id = self.office, self.draw_id
        people = {"agency": office.agency, "supervisor": office.supervisor}
        values = {"agency": bytes(15) + b"a", "supervisor": bytes(15) + b"s"}
        view = await office.rounds.view(office.agency, draw_id, "agency")
        assert view is not None
        for role, actor in people.items():
            digest = participant_commitment(role, values[role], view.draw_number, view.round_number).hex()
            await life.ask_once(f"commit {role}", "draws.rounds.commit", actor, draw_id, role, digest)
        for role, actor in people.items():
            await life.ask_once(f"reveal {role}", "draws.rounds.reveal", actor, draw_id, role, values[role].hex())

    async def read_order(self) -> list[UUID]:
        listed = await CandidateList.get(round__draw_id=self.draw_id)
        raw = self.deps.keys.open(listed.experts_sealed, "experts")
        places = [int.from_bytes(listed.walk[i : i + 4], "big") for i in range(0, len(listed.walk), 4)]
        return [UUID(bytes=raw[place * 16 : place * 16 + 16]) for place in places]

    async def use_phones(self, life: Life, order: list[UUID]) -> bool:
        """What vendors report and people do now; whether there was anything."""
        messages, texts, calls = self.phones.new_messages(), self.phones.new_texts(), self.phones.new_calls()
        reports = "operations.delivery_reports"
        for message in messages:
            await life.ask(f"{reports}.take_template", "wx-oa-demo", message.id, "success", message.openid)
            await self.read_message(life, message, order)
        if texts:
            await life.ask(f"{reports}.take_sms", [delivered(text) for text in texts])
        if calls:
            await life.ask(f"{reports}.take_calls", [await self.take_call(call, order) for call in calls])
        return bool(messages or texts or calls)

    async def read_message(self, life: Life, message: Message, order: list[UUID]) -> None:
        expert_id = UUID(message.openid.removeprefix("o-"))
        if message.kind != "draw_call" or expert_id != order[IN_CHAT]:
            return
        invitation = await Invitation.get(draw_id=self.draw_id, expert_id=expert_id)
        answered = await life.ask("draws.invitations.answer", invitation.id, expert_id, "accept", by="chat")
        assert answered.view.state == "accepted"
        self.chatted.add(expert_id)

    async def take_call(self, call: PhoneCall, order: list[UUID]) -> CallReport:
        """The expert listens to the end and presses a key twice."""
        expert = await Expert.get(mobile_hash=self.deps.keys.lookup_hash("mobile", call.mobile))
        self.keys[expert.id] = "22" if expert.id == order[DECLINES] else "11"
        return self.phones.voice.answer(call, self.keys[expert.id], self.clock.now())

    async def check(self, life: Life) -> Mapping[str, object]:
        draw = await Draw.get(id=self.draw_id)
        states = {
            invitation.expert_id: invitation.state for invitation in await Invitation.filter(draw_id=self.draw_id)
        }
        for expert_id, keys in self.keys.items():
            assert states[expert_id] == ("accepted" if keys == "11" else "declined"), "a confirmed key does not count"
        for expert_id in self.chatted:
            assert states[expert_id] == "accepted", "who was told to come is not on the panel"
        called = Counter(call.mobile for call in self.phones.voice.calls)
        assert set(called.values()) <= {1}, f"somebody who answers was called twice: {called}"
        return {"state": draw.state, "places": await counters(self.draw_id), "panel": sorted(states.values())[:NEEDED]}


@pytest.fixture
async def runs(db: str, deps: Deps, clock: FixedClock, request: pytest.FixtureRequest) -> AsyncIterator[Enumeration]:
    story = DrawStory(with_short_ladders(deps, **LADDERS), clock)
    async with enumeration(story, db, request.node.nodeid) as enumerated:
        yield enumerated


@pytest.mark.parametrize("kind", ["commit", "exchange", "defer"])
async def test_a_draw_ends_full_wherever_its_process_dies(runs: Enumeration, kind: Kind) -> None:
    await runs.run_all(kind)


async def test_without_its_commit_before_dialling_a_call_would_be_made_twice(
    runs: Enumeration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the attempt stays *pending* until the vendor has answered."""
    monkeypatch.setattr(delivery, "_CLAIM", delivery._CLAIM.replace("state = 'unknown'", "state = 'pending'"))
    monkeypatch.setattr(delivery, "_APPLY", delivery._APPLY.replace("a.state = 'unknown'", "a.state = 'pending'"))
    tried, faults = await runs.find_faults("exchange", "call")
    assert any("called twice" in fault for fault in faults), (tried, faults)


async def test_without_stored_answers_a_repeated_request_would_be_refused(
    runs: Enumeration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the key of a request is not stored."""

    async def run_twice(**options: Any) -> object:
        return await once(**{**options, "key": None})

    monkeypatch.setattr(kill_points, "once", run_twice)
    tried, faults = await runs.find_faults("commit", "idempotency.once")
    assert any("Conflict" in fault for fault in faults), (tried, faults)
