"""Queues of jobs. Each task has one queue, so that many waiting jobs of one kind delay no other; ``jobs.lanes`` limits
how many jobs of which queues run at once."""

from __future__ import annotations

from collections.abc import Mapping

CHAT = "chat"
"""Late replies: a person is waiting for them."""
DRAWS = "draws"
REFILLS = "refills"
"""Refills of draws whose experts did not answer; refills after a fresh refusal do not wait behind them."""
DELIVERY_REPORTS = "delivery_reports"
CALLS = "calls"
"""Deadlines on which a draw's next call depends, and notices to one person."""
DEADLINES = "deadlines"
QR_IMAGES = "qr_images"
"""QR codes of payments, which follow the link."""
EVENTS = "events"
"""Events posted to platforms, which may be slow to answer."""
MENUS = "menus"
"""Menus of the chat by role, which a phone shows minutes later anyway."""
EXPORTS = "exports"
"""Long lists for the office, and sheets of experts from it; a page shows the progress."""

_QUEUES: Mapping[str, str] = {
    "chat.late": CHAT,
    "draws.advance": DRAWS,
    "draws.refill": REFILLS,
    "draws.recuse": DRAWS,
    "invitations.notify_unconfirmed": DRAWS,
    "virtual_calls.dial": CALLS,
    "delivery_reports.apply": DELIVERY_REPORTS,
    "payments.qr_image": QR_IMAGES,
    "integrations.post": EVENTS,
    "wechat.menu": MENUS,
    "exports.write": EXPORTS,
    "experts.sheet": EXPORTS,
    "office_sheets.work": EXPORTS,
    "catalogue.map": EXPORTS,
}


def queue_of(task: str) -> str:
    """Raises KeyError for a task without a queue."""
    return _QUEUES[task]
