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
from services.core.base import Actor
from services.core.signed_links import Link, Links

_TICKET_TTL = timedelta(hours=1)
"""Time beyond the grace, in which a late submission still gets the receipt."""


@dataclass(frozen=True)
class KnownDevice:
    """A device by its number in an attempt; that of another attempt, even of the same person, is another device."""

    attempt_id: UUID
    number: int


@dataclass(frozen=True)
class Tickets:
    """Each ticket holds in one pool, for one attempt and one device."""

    links: Links

    def issue(self, pool: str, device: KnownDevice, account_id: UUID, grace_until: datetime) -> str:
        purpose = _purpose(pool, device.number)
        return self.links.sign(purpose, device.attempt_id, account_id, grace_until + _TICKET_TTL)

    def check(self, pool: str, ticket: str, number: int) -> Link:
        """``subject_id`` is the attempt, ``person_id`` the account.

        Raises Forbidden for one that is forged, expired, of another pool or device.
        """
        return self.links.check(ticket, _purpose(pool, number))

    def find_device(self, actor: Actor, ticket: str, number: int) -> KnownDevice | None:
        """The device that the person's ticket proves."""
        try:
            link = self.check(actor.pool, ticket, number)
        except Forbidden:
            return None
        return KnownDevice(link.subject_id, number) if link.person_id == actor.account_id else None


def _purpose(pool: str, number: int) -> str:
    return f"exam_ticket:{pool}:{number}"
