"""The list of employers (单位), importing sheets of them, and requests for a missing one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp.web as http

from domain.errors import NotFound
from services.organisations import BYTES_MAX, LINES_MAX, EmployerData, render_template
from services.spreadsheets.formats import Format
from web.core.pages import Choice, Listed, Redirect, Visit, Wanted, Word, list_page, page, resource
from web.office.base import OfficePart

TEMPLATES: Mapping[str, Format] = {"xlsx": "xlsx", "csv": "csv"}
REQUEST_STATES = {"open": "待处理", "added": "已添加", "refused": "未添加"}
_EMPLOYER, _REQUEST, _SHEET = "这个单位", "这条申请", "这次导入"


@dataclass(frozen=True)
class _Answer:
    answer: str


class EmployerPages(OfficePart):
    code = "employers"
    action = "employer.manage"

    # ---- the list

    @list_page("/office/employers", "office/employers.html", keep=("q",), q=Word(), retired=Choice(("1",)))
    async def employers(self, visit: Visit, wanted: Wanted) -> Listed:
        """``q`` searches, ``retired=1`` shows retired units."""
        queries, retired = self.services.organisations.employer_queries, wanted["retired"] == "1"
        listed = await queries.page(
            visit.actor, search=wanted["q"], retired=retired, page=wanted.page, size=wanted.size
        )
        waiting = await queries.requests(visit.actor, size=1)
        places = await self.services.office.dashboard.places(visit.actor)
        values = {"search": wanted["q"], "retired": retired, "waiting": waiting.total, "places": places}
        return Listed(listed, values)

    @employers.command(EmployerData, "add", note="单位已添加。")
    async def add(self, visit: Visit, form: EmployerData) -> None:
        await self.services.organisations.employers.add(visit.actor, form, key=visit.key)

    @employers.command(EmployerData, "edit", note="已保存。")
    async def edit(self, visit: Visit, form: EmployerData) -> None:
        await self.services.organisations.employers.edit(visit.actor, visit.row_id(_EMPLOYER), form)

    @employers.command(name="retire", note="单位已停用，已选择它的人不受影响。")
    async def retire(self, visit: Visit) -> None:
        await self.services.organisations.employers.retire(visit.actor, visit.row_id(_EMPLOYER))

    # ---- requests

    @list_page(
        "/office/employers/requests", "office/employer_requests.html", keep=(), state=Choice(REQUEST_STATES, "open")
    )
    async def requests(self, visit: Visit, wanted: Wanted) -> Listed:
        listed = await self.services.organisations.employer_queries.requests(
            visit.actor, state=wanted["state"], page=wanted.page, size=wanted.size
        )
        places = await self.services.office.dashboard.places(visit.actor)
        return Listed(listed, {"states": REQUEST_STATES, "places": places})

    @requests.command(EmployerData, "accept", note="已添加，并通知了申请人。")
    async def accept(self, visit: Visit, form: EmployerData) -> None:
        """``form``: the unit's final data."""
        await self.services.organisations.employers.accept(visit.actor, visit.row_id(_REQUEST), form)

    @requests.command(_Answer, "refuse", note="已答复申请人。")
    async def refuse(self, visit: Visit, form: _Answer) -> None:
        await self.services.organisations.employers.refuse(visit.actor, visit.row_id(_REQUEST), form.answer)

    # ---- sheets

    @page("/office/employers/import", "office/employer_import.html")
    async def sheet_form(self, visit: Visit) -> Mapping[str, object]:
        return {"view": None, "most": LINES_MAX}

    @sheet_form.command(upload=BYTES_MAX)
    async def read_sheet(self, visit: Visit) -> Redirect:
        """Check a file; its page shows what an import would change."""
        view = await self.services.organisations.employer_import.read(visit.actor, visit.chosen_file())
        return Redirect(f"/office/employers/import/{view.id}")

    @resource("/office/employers/template.{form}")
    async def template(self, visit: Visit) -> http.Response:
        """The sheet to fill in, as XLSX or CSV."""
        form = TEMPLATES.get(visit.request.match_info["form"])
        if form is None:
            raise NotFound("没有这种模板，请返回导入页下载。", code="unknown")
        headers = {"Content-Disposition": f'attachment; filename="employers.{form}"'}
        return http.Response(body=render_template(form), content_type="application/octet-stream", headers=headers)

    @page("/office/employers/import/{id}", "office/employer_import.html")
    async def sheet(self, visit: Visit) -> Mapping[str, object]:
        view = await self.services.organisations.employer_import.get(visit.actor, visit.id(_SHEET))
        return {"view": view, "most": LINES_MAX}

    @sheet.command(name="all", note="导入完成；有人申请添加过的单位，会通知申请人。")
    async def import_all(self, visit: Visit) -> None:
        await self.services.organisations.employer_import.apply(visit.actor, visit.id(_SHEET), only_good=False)

    @sheet.command(name="good", note="导入完成；有人申请添加过的单位，会通知申请人。")
    async def import_good(self, visit: Visit) -> None:
        """Only the valid lines."""
        await self.services.organisations.employer_import.apply(visit.actor, visit.id(_SHEET), only_good=True)
