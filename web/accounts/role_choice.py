"""``/h5/role``: choice of the role in which the person acts from now on, and requests of enterprises (切换身份)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import aiohttp.web as http

from domain.errors import InvalidInput
from services.core.base import Actor
from web.accounts.doors import door_to
from web.accounts.person_pages import PersonPages
from web.accounts.targets import fitting_target, target_of
from web.core.pages import Visit, page


@dataclass(frozen=True)
class _Choice:
    """``option`` is the place of the role in the list, from 0."""

    option: str
    next: str


class RoleChoicePages(PersonPages):
    """For everyone who is logged in. Every refusal becomes a page of its own."""

    form_name = "role"
    on_page = frozenset()

    async def actor(self, request: http.Request) -> Actor:
        return await self.auth.visitor(request)

    @page("/h5/role", "accounts/login_role.html")
    async def roles(self, visit: Visit) -> Mapping[str, object]:
        agents = self.services.organisations.agents
        links = await agents.list_own_links(visit.actor)
        return {
            "links": links,
            "waiting": sum(link.state == "waiting" for link in links),
            "paused": [
                link.organisation_name for link in links if link.state == "active" and link.paused_by == "entity"
            ],
            "weak": await agents.has_weak_identity(visit.actor),
            "options": await self.services.accounts.sessions.roles(visit.actor),
            "current": visit.actor,
            "out": self.auth.form(visit.actor, "logout"),
            "next": target_of(visit),
            "hotline": self.services.deps.book(visit.actor.pool).pool.hotline,
        }

    @roles.command(_Choice)
    async def choose(self, visit: Visit, form: _Choice) -> http.Response:
        """This browser's next log-in begins in the same role."""
        sessions = self.services.accounts.sessions
        options = await sessions.roles(visit.actor)
        option = {str(number): option for number, option in enumerate(options)}.get(form.option)
        if option is None:
            raise InvalidInput("请从身份列表中选择。", code="no_role")
        await sessions.choose_role(visit.actor, option.role, scope=option.scope, organisation_id=option.organisation_id)
        home = await self.auth.home(replace(visit.actor, role=option.role))
        response = http.Response(status=303, headers={"Location": fitting_target(form.next, option.role) or home})
        self.auth.remember_door(response, door_to(visit.actor.pool, option))
        return response
