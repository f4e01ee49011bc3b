"""Redraw (重新抽取) and recall of the original experts (复评): new draws based on one that is over."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from domain.draws.lifecycles import DrawState, state_label
from miniapp_api.draws.activities import DrawPath
from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Created, Input, Listing, Moment, Output
from services.draws import FormerExpert, RecallPanel, RecallTimes, RedrawTimes

api = Api(
    "follow-ups",
    "复评与重新抽取",
    "Both make a draft from an ended activity. It is edited, proved with an attachment and handed in like any other; a "
    "verified recall has no draw: what was agreed with each expert is noted, then all is confirmed at once.",
)


class RedrawIn(Input):
    """All times must be given again. Bid closing not after opening, opening before start before end."""

    opening_at: Moment = Field(description="开标时间")
    bid_closing_at: Moment = Field(description="截标时间")
    starts_at: Moment = Field(description="预计评标开始时间")
    ends_at: Moment = Field(description="预计评标结束时间")
    lots: tuple[UUID, ...] = Field((), max_length=200, description="Empty: those of the original")


class RecallIn(Input):
    """The experts gather on the day of the start."""

    starts_at: Moment = Field(description="预计评标开始时间")
    ends_at: Moment = Field(description="预计评标结束时间")


class RecalledPath(DrawPath):
    expert_id: UUID = Field(description="`id` of a row of `GET /draws/{draw_id}/recall`")


class StaffPhoneIn(Input):
    phone: str = Field(min_length=11, max_length=20, description="通话号码", examples=["18030785987"])


class VirtualCallIn(Input):
    phone: str = Field("", max_length=20, description="通话号码; empty: the account's own", examples=["18030785987"])


class RecallNoteIn(Input):
    answer: Literal["comes", "declines"] = Field(description="参评 or 不参评")
    gathering_at: Moment | None = Field(None, description="商定的集合时间, for who comes")


class RecallOutcomeOut(Output):
    state: DrawState
    state_label: str = Field(examples=["抽取完成"])


@api.post("/draws/{draw_id}/redraws", "重新抽取", action="draw.create", status=201)
async def redraw(call: Call, path: DrawPath, body: RedrawIn) -> Created:
    """From an ended or released draw. The experts who took part are recused; notices and conditions are copied as
    drafts."""
    times = RedrawTimes(**{name: getattr(body, name) for name in RedrawIn.model_fields})
    return Created.of(await call.services.draws.redraws.redraw(call.actor, path.draw_id, times))


@api.post("/draws/{draw_id}/recalls", "发起复评", action="draw.create", status=201)
async def recall(call: Call, path: DrawPath, body: RecallIn) -> Created:
    """From an ended draw, for the experts who took part at its end."""
    times = RecallTimes(body.starts_at, body.ends_at)
    return Created.of(await call.services.draws.redraws.recall(call.actor, path.draw_id, times))


@api.get("/draws/{draw_id}/former-experts", "回避的原参评专家", action="draw.read")
async def former(call: Call, path: DrawPath) -> Listing[FormerExpert]:
    """The experts of the draws whose experts are recused here."""
    return Listing(items=await call.services.draws.queries.former_experts(call.actor, path.draw_id))


@api.get("/draws/{draw_id}/recall", "原专家名单", action="draw.start")
async def panel(call: Call, path: DrawPath) -> RecallPanel:
    """The original experts of a recall, and the result of each phone call."""
    return await call.services.draws.recall_queries.panel(call.actor, path.draw_id)


@api.put("/draws/{draw_id}/recall/phone", "填写通话号码", action="draw.start")
async def phone(call: Call, path: DrawPath, body: StaffPhoneIn) -> None:
    """The phone of the agency's contact; stored with the draw."""
    await call.services.draws.recalls.remember_phone(call.actor, path.draw_id, body.phone)


@api.post("/draws/{draw_id}/recall/experts/{expert_id}/call-backs", "请专家回电", action="draw.start")
async def ask_back(call: Call, path: RecalledPath) -> None:
    """Ask the expert by message to call back; it contains the agency's phone and a gathering time, his number stays
    hidden. At most three times."""
    await call.services.draws.recalls.ask_back(call.actor, path.draw_id, path.expert_id)


@api.post("/draws/{draw_id}/recall/experts/{expert_id}/calls", "虚拟号呼叫原专家", action="draw.start")
async def ring(call: Call, path: RecalledPath) -> None:
    """Call the phone of `PUT …/recall/phone`, then the expert; neither sees the other's number."""
    await call.services.draws.recalls.ring(call.actor, path.draw_id, path.expert_id)


@api.post("/draws/{draw_id}/recall/experts/{expert_id}/messages", "重新发送确认短信", action="draw.start")
async def resend(call: Call, path: RecalledPath) -> None:
    """After the confirmation, for an expert whom the message with time, place and code did not reach."""
    await call.services.draws.recalls.resend(call.actor, path.draw_id, path.expert_id)


@api.put("/draws/{draw_id}/recall/experts/{expert_id}", "登记参评情况", action="draw.start")
async def note(call: Call, path: RecalledPath, body: RecallNoteIn) -> None:
    """Record the result of the call; may be changed until the final confirmation."""
    await call.services.draws.recalls.note(
        call.actor, path.draw_id, path.expert_id, body.answer == "comes", body.gathering_at
    )


@api.post("/draws/{draw_id}/recall/confirmation", "提交最终确认结果", action="draw.start")
async def confirm(call: Call, path: DrawPath) -> RecallOutcomeOut:
    """Final confirmation. Experts who come get time, place and code; 专家不足 if at least one doesn't come."""
    state = await call.services.draws.recalls.confirm(call.actor, path.draw_id)
    return RecallOutcomeOut(state=state, state_label=state_label(state, "recall"))
