"""``/agency/catalogues``: entries for the dialog in which a region or specialty is chosen."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import asdict

import aiohttp.web as http

from domain.errors import AppError
from services.catalogues import Node
from web.agency.base import AgencyPart


class CataloguePages(AgencyPart):
    here = "home"

    def add_routes(self) -> None:
        self.site.get("/agency/catalogues/{kind}", self.children)
        self.site.get("/agency/catalogues/{kind}/search", self.search)

    async def children(self, request: http.Request) -> http.Response:
        actor, kind = await self.actor(request), request.match_info["kind"]
        parent = request.query.get("parent", "")[:20]
        return await _listed(self.services.catalogues.children(actor.pool, kind, parent))

    async def search(self, request: http.Request) -> http.Response:
        actor, kind = await self.actor(request), request.match_info["kind"]
        word = request.query.get("word", "")[:50]
        return await _listed(self.services.catalogues.search(actor.pool, kind, word, limit=50))


async def _listed(found: Awaitable[Sequence[Node]]) -> http.Response:
    try:
        return http.json_response({"items": [asdict(node) for node in await found]})
    except AppError as error:
        return http.json_response({"detail": error.message}, status=error.status)
