"""Common base of the pages of verifier, supervisor and venue: actor, draw, and an administrator's menu."""

from __future__ import annotations

from uuid import UUID

import aiohttp.web as http

from domain.errors import NotFound
from services.core.base import Actor
from services.draws import DrawView
from services.registry import Services
from web.accounts.login import AuthPages
from web.core.form_values import NOBODY
from web.core.site import Site
from web.office import menu_of


class DrawPageBase:
    """Pages of one subject."""

    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        self._site = site
        self._services = services
        self._auth = auth

    def _show(self, actor: Actor, template: str, *, status: int = 200, **values: object) -> http.Response:
        """Render a page; for an administrator with the office's menu."""
        menu = menu_of(self._services.deps.book(actor.pool)) if actor.role == "pool_admin" else ()
        return self._site.render(template, status=status, menu=menu, here="draws", **values)

    async def _find(self, request: http.Request) -> tuple[Actor, DrawView]:
        """The actor, and the draw in the address. Raises NotFound for a draw that the actor may not see."""
        actor = await self._auth.actor(request)
        try:
            draw_id = UUID(request.match_info["draw_id"])
        except ValueError as error:
            raise NotFound("找不到这个抽取活动，请返回列表后刷新。") from error
        return actor, await self._services.draws.access.view(actor, draw_id)

    def _token(self, actor: Actor, action: str, subject_id: UUID | None) -> str:
        return self._site.form_token(action, subject_id or NOBODY, actor.account_id or NOBODY)

    async def _fields(self, request: http.Request, actor: Actor, action: str, subject_id: UUID) -> dict[str, str]:
        return await self._site.read_form(request, action, subject_id, actor.account_id or NOBODY)
