"""``/h5/role``: choice of the role in which the person acts from now on, and requests of enterprises (切换身份)."""

from __future__ import annotations

from dataclasses import replace

import aiohttp.web as http

from domain.errors import InvalidInput
from services.registry import Services
from web.accounts.login import AuthPages
from web.accounts.targets import fitting, safe_target
from web.core.site import Site

_PATH = "/h5/role"


class RoleChoicePages:
    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        self._site = site
        self._services = services
        self._auth = auth

    def add_routes(self) -> None:
        self._site.get(_PATH, self.show)
        self._site.post(_PATH, self.choose)

    async def show(self, request: http.Request) -> http.Response:
        visitor = await self._auth.visitor(request)
        agents = self._services.organisations.agents
        links = await agents.list_own_links(visitor)
        return self._site.render(
            "accounts/login_role.html",
            links=links,
            waiting=sum(one.state == "waiting" for one in links),
            paused=[one.organisation_name for one in links if one.state == "active" and one.paused_by == "entity"],
            weak=await agents.has_weak_identity(visitor),
            options=await self._services.accounts.sessions.roles(visitor),
            current=visitor,
            form=self._auth.form(visitor, "role"),
            out=self._auth.form(visitor, "logout"),
            next=safe_target(request.query.get("next", "")),
        )

    async def choose(self, request: http.Request) -> http.Response:
        visitor = await self._auth.visitor(request)
        fields = await self._auth.fields(request, visitor, "role")
        options = await self._services.accounts.sessions.roles(visitor)
        option = {str(number): one for number, one in enumerate(options)}.get(fields.get("option", ""))
        if option is None:
            raise InvalidInput("请从身份列表中选择。", code="no_role")
        await self._services.accounts.sessions.choose_role(
            visitor, option.role, scope=option.scope, organisation_id=option.organisation_id
        )
        home = await self._auth.home(replace(visitor, role=option.role))
        raise http.HTTPSeeOther(fitting(fields.get("next", ""), option.role) or home)
