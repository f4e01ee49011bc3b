"""Acts against many experts by a sheet (批量处理)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

import aiohttp.web as http

from services.office_sheets import ACTS, BYTES_MAX, SheetAct
from services.sanctions import SanctionForm
from web.core.pages import Redirect, Visit, page, resource
from web.core.typed_forms import Day
from web.office.sheet_pages import SheetPages

_PATH = "/office/sanctions/sheets"


@dataclass(frozen=True)
class _SheetForm:
    """Days; empty: at once, and until it is lifted."""

    kind: str
    reason: str
    starts_on: Annotated[date | None, Day("开始日期")]
    ends_on: Annotated[date | None, Day("结束日期")]
    withdraws_calls: bool


class SanctionSheetPages(SheetPages):
    path = _PATH
    name = "批量处理"
    file = "sanctions"

    @property
    def act(self) -> SheetAct[Any, Any]:
        return self.office_sheets.sanctions

    @page(_PATH, "office/sanction_sheets.html")
    async def sheets(self, visit: Visit) -> Mapping[str, object]:
        second_person = self.book(visit.actor).sanctions.second_person
        return {**await self.list_sheets(visit), "acts": ACTS, "second_person": second_person}

    @sheets.command(_SheetForm, upload=BYTES_MAX)
    async def read_sheet(self, visit: Visit, form: _SheetForm) -> Redirect:
        typed = SanctionForm(form.kind, form.reason, form.starts_on, form.ends_on, form.withdraws_calls)
        return await self.check_file(visit, typed)

    @resource("/office/sanctions/template.{form}")
    async def template(self, visit: Visit) -> http.Response:
        return self.send_template(visit)

    @page(f"{_PATH}/{{id}}", "office/sanction_sheet.html")
    async def sheet(self, visit: Visit) -> Mapping[str, object]:
        return await self.show_sheet(visit)

    @sheet.command(name="confirm")
    async def confirm(self, visit: Visit) -> None:
        await self.confirm_sheet(visit)

    @sheet.command(name="drop", note="已放弃，没有办理。")
    async def drop(self, visit: Visit) -> Redirect:
        return await self.drop_sheet(visit)
