"""Projects (招标项目) and their lots (标段)."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, PageOut, PageQuery, PoolPath
from services.draws import INVESTMENT_MAX, LotData, LotView, ProjectData, ProjectLine, ProjectView

api = Api("projects", "招标项目与标段")

LOTS_MAX = 200
"""Lots in one request; how many a project may have is the pool's rule."""


class LotIn(Input):
    name: str = Field(max_length=200, description="标段名称")
    number: str = Field("", max_length=100, description="标段编号")
    investment: int = Field(0, ge=0, le=INVESTMENT_MAX, description="标段投资额，分")

    def data(self) -> LotData:
        return LotData(self.name, self.number, self.investment)


class ProjectIn(Input):
    """Texts that the pool does not require may be empty; see ``choices``."""

    name: str = Field(max_length=400, description="招标项目名称")
    number: str = Field("", max_length=100, description="招标项目编号")
    category: str = Field("", max_length=100, description="招标项目类型")
    region: str = Field("", max_length=32, description="项目所在地，地区目录的代码")
    funding_source: str = Field("", max_length=100, description="资金来源")
    tender_method: str = Field("", max_length=100, description="招标方式")
    organisation_form: str = Field("", max_length=100, description="招标组织形式")
    tenderee_category: str = Field("", max_length=100, description="招标人类别")
    investment: int = Field(0, ge=0, le=INVESTMENT_MAX, description="项目投资总额，分")
    tenderee_name: str = Field("", max_length=400, description="招标人名称")
    tenderee_code: str = Field("", max_length=60, description="招标人统一社会信用代码")
    contact: str = Field("", max_length=100, description="项目联系人")
    contact_phone: str = Field("", max_length=60, description="项目联系方式")
    agency_name: str = Field("", max_length=400, description="招标代理机构")
    agency_code: str = Field("", max_length=60, description="招标代理机构统一社会信用代码")
    approval_number: str = Field("", max_length=100, description="项目审批文号")
    investment_code: str = Field("", max_length=100, description="投资项目统一代码")
    on_site: bool = Field(False, description="是否进场项目")
    internal_code: bool = Field(False, description="招标人用内部代码")
    lots: tuple[LotIn, ...] = Field((), max_length=LOTS_MAX, description="标段")

    def data(self) -> ProjectData:
        return ProjectData(**self.model_dump(exclude={"lots"}))


class ProjectPath(PoolPath):
    project_id: UUID


class ProjectsQuery(PageQuery):
    word: str = Field("", max_length=100, description="Part of the name or the number")


@api.post("/projects", "新建项目和标段", action="project.create", status=201)
async def create_project(call: Call, body: ProjectIn) -> ProjectView:
    """All of it or nothing; refusals of all fields at once, of lots as `lots.0.name`."""
    requests = call.services.draws.whole_requests
    return await requests.create_project(call.actor, body.data(), [lot.data() for lot in body.lots])


@api.get("/projects", "项目列表", action="project.read")
async def list_projects(call: Call, query: ProjectsQuery) -> PageOut[ProjectLine]:
    """Newest first."""
    queries = call.services.draws.project_queries
    page = await queries.list(call.actor, search=query.word, page=query.page, size=query.size)
    return PageOut.from_page(page, query)


@api.get("/projects/{project_id}", "项目", action="project.read")
async def get_project(call: Call, path: ProjectPath) -> ProjectView:
    """With its lots, and which draw holds each."""
    return await call.services.draws.project_queries.get(call.actor, path.project_id)


@api.post("/projects/{project_id}/lots", "新增标段", action="project.edit", status=201)
async def add_lot(call: Call, path: ProjectPath, body: LotIn) -> LotView:
    """Until a round of the project was opened."""
    return await call.services.draws.projects.add_lot(call.actor, path.project_id, body.data())
