"""The form to print and sign."""

from __future__ import annotations

from pydantic import Field

from miniapp_api.applications.own import ApplicationPath
from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input
from services.applications import Printed

api = Api(
    "papers",
    "打印表格",
    "The printed form carries a code that proves which state of the application it shows.",
)


class PrintIn(Input):
    confirmed: bool = Field(
        False, description="The person has read that printing locks the form (where `print_locks` was answered)"
    )


@api.post("/applications/{application_id}/papers/form", "打印表格", action="application.own", keyed="service")
async def print_form(call: Call, path: ApplicationPath, body: PrintIn) -> Printed:
    """Print the current version of the form; the same version again yields the same print.

    Where printing locks the form, the call is first refused with 409 `print_locks`, whose text is the warning to show;
    then send `confirmed`.
    """
    return await call.services.applications.documents.print_form(
        call.actor, path.application_id, confirmed=body.confirmed
    )
