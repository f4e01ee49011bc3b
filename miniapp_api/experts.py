"""An expert's own file, and when not to be drawn (日程)."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Listing, Moment, Output, PoolPath

api = Api("experts", "专家档案与不接受抽取的时间", "Own data are masked too, since phones are lent and pictures taken.")


class PeriodPath(PoolPath):
    period_id: UUID


class PeriodIn(Input):
    starts_at: Moment
    ends_at: Moment
    reason: str = Field("", max_length=100, examples=["出差"])


class PeriodOut(Output):
    """Half-open. `panels`: panels already accepted inside it, which stay."""

    id: UUID
    starts_at: Moment
    ends_at: Moment
    reason: str
    panels: int


class NamedOut(Output):
    code: str
    name: str


class ExpertOut(Output):
    id: UUID
    number: str
    masked_name: str
    masked_id_number: str
    masked_mobile: str
    standing: str = Field(description="`formal` or `temporary`")
    active: bool
    permanent_region: NamedOut
    willing_regions: tuple[NamedOut, ...]
    specialties: tuple[NamedOut, ...]
    title_level: NamedOut
    qualifications: tuple[NamedOut, ...]
    department: NamedOut
    employers: tuple[str, ...]
    unavailable: tuple[PeriodOut, ...]


@api.get("/experts/me", "我的档案", action="expert.self.read")
async def profile(call: Call) -> ExpertOut:
    """The expert's own file."""
    return ExpertOut.of(await call.services.experts.profiles.profile(call.actor))


@api.get("/experts/me/unavailabilities", "不接受抽取的时间", action="expert.self.availability")
async def unavailabilities(call: Call) -> Listing[PeriodOut]:
    """Times in which the expert is not drawn and which are not over, soonest first."""
    return Listing[PeriodOut](
        items=PeriodOut.each(await call.services.experts.profiles.list_unavailability(call.actor))
    )


@api.post("/experts/me/unavailabilities", "设置不接受抽取的时间", action="expert.self.availability", status=201)
async def add(call: Call, body: PeriodIn) -> PeriodOut:
    """Don't draw me in this time. `panels` tells how many accepted ones lie inside; they stay."""
    period = await call.services.experts.profiles.add_unavailability(
        call.actor, body.starts_at, body.ends_at, body.reason
    )
    return PeriodOut.of(period)


@api.delete("/experts/me/unavailabilities/{period_id}", "取消不接受抽取的时间", action="expert.self.availability")
async def cancel(call: Call, path: PeriodPath) -> PeriodOut:
    """Take a time back. Twice is harmless."""
    return PeriodOut.of(await call.services.experts.profiles.cancel_unavailability(call.actor, path.period_id))
