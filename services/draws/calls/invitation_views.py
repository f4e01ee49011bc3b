"""Invitations for their experts: each view by one statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from domain.draws.agreed_times import (
    agreed_gathering,
    asked_gathering,
    check_in_opens,
    late_arrival_opens,
    leave_until,
    pending_proposal,
)
from domain.draws.lifecycles import InvitationState
from domain.draws.places import name_venue
from models.attendance import ARRIVES_AT, STANDING_LATE_ARRIVAL
from services.core.base import Deps, rows
from services.core.crypto import PHONE

ByDeclaration = Literal["recusal"]
BY_DECLARATION: ByDeclaration = "recusal"
"""Instead of a channel: the expert declared a unit that is a party. That is neither a refusal nor a leave of his own
choice, and nothing is held against him."""
COLUMNS = f"""i.id, i.state, i.answered_by, i.gathering_at, i.proposed_gathering_at, i.proposed_start_at,
  i.ends_at, i.answer_until, i.menu_id, i.link, i.code, d.pool,
  btrim(n.address || ' ' || n.room) AS place, n.venue, n.contact, n.contact_phone_sealed, n.remark,
  came.at AS checked_in_at, gone.at AS checked_out_at, claim.at AS claimed_at,
  (SELECT max(r.answer_until) FROM discard_request r
    WHERE r.invitation_id = i.id AND r.kind = 'leave' AND r.state = 'open') AS leave_asked_until,
  d.state IN ('drawing', 'paused', 'ending')
    AND EXISTS (SELECT 1 FROM draw_condition c WHERE c.draw_id = d.id AND c.accepted <> c.needed) AS calls,
  d.kind = 'recall' AS recall, l.minutes AS late_minutes, l.reason AS late_reason, {ARRIVES_AT} AS arrives_at,
  l.channel = 'phone' AS late_by_telephone"""
"""The fields of ``InvitationRow`` in order, selected from ``TABLES``."""
TABLES = f"""invitation i JOIN call_notice n ON n.id = i.notice_id JOIN draw d ON d.id = i.draw_id
LEFT JOIN attendance came ON came.invitation_id = i.id AND came.direction = 'in'
LEFT JOIN attendance gone ON gone.invitation_id = i.id AND gone.direction = 'out'
LEFT JOIN presence_claim claim ON claim.invitation_id = i.id
LEFT JOIN {STANDING_LATE_ARRIVAL}"""


class InvitationRow(NamedTuple):
    """``COLUMNS`` as the database returns them. ``calls``: the draw still calls, or waits for answers.

    Once the last place is taken a draw counts as closed.
    """

    id: UUID
    state: str
    answered_by: str
    gathering_at: datetime
    proposed_gathering_at: datetime | None
    proposed_start_at: datetime | None
    ends_at: datetime
    answer_until: datetime
    menu_id: int
    link: str
    code: str
    pool: str
    place: str
    venue: str
    contact: str
    contact_phone_sealed: str
    remark: str
    checked_in_at: datetime | None
    checked_out_at: datetime | None
    claimed_at: datetime | None
    leave_asked_until: datetime | None
    calls: bool
    recall: bool
    late_minutes: int | None
    late_reason: str | None
    arrives_at: datetime | None
    late_by_telephone: bool | None


@dataclass(frozen=True)
class InvitationView:
    """An invitation for its expert: time, place, contact, state; never project or parties. ``code`` once accepted.

    ``gathering_at`` is the agreed one, or the one that is asked for; see ``proposal`` for a time that was moved later.
    """

    id: UUID
    state: InvitationState
    gathering_at: datetime
    ends_at: datetime
    place: str
    venue: str
    contact: str
    contact_phone: str
    remark: str
    answer_until: datetime
    menu_id: int
    link: str
    """Its page is ``/i/{link}``, until some hours after the end."""
    code: str
    checked_in_at: datetime | None = None
    claimed_at: datetime | None = None
    """Time of a claim of presence (自报到场), which is no entry."""
    checked_out_at: datetime | None = None
    leave_until: datetime | None = None
    leave_asked_until: datetime | None = None
    """Deadline to confirm or deny a leave registered by others; None: there is none."""
    proposed_gathering_at: datetime | None = None
    proposed_start_at: datetime | None = None
    proposal: str = ""
    """Of moved times to which this expert may still agree: the key that an answer names; empty: none is pending."""
    undo_until: datetime | None = None
    """Until when an acceptance can be undone; None: not possible."""
    recall: bool = False
    """The expert isn't drawn: a panel of which he was meets again (复评)."""
    recused: bool = False
    """It ended because the expert declared a recusal unit (申报回避)."""
    late_minutes: int | None = None
    """Of a late arrival (晚到) that he has announced and that counts: minutes after ``gathering_at``."""
    late_reason: str = ""
    late_by_telephone: bool = False
    """The staff recorded it of a call; he may state it himself or take it back."""
    arrives_at: datetime | None = None
    late_from: datetime | None = None
    """From when he may announce a late arrival; None: not accepted."""
    check_in_from: datetime | None = None
    """From when he can check in; None: not accepted."""

    def may_check_in(self, now: datetime) -> bool:
        """Whether he can check in now, and has not."""
        return (
            self.check_in_from is not None and self.checked_in_at is None and self.check_in_from <= now <= self.ends_at
        )

    def may_leave(self, now: datetime) -> bool:
        """Whether he may ask for leave, be it timely or late."""
        return self.state is InvitationState.ACCEPTED and self.checked_in_at is None and now <= self.ends_at

    def may_announce_delay(self, now: datetime) -> bool:
        """Whether he may say now that he comes late (晚到)."""
        return self.late_from is not None and self.checked_in_at is None and self.late_from <= now <= self.ends_at

    def leave_is_late(self, now: datetime) -> bool:
        """Whether the time for a leave of this accepted invitation is over."""
        return self.leave_until is not None and now > self.leave_until


def view_of(deps: Deps, row: InvitationRow) -> InvitationView:
    """The view of one row for its expert, as of now."""
    now, came = deps.now(), row.checked_in_at is not None
    accepted = row.state == InvitationState.ACCEPTED
    confirm_until = row.leave_asked_until
    proposal = pending_proposal(row, now, has_entered=came) if accepted else None
    return InvitationView(
        id=row.id,
        state=InvitationState(row.state),
        gathering_at=asked_gathering(row) if row.state == InvitationState.OPEN else agreed_gathering(row),
        ends_at=row.ends_at,
        place=row.place,
        venue=name_venue(row.venue),
        contact=row.contact,
        contact_phone=deps.keys.read(row.contact_phone_sealed, PHONE),
        remark=row.remark,
        answer_until=row.answer_until,
        menu_id=row.menu_id,
        link=row.link,
        code=row.code if accepted else "",
        checked_in_at=row.checked_in_at,
        claimed_at=row.claimed_at,
        checked_out_at=row.checked_out_at,
        leave_until=leave_until(row, deps.book(row.pool).draw.leave) if accepted else None,
        leave_asked_until=confirm_until if confirm_until is not None and confirm_until > now and not came else None,
        proposed_gathering_at=proposal.gathering_at if proposal else None,
        proposed_start_at=proposal.start_at if proposal else None,
        proposal=proposal.key if proposal else "",
        undo_until=row.answer_until if accepted and row.calls and not came and now < row.answer_until else None,
        recall=row.recall,
        recused=row.answered_by == BY_DECLARATION,
        late_minutes=row.late_minutes if accepted else None,
        late_reason=(row.late_reason or "") if accepted else "",
        late_by_telephone=accepted and bool(row.late_by_telephone),
        arrives_at=row.arrives_at if accepted else None,
        late_from=late_arrival_opens(row, deps.book(row.pool).attendance) if accepted else None,
        check_in_from=check_in_opens(row, deps.book(row.pool).attendance) if accepted else None,
    )


async def find_views(deps: Deps, which: str, *values: object) -> list[InvitationView]:
    """Views of the invitations ``i`` selected by ``which``: what follows WHERE, with its order."""
    invitations = await rows(f"SELECT {COLUMNS} FROM {TABLES} WHERE {which}", *values)
    return [view_of(deps, InvitationRow(**row)) for row in invitations]
