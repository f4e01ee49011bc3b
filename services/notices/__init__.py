"""Telling people things: one notice, a ladder of channels, a ledger row per attempt.

``Notices.notify`` is called inside the transaction of whatever happened. ``Delivery`` carries attempts out in batches,
``receipts`` (one noun further) brings outcomes home.
"""

from services.notices.credits import Consents
from services.notices.delivery import Delivery
from services.notices.notify import Notices, Recipient
from services.notices.short_links import ShortLinks

__all__ = ["Consents", "Delivery", "Notices", "Recipient", "ShortLinks"]
