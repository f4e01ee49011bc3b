"""Longer terms of many experts by a sheet (批量延长聘期)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp.web as http

from services.office_sheets import BYTES_MAX, SheetAct, TermForm
from web.core.pages import Redirect, Visit, page, resource
from web.office.sheet_pages import SheetPages

_PATH = "/office/experts/terms"


class TermSheetPages(SheetPages):
    path = _PATH
    name = "批量延长聘期"
    file = "terms"

    @property
    def act(self) -> SheetAct[Any, Any]:
        return self.office_sheets.terms

    @page(_PATH, "office/term_sheets.html")
    async def sheets(self, visit: Visit) -> Mapping[str, object]:
        return await self.list_sheets(visit)

    @sheets.command(TermForm, upload=BYTES_MAX)
    async def read_sheet(self, visit: Visit, form: TermForm) -> Redirect:
        return await self.check_file(visit, form)

    @resource(f"{_PATH}/template.{{form}}")
    async def template(self, visit: Visit) -> http.Response:
        return self.send_template(visit)

    @page(f"{_PATH}/{{id}}", "office/term_sheet.html")
    async def sheet(self, visit: Visit) -> Mapping[str, object]:
        return await self.show_sheet(visit)

    @sheet.command(name="confirm")
    async def confirm(self, visit: Visit) -> None:
        await self.confirm_sheet(visit)

    @sheet.command(name="drop", note="已放弃，没有办理。")
    async def drop(self, visit: Visit) -> Redirect:
        return await self.drop_sheet(visit)
