"""Sends group notices batch by batch, at the pool's rate. Each batch is one transaction, so a killed worker sends
nothing twice and passes nobody over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from models.notices import GroupNotice
from services.core.base import Deps, execute, rows, transaction
from services.core.due_rows import not_paused, process_each
from services.notifications import Notices, Recipient
from services.office.group_notices import KIND, params_of

BATCH_PAUSE = timedelta(seconds=10)
_TO_SEND = f"""
FROM group_notice g WHERE g.next_at <= $1 AND {not_paused("group_notice", "g.id")}
"""
BATCHES_DUE = f"EXISTS (SELECT 1 {_TO_SEND})"
_NEXT = f"SELECT g.id {_TO_SEND} ORDER BY g.next_at LIMIT 20"
_BATCH = """
SELECT p.id, p.account_id, p.expert_id,
  (p.expert_id IS NULL OR e.left_at IS NULL) AND a.disabled_at IS NULL AS stays
FROM (SELECT * FROM group_notice_person WHERE group_notice_id = $1 AND sent_at IS NULL ORDER BY id LIMIT $2) p
  LEFT JOIN expert e ON e.id = p.expert_id LEFT JOIN account a ON a.id = p.account_id ORDER BY p.id
"""
_SENT = "UPDATE group_notice_person SET sent_at = $2 WHERE id = ANY($1::uuid[])"


@dataclass(frozen=True)
class GroupSending:
    deps: Deps
    notices: Notices

    async def send_due(self) -> int:
        """The next batch of each group that is being sent; returns how many groups had one."""
        now = self.deps.now()
        return await process_each("group_notice", await rows(_NEXT, now), lambda row: self._send_batch(row["id"], now))

    async def _send_batch(self, group_id: UUID, now: datetime) -> None:
        async with transaction():
            group = await GroupNotice.select_for_update().get(id=group_id)
            if group.next_at is None or group.next_at > now:
                return
            per_minute = self.deps.book(group.pool).group_notices.per_minute
            size = max(1, int(per_minute * BATCH_PAUSE.total_seconds() / 60))
            batch = await rows(_BATCH, group.id, size)
            staying = [row for row in batch if row["stays"]]
            params = params_of(group, now)
            recipients = [
                Recipient(f"group:{row['id']}", params, row["account_id"], row["expert_id"]) for row in staying
            ]
            await self.notices.notify_many(pool=group.pool, kind=KIND, recipients=recipients)
            await execute(_SENT, [row["id"] for row in batch], now)
            group.sent += len(staying)
            group.skipped += len(batch) - len(staying)
            group.next_at = now + BATCH_PAUSE
            if len(batch) < size:
                group.state, group.next_at, group.ended_at = "done", None, now
            await group.save(update_fields=["sent", "skipped", "state", "next_at", "ended_at"])
