"""Applications for the office, and unlocking a printed form."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from domain.applications.lifecycles import ApplicationState
from domain.rulebook.form import EntryType
from miniapp_api.applications.own import ApplicationPath
from miniapp_api.applications.views import ApplicationProgressOut
from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Listing, Moment, Output, PageOut, PageQuery, Params
from services.applications import Outcome
from services.entry import REASON_MAX, Concluded, ExamResult
from services.office import ApplicationLine, Filter, StateCount
from services.reviews import ReviewLogLine, SubmittedForm

api = Api("office_applications", "申请管理", "All applications of the pool, for its administrators.")


class FilterQuery(Params):
    """Without `state`, applications that were never submitted are left out."""

    campaign_id: UUID | None = None
    state: ApplicationState | None = Field(None, examples=["reviewing"])
    step: str = Field("", max_length=20, description="Code of a review step")
    region: str = Field("", pattern=r"^(\d{6})?$", description="Covers all below it")
    entry_type: EntryType | None = None
    search: str = Field("", max_length=50, description="Part of a name, or the beginning of a number")
    submitted_from: Moment | None = None
    submitted_until: Moment | None = Field(None, description="Excluded")

    def as_filter(self) -> Filter:
        return Filter(
            self.campaign_id,
            self.state.value if self.state else "",
            self.step,
            self.region,
            self.entry_type or "",
            self.search,
            self.submitted_from,
            self.submitted_until,
        )


class ApplicationListQuery(FilterQuery, PageQuery):
    sort: Literal["newest", "oldest", "waiting", "name"] = Field(
        "newest", description="By last submission, by time in its state, or by name"
    )


class UnlockIn(Input):
    reason: str = Field(
        max_length=200, description="Written to the log", examples=["申请人填错工作单位，来电要求更正。"]
    )


class ExamIn(Input):
    result: ExamResult
    reason: str = Field(min_length=1, max_length=REASON_MAX, description="Sent to the person", examples=["82分"])


class EndIn(Input):
    reason: str = Field(min_length=1, max_length=REASON_MAX, examples=["逾期未缴费"])


class OfficeApplicationOut(Output):
    line: ApplicationLine
    progress: ApplicationProgressOut
    sheet: SubmittedForm
    log: tuple[ReviewLogLine, ...]


@api.get("/office/applications", "申请列表", action="application.read")
async def list_page(call: Call, query: ApplicationListQuery) -> PageOut[ApplicationLine]:
    """Applications, filtered, sorted, paged."""
    found = await call.services.office.applications.page(
        call.actor, query.as_filter(), sort=query.sort, page=query.page, size=query.size
    )
    return PageOut.of_query(found, query)


@api.get("/office/application-counts", "各状态的申请数", action="application.read")
async def counts(call: Call, query: FilterQuery) -> Listing[StateCount]:
    """Number of matching applications in each state; states without any are left out."""
    found = await call.services.office.applications.counts(call.actor, query.as_filter())
    return Listing(items=found)


@api.get("/office/applications/{application_id}", "查看一份申请", action="application.read")
async def show(call: Call, path: ApplicationPath) -> OfficeApplicationOut:
    """The form's values as text with sensitive ones masked, the log, the progress. Each access is logged."""
    return OfficeApplicationOut.of(await call.services.office.applications.get(call.actor, path.application_id))


@api.post("/office/applications/{application_id}/unlocking", "解除打印锁定", action="application.unlock")
async def unlock(call: Call, path: ApplicationPath, body: UnlockIn) -> Outcome:
    """Unlock a form to correct a mistake found after printing and before submission; the person is notified."""
    return await call.services.applications.submission.unlock(call.actor, path.application_id, body.reason)


@api.post("/office/applications/{application_id}/exam-result", "登记考试结果", action="application.conclude")
async def record_exam(call: Call, path: ApplicationPath, body: ExamIn) -> Concluded:
    """Record the result of an external examination: next stage, or end of the application. The person is notified."""
    conclusions = call.services.entry.conclusions
    return await conclusions.record_exam(call.actor, path.application_id, body.result, body.reason)


@api.post("/office/applications/{application_id}/termination", "终止申请", action="application.conclude")
async def end(call: Call, path: ApplicationPath, body: EndIn) -> Concluded:
    """End an application whose fee stays unpaid; the person is notified."""
    return await call.services.entry.conclusions.end(call.actor, path.application_id, body.reason)
