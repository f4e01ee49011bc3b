"""Acts against many experts by a sheet (批量处理): template, upload, what it would do, confirmation, progress."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated

import aiohttp.web as http

from domain.errors import NotFound
from services.sanctions import ACTS, BYTES_MAX, REASON_MAX, ROWS_MAX, SanctionForm, render_template
from services.spreadsheets.formats import Format
from web.core.pages import Redirect, Visit, page, resource
from web.core.typed_forms import Day
from web.office.base import OfficePart

TEMPLATES: Mapping[str, Format] = {"xlsx": "xlsx", "csv": "csv"}
STATES = {"checked": "待确认", "working": "正在办理", "done": "已办理", "dropped": "已放弃"}
_SHEET = "这个名单"


@dataclass(frozen=True)
class _SheetForm:
    """Days; empty: at once, and until it is lifted."""

    kind: str
    reason: str
    starts_on: Annotated[date | None, Day("开始日期")]
    ends_on: Annotated[date | None, Day("结束日期")]
    withdraws_calls: bool


class SanctionSheetPages(OfficePart):
    code = "experts"
    action = "expert.manage"

    @page("/office/sanctions/sheets", "office/sanction_sheets.html")
    async def sheets(self, visit: Visit) -> Mapping[str, object]:
        return {
            "latest": await self.services.sanctions.sheets.latest(visit.actor),
            "states": STATES,
            "acts": ACTS,
            "longest": REASON_MAX,
            "most": ROWS_MAX,
            "second_person": self.book(visit.actor).sanctions.second_person,
        }

    @sheets.command(_SheetForm, upload=BYTES_MAX)
    async def read_sheet(self, visit: Visit, form: _SheetForm) -> Redirect:
        """Check a file; its page shows what would be done."""
        typed = SanctionForm(form.kind, form.reason, form.starts_on, form.ends_on, form.withdraws_calls)
        sheets, filename = self.services.sanctions.sheets, visit.fields.get("filename", "")
        sheet_id = await sheets.upload(visit.actor, visit.file, filename, typed)
        return Redirect(f"/office/sanctions/sheets/{sheet_id}")

    @resource("/office/sanctions/template.{form}")
    async def template(self, visit: Visit) -> http.Response:
        """The sheet to fill in, as XLSX or CSV."""
        form = TEMPLATES.get(visit.request.match_info["form"])
        if form is None:
            raise NotFound("没有这种模板，请返回批量处理页下载。", code="unknown")
        headers = {"Content-Disposition": f'attachment; filename="sanctions.{form}"'}
        return http.Response(body=render_template(form), content_type="application/octet-stream", headers=headers)

    @page("/office/sanctions/sheets/{id}", "office/sanction_sheet.html")
    async def sheet(self, visit: Visit) -> Mapping[str, object]:
        view = await self.services.sanctions.sheets.get(visit.actor, visit.id(_SHEET))
        return {"sheet": view, "states": STATES}

    @sheet.command(name="confirm")
    async def confirm(self, visit: Visit) -> None:
        await self.services.sanctions.sheets.confirm(visit.actor, visit.id(_SHEET))

    @sheet.command(name="drop", note="已放弃，没有办理。")
    async def drop(self, visit: Visit) -> Redirect:
        await self.services.sanctions.sheets.drop(visit.actor, visit.id(_SHEET))
        return Redirect("/office/sanctions/sheets")
