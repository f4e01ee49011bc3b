"""Lists as XLSX, for administrators."""

from __future__ import annotations

from pydantic import Field

from miniapp_api.http.call import Call, Download
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Moment, Params
from miniapp_api.office.applications import FilterQuery
from services.inspection.file_types import XLSX
from services.office import Export, Range

api = Api(
    "exports",
    "导出",
    "Each list is one sheet with typed cells, at most 100,000 rows. Identities are masked; each export is logged.",
)


class RangeQuery(Params):
    """Half-open."""

    since: Moment | None = None
    until: Moment | None = Field(None, description="Excluded")

    @property
    def range(self) -> Range:
        return Range(self.since, self.until)


@api.get("/exports/applications", "导出申请", action="application.export", media_type=XLSX)
async def applications(call: Call, query: FilterQuery) -> Download:
    """The list of applications with the same filter."""
    return _file(await call.services.office.exports.applications(call.actor, query.as_filter()))


@api.get("/exports/orders", "导出订单", action="payment.export", media_type=XLSX)
async def orders(call: Call, query: RangeQuery) -> Download:
    """Orders by time of payment, else of creation."""
    return _file(await call.services.office.exports.orders(call.actor, query.range))


@api.get("/exports/refunds", "导出退款", action="payment.export", media_type=XLSX)
async def refunds(call: Call, query: RangeQuery) -> Download:
    """Refunds by time of request."""
    return _file(await call.services.office.exports.refunds(call.actor, query.range))


@api.get("/exports/differences", "导出对账差异", action="payment.export", media_type=XLSX)
async def differences(call: Call, query: RangeQuery) -> Download:
    """Differences between the platform's bills and our records, by the bill's day."""
    return _file(await call.services.office.exports.differences(call.actor, query.range))


def _file(export: Export) -> Download:
    return Download(export.content, XLSX, export.filename)
