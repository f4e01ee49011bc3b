"""Legal entities and the agents who act for them (我的经办人, 我的账号)."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Listing, Moment, Output, PoolPath

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


class AgentOut(Output):
    """A person linked to an organisation."""

    link_id: UUID
    organisation_id: UUID
    organisation_name: str
    masked_name: str = Field(examples=["王**"])
    masked_mobile: str = Field(examples=["138****1234"])
    valid_from: Moment
    valid_until: Moment
    state: Literal["waiting", "active", "expired", "future", "revoked"]


@api.get("/organisations/agents", "我的经办人", action="organisation.link_agent")
async def agents(call: Call) -> Listing[AgentOut]:
    """The organisation's agents, newest link first."""
    return Listing[AgentOut](
        items=AgentOut.each(await call.services.organisations.legal_entities.list_agents(call.actor))
    )


@api.post("/organisations/agents", "添加经办人", action="organisation.link_agent", status=201)
async def link(call: Call, body: AgentIn) -> AgentOut:
    """Ask a person to act for the organisation; again for the same person renews the period."""
    agent = await call.services.organisations.legal_entities.link_agent(
        call.actor, mobile=body.mobile, name=body.name, valid_from=body.valid_from, valid_until=body.valid_until
    )
    return AgentOut.of(agent)


@api.delete("/organisations/agents/{link_id}", "取消经办人", action="organisation.revoke_agent")
async def revoke(call: Call, path: LinkPath) -> AgentOut:
    """Strike an agent off, at once. Twice is harmless."""
    return AgentOut.of(await call.services.organisations.legal_entities.revoke(call.actor, path.link_id))


@api.get("/organisations/requests", "企业对我的关联")
async def requests(call: Call) -> Listing[AgentOut]:
    """The organisations that ask, or asked, the person to act for them; newest first."""
    return Listing[AgentOut](
        items=AgentOut.each(await call.services.organisations.legal_entities.list_mine(call.actor))
    )


@api.post("/organisations/requests/{link_id}/acceptance", "同意成为经办人")
async def accept(call: Call, path: LinkPath) -> AgentOut:
    """Agree to act for the organisation. Twice is harmless."""
    return AgentOut.of(await call.services.organisations.legal_entities.accept(call.actor, path.link_id))
