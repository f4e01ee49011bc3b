"""Lists as XLSX files (导出). Each is logged by its service."""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import quote

import aiohttp.web as http

from domain.errors import InvalidInput, NotFound
from services.core.base import Actor
from services.office import Export, Range
from web.office.applications import wanted_of
from web.office.base import OfficePart, begin_of, day

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ExportPages(OfficePart):
    code = "applications"
    action: ClassVar[str] = "application.export"

    def add_routes(self) -> None:
        self.site.get("/office/exports/{what}.xlsx", self.download)

    async def download(self, request: http.Request) -> http.Response:
        """Applications by the filter of their list; money by days, ``?from=`` and ``?until=`` with both ends."""
        actor = await self.actor(request)
        await self.site.check_rate(request, "export", 20, 600)
        export = await self._make(actor, request)
        return http.Response(
            body=export.content,
            content_type=XLSX,
            headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(export.filename)}"},
        )

    async def _make(self, actor: Actor, request: http.Request) -> Export:
        what, desk = request.match_info["what"], self.services.office.exports
        if what == "applications":
            return await desk.applications(
                actor, wanted_of({name: v.strip()[:60] for name, v in request.query.items()})
            )
        within = _range(request)
        if what == "orders":
            return await desk.orders(actor, within)
        if what == "refunds":
            return await desk.refunds(actor, within)
        if what == "differences":
            return await desk.differences(actor, within)
        raise NotFound("没有这种导出，请返回后重新点选。")


def _range(request: http.Request) -> Range:
    first = day(request.query.get("from", ""), "from", "起始日期")
    last = day(request.query.get("until", ""), "until", "截止日期")
    if first and last and first > last:
        raise InvalidInput("截止日期应不早于起始日期，请返回后重新选择。", field="until")
    return Range(begin_of(first), begin_of(last, days=1))
