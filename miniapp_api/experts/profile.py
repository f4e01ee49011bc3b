"""An expert's own record, and unavailable times (日程)."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Listing, Moment, PoolPath
from services.experts import ExpertProfile, Period

api = Api("experts", "专家档案与不接受抽取的时间", "Own data are masked too, since phones are lent and pictures taken.")


class PeriodPath(PoolPath):
    period_id: UUID


class PeriodIn(Input):
    starts_at: Moment
    ends_at: Moment
    reason: str = Field("", max_length=100, examples=["出差"])


@api.get("/experts/me", "我的档案", action="expert.self.read")
async def profile(call: Call) -> ExpertProfile:
    """The expert's own record."""
    return await call.services.experts.profiles.profile(call.actor)


@api.get("/experts/me/unavailabilities", "不接受抽取的时间", action="expert.self.availability")
async def unavailabilities(call: Call) -> Listing[Period]:
    """Current and future times in which the expert is not drawn, soonest first."""
    return Listing(items=await call.services.experts.availability.list_unavailability(call.actor))


@api.post("/experts/me/unavailabilities", "设置不接受抽取的时间", action="expert.self.availability", status=201)
async def add(call: Call, body: PeriodIn) -> Period:
    """Add a time in which the expert is not drawn. `panels` is the number of accepted ones inside it, which stay."""
    return await call.services.experts.availability.add_unavailability(
        call.actor, body.starts_at, body.ends_at, body.reason
    )


@api.delete("/experts/me/unavailabilities/{period_id}", "取消不接受抽取的时间", action="expert.self.availability")
async def cancel(call: Call, path: PeriodPath) -> Period:
    """Remove a time. A repetition is harmless."""
    return await call.services.experts.availability.cancel_unavailability(call.actor, path.period_id)
