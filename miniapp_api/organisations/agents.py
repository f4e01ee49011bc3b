"""Requests of legal entities to act for them (我的账号)."""

from __future__ import annotations

from uuid import UUID

from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Listing, PoolPath
from services.organisations import Agent

api = Api(
    "organisations", "企业与经办人", "An organisation links a person for a period; it counts once the person accepts."
)


class LinkPath(PoolPath):
    link_id: UUID


@api.get("/organisations/requests", "企业对我的关联")
async def requests(call: Call) -> Listing[Agent]:
    """Requests by organisations to act for them, newest first."""
    return Listing(items=await call.services.organisations.agents.list_own_links(call.actor))


@api.post("/organisations/requests/{link_id}/acceptance", "同意成为经办人")
async def accept(call: Call, path: LinkPath) -> Agent:
    """Agree to act for the organisation. A repetition is harmless."""
    return await call.services.organisations.legal_entities.accept(call.actor, path.link_id)
