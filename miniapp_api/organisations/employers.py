"""The pool's list of employers (单位列表), and requests for one that is missing."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from miniapp_api.http.call import Call, Download, Upload, UploadRule
from miniapp_api.http.routes import OCTETS, Api
from miniapp_api.http.schema import Input, Listing, Moment, Output, PageOut, PageQuery, Params, PoolPath
from services.organisations import (
    BYTES_MAX,
    SEARCH_MAX,
    EmployerData,
    EmployerLine,
    EmployerRequestView,
    EmployerView,
    render_template,
)
from services.spreadsheets.cells import RowError

api = Api("employers", "工作单位", "Applicants choose their employer from a list and ask for one that is missing.")


SHEET = UploadRule(BYTES_MAX, (".xlsx", ".csv"))


class EmployerSearchQuery(Params):
    word: str = Field(
        min_length=1, max_length=100, description="Part of the name, or a whole credit code", examples=["规划设计"]
    )
    limit: int = Field(20, ge=1, le=SEARCH_MAX)


class EmployerPath(PoolPath):
    employer_id: UUID


class EmployerRequestPath(PoolPath):
    request_id: UUID


class EmployerListQuery(PageQuery):
    search: str = Field("", max_length=100, description="Part of the name, or a whole credit code")
    retired: bool = Field(False, description="Those that are offered no longer")


class RequestQuery(PageQuery):
    state: Literal["open", "added", "refused"] = "open"


class EmployerIn(Input):
    name: str = Field(max_length=200, examples=["广州粤建工程咨询有限公司"])
    credit_code: str = Field("", max_length=40, description="统一社会信用代码; empty: not known")
    region: str = Field("", pattern=r"^(\d{6})?$", description="Code of the catalogue; empty: not known")

    def data(self) -> EmployerData:
        return EmployerData(self.name, self.credit_code, self.region)


class RequestIn(EmployerIn):
    note: str = Field("", max_length=200, description="Anything that helps to find it")


class EmployerRefusalIn(Input):
    answer: str = Field(max_length=200, description="Sent to the person", examples=["请按营业执照填写全称。"])


class ImportPath(PoolPath):
    import_id: UUID


class EmployerTemplatePath(PoolPath):
    form: Literal["csv", "xlsx"]


class DecisionIn(Input):
    only_good: bool = Field(False, description="Leave out the lines that can't be used, instead of refusing them all")


class CountsOut(Output):
    """Number of lines by effect: new unit, retired unit restored, missing data added, none."""

    add: int
    restore: int
    complete: int
    same: int


class ImportOut(Output):
    """`counts`: effects of the sheet, planned or, once imported, done. `bad` counts invalid lines; `errors` gives the
    reasons, at most 200.

    `sample` are the first names that would be added, to check that the file was parsed as intended.
    """

    id: UUID
    filename: str
    state: Literal["checked", "done"]
    counts: CountsOut
    sample: tuple[str, ...]
    bad: int
    errors: tuple[RowError, ...]
    created_at: Moment
    done_at: Moment | None


@api.get("/employers", "搜索单位", action="employer.search")
async def search(call: Call, query: EmployerSearchQuery) -> Listing[EmployerView]:
    """Names that begin with the word first, then others; short before long ones."""
    found = await call.services.organisations.employer_queries.search(call.actor, query.word, limit=query.limit)
    return Listing(items=found)


@api.get("/employer-requests", "我申请添加的单位", action="employer.request")
async def mine(call: Call) -> Listing[EmployerRequestView]:
    """Own requests, newest first."""
    return Listing(items=await call.services.organisations.employer_queries.my_requests(call.actor))


@api.post("/employer-requests", "申请添加单位", action="employer.request", status=201)
async def request(call: Call, body: RequestIn) -> EmployerRequestView:
    """Request a missing unit; the same name again is the same open request; the result is notified."""
    return await call.services.organisations.employers.request(call.actor, body.data(), body.note)


@api.get("/office/employers", "单位列表", action="employer.manage")
async def list_page(call: Call, query: EmployerListQuery) -> PageOut[EmployerLine]:
    """Sorted by name."""
    found = await call.services.organisations.employer_queries.page(
        call.actor, search=query.search, retired=query.retired, page=query.page, size=query.size
    )
    return PageOut.of_query(found, query)


@api.post("/office/employers", "添加单位", action="employer.manage", status=201)
async def add(call: Call, body: EmployerIn) -> EmployerView:
    """Add a unit; everyone who requested this name is notified."""
    return await call.services.organisations.employers.add(call.actor, body.data())


@api.put("/office/employers/{employer_id}", "修改单位", action="employer.manage")
async def edit(call: Call, path: EmployerPath, body: EmployerIn) -> EmployerLine:
    """Correct a unit."""
    return await call.services.organisations.employers.edit(call.actor, path.employer_id, body.data())


@api.delete("/office/employers/{employer_id}", "停用单位", action="employer.manage", status=200)
async def retire(call: Call, path: EmployerPath) -> EmployerLine:
    """Offer it no longer; applicants who chose it keep it."""
    return await call.services.organisations.employers.retire(call.actor, path.employer_id)


@api.get("/office/employer-requests", "添加单位的申请", action="employer.manage")
async def requests(call: Call, query: RequestQuery) -> PageOut[EmployerRequestView]:
    """Requests, oldest first."""
    found = await call.services.organisations.employer_queries.requests(
        call.actor, state=query.state, page=query.page, size=query.size
    )
    return PageOut.of_query(found, query)


@api.post("/office/employer-requests/{request_id}/acceptance", "同意添加", action="employer.manage")
async def accept(call: Call, path: EmployerRequestPath, body: EmployerIn) -> EmployerRequestView:
    """Add the unit as in `body`, and notify everyone who requested it."""
    return await call.services.organisations.employers.accept(call.actor, path.request_id, body.data())


@api.post("/office/employer-requests/{request_id}/refusal", "不予添加", action="employer.manage")
async def refuse(call: Call, path: EmployerRequestPath, body: EmployerRefusalIn) -> EmployerRequestView:
    """Refuse a request; the person is notified of the reason."""
    return await call.services.organisations.employers.refuse(call.actor, path.request_id, body.answer)


@api.get("/office/employer-template.{form}", "下载单位导入模板", action="employer.manage", media_type=OCTETS)
async def template(call: Call, path: EmployerTemplatePath) -> Download:
    """The sheet to fill in, with one sample line."""
    return Download(render_template(path.form), OCTETS, f"employers.{path.form}")


@api.post("/office/employer-imports", "上传单位名单", action="employer.manage", upload=SHEET, status=201)
async def read_sheet(call: Call, upload: Upload) -> ImportOut:
    """Check every line of a filled-in template against the others and the list. Nothing is added yet."""
    return ImportOut.of(
        await call.services.organisations.employer_import.read(call.actor, upload.content, upload.filename)
    )


@api.get("/office/employer-imports/{import_id}", "单位导入结果", action="employer.manage")
async def sheet(call: Call, path: ImportPath) -> ImportOut:
    """A checked or imported sheet; kept for a day."""
    return ImportOut.of(await call.services.organisations.employer_import.get(call.actor, path.import_id))


@api.post("/office/employer-imports/{import_id}/completion", "确认导入", action="employer.manage", keyed="service")
async def carry_out(call: Call, path: ImportPath, body: DecisionIn) -> ImportOut:
    """Import the sheet; a repetition changes nothing. People who requested one of the units are notified."""
    done = await call.services.organisations.employer_import.apply(call.actor, path.import_id, only_good=body.only_good)
    return ImportOut.of(done)
