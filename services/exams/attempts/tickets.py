"""The ticket of a device in an attempt: permits its candidate to save and submit there until the grace is over, without
a session look-up. A device is who holds its ticket: its number alone, which anyone can count up, proves nothing.

Saving is by far the most frequent request of a sitting, and a session that expires in the middle must not stop a
candidate.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.errors import Forbidden
from services.core.signed_links import Link, Links

_TICKET_TTL = timedelta(hours=1)
"""Time beyond the grace, in which a late submission still gets the receipt."""


@dataclass(frozen=True)
class Tickets:
    links: Links

    def issue(self, attempt_id: UUID, account_id: UUID, device: int, grace_until: datetime) -> str:
        return self.links.sign(_purpose(device), attempt_id, account_id, grace_until + _TICKET_TTL)

    def check(self, ticket: str, device: int) -> Link:
        """``subject_id`` is the attempt, ``person_id`` the account.

        Raises Forbidden for one that is forged, expired, or of another device.
        """
        return self.links.check(ticket, _purpose(device))

    def proven_device(self, ticket: str, account_id: UUID | None, device: int) -> int:
        """``device``, if the person's ticket is of it; else 0, a device without a number."""
        try:
            return device if self.check(ticket, device).person_id == account_id else 0
        except Forbidden:
            return 0


def _purpose(device: int) -> str:
    return f"exam_ticket:{device}"
