"""``/h5/{pool}/notices``: notices sent to the logged-in person (消息), in any role."""

from __future__ import annotations

from urllib.parse import urlencode

import aiohttp.web as http

from services.core.base import Actor
from web.accounts.person_pages import PersonPages
from web.core.form_values import redirect
from web.core.pages import Listed, Visit, Wanted, list_page


class LoggedInPages(PersonPages):
    """Pages of a pool for whoever is logged in there, in any role."""

    async def actor(self, request: http.Request) -> Actor:
        pool = self.auth.check_pool(request.match_info["pool"])
        visitor = await self.auth.visitor(request, pool)
        if visitor.pool != pool:
            raise http.HTTPSeeOther(f"/h5/login?{urlencode({'pool': pool, 'next': request.path})}")
        return visitor


class NoticeHistoryPages(LoggedInPages):
    form_name = "notices"

    def add_routes(self) -> None:
        self.site.get("/h5/notices", self.find)
        super().add_routes()

    async def find(self, request: http.Request) -> http.Response:
        """For pages of staff, whose address contains no pool."""
        visitor = await self.auth.visitor(request)
        raise redirect(f"/h5/{visitor.pool}/notices")

    @list_page("/h5/{pool}/notices", "notifications/history.html")
    async def notices(self, visit: Visit, wanted: Wanted) -> Listed:
        notices = await self.services.notifications.history.notices_of(visit.actor, **wanted.window)
        return Listed(notices, {"applies": visit.actor.role in ("applicant", "expert")})
