"""Importing sheets of experts (批量导入): template, upload, what the worker reports, and the decision."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp.web as http

from domain.errors import NotFound
from services.experts import BYTES_MAX, PAGE_ROWS_MAX, SheetView, render_template
from services.spreadsheets.formats import Format
from web.core.pages import Redirect, Visit, page, resource
from web.office.base import OfficePart

TEMPLATES: Mapping[str, Format] = {"xlsx": "xlsx", "csv": "csv"}
STATES = {
    "faulty": "有错误，未导入",
    "checking": "正在检查",
    "checked": "待确认",
    "importing": "正在导入",
    "done": "已导入",
    "refused": "未导入",
    "dropped": "已放弃",
}
STAGES = {"read": "读取并检查", "check": "与库中核对", "write": "写入"}
_SHEET = "这个名单"


class ExpertSheetPages(OfficePart):
    code = "experts"
    action = "import"

    @page("/office/experts/import", "office/expert_import.html")
    async def sheets(self, visit: Visit) -> Mapping[str, object]:
        latest = await self.services.experts.sheets.latest(visit.actor)
        return {"latest": [(view, _label(view)) for view in latest], "most": PAGE_ROWS_MAX}

    @sheets.command(upload=BYTES_MAX)
    async def read_sheet(self, visit: Visit) -> Redirect:
        """Let a worker check a file; its page shows the progress, then what an import would change."""
        sheets, filename = self.services.experts.sheets, visit.fields.get("filename", "")
        return Redirect(f"/office/experts/import/{await sheets.upload(visit.actor, visit.chosen_file(), filename)}")

    @resource("/office/experts/template.{form}")
    async def template(self, visit: Visit) -> http.Response:
        """The sheet to fill in, as XLSX or CSV."""
        form = TEMPLATES.get(visit.request.match_info["form"])
        if form is None:
            raise NotFound("没有这种模板，请返回导入页下载。", code="unknown")
        headers = {"Content-Disposition": f'attachment; filename="experts.{form}"'}
        willing = self.book(visit.actor).draw.by_willing_region
        body = render_template(form, by_willing_region=willing)
        return http.Response(body=body, content_type="application/octet-stream", headers=headers)

    @page("/office/experts/import/{id}", "office/expert_sheet.html")
    async def sheet(self, visit: Visit) -> Mapping[str, object]:
        view = await self.services.experts.sheets.get(visit.actor, visit.id(_SHEET))
        return {"sheet": view, "label": _label(view), "stages": STAGES}

    @sheet.command(name="confirm")
    async def confirm(self, visit: Visit) -> None:
        await self.services.experts.sheets.confirm(visit.actor, visit.id(_SHEET))

    @sheet.command(name="drop", note="已放弃，文件已删除。")
    async def drop(self, visit: Visit) -> Redirect:
        await self.services.experts.sheets.drop(visit.actor, visit.id(_SHEET))
        return Redirect("/office/experts/import")


def _label(view: SheetView) -> str:
    """Nothing waits to be confirmed where a line is wrong."""
    return STATES["faulty" if view.state == "checked" and view.errors else view.state]
