"""Leave, absence and recusal at the venue, and supplementary draws (补抽)."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from miniapp_api.draws.activities import DrawPath
from miniapp_api.draws.rounds import CurrentRoundOut
from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Listing, Moment, PoolPath
from services.draws import AbsenceRow, DiscardForm, DiscardRequestView, NewStart, RegionChange, RegisteredAbsence

api = Api(
    "absences", "缺席与补抽", "Register who will not sit on the panel, then fill the places again, several together."
)


class AbsenceIn(Input):
    who: str = Field(
        min_length=4,
        max_length=11,
        examples=["204816"],
        description="Six-digit code; for verifier and venue also a mobile number, from unsealing on",
    )
    kind: Literal["leave", "absence", "recusal"] = Field(description="人工请假, 缺席 or 现场回避")
    reason: str = Field(min_length=1, max_length=200, examples=["专家来电请假"])
    cause: str = Field("", max_length=50, description="Class of a recusal, see `GET /pool`", examples=["投标人"])


class AbsenceRequestPath(PoolPath):
    request_id: UUID


class AbsenceOpinionIn(Input):
    opinion: str = Field(min_length=1, max_length=200, examples=["无利害关系"])


class RegionsIn(Input):
    condition_id: UUID
    regions: tuple[str, ...] = Field(min_length=1, max_length=100, examples=[["440300"]])


class CallNoticeGatheringIn(Input):
    notice_id: UUID
    gathering_at: Moment


class NewStartIn(Input):
    """A later expected start on the same day; the expected end is postponed by the same time."""

    starts_at: Moment = Field(description="评标开始时间")
    reason: str = Field(min_length=1, max_length=200, examples=["一位专家缺席，需要补抽"])


class SupplementIn(Input):
    """All empty: same conditions, same gathering times. `start` is for a panel that gathers already."""

    regions: tuple[RegionsIn, ...] = Field((), max_length=50, description="A changed region needs a new commitment")
    gathering: tuple[CallNoticeGatheringIn, ...] = Field((), max_length=50)
    start: NewStartIn | None = Field(
        None, description="推迟评标开始: verifier, supervisor, venue and experts who are there are notified"
    )


@api.get("/absences", "待补抽列表", action="draw.create")
async def pending(call: Call) -> Listing[AbsenceRow]:
    """All places of this organisation that wait for a supplementary draw, newest first, at most 200."""
    return Listing(items=await call.services.draws.absence_queries.pending(call.actor))


@api.get("/draws/{draw_id}/absences", "缺席记录", action="discard.read")
async def of_draw(call: Call, path: DrawPath) -> Listing[AbsenceRow]:
    """Absences of one draw, newest first."""
    found = await call.services.draws.absence_queries.of_draw(call.actor, path.draw_id)
    return Listing(items=found)


@api.post("/draws/{draw_id}/absences", "登记缺席", action="absence.register", status=201)
async def register(call: Call, path: DrawPath, body: AbsenceIn) -> RegisteredAbsence:
    """Register the absence of an expert by code. A leave waits for confirmation by the expert, a recusal by verifier or
    supervisor; an absence counts at once, from the gathering time on. Each try counts against an hourly limit and is
    logged."""
    form = DiscardForm(body.who, body.kind, body.reason, body.cause)
    return await call.services.draws.discards.register(call.actor, path.draw_id, form)


@api.get("/draws/{draw_id}/discard-requests", "待确认登记", action="discard.read")
async def requests(call: Call, path: DrawPath) -> Listing[DiscardRequestView]:
    """Leaves and recusals registered for experts of one draw, newest first."""
    return Listing(items=await call.services.draws.discard_queries.of_draw(call.actor, path.draw_id))


@api.get("/discard-requests", "待我确认的现场回避", action="discard.decide")
async def waiting(call: Call) -> Listing[DiscardRequestView]:
    """Recusals that wait for this verifier or supervisor, oldest first."""
    return Listing(items=await call.services.draws.discard_queries.waiting(call.actor))


@api.post("/discard-requests/{request_id}/confirmation", "确认现场回避", action="discard.decide")
async def confirm(call: Call, path: AbsenceRequestPath) -> None:
    """Confirm: the recusal counts and the place is free. The person who registered it may not confirm it."""
    await call.services.draws.discards.confirm(call.actor, path.request_id)


@api.post("/discard-requests/{request_id}/refusal", "不确认现场回避", action="discard.decide")
async def refuse(call: Call, path: AbsenceRequestPath, body: AbsenceOpinionIn) -> None:
    """Refuse: the expert stays on the panel; agency and expert are notified."""
    await call.services.draws.discards.refuse(call.actor, path.request_id, body.opinion)


@api.post("/draws/{draw_id}/supplement", "启动补抽", action="draw.start")
async def supplement(call: Call, path: DrawPath, body: SupplementIn) -> CurrentRoundOut:
    """Fill the missing places along the same order. With changed regions, `round` is the new round to commit to
    first."""
    view = await call.services.draws.supplements.start(
        call.actor,
        path.draw_id,
        regions=[RegionChange(one.condition_id, one.regions) for one in body.regions],
        gathering={one.notice_id: one.gathering_at for one in body.gathering},
        start=NewStart(body.start.starts_at, body.start.reason) if body.start else None,
    )
    return CurrentRoundOut.show(view)
