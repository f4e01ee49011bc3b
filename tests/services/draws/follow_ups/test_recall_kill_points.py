"""A recall whose process dies at each crossing: each expert is connected and written to once, as the record says."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from app.assembly import make_services
from app.worker import STALLED_AFTER
from domain.clock import FixedClock
from domain.draws.lifecycles import VIRTUAL_CALL, VirtualCallEvent, VirtualCallState
from models.audit import AuditEntry
from models.draws import Draw, LogEntry, RecalledExpert
from models.experts import Expert
from models.invitations import Invitation
from models.notices import Attempt, Notice
from models.virtual_calls import VirtualCall
from services.core.base import Deps
from services.draws import virtual_calls
from services.ports import CallReport
from services.registry import Services
from tests.drivers.kill_points import Enumeration, KillPoints, Life, Story, enumeration
from tests.factories.assembly import make_ports
from tests.factories.offices import Bridge, Office, add_experts, make_office
from tests.factories.phones import Phones, delivered
from tests.factories.rulebooks import with_short_ladders
from tests.services.draws.follow_ups.test_redraws_and_recalls import make_recall

RECALLS = "draws.recalls"
SILENCE = 240
"""Seconds after which staff whose own phone has not rung ask for the call again."""
UNREPORTED = 900
"""Seconds after which a message without a report counts as not sent."""
_OF_REPETITIONS = ("virtual_call.asked", "recall.resent")
"""Acts of people who ask again because nothing has come."""


class RecallStory(Story):
    """Of a panel of two, one is connected with the agency and answers by link; the other refuses by link."""

    told_elsewhere = ("audit_chain.", "scheduler.", "due_rows.")

    office: Office
    draw_id: UUID
    panel: list[RecalledExpert]

    async def prepare(self) -> None:
        self.office = await make_office(with_short_ladders(self.deps))  # the original's messages go nowhere
        await add_experts(self.office, 2)
        self.draw_id = await make_recall(self.office)
        await Attempt.all().delete()  # no message of the original is on its way
        await Notice.all().delete()
        self.panel = await RecalledExpert.filter(draw_id=self.draw_id).order_by("id")
        self.mobile = self.deps.keys.open_text((await Expert.get(id=self.panel[0].expert_id)).mobile_sealed, "mobile")

    def begin(self) -> Callable[[KillPoints], Services]:
        self.phones, self.bridge = Phones(), Bridge()
        phones = self.phones
        ports = replace(
            make_ports(self.deps), official=phones.official, windows=phones.official, sms=phones.sms, bridge=self.bridge
        )
        return lambda points: make_services(self.deps, points.wire(ports))

    async def tell(self, life: Life) -> None:
        recall = (self.office.agency, self.draw_id)
        comes, stays_away = self.panel
        await life.ask_once("invite", f"{RECALLS}.invite_panel", *recall)
        await life.ask_once("phone", f"{RECALLS}.choose_phone", *recall, None)
        await self.talk(life)
        gathering_at = (await Draw.get(id=self.draw_id)).starts_at - timedelta(minutes=30)
        await life.ask_once("statement", f"{RECALLS}.record_statement", *recall, comes.id, True, gathering_at)
        for row, choice, shown in ((comes, "accept", gathering_at), (stays_away, "decline", None)):
            invitation = await Invitation.get(draw_id=self.draw_id, expert_id=row.expert_id)
            answer = "draws.invitations.answer"
            await life.ask_once(choice, answer, invitation.id, row.expert_id, choice, by="h5", shown=shown)
        await life.ask_once("confirm", f"{RECALLS}.confirm", *recall)
        await self.read_message(life)

    async def talk(self, life: Life) -> None:
        """Staff ask for a call until their phone rings, and talk with the expert."""
        for request in range(2):
            await life.ask_once(
                f"ring {request}", f"{RECALLS}.ring", self.office.agency, self.draw_id, self.panel[0].id
            )
            await life.work()
            if life.deaths:
                await life.pass_time(STALLED_AFTER)
            if self.bridge.made:
                break
            await life.pass_time(SILENCE)
        *_, (_, _, out_id) = self.bridge.made
        report = CallReport(f"bridge-{len(self.bridge.made)}", out_id, True, "200100", "", None, 35)
        await life.ask("operations.delivery_reports.take_calls", [report])
        await life.work()

    async def read_message(self, life: Life) -> None:
        """A message that may or may not have been sent is not repeated: the agency learns of it, and sends another."""
        await life.work()
        for _ in range(4):
            if texts := self.phones.new_texts():
                await life.ask("operations.delivery_reports.take_sms", [delivered(text) for text in texts])
                await life.work()
                return
            await life.pass_time(UNREPORTED)
            if await Notice.exists(kind="draw_accepted", state="failed"):
                await life.ask_once("resend", f"{RECALLS}.resend", self.office.agency, self.draw_id, self.panel[0].id)
                await life.work()
        raise AssertionError("the expert is never written to")

    async def check(self, life: Life) -> Mapping[str, object]:
        connected = Counter(self.bridge.made)
        assert {callee for _, callee, _ in connected} == {self.mobile}
        assert set(connected.values()) == {1}, f"connected twice for one request: {connected}"
        assert [text.mobile for text in self.phones.sms.texts] == [self.mobile], "who comes is written to, once"
        invitations = await Invitation.filter(draw_id=self.draw_id, state="accepted")
        entries = await LogEntry.filter(draw_id=self.draw_id).order_by("seq")
        confirmed = {entry.facts["leaf"] for entry in entries if entry.facts.get("answer") == "comes"}
        assert confirmed == {invitation.leaf for invitation in invitations}, "the record names another panel"
        acts = Counter(await AuditEntry.filter(subject_id=self.draw_id).values_list("action", flat=True))
        for action in _OF_REPETITIONS:
            del acts[action]
        return {
            "draw": (await Draw.get(id=self.draw_id)).state,
            "panel": [(invitation.expert_id, invitation.state) for invitation in invitations],
            "record": [entry.act for entry in entries],
            "acts": acts,
            "talks": await VirtualCall.filter(state="talked").count(),
            "messages": await Notice.filter(kind="draw_accepted", state="done").count(),
        }


@pytest.fixture
async def runs(db: str, deps: Deps, clock: FixedClock, request: pytest.FixtureRequest) -> AsyncIterator[Enumeration]:
    story = RecallStory(with_short_ladders(deps, draw_accepted=("sms",)), clock)
    async with enumeration(story, db, request.node.nodeid) as enumerated:
        yield enumerated


async def test_an_expert_is_connected_and_written_to_once_wherever_the_process_dies(runs: Enumeration) -> None:
    await runs.run_all("commit", "exchange")


async def test_without_its_commit_before_dialling_an_expert_would_be_connected_twice(
    runs: Enumeration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the call stays *asked* until its report, and its job may come late."""
    moves = dict(VIRTUAL_CALL.moves)
    moves[VirtualCallState.ASKED] = {
        **moves[VirtualCallState.DIALLING],
        VirtualCallEvent.DIAL: VirtualCallState.ASKED,
    }
    monkeypatch.setattr(virtual_calls, "VIRTUAL_CALL", replace(VIRTUAL_CALL, moves=moves))
    monkeypatch.setattr(virtual_calls, "_UNPLACED_TTL", timedelta(hours=1))
    tried, faults = await runs.find_faults("commit", "VirtualCalls.dial")
    assert any("connected twice" in fault for fault in faults), (tried, faults)
