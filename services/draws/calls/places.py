"""Places (名额) of a draw: an invitation and the counters of its condition change together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from domain.draws import record
from domain.draws.lifecycles import INVITATION, InvitationEvent, InvitationState
from domain.rulebook.notice_texts import CALLS
from models.draws import Condition
from models.invitations import Invitation
from services.core.base import Deps, execute
from services.draws.calls.call_rules import STATES_THAT_TAKE_ANSWERS
from services.draws.locks import Locked
from services.draws.recall_record import ANSWERED, confirmed_entry, find_statements
from services.draws.record_log import append_to_log
from services.notifications import Notices

_RESUMED_AFTER = timedelta(seconds=60)
"""An expert who has just undone an answer is asked again in the same conversation: other channels wait for this
time."""
_ASKING = (*CALLS, "recall_stated")
"""Kinds that ask for an answer."""
_OF_THE_PLACE = (
    "draw_accepted",
    "gathering_changed",
    "gathering_stays",
    "panel_waits",
    "time_reminder",
    "leave_asked",
    "check_in_reminder",
    "urging",
)
"""Kinds of notices that are obsolete once an expert no longer has the place."""
_MOVE_PLACE = """
WITH place AS (UPDATE draw_condition SET open = $2, accepted = $3 WHERE id = $1)
UPDATE invitation SET state = $5, answered_by = $6, answered_at = $7, closed_at = $8, next_reminder_at = $9
WHERE id = $4
"""


@dataclass(frozen=True)
class Cause:
    """Who caused an outcome, and who had to confirm it, as in the published record."""

    by: record.Party
    confirmed_by: record.Party | Literal[""] = ""


@dataclass(frozen=True)
class Places:
    deps: Deps
    notices: Notices

    async def apply(
        self,
        locked: Locked,
        invitation: Invitation,
        event: InvitationEvent,
        now: datetime,
        *,
        by: str,
        cause: Cause | None = None,
    ) -> None:
        """Move an invitation together with its condition's counters, and record the outcome. Raises Conflict.

        An undone acceptance reopens the call: its place stays occupied, its ladder resumes after a while. ``by`` is the
        channel of an answer, or system. Without a ``cause`` the expert answered, or the call expired.
        """
        became = INVITATION.next(InvitationState(invitation.state), event)
        condition = locked.condition(invitation.condition_id)
        _change_state_and_counters(invitation, condition, became, by, now)
        await execute(
            _MOVE_PLACE,
            condition.id,
            condition.open,
            condition.accepted,
            invitation.id,
            became.value,
            by,
            now,
            invitation.closed_at,
            invitation.next_reminder_at,
        )
        await append_to_log(locked.draw, now, await _entry(locked, invitation, became, by, cause))
        await self._update_ladders(invitation, became)
        if became != InvitationState.OPEN and locked.state in STATES_THAT_TAKE_ANSWERS:
            await self.deps.jobs.defer("draws.advance", draw_id=str(locked.draw.id))

    async def _update_ladders(self, invitation: Invitation, became: InvitationState) -> None:
        """Stop notices that the new state makes pointless; an invitation that is open again is called on."""
        if became == InvitationState.OPEN:
            await self.notices.stop(invitation_id=invitation.id, kinds=_OF_THE_PLACE)
            await self.notices.resume(invitation_id=invitation.id, kind="draw_call", pause=_RESUMED_AFTER)
            return
        kinds = _ASKING if became == InvitationState.ACCEPTED else [*_ASKING, *_OF_THE_PLACE]
        await self.notices.stop(invitation_id=invitation.id, kinds=kinds)


async def _entry(
    locked: Locked, invitation: Invitation, became: InvitationState, by: str, cause: Cause | None
) -> record.Act:
    """What the record says of the move; an expert of a recalled panel is confirmed instead of called."""
    draw, position = locked.draw, locked.condition(invitation.condition_id).position
    if draw.kind == "recall" and became in ANSWERED:
        statements = await find_statements([draw.id])
        return confirmed_entry(position, invitation, became, by, statements[draw.id, invitation.expert_id])
    cause = cause or Cause("system" if by == "system" else "expert")
    leaf = bytes.fromhex(invitation.leaf)
    return record.CallOutcome(position, leaf, _outcome(became), cause.by, cause.confirmed_by)


def _change_state_and_counters(
    invitation: Invitation, condition: Condition, became: InvitationState, by: str, now: datetime
) -> None:
    was = InvitationState(invitation.state)
    condition.open += (became == InvitationState.OPEN) - (was == InvitationState.OPEN)
    condition.accepted += (became == InvitationState.ACCEPTED) - (was == InvitationState.ACCEPTED)
    invitation.state = became
    invitation.answered_by = by
    invitation.answered_at = now
    if became != InvitationState.ACCEPTED:
        invitation.closed_at = None if became == InvitationState.OPEN else now
        invitation.next_reminder_at = None


def _outcome(state: InvitationState) -> record.OutcomeKind:
    """The record's name of the move to ``state``; open means that an acceptance was undone."""
    if state == InvitationState.OPEN:
        return "undone"
    known: dict[str, record.OutcomeKind] = {kind: kind for kind in get_args(record.OutcomeKind)}
    return known[state.value]
