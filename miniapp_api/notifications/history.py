"""Notices sent to a person."""

from __future__ import annotations

from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import PageOut, PageQuery
from services.notifications import PastNotice

api = Api(
    "notices",
    "消息",
    "Notices as they were sent, each once, with the channel that came furthest. Verification codes are not listed.",
)


@api.get("/notices", "我的消息")
async def mine(call: Call, query: PageQuery) -> PageOut[PastNotice]:
    """Notices to this person in any role, newest first."""
    page = await call.services.notifications.history.notices_of(call.actor, offset=query.offset, limit=query.size)
    return PageOut.from_page(page, query)
