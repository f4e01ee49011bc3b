"""The ticket of an attempt: permits its candidate to save and submit until the grace is over, without a session
look-up.

Saving is by far the most frequent request of a sitting, and a session that expires in the middle must not stop a
candidate.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.core.signed_links import Link, Links

_PURPOSE = "exam_ticket"
_TICKET_TTL = timedelta(hours=1)
"""Time beyond the grace, in which a late submission still gets the receipt."""


@dataclass(frozen=True)
class Tickets:
    links: Links

    def issue(self, attempt_id: UUID, account_id: UUID, grace_until: datetime) -> str:
        return self.links.sign(_PURPOSE, attempt_id, account_id, grace_until + _TICKET_TTL)

    def check(self, ticket: str) -> Link:
        """``subject_id`` is the attempt, ``person_id`` the account. Raises Forbidden for a forged or expired one."""
        return self.links.check(ticket, _PURPOSE)
