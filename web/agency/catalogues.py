"""``/agency/catalogues``: entries for the dialog in which a region or specialty is chosen."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import asdict

import aiohttp.web as http

from domain.errors import AppError
from services.catalogues import Node
from web.agency.base import AgencyPart
from web.core.pages import Visit, page


class CataloguePages(AgencyPart):
    here = "home"

    @page("/agency/catalogues/{kind}", "")
    async def children(self, visit: Visit) -> http.Response:
        kind, parent = visit.request.match_info["kind"], visit.request.query.get("parent", "")[:20]
        return await _render_nodes(self.services.catalogues.children(visit.actor.pool, kind, parent))

    @page("/agency/catalogues/{kind}/search", "")
    async def search(self, visit: Visit) -> http.Response:
        kind, word = visit.request.match_info["kind"], visit.request.query.get("word", "")[:50]
        return await _render_nodes(self.services.catalogues.search(visit.actor.pool, kind, word, limit=50))


async def _render_nodes(nodes: Awaitable[Sequence[Node]]) -> http.Response:
    try:
        return http.json_response({"items": [asdict(node) for node in await nodes]})
    except AppError as error:
        return http.json_response({"detail": error.message}, status=error.status)
