"""``/h5/{pool}/agent-requests``: organisations that ask the person to act for them, to accept, decline or end."""

from __future__ import annotations

from uuid import UUID

import aiohttp.web as http

from domain.errors import AppError, InvalidInput, NotFound
from services.core.base import Actor
from services.registry import Services
from web.accounts.login import AuthPages, shown
from web.core.site import Site

STATES = {
    "waiting": "待您答复",
    "active": "有效",
    "future": "尚未生效",
    "expired": "已到期",
    "revoked": "企业已取消",
    "declined": "不担任",
}
_PATH = "/h5/{pool}/agent-requests"
_NOTES = {
    "accepted": "已接受，可以代表该企业办理抽取。",
    "paused": "已接受。",
    "declined": "已记录，您不再代表该企业办理。",
}


class AgentRequestPages:
    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        self._site = site
        self._services = services
        self._auth = auth

    def add_routes(self) -> None:
        self._site.get(_PATH, self.list)
        self._site.post(_PATH, self.answer)

    async def list(self, request: http.Request) -> http.Response:
        visitor = await self._auth.visitor(request, self._auth.check_pool(request.match_info["pool"]))
        return await self._page(visitor, note=_NOTES.get(request.query.get("note", ""), ""))

    async def _page(self, visitor: Actor, *, note: str = "", error: AppError | None = None) -> http.Response:
        return self._site.render(
            "accounts/agent_requests.html",
            status=error.status if error else 200,
            note=note,
            error=error.message if error else "",
            links=await self._services.organisations.agents.list_mine(visitor),
            states=STATES,
            visitor=visitor,
            roles=len(await self._services.accounts.sessions.roles(visitor)),
            form=self._auth.form(visitor, "agent-requests"),
            path=_PATH.format(pool=visitor.pool),
        )

    async def answer(self, request: http.Request) -> http.Response:
        """``command`` accept or decline the link ``id``."""
        visitor = await self._auth.visitor(request, self._auth.check_pool(request.match_info["pool"]))
        entities = self._services.organisations.legal_entities
        try:
            fields = await self._auth.fields(request, visitor, "agent-requests")
            link_id, command = _link_of(fields.get("id", "")), fields.get("command")
            if command not in ("accept", "decline"):
                raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")
            link = await (entities.accept if command == "accept" else entities.decline)(visitor, link_id)
        except NotFound as error:
            return await self._page(visitor, error=error)
        except AppError as error:
            return await self._page(visitor, error=shown(error))
        accepted = "paused" if link.paused_by else "accepted"
        done = accepted if command == "accept" else "declined"
        raise http.HTTPSeeOther(f"{_PATH.format(pool=visitor.pool)}?note={done}")


def _link_of(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound("找不到这条关联申请，请刷新后重试。", code="unknown") from error
