"""Lists as XLSX files (导出). The services log each; a worker writes long ones, while this page waits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast, get_args
from urllib.parse import quote

import aiohttp.web as http

from domain.errors import InvalidInput, NotFound
from services.inspection.file_types import XLSX
from services.office import DIRECT_MAX, Export, ExportRequest, Range, What
from web.core.form_values import begin_of, day, redirect
from web.core.pages import Visit, page, resource
from web.office.applications import application_filter_of
from web.office.base import OfficePart
from web.office.experts import expert_filter_of


class ExportPages(OfficePart):
    code = "applications"
    action = "application.export"

    @resource("/office/exports/{what}.xlsx")
    async def download(self, visit: Visit) -> http.Response:
        """Applications by the filters of their list; payments by days, ``?from=`` and ``?until=``, both inclusive."""
        await self.site.check_rate(visit.request, "export", 20, 600)
        wanted, office = _export_request(visit.request), self.services.office
        total = await office.exports.count(visit.actor, wanted)
        if total > DIRECT_MAX:
            raise redirect(f"/office/exports/{await office.large_exports.begin_export(visit.actor, wanted, total)}")
        return _file(await office.exports.make_file(visit.actor, wanted))

    @page("/office/exports/{token}", "office/export.html")
    async def wait(self, visit: Visit) -> Mapping[str, object]:
        """Shows progress; the page reloads until the file exists."""
        token = visit.request.match_info["token"]
        return {"state": await self.services.office.large_exports.state(visit.actor, token), "export": token}

    @resource("/office/exports/{token}/file")
    async def fetch(self, visit: Visit) -> http.Response:
        token = visit.request.match_info["token"]
        return _file(await self.services.office.large_exports.get(visit.actor, token))


def file_of(content: bytes, filename: str) -> http.Response:
    """A sheet as an attachment."""
    return http.Response(
        body=content,
        content_type=XLSX,
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(filename)}"},
    )


def _file(export: Export) -> http.Response:
    return file_of(export.content, export.filename)


def _export_request(request: http.Request) -> ExportRequest:
    what = request.match_info["what"]
    if what not in get_args(What):
        raise NotFound("没有这种导出，请返回后重新点选。")
    if what == "applications":
        return ExportRequest(
            "applications", application_filter_of({name: v.strip()[:60] for name, v in request.query.items()})
        )
    if what == "experts":
        experts, columns = expert_filter_of(request.query)
        return ExportRequest("experts", experts=experts, columns=columns)
    return ExportRequest(cast(What, what), within=_range(request))


def _range(request: http.Request) -> Range:
    first = day(request.query.get("from", ""), "from", "起始日期")
    last = day(request.query.get("until", ""), "until", "截止日期")
    if first and last and first > last:
        raise InvalidInput("截止日期应不早于起始日期，请返回后重新选择。", field="until")
    # The last day is included, and a range is half-open: it ends where the next day begins.
    return Range(begin_of(first), begin_of(last, days=1))
