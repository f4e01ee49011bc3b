"""``/h5/{pool}/panels``: the expert's open invitations, accepted panels, and past ones."""

from __future__ import annotations

import aiohttp.web as http

from services.core.permissions import check
from services.registry import Services
from web.accounts.login import AuthPages
from web.core.site import Site


class PanelPages:
    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        self._site = site
        self._services = services
        self._auth = auth

    def add_routes(self) -> None:
        self._site.get("/h5/{pool}/panels", self.list)

    async def list(self, request: http.Request) -> http.Response:
        expert = await self._auth.person(request)
        check(expert, "expert.self.answer")
        assert expert.expert_id is not None  # noqa: S101  # only experts pass the check
        invitations = self._services.draws.invitation_queries
        waiting, coming = await invitations.list_current(expert.expert_id)
        return self._site.render(
            "experts/panels.html",
            pool=expert.pool,
            waiting=waiting,
            coming=coming,
            past=await invitations.list_panels(expert.expert_id, past=True),
        )
