"""When a draw is over: full, once every place is filled, or short, once no further call will be made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.clock import print_time
from domain.draws import record
from domain.draws.lifecycles import DrawEvent, DrawState, InvitationEvent, InvitationState
from domain.rulebook.notice_texts import time_params
from models.draws import CallNotice, Condition
from models.invitations import Invitation
from services.core.base import Deps, execute
from services.draws.calls.call_rules import lead_time, vacant_places
from services.draws.calls.places import Cause, Places
from services.draws.draw_notices import notify_agency
from services.draws.locks import Locked, move
from services.draws.party_notifications import PartyNotifications
from services.draws.record_log import append_to_log
from services.notifications import BEGINS, Notices

_REOPEN_ABSENCES = """
UPDATE absence SET handled_at = NULL WHERE id IN (SELECT id FROM (
  SELECT a.id, row_number() OVER (PARTITION BY c.id ORDER BY a.registered_at DESC, a.id DESC) AS place,
    c.needed - c.accepted AS missing
  FROM absence a JOIN draw_condition c ON c.id = a.condition_id WHERE a.draw_id = $1) AS listed WHERE place <= missing)
"""
"""Reopens the newest absences of each condition, one for each place that the supplementary draw could not fill."""


@dataclass(frozen=True)
class DrawCompletion:
    deps: Deps
    notices: Notices
    parties: PartyNotifications
    places: Places

    async def complete_if_decided(self, locked: Locked, now: datetime) -> None:
        """The draw is full when every place is filled; short when no expert is left to call and no call is open."""
        draw = locked.draw
        if locked.open:
            return
        missing = [c for c in locked.conditions if vacant_places(c)]
        if not missing:
            await append_to_log(draw, now, record.Completed())
            await move(draw, DrawEvent.FILL)
            unseal_at = draw.starts_at - self.deps.book(draw.pool).draw.result_visible_before
            await notify_agency(
                self.notices,
                draw,
                "agency_full",
                str(draw.log_length),
                needed=draw.needed,
                agreed=locked.accepted,
                unseal_at=print_time(unseal_at),
            )
            await self.parties.notify(draw, "full", {"needed": draw.needed})
        elif (reason := await self._shortage_reason(locked, missing, now)) is not None:
            if reason == "force_ended":
                await self._notify_panel(locked, now)
            await append_to_log(draw, now, record.Short(reason))
            # from a pause no move leads to short: the draw ends first, and then settles
            if locked.state == DrawState.PAUSED:
                await move(draw, DrawEvent.STOP)
            await move(draw, DrawEvent.SETTLE if locked.state == DrawState.ENDING else DrawEvent.RUN_SHORT)
            await execute(_REOPEN_ABSENCES, draw.id)
            counts: dict[str, str | int] = {"needed": draw.needed, "agreed": locked.accepted}
            await notify_agency(self.notices, draw, "agency_short", str(draw.log_length), **counts)
            await self.parties.notify(draw, "short", counts)
        else:
            return
        draw.finished_at = now
        await draw.save(update_fields=["finished_at"])

    async def _notify_panel(self, locked: Locked, now: datetime) -> None:
        """After a forced end the experts who accepted stay or are released, by the rulebook, and each is notified."""
        book, draw = self.deps.book(locked.draw.pool), locked.draw
        agreed = Invitation.filter(draw_id=draw.id, state=InvitationState.ACCEPTED)
        for invitation in await agreed.order_by("id").select_for_update():
            stays = book.draw.exits.after_forced_end == "stay"
            if not stays:
                event, cause = InvitationEvent.RELEASE, Cause("system")
                await self.places.apply(locked, invitation, event, now, by="system", cause=cause)
            kind = "panel_stays" if stays else "draw_cancelled"
            await self.notices.notify(
                pool=draw.pool,
                kind=kind,
                dedupe_key=f"{kind}:{invitation.id}:{draw.log_length}",
                params={
                    **time_params(invitation.gathering_at),
                    "hotline": book.pool.hotline,
                    "code": invitation.code,
                    BEGINS: invitation.gathering_at.isoformat(),
                },
                expert_id=invitation.expert_id,
                invitation_id=invitation.id,
            )

    async def _shortage_reason(
        self, locked: Locked, missing: list[Condition], now: datetime
    ) -> record.ShortReason | None:
        """Why no further call will be made; None while calls are possible."""
        if locked.state == DrawState.ENDING:
            return "force_ended"
        if all(c.exhausted for c in missing):
            return "exhausted"
        notices = {n.id: n for n in await CallNotice.filter(draw_id=locked.draw.id)}
        late = [now >= notices[c.notice_id].gathering_at - lead_time(locked.draw) for c in missing]
        if all(c.exhausted or is_late for c, is_late in zip(missing, late, strict=True)):
            return "too_late"
        return None
