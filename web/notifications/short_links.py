"""``/n/…``: the address in a short message, which redirects to the page of the notice."""

from __future__ import annotations

import aiohttp.web as http

from services.registry import Services
from web.core.site import Site

TRIES = (60, 60)


class ShortLinkPages:
    def __init__(self, site: Site, services: Services) -> None:
        self._site = site
        self._services = services

    def add_routes(self) -> None:
        self._site.get("/n/{code}", self.follow)

    async def follow(self, request: http.Request) -> http.Response:
        await self._site.check_rate(request, "short_link", *TRIES)
        raise http.HTTPSeeOther(await self._services.notifications.short_links.find(request.match_info["code"]))
