"""Draws (抽取活动): the request with all its parts, its attachment, submission, and state."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from domain.draws.lifecycles import STATE_NAMES, DrawState, VerificationState
from domain.errors import InvalidInput
from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Moment, Output, PageOut, PageQuery, Params, PoolPath
from services.draws import (
    RULE,
    CallNoticeForm,
    DrawForm,
    Filters,
    WantedCondition,
    WantedPerson,
    WantedUnit,
    WholeDraw,
)

api = Api("draws", "抽取申请与状态")

PARTS_MAX = 100
"""Recusals, notices or conditions in one request; how many a draw may have are the pool's rules."""
_STATES = frozenset(name.state.value for name in STATE_NAMES)


class UnitIn(Input):
    name: str = Field(max_length=200, description="单位名称")
    credit_code: str = Field("", max_length=60, description="统一社会信用代码")
    reason: str = Field(max_length=100, description="回避原因")
    evidence: str = Field(max_length=100, description="回避依据")


class PersonIn(Input):
    name: str = Field(max_length=50, description="姓名")
    id_number: str = Field("", max_length=40, description="身份证号，不清楚时填写工作单位")
    unit_name: str = Field("", max_length=200, description="工作单位")
    reason: str = Field(max_length=100, description="回避原因")
    evidence: str = Field(max_length=100, description="回避依据")


class NoticeIn(Input):
    venue: str = Field("", max_length=200, description="评标场所")
    address: str = Field("", max_length=200, description="集合地点")
    room: str = Field("", max_length=100, description="评标室")
    gathering_at: Moment | None = Field(None, description="集合时间")
    contact: str = Field("", max_length=50, description="联系人")
    contact_phone: str = Field("", max_length=60, description="联系方式")
    remark: str = Field("", max_length=500, description="注意事项")

    def form(self) -> CallNoticeForm:
        return CallNoticeForm(**self.model_dump())


class ConditionIn(Input):
    notice: int = Field(1, ge=1, le=PARTS_MAX, description="语音通知的序号，从1起")
    region_mode: str = Field("", max_length=40, description="按常驻地或意愿评标地")
    regions: tuple[str, ...] = Field((), max_length=PARTS_MAX, description="抽取地区，目录代码")
    specialty: str = Field("", max_length=32, description="主专业，目录代码")
    alternative: str = Field("", max_length=32, description="备选专业，目录代码")
    title_level: str = Field("", max_length=32, description="职称等级，目录代码")
    qualification: str = Field("", max_length=32, description="执业资格，目录代码")
    department: str = Field("", max_length=32, description="行业部门，目录代码")
    emergency: bool = Field(False, description="只抽应急专家")
    planned: int = Field(ge=0, le=1000, description="计划抽取人数")

    def wanted(self) -> WantedCondition:
        return WantedCondition(**self.model_dump())


class DrawIn(Input):
    """A draw with all its parts, as the wizard of the pages asks for them."""

    project_id: UUID = Field(description="招标项目")
    lots: tuple[UUID, ...] = Field((), max_length=PARTS_MAX, description="标段，项目没有标段的不填")
    name: str = Field("", max_length=200, description="活动名称")
    medium: str = Field("", max_length=100, description="公告发布媒体")
    opening_at: Moment | None = Field(None, description="开标时间")
    opening_place: str = Field("", max_length=100, description="开标地点")
    needed: int = Field(0, ge=0, le=1000, description="拟抽取专家人数")
    starts_at: Moment | None = Field(None, description="预计评标开始时间")
    ends_at: Moment | None = Field(None, description="预计评标结束时间")
    on_site: bool = Field(False, description="是否进场项目")
    operator_name: str = Field("", max_length=50, description="经办人")
    operator_phone: str = Field("", max_length=30, description="经办人电话")
    operator_id_number: str = Field("", max_length=40, description="经办人证件号，填过的可不填")
    supervisors: tuple[UUID, ...] = Field((), max_length=PARTS_MAX, description="监督人，名册中的编号")
    avoided_draws: tuple[UUID, ...] = Field((), max_length=PARTS_MAX, description="回避来源，以前的活动")
    remark: str = Field("", max_length=200, description="备注")
    units: tuple[UnitIn, ...] = Field((), max_length=2000, description="回避单位，招标人和代理机构不用填")
    persons: tuple[PersonIn, ...] = Field((), max_length=2000, description="回避人员")
    notices: tuple[NoticeIn, ...] = Field((), max_length=PARTS_MAX, description="语音通知")
    conditions: tuple[ConditionIn, ...] = Field((), max_length=PARTS_MAX, description="抽取条件")

    def whole(self) -> WholeDraw:
        parts = {"units", "persons", "notices", "conditions"}
        return WholeDraw(
            draw=DrawForm(**self.model_dump(exclude=parts)),
            units=tuple(WantedUnit(**unit.model_dump()) for unit in self.units),
            persons=tuple(WantedPerson(**person.model_dump()) for person in self.persons),
            notices=tuple(notice.form() for notice in self.notices),
            conditions=tuple(condition.wanted() for condition in self.conditions),
        )


class SubmissionIn(Input):
    terminal: str = Field(max_length=100, description="提交终端")
    reason: str = Field("", max_length=500, description="提交审核原因")


class DrawPath(PoolPath):
    draw_id: UUID


class DrawsQuery(PageQuery):
    word: str = Field("", max_length=100, description="Part of the number or name")
    state: str = Field("", max_length=20, description="One of the states", examples=["completed"])


class AttachmentQuery(Params):
    filename: str = Field("抽取申请", max_length=200, description="Name of the file")


class DrawIdOut(Output):
    """``number``: that of the activity (CQSQ…)."""

    id: UUID
    number: str


class ConditionOut(Output):
    position: int
    specialty: str
    planned: int
    accepted: int = Field(description="已同意人数")


class VerificationOut(Output):
    """A submission for verification, and what the verifier decided."""

    state: VerificationState
    terminal: str
    submitted_at: Moment
    decided_at: Moment | None
    opinion: str


class DrawOut(Output):
    """``unseals_at``: when result, attendance and record can be read. ``label``: the state in Chinese."""

    id: UUID
    number: str
    name: str
    kind: str
    state: DrawState
    label: str
    project_id: UUID
    lots: tuple[UUID, ...]
    needed: int
    on_site: bool
    starts_at: Moment
    ends_at: Moment
    unseals_at: Moment
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    ended_at: Moment | None
    attachment: str
    conditions: tuple[ConditionOut, ...]
    applications: tuple[VerificationOut, ...]


class DrawLineOut(Output):
    id: UUID
    number: str
    name: str
    kind: str
    state: DrawState
    label: str
    needed: int
    accepted: int
    starts_at: Moment


@api.post("/draws", "新建抽取", action="draw.create", status=201)
async def create_draw(call: Call, body: DrawIn) -> DrawIdOut:
    """All of it or nothing; refusals of all fields at once, of parts as `notices.0.address`."""
    draw_id = await call.services.draws.whole_requests.create_draw(call.actor, body.whole())
    return await _id_of(call, draw_id)


@api.put("/draws/{draw_id}", "修改抽取", action="draw.edit")
async def replace_draw(call: Call, path: DrawPath, body: DrawIn) -> DrawIdOut:
    """Before submission, or after a refusal: replaces everything but the attachment."""
    await call.services.draws.whole_requests.replace_draw(call.actor, path.draw_id, body.whole())
    return await _id_of(call, path.draw_id)


@api.get("/draws", "抽取列表", action="draw.read")
async def list_draws(call: Call, query: DrawsQuery) -> PageOut[DrawLineOut]:
    """Newest first."""
    if query.state and query.state not in _STATES:
        raise InvalidInput("没有这种状态，请对照接口说明核对。", code="unknown_state", field="query.state")
    filters = Filters(number=query.word, state=query.state)
    cards = await call.services.draws.queries.cards(call.actor, filters, offset=query.offset, limit=query.size)
    return PageOut(items=DrawLineOut.from_sources(cards.items), total=cards.total, page=query.page, size=query.size)


@api.get("/draws/{draw_id}", "抽取状态", action="draw.read")
async def get_draw(call: Call, path: DrawPath) -> DrawOut:
    """State, times, counts, and what the verifier decided."""
    draws = call.services.draws
    detail = await draws.queries.detail(call.actor, path.draw_id)
    attached = await draws.attachments.find(call.actor, path.draw_id)
    applications = await draws.verification_queries.applications_of_draw(path.draw_id)
    draw = detail.draw
    return DrawOut(
        **{name: getattr(draw, name) for name in _SAME},
        state=DrawState(draw.state),
        label=detail.label,
        lots=tuple(lot.lot_id for lot in detail.parts.lots if lot.lot_id),
        unseals_at=_unseals_at(call, draw.starts_at),
        attachment=attached.filename if attached else "",
        conditions=ConditionOut.from_sources(detail.conditions),
        applications=VerificationOut.from_sources(applications),
    )


_SAME = (
    "id",
    "number",
    "name",
    "kind",
    "project_id",
    "needed",
    "on_site",
    "starts_at",
    "ends_at",
    "created_at",
    "started_at",
    "finished_at",
    "ended_at",
)
"""Fields of ``DrawOut`` that are those of the draw."""


@api.delete("/draws/{draw_id}", "删除抽取", action="draw.edit")
async def delete_draw(call: Call, path: DrawPath) -> None:
    """A draw that was never submitted."""
    await call.services.draws.setup.delete(call.actor, path.draw_id)


async def _check_attachable(call: Call, path: DrawPath) -> None:
    await call.services.draws.attachments.check_open(call.actor, path.draw_id)


@api.put(
    "/draws/{draw_id}/attachment",
    "上传附件",
    action="draw.edit",
    content_max=RULE.size_max,
    guard=_check_attachable,
)
async def attach(call: Call, path: DrawPath, query: AttachmentQuery, content: bytes) -> None:
    """PDF, JPG or PNG of up to 20 MB as `application/octet-stream`; it replaces an earlier one."""
    await call.services.draws.attachments.attach(call.actor, path.draw_id, query.filename, content)


@api.post("/draws/{draw_id}/submission", "提交审核", action="draw.submit", status=201)
async def submit(call: Call, path: DrawPath, body: SubmissionIn) -> DrawIdOut:
    """For verification; the responsible agent is notified."""
    await call.services.draws.setup.submit(call.actor, path.draw_id, body.terminal, body.reason)
    return await _id_of(call, path.draw_id)


@api.post("/draws/{draw_id}/withdrawal", "撤回申请", action="draw.withdraw")
async def withdraw(call: Call, path: DrawPath) -> None:
    """While it is not verified."""
    await call.services.draws.setup.withdraw(call.actor, path.draw_id)


async def _id_of(call: Call, draw_id: UUID) -> DrawIdOut:
    detail = await call.services.draws.queries.detail(call.actor, draw_id)
    return DrawIdOut(id=draw_id, number=detail.draw.number)


def _unseals_at(call: Call, starts_at: datetime) -> datetime:
    return starts_at - call.book.draw.result_visible_before
