"""Common base of the pages of verifier, supervisor and venue: actor, draw, and the menus of office and agency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import urlencode
from uuid import UUID

import aiohttp.web as http

from domain.errors import NotFound
from services.core.base import Actor
from services.core.permissions import AGENCY
from services.draws import DrawView
from services.registry import Services
from web.accounts.login import AuthPages
from web.core.form_values import EMPTY, NOBODY
from web.core.forms import FORM_LIMIT
from web.core.pages import PageGroup, Visit
from web.core.site import ON_PAGE, Site
from web.draws.agency_frame import FROM, frame_values, note_supplements, path_back
from web.office import menu_of

_ORIGIN_LONGEST = 20


class DrawPages(PageGroup):
    """Pages of one subject. ``form_name`` tells their forms, which belong to the draw in the address, from others."""

    form_name: ClassVar[str]
    on_page = ON_PAGE | {403, 404}

    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        super().__init__(site, services)
        self.auth = auth

    async def actor(self, request: http.Request) -> Actor:
        actor = await self.auth.actor(request)
        if actor.role in AGENCY:
            await note_supplements(self.services, actor, request)
        return actor

    async def draw(self, visit: Visit) -> DrawView:
        """The draw in the address. Raises NotFound for one that the actor may not see."""
        draw_id = _draw_id(visit.request)
        if draw_id is None:
            raise NotFound("找不到这个抽取活动，请返回列表后刷新。")
        return await self.services.draws.access.view(visit.actor, draw_id)

    async def fields(self, request: http.Request, actor: Actor, *, longest: int = FORM_LIMIT) -> dict[str, str]:
        subject_id = _draw_id(request) or NOBODY
        return await self.site.read_form(
            request, self.form_name, subject_id, actor.account_id or NOBODY, longest=longest
        )

    async def upload(self, request: http.Request, actor: Actor, *, longest: int) -> tuple[dict[str, str], bytes]:
        subject_id = _draw_id(request) or NOBODY
        return await self.site.read_upload(
            request, self.form_name, subject_id, actor.account_id or NOBODY, longest=longest
        )

    def common(self, actor: Actor, request: http.Request) -> Mapping[str, object]:
        """For an administrator with the office's menu, for an agency in the frame of its own pages."""
        book, draw_id = self.services.deps.book(actor.pool), _draw_id(request)
        values: dict[str, object] = {
            "frame": "draws/base.html",
            "back": "",
            "origin": "",
            "menu": menu_of(book) if actor.role == "pool_admin" else (),
            "served_pool": book.pool,
            "here": "draws",
            "none_form": EMPTY,
            "form": self.token(actor, self.form_name, draw_id),
        }
        if actor.role in AGENCY:
            values |= frame_values(book, actor, request, "draws")
            values |= {"frame": "agency/base.html", "back": path_back(request, draw_id), "origin": _origin(request)}
        return values

    def token(self, actor: Actor, form_name: str, subject_id: UUID | None) -> str:
        """The hidden field of a form of this name."""
        return self.site.form_token(form_name, subject_id or NOBODY, actor.account_id or NOBODY)


def _origin(request: http.Request) -> str:
    """The query of addresses that lead back to the agency's page from which this one was opened."""
    origin = request.query.get(FROM, "")
    return f"?{urlencode({FROM: origin[:_ORIGIN_LONGEST]})}" if origin else ""


def _draw_id(request: http.Request) -> UUID | None:
    try:
        return UUID(request.match_info.get("draw_id", ""))
    except ValueError:
        return None
