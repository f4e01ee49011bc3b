"""Documents to print and sign, and the verification of a printed one."""

from __future__ import annotations

from pydantic import Field

from miniapp_api.applications.own import ApplicationPath
from miniapp_api.http.call import Call, Download
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Moment, Output, PoolPath
from services.applications import Printed

api = Api(
    "papers",
    "表格与承诺书",
    "The printed form carries a code that proves which state of the application it shows. PDF, A4.",
)

PDF = "application/pdf"


class CodePath(PoolPath):
    code: str = Field(pattern=r"^[0-9A-Za-z -]{16,24}$", description="Of the print", examples=["7K3Q-M9DX-2RTB-W8PH"])


class PrintIn(Input):
    confirmed: bool = Field(
        False, description="The person has read that printing locks the form (where `print_locks` was answered)"
    )


class VerifiedOut(Output):
    """`current`: the application has not changed since."""

    pool_name: str
    title: str
    number: str = Field(examples=["SQ202611210000001"])
    version: int
    current: bool
    printed_at: Moment
    masked_name: str = Field(examples=["欧**"])


@api.post("/applications/{application_id}/papers/form", "打印表格", action="application.own", keyed="service")
async def print_form(call: Call, path: ApplicationPath, body: PrintIn) -> Printed:
    """Print the current version of the form; the same version again yields the same print.

    Where printing locks the form, the call is first refused with 409 `print_locks`, whose text is the warning to show;
    then send `confirmed`.
    """
    return await call.services.applications.documents.print_form(
        call.actor, path.application_id, confirmed=body.confirmed
    )


@api.get("/applications/{application_id}/papers/form", "下载已打印表格", action="application.own", media_type=PDF)
async def form(call: Call, path: ApplicationPath) -> Download:
    """The print of the current version, to be signed and stamped; 409 `not_printed` before."""
    document = await call.services.applications.documents.printed(call.actor, path.application_id)
    return Download(document.content, PDF, document.filename)


@api.get("/applications/{application_id}/papers/draft", "预览表格", action="application.own", media_type=PDF)
async def draft(call: Call, path: ApplicationPath) -> Download:
    """The form for review by the applicant; it has no code and locks nothing."""
    document = await call.services.applications.documents.draft(call.actor, path.application_id)
    return Download(document.content, PDF, document.filename)


@api.get("/applications/{application_id}/papers/commitment", "下载承诺书", action="application.own", media_type=PDF)
async def commitment(call: Call, path: ApplicationPath) -> Download:
    """The honesty commitment, to be signed by hand."""
    document = await call.services.applications.documents.commitment(call.actor, path.application_id)
    return Download(document.content, PDF, document.filename)


@api.get("/experts/me/papers/information", "下载个人信息表", action="expert.self.read", media_type=PDF)
async def information(call: Call) -> Download:
    """The expert's own record."""
    document = await call.services.applications.documents.information_form(call.actor)
    return Download(document.content, PDF, document.filename)


@api.get("/papers/{code}", "核对表格", access="public", limits=(30, 60))
async def verify(call: Call, path: CodePath) -> VerifiedOut:
    """Whether a document shows the current version of its application. The name is masked."""
    found = await call.services.applications.documents.verify(path.code)
    return VerifiedOut(
        pool_name=found.pool_name,
        title=found.title,
        number=found.number,
        version=found.version,
        current=found.current,
        printed_at=found.printed_at,
        masked_name=found.masked_name,
    )
