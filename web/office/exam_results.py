"""External examinations: applications that wait for one, and importing a sheet of results."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp.web as http

from domain.errors import NotFound
from services.core.base import Actor
from services.entry import BYTES_MAX, LINES_MAX, render_template
from services.office import Filter
from services.spreadsheets.formats import Format
from web.core.pages import Redirect, Visit, page, resource
from web.office.base import OfficePart

TEMPLATES: Mapping[str, Format] = {"xlsx": "xlsx", "csv": "csv"}
_SHEET, _DONE = "这次上传", "已登记，并通知了本人。"


class ExamResultPages(OfficePart):
    code = "exams"
    action = "application.conclude"

    async def actor(self, request: http.Request) -> Actor:
        """Raises NotFound also where no application waits for an examination."""
        actor = await super().actor(request)
        if "exam" not in self.book(actor).entry.stages:
            raise NotFound("本专家库没有这项功能，请返回首页。", code="not_here")
        return actor

    @page("/office/exams/results", "office/exam_results.html")
    async def sheet_form(self, visit: Visit) -> Mapping[str, object]:
        waiting = await self.services.office.applications.page(visit.actor, Filter(state="exam"), size=1)
        stage = self.book(visit.actor).entry.names.exam
        return {"view": None, "most": LINES_MAX, "waiting": waiting.total, "stage": stage}

    @sheet_form.command(upload=BYTES_MAX)
    async def read_sheet(self, visit: Visit) -> Redirect:
        """Check a file; its page shows what an import would change."""
        view = await self.services.entry.exam_sheets.read(visit.actor, visit.chosen_file())
        return Redirect(f"/office/exams/results/{view.id}")

    @resource("/office/exams/results/template.{form}")
    async def template(self, visit: Visit) -> http.Response:
        """The sheet to fill in, as XLSX or CSV."""
        form = TEMPLATES.get(visit.request.match_info["form"])
        if form is None:
            raise NotFound("没有这种模板，请返回后下载。", code="unknown")
        headers = {"Content-Disposition": f'attachment; filename="exam-results.{form}"'}
        return http.Response(body=render_template(form), content_type="application/octet-stream", headers=headers)

    @page("/office/exams/results/{id}", "office/exam_results.html")
    async def sheet(self, visit: Visit) -> Mapping[str, object]:
        view = await self.services.entry.exam_sheets.get(visit.actor, visit.id(_SHEET))
        return {"view": view, "most": LINES_MAX, "stage": self.book(visit.actor).entry.names.exam}

    @sheet.command(name="all", note=_DONE)
    async def record_all(self, visit: Visit) -> None:
        await self.services.entry.exam_sheets.apply(visit.actor, visit.id(_SHEET), only_good=False)

    @sheet.command(name="good", note=_DONE)
    async def record_good(self, visit: Visit) -> None:
        """Only the valid lines."""
        await self.services.entry.exam_sheets.apply(visit.actor, visit.id(_SHEET), only_good=True)
