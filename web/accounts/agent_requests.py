"""``/h5/{pool}/agent-requests``: organisations that ask the person to act for them, to accept, decline or end."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp.web as http

from services.core.base import Actor
from web.accounts.person_pages import PersonPages
from web.core.pages import Redirect, Visit, page
from web.core.site import ON_PAGE

STATES = {
    "waiting": "待您答复",
    "active": "有效",
    "future": "尚未生效",
    "expired": "已到期",
    "revoked": "企业已取消",
    "declined": "不担任",
}
_LINK = "这条关联申请"


class AgentRequestPages(PersonPages):
    """For everyone who is logged in to the pool, staff included."""

    form_name = "agent-requests"
    on_page = ON_PAGE | {401, 403, 404}

    async def actor(self, request: http.Request) -> Actor:
        return await self.auth.visitor(request, self.auth.check_pool(request.match_info["pool"]))

    @page("/h5/{pool}/agent-requests", "accounts/agent_requests.html")
    async def requests(self, visit: Visit) -> Mapping[str, object]:
        visitor = visit.actor
        return {
            "links": await self.services.organisations.agents.list_own_links(visitor),
            "states": STATES,
            "visitor": visitor,
            "roles": len(await self.services.accounts.sessions.roles(visitor)),
            "path": f"/h5/{visitor.pool}/agent-requests",
        }

    @requests.command(name="accept", note={"accepted": "已接受，可以代表该企业办理抽取。", "paused": "已接受。"})
    async def accept(self, visit: Visit) -> Redirect:
        link = await self.services.organisations.legal_entities.accept(visit.actor, visit.row_id(_LINK))
        return Redirect(note="paused" if link.paused_by else "accepted")

    @requests.command(name="decline", note="已记录，您不再代表该企业办理。")
    async def decline(self, visit: Visit) -> None:
        await self.services.organisations.legal_entities.decline(visit.actor, visit.row_id(_LINK))
