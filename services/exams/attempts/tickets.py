"""The ticket of an attempt: lets its candidate save and hand in until the grace is over, without looking up a log-in.

Saving is by far the most frequent request of a sitting; a log-in that ends in the middle of it must not stop anybody.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from services.core.signed_links import Link, Links

_PURPOSE = "exam_ticket"
_TICKET_TTL = timedelta(hours=1)
"""Beyond the grace: a late submission gets the receipt."""


class Tickets:
    def __init__(self, links: Links) -> None:
        self._links = links

    def issue(self, attempt_id: UUID, account_id: UUID, grace_until: datetime) -> str:
        return self._links.sign(_PURPOSE, attempt_id, account_id, grace_until + _TICKET_TTL)

    def check(self, ticket: str) -> Link:
        """``subject_id`` is the attempt, ``person_id`` the account. Raises Forbidden for a forged or an old one."""
        return self._links.check(ticket, _PURPOSE)
