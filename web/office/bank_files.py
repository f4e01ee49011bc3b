"""Import and export of the item bank: sheets, GIFT and Moodle XML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp.web as http

from domain.errors import NotFound
from services.exams import BYTES_MAX, ITEMS_MAX, render_template
from services.spreadsheets.formats import Format
from web.core.pages import Redirect, Visit, page, resource
from web.office.bank import item_filter_of, query_of
from web.office.base import OfficePart

TEMPLATES: Mapping[str, Format] = {"xlsx": "xlsx", "csv": "csv"}
FILES: Mapping[str, str] = {"xlsx": "xlsx", "gift": "txt", "moodle_xml": "xml"}
"""File ending of each export format."""
WAYS: Mapping[str, str] = {
    "skip": "跳过，题库保持不变",
    "version": "修改题库中的题目（存为新版本）",
    "add": "另存为新题",
}
_IMPORT, _DONE = "这次导入", "导入完成。"


@dataclass(frozen=True)
class _Way:
    """What to do with items that differ from the bank's."""

    way: str


class BankFilePages(OfficePart):
    code = "bank"
    action = "exam.keys"

    # ---- import

    @page("/office/bank/import", "office/bank_import.html")
    async def file_form(self, visit: Visit) -> Mapping[str, object]:
        return {"view": None, "most": ITEMS_MAX}

    @file_form.command(upload=BYTES_MAX)
    async def read_file(self, visit: Visit) -> Redirect:
        """Check a file; its page shows what an import would change."""
        view = await self.services.exams.item_import.read(visit.actor, visit.chosen_file())
        return Redirect(f"/office/bank/import/{view.id}")

    @resource("/office/bank/template.{form}")
    async def template(self, visit: Visit) -> http.Response:
        """The sheet to fill in, as XLSX or CSV."""
        form = TEMPLATES.get(visit.request.match_info["form"])
        if form is None:
            raise NotFound("没有这种模板，请返回导入页下载。", code="unknown")
        return _download(render_template(form), f"items.{form}")

    @page("/office/bank/import/{id}", "office/bank_import.html")
    async def file(self, visit: Visit) -> Mapping[str, object]:
        import_id = visit.id(_IMPORT)
        view = await self.services.exams.item_import.get(visit.actor, import_id)
        return {
            "view": view,
            "changed": await self.services.exams.item_import.list_changed(visit.actor, import_id),
            "ways": WAYS,
            "unit": "行" if view.filename == "表格" else "题",
            "most": ITEMS_MAX,
        }

    @file.command(_Way, "all", note=_DONE)
    async def import_all(self, visit: Visit, form: _Way) -> None:
        await self.services.exams.item_import.apply(visit.actor, visit.id(_IMPORT), form.way, only_good=False)

    @file.command(_Way, "good", note=_DONE)
    async def import_good(self, visit: Visit, form: _Way) -> None:
        """Only the valid items."""
        await self.services.exams.item_import.apply(visit.actor, visit.id(_IMPORT), form.way, only_good=True)

    # ---- export

    @page("/office/bank/export", "office/bank_export.html")
    async def export_form(self, visit: Visit) -> Mapping[str, object]:
        chosen = item_filter_of(visit.request.query)
        listed = await self.services.exams.bank_queries.page(visit.actor, chosen, size=1)
        query = query_of(chosen)
        if chosen.state == "retired":
            query = f"{query}&state=retired".lstrip("&")
        return {"total": listed.total, "query": query, "narrowed": bool(query)}

    @resource("/office/bank/export/{form}")
    async def export(self, visit: Visit) -> http.Response:
        form = visit.request.match_info["form"]
        if form not in FILES:
            raise NotFound("没有这种格式，请返回导出页选择。", code="unknown")
        content = await self.services.exams.bank_export.make(visit.actor, item_filter_of(visit.request.query), form)
        return _download(content, f"items.{FILES[form]}")


def _download(content: bytes, name: str) -> http.Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return http.Response(body=content, content_type="application/octet-stream", headers=headers)
