"""Import and export of the item bank: sheets, GIFT and Moodle XML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import aiohttp.web as http

from domain.errors import AppError, InvalidInput, NotFound
from services.core.base import Actor
from services.exams import BYTES_MAX, ITEMS_MAX, render_template
from services.spreadsheets.formats import Format
from web.core.form_values import EMPTY, NOBODY, FormValues, redirect, uuid_of
from web.office.bank import filter_of, query_of
from web.office.base import FORM, OfficePart

TEMPLATES: Mapping[str, Format] = {"xlsx": "xlsx", "csv": "csv"}
FILES: Mapping[str, str] = {"xlsx": "xlsx", "gift": "txt", "moodle_xml": "xml"}
"""File ending of each export format."""
WAYS: Mapping[str, str] = {
    "skip": "跳过，题库保持不变",
    "version": "修改题库中的题目（存为新版本）",
    "add": "另存为新题",
}


class BankFilePages(OfficePart):
    code = "bank"
    action = "exam.keys"
    notes: ClassVar[Mapping[str, str]] = {"imported": "导入完成。"}

    def add_routes(self) -> None:
        self.site.get("/office/bank/import", self.file_form)
        self.site.post("/office/bank/import", self.read_file)
        self.site.get("/office/bank/import/{id}", self.file)
        self.site.post("/office/bank/import/{id}", self.apply)
        self.site.get("/office/bank/template.{form}", self.template)
        self.site.get("/office/bank/export", self.export_form)
        self.site.get("/office/bank/export/{form}", self.export)

    # ---- import

    async def file_form(self, request: http.Request) -> http.Response:
        return self._form(await self.actor(request), request)

    def _form(self, actor: Actor, request: http.Request, form: FormValues = EMPTY) -> http.Response:
        return self.show(actor, "office/bank_import.html", request, error=form.error, f=form, view=None, most=ITEMS_MAX)

    async def template(self, request: http.Request) -> http.Response:
        """The sheet to fill in, as XLSX or CSV."""
        await self.actor(request)
        form = TEMPLATES.get(request.match_info["form"])
        if form is None:
            raise NotFound("没有这种模板，请返回导入页下载。", code="unknown")
        return _download(render_template(form), f"items.{form}")

    async def read_file(self, request: http.Request) -> http.Response:
        """Check a file, and show what an import would change."""
        actor = await self.actor(request)
        fields, content = await self.site.read_upload(
            request, FORM, actor.session_id or NOBODY, actor.account_id or NOBODY, longest=BYTES_MAX
        )
        try:
            if not content:
                raise InvalidInput("请选择文件。", code="file_empty", field="file")
            view = await self.services.exams.item_import.read(actor, content)
        except AppError as error:
            return self._form(actor, request, FormValues(fields, self.shown(error)))
        raise redirect(f"/office/bank/import/{view.id}")

    async def file(self, request: http.Request) -> http.Response:
        return await self._file(await self.actor(request), request)

    async def _file(self, actor: Actor, request: http.Request, form: FormValues = EMPTY) -> http.Response:
        import_id = uuid_of(request.match_info["id"], "这次导入")
        view = await self.services.exams.item_import.get(actor, import_id)
        return self.show(
            actor,
            "office/bank_import.html",
            request,
            error=form.error,
            f=form,
            view=view,
            changed=await self.services.exams.item_import.changed(actor, import_id),
            ways=WAYS,
            unit="行" if view.filename == "表格" else "题",
            most=ITEMS_MAX,
        )

    async def apply(self, request: http.Request) -> http.Response:
        """``command`` all, or good: only valid items. ``way``: what to do with items that differ from the bank's."""
        actor = await self.actor(request)
        fields = await self.fields(request, actor)
        import_id = uuid_of(request.match_info["id"], "这次导入")
        try:
            if fields.get("command") not in ("all", "good"):
                raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")
            await self.services.exams.item_import.apply(
                actor, import_id, fields.get("way", ""), only_good=fields["command"] == "good"
            )
        except AppError as error:
            return await self._file(actor, request, FormValues(fields, self.shown(error)))
        raise redirect(f"/office/bank/import/{import_id}", note="imported")

    # ---- export

    async def export_form(self, request: http.Request) -> http.Response:
        actor = await self.actor(request)
        wanted = filter_of(request.query)
        found = await self.services.exams.bank_queries.page(actor, wanted, size=1)
        query = query_of(wanted)
        if wanted.state == "retired":
            query = f"{query}&state=retired".lstrip("&")
        return self.show(
            actor, "office/bank_export.html", request, total=found.total, query=query, narrowed=bool(query)
        )

    async def export(self, request: http.Request) -> http.Response:
        actor = await self.actor(request)
        form = request.match_info["form"]
        if form not in FILES:
            raise NotFound("没有这种格式，请返回导出页选择。", code="unknown")
        content = await self.services.exams.bank_export.make(actor, filter_of(request.query), form)
        return _download(content, f"items.{FILES[form]}")


def _download(content: bytes, name: str) -> http.Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return http.Response(body=content, content_type="application/octet-stream", headers=headers)
