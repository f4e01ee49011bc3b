"""Tender projects (招标项目) and their lots (标段)."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Moment, Output, PageOut, PageQuery, PoolPath
from services.draws import INVESTMENT_MAX, LotData, LotView, ProjectData, ProjectLine, ProjectView

api = Api("projects", "项目与标段", "A project without lots is one lot. Read-only once a draw is linked.")


class ProjectPath(PoolPath):
    project_id: UUID


class LotPath(ProjectPath):
    lot_id: UUID


class ProjectQuery(PageQuery):
    search: str = Field("", max_length=100, description="Part of the name or the number")


class ProjectIn(Input):
    """The rulebook decides which fields are required."""

    name: str = Field(max_length=200, description="项目名称", examples=["示范大桥工程"])
    category: str = Field("", max_length=60, description="项目类型", examples=["工程建设项目招标投标/房屋建筑"])
    region: str = Field(pattern=r"^\d{6}$", description="项目所在地, a code of the catalogue", examples=["440106"])
    funding_source: str = Field("", max_length=60, description="资金来源", examples=["国家或政府投资项目"])
    tender_method: str = Field("", max_length=60, description="招标方式", examples=["公开招标"])
    organisation_form: str = Field("", max_length=60, description="招标组织形式", examples=["委托招标"])
    tenderee_category: str = Field("", max_length=60, description="招标人类别", examples=["法人"])
    investment: int = Field(ge=1, le=INVESTMENT_MAX, description="总投资, fen", examples=[50_000_000_00])
    tenderee_name: str = Field("", max_length=200, description="招标人名称", examples=["示范建设公司"])
    tenderee_code: str = Field("", max_length=40, description="招标人统一社会信用代码", examples=["91110000600037341L"])
    contact: str = Field("", max_length=50, description="联系人", examples=["李四"])
    contact_phone: str = Field("", max_length=30, description="联系电话", examples=["020-12345678"])
    agency_name: str = Field("", max_length=200, description="代理机构名称", examples=["广州示范招标代理有限公司"])
    agency_code: str = Field("", max_length=40, description="代理机构统一社会信用代码", examples=["91350211M000100Y46"])
    number: str = Field("", max_length=60, description="项目编号", examples=[""])
    approval_number: str = Field("", max_length=60, description="项目审批文号", examples=[""])
    investment_code: str = Field("", max_length=60, description="投资项目统一代码", examples=[""])
    on_site: bool = Field(False, description="进场项目: the number has the trading centre's length")
    internal_code: bool = Field(False, description="Military or similar tenderee: an internal code, no credit code")

    def data(self) -> ProjectData:
        return ProjectData(**self.model_dump())


class LotIn(Input):
    name: str = Field(min_length=1, max_length=100, examples=["一标段"])
    number: str = Field("", max_length=60)
    investment: int = Field(0, ge=0, le=INVESTMENT_MAX, description="Fen; 0: unknown")

    def data(self) -> LotData:
        return LotData(**self.model_dump())


class ProjectOut(Output):
    """`editable` false: a draw is linked to it."""

    id: UUID
    name: str
    category: str
    region: str
    funding_source: str
    tender_method: str
    organisation_form: str
    tenderee_category: str
    investment: int
    tenderee_name: str
    tenderee_code: str
    contact: str
    contact_phone: str
    agency_name: str
    agency_code: str
    number: str
    approval_number: str
    investment_code: str
    on_site: bool
    created_at: Moment
    editable: bool
    lots: tuple[LotView, ...]

    @classmethod
    def show(cls, view: ProjectView) -> ProjectOut:
        kept = {name: getattr(view.data, name) for name in cls.model_fields if hasattr(view.data, name)}
        return cls(id=view.id, created_at=view.created_at, editable=view.editable, lots=view.lots, **kept)


@api.get("/projects", "项目列表", action="project.read")
async def list_page(call: Call, query: ProjectQuery) -> PageOut[ProjectLine]:
    """Newest first. An agent sees own projects, the legal entity those of all its agents, staff of the pool all."""
    found = await call.services.draws.project_queries.list(
        call.actor, search=query.search, page=query.page, size=query.size
    )
    items = found.items
    return PageOut(items=items, total=found.total, page=query.page, size=query.size)


@api.post("/projects", "新建项目", action="project.create", status=201)
async def create(call: Call, body: ProjectIn) -> ProjectOut:
    """A new project; codes and required fields are checked."""
    return ProjectOut.show(await call.services.draws.projects.create(call.actor, body.data()))


@api.get("/projects/{project_id}", "查看项目", action="project.read")
async def show(call: Call, path: ProjectPath) -> ProjectOut:
    """A project with its lots."""
    return ProjectOut.show(await call.services.draws.project_queries.get(call.actor, path.project_id))


@api.put("/projects/{project_id}", "编辑项目", action="project.edit")
async def edit(call: Call, path: ProjectPath, body: ProjectIn) -> ProjectOut:
    """Replace the form; refused once a draw is linked."""
    return ProjectOut.show(await call.services.draws.projects.edit(call.actor, path.project_id, body.data()))


@api.delete("/projects/{project_id}", "删除项目", action="project.delete")
async def delete(call: Call, path: ProjectPath) -> None:
    """Delete a project without draws."""
    await call.services.draws.projects.delete(call.actor, path.project_id)


@api.post("/projects/{project_id}/lots", "新增标段", action="project.edit", status=201)
async def add_lot(call: Call, path: ProjectPath, body: LotIn) -> LotView:
    """Add a lot."""
    return await call.services.draws.projects.add_lot(call.actor, path.project_id, body.data())


@api.put("/projects/{project_id}/lots/{lot_id}", "编辑标段", action="project.edit")
async def edit_lot(call: Call, path: LotPath, body: LotIn) -> LotView:
    """Change a lot that belongs to no draw."""
    return await call.services.draws.projects.edit_lot(call.actor, path.project_id, path.lot_id, body.data())


@api.delete("/projects/{project_id}/lots/{lot_id}", "删除标段", action="project.edit")
async def delete_lot(call: Call, path: LotPath) -> None:
    """Delete a lot that belongs to no draw."""
    await call.services.draws.projects.delete_lot(call.actor, path.project_id, path.lot_id)
