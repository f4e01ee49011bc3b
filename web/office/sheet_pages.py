"""What the pages of all office sheets share: template, upload, what a sheet would do, confirmation, progress."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import aiohttp.web as http

from domain.errors import NotFound
from services.office_sheets import ROWS_MAX, OfficeSheets, SheetAct, SheetState
from services.sanctions import REASON_MAX
from services.spreadsheets.formats import Format
from web.core.pages import Redirect, Visit
from web.office.base import OfficePart

_FORMATS: Mapping[str, Format] = {"xlsx": "xlsx", "csv": "csv"}
_STATES: Mapping[SheetState, str] = {
    SheetState.CHECKED: "待确认",
    SheetState.WORKING: "正在办理",
    SheetState.DONE: "已办理",
    SheetState.DROPPED: "已放弃",
}
_SHEET = "这个名单"


class SheetPages(OfficePart):
    """Pages of one kind of sheet, which declare their addresses: the list at ``path``, each sheet below it.

    ``name``: of the list; ``file``: of the template without its ending.
    """

    code = "experts"
    action = "expert.manage"
    path: ClassVar[str]
    name: ClassVar[str]
    file: ClassVar[str]

    @property
    def office_sheets(self) -> OfficeSheets:
        return self.services.office_sheets.sheets

    @property
    @abstractmethod
    def act(self) -> SheetAct[Any, Any]:
        """What its sheets do."""

    async def list_sheets(self, visit: Visit) -> dict[str, object]:
        """The form of an upload, and the newest sheets."""
        latest = await self.office_sheets.latest(visit.actor, self.act)
        return {**self._values, "latest": latest, "longest": REASON_MAX, "most": ROWS_MAX}

    async def check_file(self, visit: Visit, form: object) -> Redirect:
        """Its page shows what would be done."""
        filename = visit.fields.get("filename", "")
        sheet_id = await self.office_sheets.upload(visit.actor, self.act, form, visit.file, filename)
        return Redirect(f"{self.path}/{sheet_id}")

    def send_template(self, visit: Visit) -> http.Response:
        """The sheet to fill in, as XLSX or CSV."""
        form = _FORMATS.get(visit.request.match_info["form"])
        if form is None:
            raise NotFound(f"没有这种模板，请返回{self.name}页下载。", code="unknown")
        headers = {"Content-Disposition": f'attachment; filename="{self.file}.{form}"'}
        body = self.act.render_template(form)
        return http.Response(body=body, content_type="application/octet-stream", headers=headers)

    async def show_sheet(self, visit: Visit) -> Mapping[str, object]:
        return {**self._values, "sheet": await self.office_sheets.get(visit.actor, self.act, visit.id(_SHEET))}

    async def confirm_sheet(self, visit: Visit) -> None:
        await self.office_sheets.confirm(visit.actor, self.act, visit.id(_SHEET))

    async def drop_sheet(self, visit: Visit) -> Redirect:
        await self.office_sheets.drop(visit.actor, self.act, visit.id(_SHEET))
        return Redirect(self.path)

    @property
    def _values(self) -> Mapping[str, object]:
        return {"name": self.name, "path": self.path, "states": _STATES}
