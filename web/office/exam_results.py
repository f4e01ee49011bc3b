"""External examinations: applications that wait for one, and importing a sheet of results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import aiohttp.web as http

from domain.errors import AppError, InvalidInput, NotFound
from services.core.base import Actor
from services.entry import BYTES_MAX, LINES_MAX, render_template
from services.office import Filter
from services.spreadsheets.formats import Format
from web.core.form_values import EMPTY, NOBODY, FormValues, redirect, uuid_of
from web.office.base import FORM, OfficePart

TEMPLATES: Mapping[str, Format] = {"xlsx": "xlsx", "csv": "csv"}


class ExamResultPages(OfficePart):
    code = "exams"
    action = "application.conclude"
    notes: ClassVar[Mapping[str, str]] = {"done": "已登记，并通知了本人。"}

    def add_routes(self) -> None:
        self.site.get("/office/exams/results", self.sheet_form)
        self.site.post("/office/exams/results", self.read_sheet)
        self.site.get("/office/exams/results/template.{form}", self.template)
        self.site.get("/office/exams/results/{id}", self.sheet)
        self.site.post("/office/exams/results/{id}", self.apply)

    async def actor(self, request: http.Request) -> Actor:
        """Raises NotFound also where no application waits for an examination."""
        actor = await super().actor(request)
        if "exam" not in self.book(actor).entry.stages:
            raise NotFound("本专家库没有这项功能，请返回首页。", code="not_here")
        return actor

    async def sheet_form(self, request: http.Request) -> http.Response:
        return await self._form(await self.actor(request), request)

    async def _form(self, actor: Actor, request: http.Request, form: FormValues = EMPTY) -> http.Response:
        waiting = await self.services.office.applications.page(actor, Filter(state="exam"), size=1)
        return self.show(
            actor,
            "office/exam_results.html",
            request,
            error=form.error,
            f=form,
            view=None,
            most=LINES_MAX,
            waiting=waiting.total,
            stage=self.book(actor).entry.names.exam,
        )

    async def template(self, request: http.Request) -> http.Response:
        """The sheet to fill in, as XLSX or CSV."""
        await self.actor(request)
        form = TEMPLATES.get(request.match_info["form"])
        if form is None:
            raise NotFound("没有这种模板，请返回后下载。", code="unknown")
        headers = {"Content-Disposition": f'attachment; filename="exam-results.{form}"'}
        return http.Response(body=render_template(form), content_type="application/octet-stream", headers=headers)

    async def read_sheet(self, request: http.Request) -> http.Response:
        """Check a file, and show what an import would change."""
        actor = await self.actor(request)
        fields, content = await self.site.read_upload(
            request, FORM, actor.session_id or NOBODY, actor.account_id or NOBODY, longest=BYTES_MAX
        )
        try:
            if not content:
                raise InvalidInput("请选择文件。", code="file_empty", field="file")
            view = await self.services.entry.exam_sheets.read(actor, content)
        except AppError as error:
            return await self._form(actor, request, FormValues(fields, self.shown(error)))
        raise redirect(f"/office/exams/results/{view.id}")

    async def sheet(self, request: http.Request) -> http.Response:
        return await self._sheet(await self.actor(request), request)

    async def _sheet(self, actor: Actor, request: http.Request, error: AppError | None = None) -> http.Response:
        view = await self.services.entry.exam_sheets.get(actor, uuid_of(request.match_info["id"], "这次上传"))
        return self.show(
            actor,
            "office/exam_results.html",
            request,
            error=error,
            f=EMPTY,
            view=view,
            most=LINES_MAX,
            stage=self.book(actor).entry.names.exam,
        )

    async def apply(self, request: http.Request) -> http.Response:
        """``command`` all, or good: only the valid lines."""
        actor = await self.actor(request)
        fields = await self.fields(request, actor)
        sheet_id = uuid_of(request.match_info["id"], "这次上传")
        try:
            if fields.get("command") not in ("all", "good"):
                raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")
            await self.services.entry.exam_sheets.apply(actor, sheet_id, only_good=fields["command"] == "good")
        except AppError as error:
            return await self._sheet(actor, request, self.shown(error))
        raise redirect(f"/office/exams/results/{sheet_id}", note="done")
