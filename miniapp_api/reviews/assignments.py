"""Assignments of reviewers, and roles of staff: granted by administrators (审核授权, 工作人员)."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Output, PageOut, PageQuery, PoolPath
from services.accounts import Office, StaffMember
from services.reviews import Assignment, AssignmentForm, OpenPlace

api = Api(
    "assignments",
    "审核授权与工作人员",
    "Administrators name reviewers by step, region and branch of specialties, and staff by office. A person who has no "
    "account yet gets one; what is taken away ends at once.",
)


class AssignmentPath(PoolPath):
    assignment_id: UUID


class GrantPath(PoolPath):
    grant_id: UUID


class AssignmentQuery(PageQuery):
    step: str = Field("", max_length=20)
    active: bool = Field(True, description="False: those that were revoked")


class StaffQuery(PageQuery):
    role: Office | None = None
    active: bool = Field(True, description="False: those that were revoked")


class AssignmentIn(Input):
    mobile: str = Field(min_length=11, max_length=11, examples=["13800001234"])
    name: str = Field(min_length=1, max_length=50, examples=["李审核"])
    step: str = Field(min_length=1, max_length=20, description="Code of a step", examples=["industry"])
    region: str = Field("", max_length=6, description="Empty: the whole province", examples=["440100"])
    specialty: str = Field("", max_length=32, description="Narrows a step that looks at each specialty")
    department: str = Field("", max_length=100, description="As the applicant reads it; empty: the rulebook's")


class StaffIn(Input):
    mobile: str = Field(min_length=11, max_length=11, examples=["13800001234"])
    name: str = Field(min_length=1, max_length=50, examples=["王核验"])
    role: Office
    scope: str = Field("", max_length=64, description="Terminal of a verifier, venue of venue staff; empty: all")


class OpenPlacesOut(Output):
    items: list[OpenPlace]


@api.get("/review-assignments", "审核授权列表", action="review.assign")
async def assignments(call: Call, query: AssignmentQuery) -> PageOut[Assignment]:
    """Newest first."""
    found = await call.services.reviews.assignment_queries.page(
        call.actor, step=query.step, active=query.active, offset=query.offset, limit=query.size
    )
    return PageOut.of_query(found, query)


@api.get("/review-gaps", "无人审核的任务", action="review.assign")
async def uncovered(call: Call) -> OpenPlacesOut:
    """Regions and steps with open tasks but without a reviewer, longest waiting first."""
    return OpenPlacesOut(items=await call.services.reviews.assignment_queries.open_places(call.actor))


@api.post("/review-assignments", "添加审核授权", action="review.assign", status=201)
async def assign(call: Call, body: AssignmentIn) -> Assignment:
    """Let a person review a step in a region and below it; a repetition is harmless."""
    return await call.services.reviews.assignments.grant(call.actor, AssignmentForm(**body.model_dump()))


@api.delete("/review-assignments/{assignment_id}", "取消审核授权", action="review.assign")
async def unassign(call: Call, path: AssignmentPath) -> Assignment:
    """Revoked at once; decisions made stay. A repetition is harmless."""
    return await call.services.reviews.assignments.revoke(call.actor, path.assignment_id)


@api.get("/staff", "工作人员列表", action="person.manage")
async def staff(call: Call, query: StaffQuery) -> PageOut[StaffMember]:
    """Staff by role, newest first."""
    found = await call.services.accounts.staff.page(
        call.actor, role=query.role or "", active=query.active, offset=query.offset, limit=query.size
    )
    return PageOut.of_query(found, query)


@api.post("/staff", "添加工作人员", action="person.manage", status=201)
async def grant(call: Call, body: StaffIn) -> StaffMember:
    """Grant a person a role; a repetition is harmless."""
    return await call.services.accounts.staff.grant(
        call.actor, mobile=body.mobile, name=body.name, role=body.role, scope=body.scope
    )


@api.delete("/staff/{grant_id}", "取消工作人员", action="person.manage")
async def revoke(call: Call, path: GrantPath) -> StaffMember:
    """Revoked at once. The last administrator can't be revoked."""
    return await call.services.accounts.staff.revoke(call.actor, path.grant_id)
