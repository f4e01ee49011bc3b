"""One's own application (入库申请, 续聘申请): the form, its sections, submission, progress."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from domain.errors import Unauthenticated
from domain.rulebook.form import EntryType
from miniapp_api.applications.views import ApplicationOut, HomeOut
from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Output, Params, PoolPath
from services.applications import Outcome, SavedSection
from services.reviews import OwnComparison

api = Api(
    "applications",
    "入库申请",
    "The form follows from the pool's rulebook: draw it from the schema. Sections are saved one by one from any "
    "device; errors are listed by field, all at once (`errors`).",
)


class SchemaQuery(Params):
    entry_type: EntryType = "first"


class ApplicationPath(PoolPath):
    application_id: UUID


class SectionPath(ApplicationPath):
    section: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="Code of a section", examples=["basic"])


class SectionIn(Input):
    """All fields of the section: omitted fields are emptied, unless they can't be changed now."""

    version: int = Field(ge=0, le=1_000_000, description="What the device has read; 0: never saved")
    values: dict[str, object] = Field(
        max_length=100,
        description="Field → value; records and units are lists of objects, specialties `{code, choice}`",
        examples=[{"political_status": "群众"}],
    )


class SubmitIn(Input):
    version: int = Field(ge=1, le=1_000_000, description="The form's version that the person has looked through")


class SchemaOut(Output):
    """Description from which a client draws the form. Fields have only the properties of their kind; a null limit is
    none."""

    entry_type: EntryType
    sections: tuple[dict[str, object], ...] = Field(
        description="`code`, `title`, `note`, `open_after_print` and `fields`, each with `code`, `label`, `kind`, "
        "`required`, `hint`, `read_only`, `sensitive`, `default` and the limits of its kind"
    )
    specialties: dict[str, object] = Field(description="Rule for the choice of specialties")
    age_max: int | None = Field(description="Completed years")
    employer_from_list: bool
    own_employer_recused: bool
    papers: dict[str, object]


@api.get("/home", "首页：身份标识、待办事项、进度", access="account")
async def home(call: Call) -> HomeOut:
    """A person's home page: membership status, to-do items, the application, whom to ask."""
    return HomeOut.show(await call.services.applications.to_dos.home(call.pool, _account_id(call)))


@api.get("/applications/schema", "申请表的结构", access="public")
async def schema(call: Call, query: SchemaQuery) -> SchemaOut:
    """Sections, fields, limits and options of the pool's form, for an application of this type."""
    return SchemaOut.model_validate(call.services.applications.queries.schema(call.pool, query.entry_type))


@api.get("/applications/{application_id}", "查看申请", action="application.own")
async def show(call: Call, path: ApplicationPath) -> ApplicationOut:
    """Values, files, missing fields, fields that may be changed now, the review log, the progress."""
    return ApplicationOut.from_source(await call.services.applications.queries.get(call.actor, path.application_id))


@api.get("/applications/{application_id}/changes", "变更对照", action="application.own")
async def changes(call: Call, path: ApplicationPath) -> OwnComparison:
    """What it would change in the expert's file, beside what the file holds."""
    return await call.services.reviews.own_comparisons.read(call.actor, path.application_id)


@api.put("/applications/{application_id}/sections/{section}", "保存一个部分", action="application.own")
async def save(call: Call, path: SectionPath, body: SectionIn) -> SavedSection:
    """Save a section, even if incomplete, and after the window too.

    A device with an outdated version gets 409 `section_stale` with the current `version` and `values` in `params`.
    """
    return await call.services.applications.drafts.save_section(
        call.actor, path.application_id, path.section, body.values, body.version
    )


@api.post("/applications/{application_id}/submission", "提交审核", action="application.own")
async def submit(call: Call, path: ApplicationPath, body: SubmitIn) -> Outcome:
    """Submit. All missing or invalid fields are listed at once; a repetition is harmless."""
    return await call.services.workflows.applications.submit(call.actor, path.application_id, body.version)


@api.post("/applications/{application_id}/withdrawal", "撤回", action="application.own")
async def withdraw(call: Call, path: ApplicationPath) -> Outcome:
    """Withdraw it for correction: after it was sent back, or while it is undecided."""
    return await call.services.workflows.applications.withdraw(call.actor, path.application_id)


@api.post("/applications/{application_id}/cancellation", "放弃申请", action="application.own")
async def cancel(call: Call, path: ApplicationPath) -> Outcome:
    """Cancel it for good."""
    return await call.services.workflows.applications.cancel(call.actor, path.application_id)


def _account_id(call: Call) -> UUID:
    """The caller, who has a bound mobile: the routes admit no other."""
    if call.actor.account_id is None:
        raise Unauthenticated("请先登录并绑定手机号。")
    return call.actor.account_id
