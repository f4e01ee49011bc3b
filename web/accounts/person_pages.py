"""Common base of the pages below ``/h5/{pool}``: who is logged in, and the forms of this log-in."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import ClassVar

import aiohttp.web as http

from services.core.base import Actor
from services.registry import Services
from web.accounts.login import AuthPages
from web.core.form_values import EMPTY, NOBODY
from web.core.forms import FORM_LIMIT
from web.core.pages import PageGroup
from web.core.site import Site


class PersonPages(PageGroup):
    """Pages of one noun for the applicant or expert of the pool in the address. ``form_name`` tells their forms from
    those of other nouns."""

    form_name: ClassVar[str]

    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        super().__init__(site, services)
        self.auth = auth

    async def actor(self, request: http.Request) -> Actor:
        """Redirects to the steps that must come first: logging in, registering, consenting."""
        return await self.auth.person(request)

    async def fields(self, request: http.Request, actor: Actor, *, longest: int = FORM_LIMIT) -> dict[str, str]:
        return await self.auth.fields(request, actor, self.form_name, longest=longest)

    async def upload(self, request: http.Request, actor: Actor, *, longest: int) -> tuple[dict[str, str], bytes]:
        return await self.site.read_upload(
            request, self.form_name, actor.session_id or NOBODY, actor.account_id or NOBODY, longest=longest
        )

    def common(self, actor: Actor, request: http.Request) -> Mapping[str, object]:
        return {
            "pool": actor.pool,
            "none_form": EMPTY,
            "form": self.auth.form(actor, self.form_name),
            "key": secrets.token_urlsafe(16),
        }
