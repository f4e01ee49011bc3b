"""``/h5/mini``: from a link in the chat into the mini-program, as the person whom WeChat's browser has just identified.

The address contains only a page and may be passed on: each visitor logs in as himself. Where the mini-program can't be
opened (another browser, WeChat unavailable) it redirects to the equivalent page of ours.
"""

from __future__ import annotations

import aiohttp.web as http
import structlog

from domain.errors import GatewayError
from services.notifications import DOOR
from services.registry import Services
from web.accounts.login import AuthPages
from web.accounts.targets import safe_target
from web.accounts.user_agent import in_wechat
from web.core.site import Site

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

TRIES = (30, 60)


class MiniProgramEntryPages:
    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        self._site = site
        self._services = services
        self._auth = auth

    def add_routes(self) -> None:
        self._site.get(DOOR, self.enter)

    async def enter(self, request: http.Request) -> http.Response:
        """``?page=`` of the mini-program, ``?or=`` our equivalent page."""
        visitor = await self._auth.visitor(request)
        await self._site.check_rate(request, "mini_entry", *TRIES)
        instead = safe_target(request.query.get("or", "")) or await self._auth.home(visitor)
        if not in_wechat(request):
            raise http.HTTPSeeOther(instead)
        try:
            link = await self._services.accounts.mini_program_entry.make_link(visitor, request.query.get("page", ""))
        except GatewayError as error:
            log.warning("mini_entry_away", error=type(error).__name__)
            raise http.HTTPSeeOther(instead) from error
        raise http.HTTPSeeOther(link)
