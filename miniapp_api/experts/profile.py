"""An expert's own record, and unavailable times (日程)."""

from __future__ import annotations

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Moment, Output, PoolPath
from services.experts import ExpertProfile, OwnTimes, Period, TimesOffForm

api = Api("experts", "专家档案与不接受抽取的时间", "Own data are masked too, since phones are lent and pictures taken.")


class PeriodPath(PoolPath):
    period_id: UUID


class TimesOffIn(Input):
    """`kind` says which of the other fields count."""

    kind: Literal["span", "pause", "weekly", "holiday", "month"] = Field(
        description="方式: a span of time, until the person says otherwise, hours of each week, a holiday, a month"
    )
    reason: str = Field("", max_length=100, examples=["出差"])
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    weekdays: list[int] = Field(default_factory=list, max_length=7, description="星期, 1 Monday to 7")
    hours: Literal["all", "morning", "afternoon", "evening", "own"] = Field("all", description="时段")
    from_time: str = Field("", max_length=5, description="开始时间", examples=["14:00"])
    to_time: str = Field("", max_length=5, description="结束时间", examples=["17:30"])
    until: date | None = Field(None, description="截止日期, the last of weekly times; null: no end")
    holiday: str = Field("", max_length=20, description="节假日", examples=["2027-spring"])
    month: str = Field("", max_length=7, description="月份", examples=["2027-07"])


class PauseGoesOnOut(Output):
    again: Moment = Field(description="When the person is asked again whether the pause goes on")


@api.get("/experts/me", "我的档案", action="expert.self.read")
async def profile(call: Call) -> ExpertProfile:
    """The expert's own record."""
    return await call.services.experts.profiles.profile(call.actor)


@api.get("/experts/me/unavailabilities", "不接受抽取的时间", action="expert.self.availability")
async def unavailabilities(call: Call) -> OwnTimes:
    """Current and future times in which the expert is not drawn, soonest first, and what can be named."""
    return await call.services.experts.availability.read(call.actor)


@api.post("/experts/me/unavailabilities", "设置不接受抽取的时间", action="expert.self.availability", status=201)
async def add(call: Call, body: TimesOffIn) -> Period:
    """Add times in which the expert is not drawn. `panels` are those accepted before, which stay."""
    form = TimesOffForm(**{**body.model_dump(), "weekdays": tuple(body.weekdays)})
    return await call.services.experts.availability.add_form(call.actor, form)


@api.delete("/experts/me/unavailabilities/{period_id}", "取消不接受抽取的时间", action="expert.self.availability")
async def cancel(call: Call, path: PeriodPath) -> Period:
    """Remove a time. A repetition is harmless."""
    return await call.services.experts.availability.cancel_unavailability(call.actor, path.period_id)


@api.post("/experts/me/unavailabilities/{period_id}/going-on", "继续暂停", action="expert.self.availability")
async def go_on(call: Call, path: PeriodPath) -> PauseGoesOnOut:
    """A pause goes on; 409 for one that has ended."""
    return PauseGoesOnOut(again=await call.services.experts.availability.go_on(call.actor, path.period_id))
