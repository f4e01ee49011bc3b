"""Legal entities and the agents who act for them (我的经办人, 我的账号)."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Listing, Moment, PoolPath
from services.organisations import Agent

api = Api(
    "organisations", "企业与经办人", "An organisation links a person for a period; it counts once the person accepts."
)


class LinkPath(PoolPath):
    link_id: UUID


class AgentIn(Input):
    mobile: str = Field(min_length=11, max_length=11, examples=["13800001234"])
    name: str = Field(min_length=1, max_length=50, examples=["王小明"])
    valid_from: Moment | None = Field(None, description="Empty: now")
    valid_until: Moment | None = Field(None, description="Empty: the rulebook's default")


@api.get("/organisations/agents", "我的经办人", action="organisation.link_agent")
async def agents(call: Call) -> Listing[Agent]:
    """The organisation's agents, newest link first."""
    return Listing(items=await call.services.organisations.agents.list_agents(call.actor))


@api.post("/organisations/agents", "添加经办人", action="organisation.link_agent", status=201)
async def link(call: Call, body: AgentIn) -> Agent:
    """Ask a person to act for the organisation; a repetition for the same person renews the period and asks at most
    once a day."""
    return await call.services.organisations.legal_entities.link_agent(
        call.actor, mobile=body.mobile, name=body.name, valid_from=body.valid_from, valid_until=body.valid_until
    )


@api.delete("/organisations/agents/{link_id}", "取消经办人", action="organisation.revoke_agent")
async def revoke(call: Call, path: LinkPath) -> Agent:
    """Remove an agent, at once. A repetition is harmless."""
    return await call.services.organisations.legal_entities.revoke(call.actor, path.link_id)


@api.get("/organisations/requests", "企业对我的关联")
async def requests(call: Call) -> Listing[Agent]:
    """Requests by organisations to act for them, newest first."""
    return Listing(items=await call.services.organisations.agents.list_mine(call.actor))


@api.post("/organisations/requests/{link_id}/acceptance", "同意成为经办人")
async def accept(call: Call, path: LinkPath) -> Agent:
    """Agree to act for the organisation. A repetition is harmless."""
    return await call.services.organisations.legal_entities.accept(call.actor, path.link_id)


@api.post("/organisations/requests/{link_id}/refusal", "不担任经办人")
async def decline(call: Call, path: LinkPath) -> Agent:
    """Refuse to act for the organisation, or stop doing so. A repetition is harmless."""
    return await call.services.organisations.legal_entities.decline(call.actor, path.link_id)
