"""Voice notices (语音通知) and draw conditions (抽取条件) of a draw."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from miniapp_api.draws.activities import DrawPath
from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Created, Input, Moment
from services.draws import CallNoticeForm, ConditionForm, Preview

api = Api(
    "conditions",
    "语音通知与抽取条件",
    "A notice serves one or more conditions; the conditions together must ask for exactly the experts that are needed.",
)


class CallNoticePath(DrawPath):
    notice_id: UUID


class ConditionPath(DrawPath):
    condition_id: UUID


class CallNoticeIn(Input):
    """The address names city, district and street, and no organisation."""

    venue: str = Field("", max_length=100, description="评标场所", examples=["演示评标中心"])
    address: str = Field("", max_length=200, description="集合地点", examples=["广州市天河区天润路333号"])
    room: str = Field("", max_length=50, examples=["3楼评标室"])
    gathering_at: Moment = Field(description="集合时间")
    contact: str = Field("", max_length=50, examples=["李四"])
    contact_phone: str = Field("", max_length=30, examples=["020-12345678"])
    remark: str = Field("", max_length=200, examples=["请携带身份证"])

    def form(self) -> CallNoticeForm:
        return CallNoticeForm(**self.model_dump())


class ConditionIn(Input):
    """Codes are those of the catalogues; empty text: no requirement."""

    notice_id: UUID
    region_mode: Literal["permanent", "willing"] = Field(description="常驻地 or 意愿评标地")
    regions: tuple[str, ...] = Field(min_length=1, max_length=100, examples=[["440100"]])
    specialty: str = Field(min_length=1, max_length=12, description="主专业", examples=["A08"])
    alternative: str = Field("", max_length=12, description="备选专业: only when the main one runs short")
    title_level: str = Field("", max_length=20, examples=[""])
    qualification: str = Field("", max_length=32, examples=[""])
    department: str = Field("", max_length=20, examples=[""])
    planned: int = Field(ge=1, le=1000, description="计划抽取人数", examples=[5])

    def form(self) -> ConditionForm:
        return ConditionForm(**{name: getattr(self, name) for name in type(self).model_fields})


@api.post("/draws/{draw_id}/notices", "新增语音通知", action="draw.edit", status=201)
async def add_call_notice(call: Call, path: DrawPath, body: CallNoticeIn) -> Created:
    """Add a notice."""
    return Created.of(await call.services.draws.setup.add_call_notice(call.actor, path.draw_id, body.form()))


@api.put("/draws/{draw_id}/notices/{notice_id}", "编辑语音通知", action="draw.edit")
async def edit_call_notice(call: Call, path: CallNoticePath, body: CallNoticeIn) -> None:
    """Before submission everything may change; after verification, until the draw begins, only room, contact and
    remark.

    The gathering time has an endpoint of its own.
    """
    await call.services.draws.setup.edit_call_notice(call.actor, path.draw_id, path.notice_id, body.form())


@api.delete("/draws/{draw_id}/notices/{notice_id}", "删除语音通知", action="draw.edit")
async def remove_call_notice(call: Call, path: CallNoticePath) -> None:
    """Remove a notice that no condition uses."""
    await call.services.draws.setup.remove_call_notice(call.actor, path.draw_id, path.notice_id)


@api.post("/draws/{draw_id}/conditions", "新增抽取条件", action="draw.edit", status=201)
async def add_condition(call: Call, path: DrawPath, body: ConditionIn) -> Created:
    """Add a condition; `planned` is at most the remaining number of experts."""
    return Created.of(await call.services.draws.setup.add_condition(call.actor, path.draw_id, body.form()))


@api.put("/draws/{draw_id}/conditions/{condition_id}", "编辑抽取条件", action="draw.edit")
async def edit_condition(call: Call, path: ConditionPath, body: ConditionIn) -> None:
    """Replace a condition before submission."""
    await call.services.draws.setup.edit_condition(call.actor, path.draw_id, path.condition_id, body.form())


@api.delete("/draws/{draw_id}/conditions/{condition_id}", "删除抽取条件", action="draw.edit")
async def remove_condition(call: Call, path: ConditionPath) -> None:
    """Remove a condition; the following ones move up."""
    await call.services.draws.setup.remove_condition(call.actor, path.draw_id, path.condition_id)


@api.post("/draws/{draw_id}/conditions/{condition_id}/preview", "预览可抽取人数", action="draw.preview")
async def preview(call: Call, path: ConditionPath) -> Preview:
    """Number of experts that match, as a band. Queries are counted and limited per draw, so that many of them identify
    no expert."""
    return await call.services.draws.previews.show(call.actor, path.draw_id, path.condition_id)
