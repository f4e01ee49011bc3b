"""Reminds the parties of a round (三方摇号) of what it waits for, and says who starts the calls or ends one in vain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.clock import local
from domain.draws.lifecycles import DrawState
from domain.draws.round_stage import RoundStage, find_stage, print_parties, reached_reminder
from models.draws import Draw, Round
from services.core.base import Deps, rows, transaction
from services.core.due_rows import process_each
from services.draws.call_order.round_notices import ask_supervisors
from services.draws.locks import lock
from services.draws.party_notifications import Event, PartyNotifications
from services.notifications import Notices

_OPEN = """
SELECT d.id FROM draw_round r JOIN draw d ON d.id = r.draw_id
 WHERE r.aborted_at IS NULL AND d.state = 'committing'
   AND (r.seed = '' AND r.reveal_until IS NOT NULL OR r.start_by IS NOT NULL)
"""


@dataclass(frozen=True)
class RoundReminders:
    deps: Deps
    notices: Notices
    parties: PartyNotifications

    async def remind_due(self) -> int:
        """Each party once for each reminder of the rulebook; after the deadline the agency and the verifiers. Once the
        order is fixed, the agency if it doesn't start the calls."""
        return await process_each("round_reminders", await rows(_OPEN), lambda row: self._remind(row["id"]))

    async def _remind(self, draw_id: UUID) -> None:
        async with transaction():
            locked = await lock(draw_id)
            round_row = await Round.filter(draw_id=draw_id, aborted_at=None).order_by("-number").first()
            if locked.state != DrawState.COMMITTING or round_row is None:
                return
            if round_row.start_by is not None:
                await self._remind_of_start(locked.draw, round_row, round_row.start_by)
            if round_row.seed or round_row.reveal_until is None:
                return
            rules = self.deps.book(locked.draw.pool).draw.commitments
            stage = find_stage(
                rules.roles, round_row.commitments, round_row.reveals, round_row.reveal_until, self.deps.now()
            )
            if occasion := self._occasion(locked.draw, round_row, stage):
                await self._notify(locked.draw, round_row, stage, f"{round_row.number}:{stage.act}:{occasion}")

    async def _remind_of_start(self, draw: Draw, round_row: Round, start_by: datetime) -> None:
        """Once, unless a page that is open has started the calls."""
        rules, now = self.deps.book(draw.pool).draw.commitments, self.deps.now()
        if start_by - rules.start_within + rules.reveal_notice_after <= now < min(start_by, draw.starts_at):
            facts = {"until": f"{local(start_by):%H:%M}"}
            await self.parties.notify(draw, "order_fixed", facts, occasion=str(round_row.number))

    def _occasion(self, draw: Draw, round_row: Round, stage: RoundStage) -> str:
        """Which notice is due; empty: none."""
        rules = self.deps.book(draw.pool).draw.commitments
        if stage.is_late:
            return "late"
        begun = round_row.opened_at if stage.act == "commit" else stage.until - rules.reveal_timeout
        if lead := reached_reminder(rules.reminders, begun, stage.until, stage.now):
            return f"{lead.total_seconds():.0f}"
        # pages that are open publish by themselves within seconds
        return "due" if stage.act == "reveal" and stage.now >= begun + rules.reveal_notice_after else ""

    async def _notify(self, draw: Draw, round_row: Round, stage: RoundStage, occasion: str) -> None:
        if stage.is_late:
            # a short message has no room for both names
            who = print_parties(stage.waits_for) if len(stage.waits_for) == 1 else "各方"
            facts = {"who": who, "verb": "提交" if stage.act == "commit" else "公开"}
            await self.parties.notify(draw, "round_late", facts, occasion=occasion)
            return
        if "supervisor" in stage.waits_for:
            kind = "commitment_wanted" if stage.act == "commit" else "reveal_wanted"
            await ask_supervisors(self.deps, self.notices, draw, kind, stage.until, occasion)
        if "agency" in stage.waits_for:
            event: Event = "own_commitment" if stage.act == "commit" else "own_reveal"
            await self.parties.notify(draw, event, {"until": f"{local(stage.until):%H:%M}"}, occasion=occasion)
