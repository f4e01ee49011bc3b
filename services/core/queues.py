"""Queues of jobs. A task has one queue, so that many waiting jobs of one kind hold up no other; ``jobs.lanes`` says how
many jobs of which queues run at once."""

from __future__ import annotations

from collections.abc import Mapping

CHAT = "chat"
"""Late replies: a person looks at the telephone."""
DRAWS = "draws"
REFILLS = "refills"
"""Draws of which experts did not answer; those with a fresh refusal do not wait behind them."""
DELIVERY_REPORTS = "delivery_reports"
CALLS = "calls"
"""Deadlines that a draw's next call waits for, and notices to one person."""
DEADLINES = "deadlines"
QR_IMAGES = "qr_images"
"""QR codes of payments: the link went out before."""
EXPORTS = "exports"
"""Long lists for the office: their page tells how far they are."""

_QUEUES: Mapping[str, str] = {
    "chat.late": CHAT,
    "draws.advance": DRAWS,
    "draws.refill": REFILLS,
    "invitations.notify_unconfirmed": DRAWS,
    "virtual_calls.dial": CALLS,
    "delivery_reports.apply": DELIVERY_REPORTS,
    "payments.qr_image": QR_IMAGES,
    "exports.write": EXPORTS,
}


def queue_of(task: str) -> str:
    """Raises KeyError for a task that has none."""
    return _QUEUES[task]
