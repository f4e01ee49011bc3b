"""Closes unanswered invitations in batches over many draws, and notifies their experts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from domain.draws import record
from domain.draws.lifecycles import INVITATION, InvitationEvent, InvitationState
from domain.rulebook.notice_texts import CALLS
from models.draws import Condition, Draw
from models.invitations import Invitation
from services.core.base import Deps, execute, rows
from services.core.due_rows import not_paused, process_together
from services.draws.calls.call_rules import STATES_THAT_TAKE_ANSWERS
from services.draws.calls.lapse_notifications import notify_lapsed
from services.draws.recall_record import confirmed_entry, find_statements
from services.draws.record_log import append_to_logs
from services.notifications import Notices

CALL_GRACE = timedelta(seconds=90)
"""How long an invitation outlives its deadline while a call to its expert has no outcome yet: a key pressed in time
counts, though the vendor reports it later, within this limit."""
_OVER = f"""
i.state = 'open' AND i.answer_until <= $1
AND (i.answer_until <= $1 - interval '{CALL_GRACE.total_seconds()} seconds' OR NOT EXISTS (
    SELECT 1 FROM notice n JOIN attempt a ON a.notice_id = n.id WHERE n.invitation_id = i.id
    AND a.channel = 'voice' AND (a.state IN ('sent', 'unknown') OR a.check_at IS NOT NULL)))
AND {not_paused("expire", "i.id")}
"""
EXPIRY_DUE = f"EXISTS (SELECT 1 FROM invitation i WHERE {_OVER})"
"""Whether an invitation is to be closed at the moment ``$1``. While its expert is on the phone it is not, or the
scheduler would defer jobs that find nothing, twice a second."""
_EXPIRED = f"""
SELECT i.id FROM invitation i JOIN draw d ON d.id = i.draw_id WHERE {_OVER}
ORDER BY i.answer_until LIMIT $2 FOR UPDATE OF d SKIP LOCKED
"""
"""Draws are locked before their invitations; locked ones are skipped until the next run."""
_DRAWS_OF = "SELECT DISTINCT draw_id FROM invitation WHERE id = ANY($1::uuid[])"
_CLOSE = (
    "UPDATE invitation SET state = $2, answered_by = 'system', answered_at = $3, closed_at = $3, "
    "next_reminder_at = NULL WHERE id = ANY($1::uuid[])"
)
_FREE_PLACES = (
    "UPDATE draw_condition c SET open = c.open - freed.places FROM unnest($1::uuid[], $2::int[]) AS freed (id, places) "
    "WHERE c.id = freed.id"
)


async def expire_due(deps: Deps, notices: Notices, limit: int) -> int:
    """Close invitations whose time to answer is over, unless their expert is on the phone; returns how many were found.

    Another worker may have closed some of them between the search and the lock: they are found, and not closed again.
    """
    find = partial(rows, _EXPIRED, deps.now(), limit)
    return await process_together("expire", find, partial(_close_expired, deps, notices))


async def _close_expired(deps: Deps, notices: Notices, due: Sequence[Any]) -> None:
    """Close unanswered invitations: the places are vacant again, and the experts are notified that they needn't
    come."""
    now = deps.now()
    draws, conditions, expired = await _lock_expired([row["id"] for row in due], now)
    if not expired:
        return
    silent = INVITATION.next(InvitationState.OPEN, InvitationEvent.EXPIRE)
    await execute(_CLOSE, [invitation.id for invitation in expired], silent, now)
    freed = Counter(invitation.condition_id for invitation in expired)
    await execute(_FREE_PLACES, list(freed), list(freed.values()))
    statements = await find_statements([draw.id for draw in draws.values() if draw.kind == "recall"])
    acts: dict[UUID, list[record.Act]] = {}
    for invitation in expired:
        position = conditions[invitation.condition_id].position
        key = (invitation.draw_id, invitation.expert_id)
        entry: record.Act = (
            confirmed_entry(position, invitation, InvitationState(silent), "system", statements[key])
            if key in statements
            else record.CallOutcome(position, bytes.fromhex(invitation.leaf), "silent", "system")
        )
        acts.setdefault(invitation.draw_id, []).append(entry)
    await append_to_logs(now, [(draws[draw_id], done) for draw_id, done in acts.items()])
    await notices.stop_many([invitation.id for invitation in expired], CALLS)
    calling = [draw_id for draw_id in acts if draws[draw_id].state in STATES_THAT_TAKE_ANSWERS]
    await deps.jobs.defer_many("draws.refill", [{"draw_id": str(draw_id)} for draw_id in calling])
    for pool in sorted({draw.pool for draw in draws.values()}):
        of_pool = [invitation for invitation in expired if draws[invitation.draw_id].pool == pool]
        await notify_lapsed(deps, notices, of_pool, pool)


async def _lock_expired(
    invitation_ids: Sequence[UUID], now: datetime
) -> tuple[Mapping[UUID, Draw], Mapping[UUID, Condition], list[Invitation]]:
    """Lock draws, conditions and then open invitations, in the order of their time."""
    draw_ids = {row["draw_id"] for row in await rows(_DRAWS_OF, list(invitation_ids))}
    draws = {draw.id: draw for draw in await Draw.filter(id__in=list(draw_ids)).order_by("id").select_for_update()}
    conditions = await Condition.filter(draw_id__in=list(draws)).order_by("draw_id", "position").select_for_update()
    overdue = Invitation.filter(id__in=list(invitation_ids), state=InvitationState.OPEN, answer_until__lte=now)
    expired = await overdue.order_by("answer_until", "id").select_for_update()
    return draws, {condition.id: condition for condition in conditions}, expired
