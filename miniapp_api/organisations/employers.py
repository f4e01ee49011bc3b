"""The pool's list of employers (单位列表), and requests for one that is missing."""

from __future__ import annotations

from pydantic import Field

from domain.parsing import NUMBER_LONGEST
from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Listing, Params
from services.organisations import (
    SEARCH_MAX,
    EmployerData,
    EmployerRequestView,
    EmployerView,
)

api = Api("employers", "工作单位", "Applicants choose their employer from a list and ask for one that is missing.")


class EmployerSearchQuery(Params):
    word: str = Field(
        min_length=1, max_length=100, description="Part of the name, or a whole credit code", examples=["规划设计"]
    )
    limit: int = Field(20, ge=1, le=SEARCH_MAX)


class EmployerIn(Input):
    name: str = Field(max_length=200, examples=["广州粤建工程咨询有限公司"])
    credit_code: str = Field("", max_length=NUMBER_LONGEST, description="统一社会信用代码; empty: not known")
    region: str = Field("", pattern=r"^(\d{6})?$", description="Code of the catalogue; empty: not known")

    def data(self) -> EmployerData:
        return EmployerData(self.name, self.credit_code, self.region)


class RequestIn(EmployerIn):
    note: str = Field("", max_length=200, description="Anything that helps to find it")


@api.get("/employers", "搜索单位", action="employer.search")
async def search(call: Call, query: EmployerSearchQuery) -> Listing[EmployerView]:
    """Names that begin with the word first, then others; short before long ones."""
    employers = await call.services.organisations.employer_queries.search(call.actor, query.word, limit=query.limit)
    return Listing(items=employers)


@api.get("/employer-requests", "我申请添加的单位", action="employer.request")
async def mine(call: Call) -> Listing[EmployerRequestView]:
    """Own requests, newest first."""
    return Listing(items=await call.services.organisations.employer_queries.list_own_requests(call.actor))


@api.post("/employer-requests", "申请添加单位", action="employer.request", status=201)
async def request(call: Call, body: RequestIn) -> EmployerRequestView:
    """Request a missing unit; the same name again is the same open request; the result is notified."""
    return await call.services.organisations.employers.request(call.actor, body.data(), body.note)
