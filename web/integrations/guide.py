"""``/integration``: how a platform uses the integrators' API, for anyone; its examples run as they stand."""

from __future__ import annotations

from datetime import timedelta

import aiohttp.web as http

from domain.clock import local
from domain.draws.lifecycles import DrawState
from domain.integrations import REPETITIONS, SCOPES, SECRET_OVERLAP, SIGNATURE_TOLERANCE
from services.registry import Services
from web.core.site import Site


class IntegrationGuide:
    def __init__(self, site: Site, services: Services) -> None:
        self._site = site
        self._deps = services.deps

    def add_routes(self) -> None:
        self._site.get("/integration", self.guide)

    async def guide(self, request: http.Request) -> http.Response:
        """``?pool=``: the pool of the examples, by default the first."""
        pools = [book.pool for book in self._deps.rulebooks.values()]
        pool = next((pool for pool in pools if pool.code == request.query.get("pool")), pools[0])
        return self._site.render(
            "integrations/guide.html",
            pools=pools,
            pool=pool,
            day=local(self._deps.now() + timedelta(days=3)).date(),
            venue=next(iter(self._deps.book(pool.code).offered_venues), None),
            terminal=self._deps.book(pool.code).draw.terminals[0],
            base=f"{self._deps.public_url}/platform/v1/{pool.code}",
            scopes=SCOPES,
            states=[(state.value, state.label) for state in DrawState],
            repetitions=len(REPETITIONS),
            hours=round(sum(REPETITIONS) / 3600),
            tolerance=int(SIGNATURE_TOLERANCE.total_seconds() // 60),
            overlap=SECRET_OVERLAP.days,
        )
