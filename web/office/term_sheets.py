"""Longer terms of many experts by a sheet (批量延长聘期): template, upload, what it would do, and its progress."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp.web as http

from domain.errors import NotFound
from services.experts import TERM_BYTES_MAX, TERM_REASON_MAX, TERM_ROWS_MAX, render_term_template
from web.core.pages import Redirect, Visit, page, resource
from web.core.typed_forms import ReasonForm
from web.office.base import OfficePart
from web.office.sanction_sheets import STATES, TEMPLATES

_SHEET = "这个名单"


class TermSheetPages(OfficePart):
    code = "experts"
    action = "expert.manage"

    @page("/office/experts/terms", "office/term_sheets.html")
    async def sheets(self, visit: Visit) -> Mapping[str, object]:
        return {
            "latest": await self.services.experts.term_sheets.latest(visit.actor),
            "states": STATES,
            "longest": TERM_REASON_MAX,
            "most": TERM_ROWS_MAX,
        }

    @sheets.command(ReasonForm, upload=TERM_BYTES_MAX)
    async def read_sheet(self, visit: Visit, form: ReasonForm) -> Redirect:
        """Check a file; its page shows what would be done."""
        sheets, filename = self.services.experts.term_sheets, visit.fields.get("filename", "")
        sheet_id = await sheets.upload(visit.actor, visit.file, filename, form.reason)
        return Redirect(f"/office/experts/terms/{sheet_id}")

    @resource("/office/experts/terms/template.{form}")
    async def template(self, visit: Visit) -> http.Response:
        """The sheet to fill in, as XLSX or CSV."""
        form = TEMPLATES.get(visit.request.match_info["form"])
        if form is None:
            raise NotFound("没有这种模板，请返回批量延长聘期页下载。", code="unknown")
        headers = {"Content-Disposition": f'attachment; filename="terms.{form}"'}
        return http.Response(body=render_term_template(form), content_type="application/octet-stream", headers=headers)

    @page("/office/experts/terms/{id}", "office/term_sheet.html")
    async def sheet(self, visit: Visit) -> Mapping[str, object]:
        view = await self.services.experts.term_sheets.get(visit.actor, visit.id(_SHEET))
        return {"sheet": view, "states": STATES}

    @sheet.command(name="confirm")
    async def confirm(self, visit: Visit) -> None:
        await self.services.experts.term_sheets.confirm(visit.actor, visit.id(_SHEET))

    @sheet.command(name="drop", note="已放弃，没有办理。")
    async def drop(self, visit: Visit) -> Redirect:
        await self.services.experts.term_sheets.drop(visit.actor, visit.id(_SHEET))
        return Redirect("/office/experts/terms")
