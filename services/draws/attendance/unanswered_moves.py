"""Experts who have not answered a moved time (改期): they are reminded before it matters, and the agency sees them.

Nothing follows from silence: the time to which an expert agreed stays his.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.clock import print_time
from domain.draws.agreed_times import (
    Proposal,
    agreed_gathering,
    decisive_moment,
    pending_proposal,
    reminder_moments,
)
from domain.rulebook.notice_texts import time_params
from models.invitations import Invitation
from services.core.base import Deps, from_row, rows, transaction
from services.core.due_rows import process_each
from services.draws.attendance.time_changes import ASKING
from services.draws.locks import lock_invitation
from services.notifications import BEGINS, Notices

_KIND = "time_reminder"
UNANSWERED = f"""
SELECT i AS invitation, d.pool, r.count AS reminders, r.newest AS reminded_at,
  EXISTS (SELECT 1 FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'in') AS entered
FROM draw d JOIN invitation i ON i.draw_id = d.id AND i.state = 'accepted' AND i.proposed_since IS NOT NULL
CROSS JOIN LATERAL (SELECT count(*)::int, max(n.created_at) AS newest FROM notice n
  WHERE n.invitation_id = i.id AND n.kind = '{_KIND}' AND n.created_at >= i.proposed_since) r
WHERE d.ended_at IS NULL AND {{which}} ORDER BY i.code, i.id
"""


@dataclass(frozen=True)
class UnansweredMove:
    """For the agency. ``until``: until when it can be answered; None: that is over."""

    code: str
    agreed: datetime
    gathering: datetime | None
    start: datetime | None
    until: datetime | None
    reminders: int
    next_reminder: datetime | None


@dataclass(frozen=True)
class _Unanswered:
    invitation: Invitation
    pool: str
    reminders: int
    reminded_at: datetime | None
    entered: bool

    @property
    def asked_at(self) -> datetime:
        assert self.invitation.proposed_since is not None  # noqa: S101  # by the query
        return self.invitation.proposed_since

    def pending(self, now: datetime) -> Proposal | None:
        return pending_proposal(self.invitation, now, has_entered=self.entered)


@dataclass(frozen=True)
class UnansweredMoves:
    deps: Deps
    notices: Notices

    async def list_of(self, draw_id: UUID) -> list[UnansweredMove]:
        """By code. The caller has checked the permission."""
        now = self.deps.now()
        return [self._show(row, now) for row in await _find_unanswered("d.id = $1", draw_id)]

    def _show(self, row: _Unanswered, now: datetime) -> UnansweredMove:
        invitation, pending = row.invitation, row.pending(now)
        return UnansweredMove(
            invitation.code,
            agreed_gathering(invitation),
            None if row.entered else invitation.proposed_gathering_at,
            invitation.proposed_start_at,
            pending.until if pending else None,
            row.reminders,
            min([at for at in self._moments(row) if at > now], default=None),
        )

    async def remind_due(self) -> int:
        """Remind each expert once for each moment of the rulebook; of several that have passed, once."""
        now = self.deps.now()
        due = [row.invitation.id for row in await _find_unanswered("TRUE") if self._is_due(row, now)]
        return await process_each("time_reminders", due, self._remind)

    async def _remind(self, invitation_id: UUID) -> None:
        """Unless he has answered, or was reminded, meanwhile."""
        async with transaction():
            await lock_invitation(invitation_id, None)
            now = self.deps.now()
            for row in await _find_unanswered("i.id = $1", invitation_id):
                if (pending := row.pending(now)) and self._is_due(row, now):
                    await self._notify(row, pending)

    def _moments(self, row: _Unanswered) -> Sequence[datetime]:
        leads = self.deps.book(row.pool).attendance.move_reminders
        return reminder_moments(row.invitation, row.asked_at, leads)

    def _is_due(self, row: _Unanswered, now: datetime) -> bool:
        if row.pending(now) is None or now >= decisive_moment(row.invitation, row.asked_at):
            return False
        passed = [at for at in self._moments(row) if at <= now]
        return bool(passed) and (row.reminded_at is None or row.reminded_at < passed[-1])

    async def _notify(self, row: _Unanswered, pending: Proposal) -> None:
        invitation, asked_at = row.invitation, row.asked_at
        await self.notices.stop(invitation_id=invitation.id, kinds=ASKING)
        await self.notices.notify(
            pool=row.pool,
            kind=_KIND,
            dedupe_key=f"{_KIND}:{invitation.id}:{asked_at.timestamp():.0f}:{row.reminders + 1}",
            params={
                **time_params(agreed_gathering(invitation)),
                "what": _describe_move(pending),
                "answer_by": print_time(pending.until),
                BEGINS: decisive_moment(invitation, asked_at).isoformat(),
            },
            expert_id=invitation.expert_id,
            invitation_id=invitation.id,
        )


async def _find_unanswered(which: str, *values: object) -> list[_Unanswered]:
    """To an expert who is there a moved gathering is no question any more."""
    unanswered = [
        _Unanswered(
            from_row(Invitation, row["invitation"]), row["pool"], row["reminders"], row["reminded_at"], row["entered"]
        )
        for row in await rows(UNANSWERED.format(which=which), *values)
    ]
    return [row for row in unanswered if row.invitation.proposed_start_at or not row.entered]


def _describe_move(pending: Proposal) -> str:
    moved = [f"集合改到{time_params(pending.gathering_at)['gathering_short']}"] if pending.gathering_at else []
    moved += [f"评标推迟到{time_params(pending.start_at)['gathering_short']}"] if pending.start_at else []
    return "，".join(moved)
