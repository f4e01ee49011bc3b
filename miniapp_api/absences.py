"""Leave, absence and recusal on the spot, and supplementary draws (补抽)."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from miniapp_api.draws import DrawPath
from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Listing, Moment, Output
from miniapp_api.rounds import CurrentRoundOut
from services.draws.absences import RegionChange

api = Api(
    "absences", "缺席与补抽", "Register who will not sit on the panel, then fill the places again, several together."
)


class AbsenceIn(Input):
    who: str = Field(min_length=4, max_length=11, description="Six-digit code, or mobile number", examples=["204816"])
    kind: Literal["leave", "absence", "recusal"] = Field(description="人工请假, 缺席 or 现场回避")
    reason: str = Field(min_length=1, max_length=200, examples=["专家来电请假"])


class RegionsIn(Input):
    condition_id: UUID
    regions: tuple[str, ...] = Field(min_length=1, max_length=100, examples=[["440300"]])


class NoticeGatheringIn(Input):
    notice_id: UUID
    gathering_at: Moment


class SupplementIn(Input):
    """Both empty: same conditions, same gathering times."""

    regions: tuple[RegionsIn, ...] = Field((), max_length=50, description="A changed region needs a new commitment")
    gathering: tuple[NoticeGatheringIn, ...] = Field((), max_length=50)


class AbsenceOut(Output):
    """Name and ID number are masked."""

    id: UUID
    draw_id: UUID
    draw_number: str
    draw_name: str
    condition: int
    name: str = Field(examples=["测**"])
    id_number: str = Field(examples=["4113***6933"])
    code: str
    gathering_at: Moment
    kind: str
    reason: str
    source: str = Field(description="`expert`: by the expert; `manual`: registered by agency or desk")
    registered_at: Moment
    handled: bool


@api.get("/absences", "待补抽列表", action="draw.create")
async def pending(call: Call) -> Listing[AbsenceOut]:
    """Everything of this organisation that waits for a supplementary draw, newest first, at most 200."""
    return Listing[AbsenceOut](items=AbsenceOut.each(await call.services.absences.pending(call.actor)))


@api.get("/draws/{draw_id}/absences", "缺席记录", action="absence.register")
async def of_draw(call: Call, path: DrawPath) -> Listing[AbsenceOut]:
    """The register of one draw, newest first."""
    found = await call.services.absences.of_draw(call.actor, path.draw_id)
    return Listing[AbsenceOut](items=AbsenceOut.each(found))


@api.post("/draws/{draw_id}/absences", "登记缺席", action="absence.register", status=201)
async def register(call: Call, path: DrawPath, body: AbsenceIn) -> AbsenceOut:
    """Register an expert by code or mobile. Each try counts against an hourly limit and is logged."""
    row = await call.services.absences.register(call.actor, path.draw_id, body.who, body.kind, body.reason)
    return AbsenceOut.of(row)


@api.post("/draws/{draw_id}/supplement", "启动补抽", action="draw.start")
async def supplement(call: Call, path: DrawPath, body: SupplementIn) -> CurrentRoundOut:
    """Fill the missing places along the same order. With changed regions `round` is the one to commit to first."""
    view = await call.services.absences.start_supplement(
        call.actor,
        path.draw_id,
        regions=[RegionChange(one.condition_id, one.regions) for one in body.regions],
        gathering={one.notice_id: one.gathering_at for one in body.gathering},
    )
    return CurrentRoundOut.show(view)
