"""The pool's experts for its administrators: expiring terms, and removal from the pool."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, PageOut, PageQuery, PoolPath
from services.office import REASON_MAX, ExpertLine, Left

api = Api("office_experts", "专家管理", "Experts of the pool, for its administrators.")


class ExpertsQuery(PageQuery):
    only: Literal["in_pool", "ending", "over", "left"] = Field(
        "in_pool", description="`ending`: term or age limit comes within the rulebook's time; `over`: is not drawn"
    )
    search: str = Field("", max_length=50, description="A number, or the beginning of a name")


class ExpertPath(PoolPath):
    expert_id: UUID


class LeavingIn(Input):
    reason: str = Field(min_length=1, max_length=REASON_MAX, examples=["本人申请退库。"])


@api.get("/office/experts", "专家列表", action="expert.read")
async def list_page(call: Call, query: ExpertsQuery) -> PageOut[ExpertLine]:
    """Experts by expiry, else by name."""
    found = await call.services.office.experts.page(
        call.actor, query.only, query.search, page=query.page, size=query.size
    )
    return PageOut.of_query(found, query)


@api.post("/office/experts/{expert_id}/leaving", "办理退库", action="expert.manage")
async def remove_from_pool(call: Call, path: ExpertPath, body: LeavingIn) -> Left:
    """The person is no longer drawn or called; open calls are cancelled, and the person is notified."""
    return await call.services.office.experts.remove_from_pool(call.actor, path.expert_id, body.reason)
