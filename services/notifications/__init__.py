"""Telling people things: one notice, a ladder of channels, a ledger row per attempt.

``Notices.notify`` is called inside the transaction of whatever happened. ``Delivery`` carries attempts out in batches,
``operations.delivery_reports`` (one noun further) brings outcomes home.
"""

from services.notifications.consents import Consents
from services.notifications.delivery import Delivery
from services.notifications.notices import Notices, Recipient
from services.notifications.short_links import ShortLinks

__all__ = ["Consents", "Delivery", "Notices", "Recipient", "ShortLinks"]
