"""Reminders before a gathering (签到提醒): of many draws in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from domain.rulebook.book import Rulebook
from domain.rulebook.notice_texts import time_params
from services.core.base import Deps, execute, rows
from services.core.due_rows import not_paused, process_together
from services.notifications import BEGINS, Notices, Recipient

_DUE = f"""
SELECT i.id FROM invitation i JOIN draw d ON d.id = i.draw_id
WHERE i.next_reminder_at <= $1 AND i.state = 'accepted' AND {not_paused("remind", "i.id")}
ORDER BY i.next_reminder_at LIMIT $2 FOR UPDATE OF d SKIP LOCKED
"""
"""Draws are locked before their invitations; locked ones are skipped until the next run."""
_STILL_DUE = """
SELECT i.id, i.expert_id, i.code, i.gathering_at, i.reminders_sent, d.pool, btrim(n.address || ' ' || n.room) AS place,
    EXISTS (SELECT 1 FROM attendance a WHERE a.invitation_id = i.id AND a.direction = 'in') AS entered
FROM invitation i JOIN draw d ON d.id = i.draw_id JOIN call_notice n ON n.id = i.notice_id
WHERE i.id = ANY($1::uuid[]) AND i.state = 'accepted' AND i.next_reminder_at <= $2 ORDER BY i.id FOR UPDATE OF i
"""
_PLAN_NEXT = """
UPDATE invitation i SET reminders_sent = i.reminders_sent + 1, next_reminder_at = planned.at
FROM unnest($1::uuid[], $2::timestamptz[]) AS planned (id, at) WHERE i.id = planned.id
"""
_TOO_LATE = timedelta(minutes=1)
"""After the gathering no reminder is sent."""


def next_reminder(book: Rulebook, gathering_at: datetime, now: datetime) -> datetime | None:
    """When the next reminder before ``gathering_at`` is due; past ones are left out."""
    due = [gathering_at - lead for lead in book.attendance.reminders]
    return min((at for at in due if at > now), default=None)


async def remind_due(deps: Deps, notices: Notices, limit: int) -> int:
    """Remind experts whose gathering is near and who haven't entered; returns how many were due."""
    return await process_together(
        "remind", partial(rows, _DUE, deps.now(), limit), partial(_remind_experts, deps, notices)
    )


async def _remind_experts(deps: Deps, notices: Notices, due: Sequence[Any]) -> None:
    now = deps.now()
    invitations = await rows(_STILL_DUE, [row["id"] for row in due], now)
    wanted = [row for row in invitations if not row["entered"] and now < row["gathering_at"] + _TOO_LATE]
    for pool in sorted({row["pool"] for row in wanted}):
        recipients = [_recipient(row) for row in wanted if row["pool"] == pool]
        await notices.notify_many(pool=pool, kind="check_in_reminder", recipients=recipients, bulk=False)
    planned = [next_reminder(deps.book(row["pool"]), row["gathering_at"], now) for row in invitations]
    await execute(_PLAN_NEXT, [row["id"] for row in invitations], planned)


def _recipient(row: Any) -> Recipient:
    begins = {BEGINS: row["gathering_at"].isoformat()}
    params = {**time_params(row["gathering_at"]), "place": row["place"], "code": row["code"], **begins}
    key = f"check_in_reminder:{row['id']}:{row['reminders_sent'] + 1}"
    return Recipient(key, params, expert_id=row["expert_id"], invitation_id=row["id"])
