"""Draws (抽取活动): lists, the form, submission."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field, computed_field

from domain.draws.lifecycles import DrawState, state_label
from domain.masking import mask_mobile
from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Created, Input, Listing, Moment, Output, PageOut, PageQuery, PoolPath
from services.core.crypto import PHONE, Keyring
from services.draws import (
    ApplicationRow,
    CallNoticeView,
    Detail,
    DrawDashboard,
    DrawForm,
    Filters,
    Operation,
    RecusalPersonView,
    RecusalUnitView,
)

api = Api(
    "draws",
    "抽取活动",
    "An agency sets an activity up, hands it in for verification, fixes the order with the supervisor, and starts it.",
)


class DrawPath(PoolPath):
    draw_id: UUID


class DrawQuery(PageQuery):
    number: str = Field("", max_length=100, description="Part of the activity's number or name")
    project: str = Field("", max_length=100, description="Part of the project's number or name")
    state: DrawState | None = Field(None, description="Empty: any")
    kind: Literal["normal", "redraw", "recall"] | None = None
    source: Literal["on_site", "off_site"] | None = Field(None, description="A trading centre's project or not")
    region: str = Field(
        "", pattern=r"^(\d{6})?$", description="Code of a province, city or district", examples=["440100"]
    )


class SupervisorsIn(Input):
    supervisors: tuple[UUID, ...] = Field(max_length=20, description="Entries of `GET /supervisors`")


class DrawIn(Input):
    """Basic data. Opening before expected start before expected end."""

    project_id: UUID
    lots: tuple[UUID, ...] = Field((), max_length=200, description="Empty: the project without lots is the lot")
    name: str = Field(min_length=1, max_length=200, examples=["示范大桥工程一标段评标"])
    medium: str = Field("", max_length=100, description="公告发布媒体", examples=["省公共资源交易平台"])
    opening_at: Moment = Field(description="开标时间")
    opening_place: str = Field("", max_length=100, examples=["第一开标室"])
    needed: int = Field(ge=1, le=1000, description="Experts really drawn from the pool", examples=[5])
    starts_at: Moment = Field(description="预计评标开始时间")
    ends_at: Moment = Field(description="预计评标结束时间")
    on_site: bool = Field(description="进场项目: ends when the venue has registered everybody's exit")
    operator_name: str = Field("", max_length=50, examples=["王小明"])
    operator_phone: str = Field("", max_length=30, examples=["13800001234"])
    operator_id_number: str = Field("", max_length=18, description="Never shown again", examples=["11010519491231002X"])
    supervisors: tuple[UUID, ...] = Field((), max_length=20, description="Entries of `GET /supervisors`")
    avoided_draws: tuple[UUID, ...] = Field(
        (), max_length=50, description="Finished activities whose experts are recused"
    )
    remark: str = Field("", max_length=200)
    bid_closing_at: Moment | None = Field(None, description="截标时间; for a redraw")

    def form(self) -> DrawForm:
        return DrawForm(**{name: getattr(self, name) for name in type(self).model_fields})


class CopyIn(Input):
    project_id: UUID
    lots: tuple[UUID, ...] = Field((), max_length=200, description="Empty: the project without lots is the lot")
    name: str = Field(min_length=1, max_length=200, examples=["示范大桥工程二标段评标"])


class SubmissionIn(Input):
    terminal: str = Field(
        min_length=1, max_length=64, description="Where it is verified, see `GET /pool`", examples=["省交易中心"]
    )
    reason: str = Field("", max_length=500)


class DrawCardOut(Output):
    """A draw in a list."""

    id: UUID
    number: str = Field(examples=["CQSQ202611210001"])
    name: str
    kind: str
    state: DrawState
    accepted: int
    needed: int
    project: str
    region: str
    created_at: Moment
    started_at: Moment | None
    starts_at: Moment
    number_wanted: bool = Field(description="It waits for the supervisor's random number")
    operator: str = Field(description="经办人, as the agency wrote it", examples=["黄经办"])

    @computed_field(description="What to show", examples=["未抽取"])  # type: ignore[prop-decorator]  # pydantic's way
    @property
    def state_label(self) -> str:
        return state_label(self.state, self.kind)


class SupervisorOut(Output):
    entry_id: UUID = Field(description="Of the register")
    name: str
    phone: str = Field(description="Masked for everybody")
    department: str


class SupervisorChoiceOut(Output):
    """An entry of the office's register."""

    id: UUID
    name: str = Field(examples=["赵监督"])
    department: str = Field(examples=["市住建局"])
    masked_mobile: str = Field(examples=["138****5678"])


class SupervisorQuery(PageQuery):
    search: str = Field("", max_length=50, description="Part of a name or department")


class CallNoticeOut(Output):
    """The notice with which experts are called (语音通知)."""

    id: UUID
    position: int
    venue: str
    address: str
    room: str
    gathering_at: Moment
    contact: str
    contact_phone: str
    remark: str


class ConditionOut(Output):
    """A draw condition and its counters: `open` calls wait for an answer, `accepted` ones were accepted."""

    id: UUID
    notice_id: UUID
    position: int
    region_mode: str
    regions: tuple[str, ...]
    specialty: str
    alternative: str
    title_level: str
    qualification: str
    department: str
    planned: int
    needed: int
    open: int
    accepted: int
    exhausted: bool


class DrawOut(Output):
    """One draw with its parts."""

    id: UUID
    number: str
    kind: str
    state: DrawState
    project_id: UUID
    lots: tuple[UUID, ...] = Field(description="Empty: the project itself is the lot")
    name: str
    medium: str
    opening_at: Moment
    opening_place: str
    needed: int
    starts_at: Moment
    ends_at: Moment
    on_site: bool
    remark: str
    operator_name: str
    operator_phone: str
    terminal: str
    previews: int
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    ended_at: Moment | None
    supervisors: tuple[SupervisorOut, ...]
    recusal_units: tuple[RecusalUnitView, ...]
    recusal_persons: tuple[RecusalPersonView, ...]
    notices: tuple[CallNoticeOut, ...]
    conditions: tuple[ConditionOut, ...]
    avoided_draws: tuple[UUID, ...]
    bid_closing_at: Moment | None = Field(description="截标时间; asked for at a redraw")
    original_id: UUID | None = Field(description="What a redraw or a recall follows")
    original_number: str = Field(description="Its number; else empty", examples=["CQSQ202611210001"])

    @computed_field(description="What to show", examples=["新建"])  # type: ignore[prop-decorator]  # pydantic's way
    @property
    def state_label(self) -> str:
        return state_label(self.state, self.kind)


@api.get("/draws", "抽取活动列表", action="draw.read")
async def list_page(call: Call, query: DrawQuery) -> PageOut[DrawCardOut]:
    """Draws visible to the role, newest first; all filters combined."""
    filters = Filters(
        number=query.number,
        project=query.project,
        state=query.state or "",
        kind=query.kind or "",
        source=query.source or "",
        region=query.region,
    )
    cards = await call.services.draws.queries.cards(call.actor, filters, offset=query.offset, limit=query.size)
    return PageOut[DrawCardOut](
        items=DrawCardOut.each(cards.items), total=cards.total, page=query.page, size=query.size
    )


@api.get("/draws/dashboard", "工作台", action="draw.create")
async def dashboard(call: Call) -> DrawDashboard:
    """Counters of the home page."""
    return await call.services.draws.queries.dashboard(call.actor)


@api.post("/draws", "新建抽取活动", action="draw.create", status=201)
async def create(call: Call, body: DrawIn) -> Created:
    """A new draw. Tenderee and agency are recused automatically."""
    return Created.of(await call.services.draws.setup.create(call.actor, body.form()))


@api.post("/draws/{draw_id}/copies", "复制抽取活动", action="draw.create", status=201)
async def copy(call: Call, path: DrawPath, body: CopyIn) -> Created:
    """A new draw with the data of an earlier one; its times are moved by whole days into the future."""
    made = await call.services.draws.copies.copy(call.actor, path.draw_id, body.project_id, body.lots, body.name)
    return Created.of(made)


@api.get("/draws/{draw_id}", "查看抽取活动", action="draw.read")
async def show(call: Call, path: DrawPath) -> DrawOut:
    """Everything but the result."""
    return _show(await call.services.draws.queries.detail(call.actor, path.draw_id), call.services.deps.keys)


@api.put("/draws/{draw_id}", "编辑抽取活动", action="draw.edit")
async def edit(call: Call, path: DrawPath, body: DrawIn) -> None:
    """Replace the basic data before submission, or after a refusal."""
    await call.services.draws.setup.edit(call.actor, path.draw_id, body.form())


@api.get("/supervisors", "监督人名册", action="draw.edit")
async def supervisors(call: Call, query: SupervisorQuery) -> PageOut[SupervisorChoiceOut]:
    """Supervisors whom an agency may name: kept by the pool's office, phones masked."""
    found = await call.services.draws.supervisor_queries.choices(
        call.actor, query.search, offset=query.offset, limit=query.size
    )
    return PageOut[SupervisorChoiceOut](
        items=SupervisorChoiceOut.each(found.items), total=found.total, page=query.page, size=query.size
    )


@api.put("/draws/{draw_id}/supervisors", "更换监督人", action="draw.edit")
async def change_supervisors(call: Call, path: DrawPath, body: SupervisorsIn) -> None:
    """Choose other supervisors from the register, also after verification, while no order is being fixed or
    followed."""
    await call.services.draws.setup.change_supervisors(call.actor, path.draw_id, body.supervisors)


@api.delete("/draws/{draw_id}", "删除抽取活动", action="draw.edit")
async def delete(call: Call, path: DrawPath) -> None:
    """Delete a draw that was never submitted."""
    await call.services.draws.setup.delete(call.actor, path.draw_id)


@api.post("/draws/{draw_id}/submission", "提交审核", action="draw.submit", status=201)
async def submit(call: Call, path: DrawPath, body: SubmissionIn) -> Created:
    """Submit for verification; the conditions must add up to the number of experts. The id is the application's."""
    return Created.of(await call.services.draws.setup.submit(call.actor, path.draw_id, body.terminal, body.reason))


@api.delete("/draws/{draw_id}/submission", "撤回审核", action="draw.withdraw")
async def withdraw(call: Call, path: DrawPath) -> None:
    """Withdraw the application while it is not verified."""
    await call.services.draws.setup.withdraw(call.actor, path.draw_id)


@api.get("/draws/{draw_id}/applications", "核验记录", action="draw.read")
async def applications(call: Call, path: DrawPath) -> Listing[ApplicationRow]:
    """Every application of the draw, newest first."""
    draw = await call.services.draws.access.view(call.actor, path.draw_id)
    return Listing(items=await call.services.draws.verification_queries.of_draw(draw.id))


@api.get("/draws/{draw_id}/operations", "操作记录", action="draw.read")
async def operations(call: Call, path: DrawPath) -> Listing[Operation]:
    """Log of operations on the draw, oldest first, at most the newest thousand."""
    found = await call.services.draws.queries.operations(call.actor, path.draw_id)
    return Listing(items=found)


def _call_notice_out(one: CallNoticeView, keys: Keyring) -> CallNoticeOut:
    return CallNoticeOut(
        id=one.id,
        position=one.position,
        venue=one.venue,
        address=one.address,
        room=one.room,
        gathering_at=one.gathering_at,
        contact=one.contact,
        remark=one.remark,
        contact_phone=keys.read(one.contact_phone_sealed, PHONE),
    )


def _show(detail: Detail, keys: Keyring) -> DrawOut:
    parts, draw = detail.parts, detail.draw
    kept = {name: getattr(draw, name) for name in DrawOut.model_fields if hasattr(draw, name)}
    people = tuple(
        SupervisorOut(
            entry_id=one.entry_id,
            name=one.name,
            phone=mask_mobile(keys.read(one.phone_sealed, "mobile")),
            department=one.department,
        )
        for one in parts.supervisors
    )
    related = {
        "lots": tuple(one.lot_id for one in parts.lots if one.lot_id is not None),
        "operator_phone": keys.read(draw.operator_phone_sealed, "phone"),
        "supervisors": people,
        "recusal_units": parts.recusal_units,
        "recusal_persons": parts.recusal_persons,
        "notices": tuple(_call_notice_out(one, keys) for one in parts.notices),
        "conditions": ConditionOut.each(detail.conditions),
        "avoided_draws": tuple(one.id for one in parts.avoided),
        "original_id": detail.original.id if detail.original else None,
        "original_number": detail.original.number if detail.original else "",
    }
    return DrawOut(**kept | related)
