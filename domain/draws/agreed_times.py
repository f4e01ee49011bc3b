"""What an expert agreed to: his rights and duties follow it, whatever time the agency plans meanwhile.

A gathering that was moved afterwards is only proposed. While he hasn't agreed to it, nobody misses him before the later
of both: he may come to either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from domain.rulebook.sections import AttendanceRules, Leave


class Agreement(Protocol):
    """An invitation, or a view of it."""

    @property
    def gathering_at(self) -> datetime: ...

    @property
    def proposed_gathering_at(self) -> datetime | None: ...

    @property
    def proposed_start_at(self) -> datetime | None: ...


@dataclass(frozen=True)
class Proposal:
    """Moved times that wait for an expert's answer: of the gathering, of the evaluation's start, or of both."""

    gathering_at: datetime | None
    start_at: datetime | None
    until: datetime
    """Until when it can be answered."""

    @property
    def key(self) -> str:
        """What an answer names, so that it counts for these times only."""
        return "-".join(f"{at.timestamp():.0f}" if at else "" for at in (self.gathering_at, self.start_at))


def agreed_gathering(agreement: Agreement) -> datetime:
    """The gathering that its expert agreed to, or was called for."""
    return agreement.gathering_at


def asked_gathering(agreement: Agreement) -> datetime:
    """The gathering for which an open invitation asks: one that moved meanwhile is asked for at once."""
    return agreement.proposed_gathering_at or agreement.gathering_at


def missing_from(agreement: Agreement) -> datetime:
    """From when the expert can be missing: late, urged, telephoned."""
    return max(agreement.gathering_at, agreement.proposed_gathering_at or agreement.gathering_at)


def pending_proposal(agreement: Agreement, now: datetime, *, has_entered: bool) -> Proposal | None:
    """Of an accepted invitation. To an expert who is there only the start matters."""
    gathering, start = None if has_entered else agreement.proposed_gathering_at, agreement.proposed_start_at
    until = max(missing_from(agreement), start or missing_from(agreement))
    return Proposal(gathering, start, until) if (gathering or start) and now < until else None


def decisive_moment(agreement: Agreement, asked_at: datetime) -> datetime:
    """The first of the agreed and the moved times that were ahead when the expert was asked: by then he has set out, or
    has not."""
    moved = (at for at in (agreement.proposed_gathering_at, agreement.proposed_start_at) if at is not None)
    times = [agreement.gathering_at, *moved]
    return min([at for at in times if at > asked_at], default=agreement.gathering_at)


def reminder_moments(agreement: Agreement, asked_at: datetime, leads: Sequence[timedelta]) -> list[datetime]:
    """When an expert who has not answered is reminded, earliest first; what lies before the question is left out."""
    decisive = decisive_moment(agreement, asked_at)
    return sorted(decisive - lead for lead in leads if decisive - lead > asked_at)


def check_in_opens(agreement: Agreement, rules: AttendanceRules) -> datetime:
    """From when he can enter, and be recused on the spot."""
    return agreed_gathering(agreement) - rules.check_in_opens


def awaited_from(agreement: Agreement, arrives_at: datetime | None) -> datetime:
    """From when the expert is late and may be urged; ``arrives_at``: of a late arrival (晚到) that he has announced."""
    return max(missing_from(agreement), arrives_at or missing_from(agreement))


def urging_ends(agreement: Agreement, rules: AttendanceRules, arrives_at: datetime | None = None) -> datetime:
    """The end of the time in which he may be urged or telephoned."""
    return awaited_from(agreement, arrives_at) + rules.urging_window


def late_arrival_opens(agreement: Agreement, rules: AttendanceRules) -> datetime:
    """From when he may announce that he comes late (晚到)."""
    return agreed_gathering(agreement) - rules.late_arrival.opens


def agreement_until(gathering_at: datetime, lead: timedelta) -> datetime:
    """Until when an expert of a recall can agree to this gathering; ``lead`` is what he needs to get there."""
    return gathering_at - lead


def leave_until(agreement: Agreement, rules: Leave) -> datetime:
    return agreed_gathering(agreement) - rules.allowed_until
