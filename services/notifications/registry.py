"""Use cases of notifications, as other packages and edges receive them, and what becomes due."""

from __future__ import annotations

from dataclasses import dataclass

from services.core.due_tasks import DueTask
from services.notifications.consents import Consents
from services.notifications.delivery import Delivery
from services.notifications.entrances import Entrances
from services.notifications.helpdesk import HelpDesk
from services.notifications.helpdesk_office import CLOSING, HelpDeskOffice
from services.notifications.helpdesk_queries import HelpDeskQueries
from services.notifications.history import NoticeHistory
from services.notifications.notices import Notices
from services.notifications.pending_replies import PendingReplies
from services.notifications.short_links import ShortLinks
from services.ports import PageSigner


@dataclass(frozen=True)
class NotificationServices:
    notices: Notices
    delivery: Delivery
    consents: Consents
    short_links: ShortLinks
    entrances: Entrances
    pending_replies: PendingReplies
    helpdesk: HelpDesk
    helpdesk_office: HelpDeskOffice
    helpdesk_queries: HelpDeskQueries
    history: NoticeHistory
    page_signer: PageSigner

    @property
    def due_tasks(self) -> tuple[DueTask, ...]:
        return (DueTask("feedback_close", CLOSING, self.helpdesk_office.close_silent),)
