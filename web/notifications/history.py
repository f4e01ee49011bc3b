"""``/h5/{pool}/notices``: notices sent to the logged-in person (消息), in any role."""

from __future__ import annotations

from urllib.parse import urlencode

import aiohttp.web as http

from services.registry import Services
from web.accounts.login import AuthPages
from web.core.site import Site, page_number

_PAGE_SIZE = 20


class NoticeHistoryPages:
    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        self._site = site
        self._services = services
        self._auth = auth

    def add_routes(self) -> None:
        self._site.get("/h5/notices", self.find)
        self._site.get("/h5/{pool}/notices", self.show)

    async def find(self, request: http.Request) -> http.Response:
        """For pages of staff, whose address contains no pool."""
        visitor = await self._auth.visitor(request)
        raise http.HTTPSeeOther(f"/h5/{visitor.pool}/notices")

    async def show(self, request: http.Request) -> http.Response:
        pool, page = self._auth.check_pool(request.match_info["pool"]), page_number(request)
        visitor = await self._auth.visitor(request, pool)
        if visitor.pool != pool:
            raise http.HTTPSeeOther(f"/h5/login?{urlencode({'pool': pool, 'next': request.path})}")
        history = self._services.notifications.history
        found = await history.of(visitor, offset=(page - 1) * _PAGE_SIZE, limit=_PAGE_SIZE)
        return self._site.render(
            "notifications/history.html",
            pool=pool,
            found=found.items,
            total=found.total,
            page=page,
            last=max(1, -(-found.total // _PAGE_SIZE)),
        )
