"""``/h5/{pool}/announcements/{id}``: the text of a notice of the office, for the persons to whom it was sent."""

from __future__ import annotations

from collections.abc import Mapping

from web.core.pages import Visit, page
from web.notifications.history import LoggedInPages


class AnnouncementPages(LoggedInPages):
    form_name = "announcements"

    @page("/h5/{pool}/announcements/{id}", "notifications/announcement.html")
    async def announcement(self, visit: Visit) -> Mapping[str, object]:
        read = self.services.office.group_reports.read_own
        return {"announcement": await read(visit.actor, visit.id("这条通知")), "office": self._office(visit.actor.pool)}

    def _office(self, pool: str) -> str:
        return self.services.deps.book(pool).pool.name
