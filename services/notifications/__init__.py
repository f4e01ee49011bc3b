"""Notices to people: one notice, a ladder of channels, one row per attempt.

``Notices.notify`` is called inside the transaction of its cause. ``Delivery`` sends attempts in batches,
``operations.delivery_reports`` applies their outcomes.
"""

from services.notifications.actions import QUESTIONS
from services.notifications.consent_records import Answer
from services.notifications.consents import Occasion, OwnConsent, RequestableConsent
from services.notifications.delivery import Delivery
from services.notifications.entrances import DOOR, OFFICES
from services.notifications.helpdesk import FEEDBACK_MAX, FeedbackReceipt
from services.notifications.helpdesk_office import ANSWER_MAX
from services.notifications.helpdesk_queries import FeedbackLine, FeedbackThread, ThreadMessage
from services.notifications.history import NoticeDelivery, PastNotice, deliveries_of, notice_title
from services.notifications.ladder import BEGINS
from services.notifications.notices import (
    CLIMB_DUE,
    FAREWELL,
    NO_REPORT,
    NO_VALID_KEY,
    UNCONFIRMED,
    NoticeRequest,
    Notices,
    Recipient,
    new_out_id,
)
from services.notifications.registry import NotificationServices
from services.notifications.sending import Taps, subscription_key

__all__ = [
    "ANSWER_MAX",
    "BEGINS",
    "CLIMB_DUE",
    "DOOR",
    "FAREWELL",
    "FEEDBACK_MAX",
    "NO_REPORT",
    "NO_VALID_KEY",
    "OFFICES",
    "QUESTIONS",
    "UNCONFIRMED",
    "Answer",
    "Delivery",
    "FeedbackLine",
    "FeedbackReceipt",
    "FeedbackThread",
    "NoticeDelivery",
    "NoticeRequest",
    "Notices",
    "NotificationServices",
    "Occasion",
    "OwnConsent",
    "PastNotice",
    "Recipient",
    "RequestableConsent",
    "Taps",
    "ThreadMessage",
    "deliveries_of",
    "new_out_id",
    "notice_title",
    "subscription_key",
]
