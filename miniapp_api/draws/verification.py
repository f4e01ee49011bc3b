"""Verification of applications by the trading centre (核验)."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from domain.draws.lifecycles import VerificationState
from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Output, PageQuery, PoolPath
from services.draws import ApplicationRow

api = Api("verification", "核验", "A verifier sees the applications of the own terminal, oldest first.")


class VerificationPath(PoolPath):
    application_id: UUID


class VerificationQueueQuery(PageQuery):
    state: VerificationState = VerificationState.SUBMITTED


class VerificationQueueOut(Output):
    """`more`: there is another page."""

    items: tuple[ApplicationRow, ...]
    page: int
    size: int
    more: bool


class VerificationApprovalIn(Input):
    opinion: str = Field("", max_length=500)


class VerificationRefusalIn(Input):
    opinion: str = Field(min_length=1, max_length=500, description="What the agency must mend", examples=["缺少监督人"])


@api.get("/verification/applications", "核验列表", action="draw.verify")
async def queue(call: Call, query: VerificationQueueQuery) -> VerificationQueueOut:
    """Applications at the verifier's terminal."""
    found = await call.services.draws.verification_queries.queue(
        call.actor, state=query.state, offset=query.offset, limit=query.size + 1
    )
    items = found[: query.size]
    return VerificationQueueOut(items=items, page=query.page, size=query.size, more=len(found) > query.size)


@api.post("/verification/applications/{application_id}/approval", "通过核验", action="draw.verify")
async def approve(call: Call, path: VerificationPath, body: VerificationApprovalIn) -> None:
    """Approve: the draw may run. An own application can't be verified."""
    await call.services.draws.verification.approve(call.actor, path.application_id, body.opinion)


@api.post("/verification/applications/{application_id}/refusal", "退回核验", action="draw.verify")
async def refuse(call: Call, path: VerificationPath, body: VerificationRefusalIn) -> None:
    """Refuse with a reason; the agency may correct the draw and submit it again."""
    await call.services.draws.verification.refuse(call.actor, path.application_id, body.opinion)
