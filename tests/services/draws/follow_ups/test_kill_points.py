"""The release of a panel whose process dies at each crossing: each expert is called, and written to, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from uuid import UUID

import pytest

from app.assembly import make_services
from domain.clock import FixedClock
from models.audit import AuditEntry
from models.draws import Draw, DrawApplication
from models.invitations import Invitation
from models.notices import Notice
from services.core.base import Deps
from services.registry import Services
from tests.drivers.kill_points import KillPoints, Kind, Life, Story, enumeration
from tests.factories.assembly import make_ports
from tests.factories.offices import Office, add_experts, make_office, open_invitations, prove, start_draw
from tests.factories.phones import Phones, delivered
from tests.factories.rulebooks import with_short_ladders

NEEDED = 2
LADDERS = {"draw_released": ("voice",), "draw_release_text": ("sms",)}


class ReleaseStory(Story):
    office: Office
    draw_id: UUID
    application: UUID

    async def prepare(self) -> None:
        self.office = await make_office(self.deps)
        await add_experts(self.office, NEEDED)
        self.draw_id = await start_draw(self.office, needed=NEEDED)
        for invitation in await open_invitations(self.draw_id):
            await self.office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
        await self.office.run.advance(self.draw_id)
        await prove(self.office, self.draw_id, "release_application")
        self.application = await self.office.releases.submit(
            self.office.agency, self.draw_id, "招标失败", "投标人不足三家"
        )

    def begin(self) -> Callable[[KillPoints], Services]:
        self.phones = phones = Phones()
        ports = replace(
            make_ports(self.deps), official=phones.official, windows=phones.official, sms=phones.sms, voice=phones.voice
        )
        return lambda points: make_services(self.deps, points.wire(ports))

    async def tell(self, life: Life) -> None:
        await life.ask_once("approve", "draws.verification.approve", self.office.verifier, self.application)
        await life.ask_once("start", "draws.releases.start", self.office.agency, self.draw_id)
        for _ in range(20):
            await life.work()
            calls, texts = self.phones.new_calls(), self.phones.new_texts()
            if calls:
                reports = [self.phones.voice.answer(call, "", self.clock.now()) for call in calls]
                await life.ask("operations.delivery_reports.take_calls", reports)
            if texts:
                await life.ask("operations.delivery_reports.take_sms", [delivered(text) for text in texts])
            if not calls and not texts and not await Notice.exists(state="active"):
                return
            await life.pass_time(30)
        raise AssertionError("the release hangs")

    async def check(self, life: Life) -> Mapping[str, object]:
        called = Counter(call.mobile for call in self.phones.voice.calls)
        assert set(called.values()) <= {1}, f"somebody who answers was called twice: {called}"
        written = Counter(text.mobile for text in self.phones.sms.texts)
        assert set(written.values()) <= {1}, f"somebody was written to twice: {written}"
        assert len({*called, *written}) == NEEDED, f"somebody was neither called nor written to: {called} {written}"
        return {
            "draw": (await Draw.get(id=self.draw_id)).state,
            "panel": sorted(invitation.state for invitation in await Invitation.filter(draw_id=self.draw_id)),
            "application": (await DrawApplication.get(id=self.application)).state,
            "acts": Counter(await AuditEntry.all().values_list("action", flat=True)),
            "notices": await Notice.filter(kind="draw_released").count(),
            "texts": await Notice.filter(kind="draw_release_text").count(),
        }


@pytest.mark.parametrize("kind", ["commit", "exchange", "defer"])
async def test_an_expert_of_a_released_panel_is_called_once_wherever_the_process_dies(
    db: str, deps: Deps, clock: FixedClock, kind: Kind, request: pytest.FixtureRequest
) -> None:
    story = ReleaseStory(with_short_ladders(deps, **LADDERS), clock)
    async with enumeration(story, db, request.node.nodeid) as runs:
        await runs.run_all(kind)
