"""The list of employers (单位), importing sheets of them, and requests for a missing one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import aiohttp.web as http

from domain.errors import AppError, InvalidInput, NotFound
from services.core.base import Actor
from services.organisations import BYTES_MAX, LINES_MAX, EmployerData, render_template
from services.spreadsheets.formats import Format
from web.core.form_values import EMPTY, NOBODY, PAGE_SIZE, FormValues, key_of, last_page, redirect, uuid_of
from web.core.site import page_number
from web.office.base import FORM, OfficePart

TEMPLATES: Mapping[str, Format] = {"xlsx": "xlsx", "csv": "csv"}
REQUEST_STATES = {"open": "待处理", "added": "已添加", "refused": "未添加"}


class EmployerPages(OfficePart):
    code = "employers"
    action = "employer.manage"
    notes: ClassVar[Mapping[str, str]] = {
        "added": "单位已添加。",
        "saved": "已保存。",
        "retired": "单位已停用，已选择它的人不受影响。",
        "accepted": "已添加，并通知了申请人。",
        "refused": "已答复申请人。",
        "imported": "导入完成；有人申请添加过的单位，会通知申请人。",
    }

    def add_routes(self) -> None:
        self.site.get("/office/employers", self.list)
        self.site.post("/office/employers", self.submit)
        self.site.get("/office/employers/requests", self.requests)
        self.site.post("/office/employers/requests", self.decide)
        self.site.get("/office/employers/import", self.sheet_form)
        self.site.post("/office/employers/import", self.read_sheet)
        self.site.get("/office/employers/template.{form}", self.template)
        self.site.get("/office/employers/import/{id}", self.sheet)
        self.site.post("/office/employers/import/{id}", self.apply)

    # ---- the list

    async def list(self, request: http.Request) -> http.Response:
        return await self._list(await self.actor(request), request)

    async def _list(self, actor: Actor, request: http.Request, form: FormValues = EMPTY) -> http.Response:
        """``?q=`` searches, ``?retired=1`` shows retired units."""
        search, retired = request.query.get("q", "").strip()[:100], request.query.get("retired") == "1"
        page = page_number(request)
        found = await self.services.organisations.employer_queries.page(
            actor, search=search, retired=retired, page=page, size=PAGE_SIZE
        )
        waiting = await self.services.organisations.employer_queries.requests(actor, size=1)
        return self.show(
            actor,
            "office/employers.html",
            request,
            error=form.error,
            f=form,
            found=found.items,
            total=found.total,
            page=page,
            last=last_page(found.total),
            search=search,
            retired=retired,
            waiting=waiting.total,
            places=await self.services.office.dashboard.places(actor),
        )

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` add; or edit or retire with an ``id``."""
        actor = await self.actor(request)
        fields = await self.fields(request, actor)
        try:
            note = await self._do(actor, fields)
        except AppError as error:
            return await self._list(actor, request, FormValues(fields, self.shown(error), fields.get("id", "")))
        raise redirect("/office/employers", note=note, q=request.query.get("q", ""))

    async def _do(self, actor: Actor, fields: Mapping[str, str]) -> str:
        employers, command = self.services.organisations.employers, fields.get("command")
        if command == "add":
            await employers.add(actor, _data(fields), key=key_of(fields))
            return "added"
        if command == "edit":
            await employers.edit(actor, uuid_of(fields.get("id", ""), "这个单位"), _data(fields))
            return "saved"
        if command == "retire":
            await employers.retire(actor, uuid_of(fields.get("id", ""), "这个单位"))
            return "retired"
        raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")

    # ---- requests

    async def requests(self, request: http.Request) -> http.Response:
        return await self._requests(await self.actor(request), request)

    async def _requests(self, actor: Actor, request: http.Request, form: FormValues = EMPTY) -> http.Response:
        state, page = request.query.get("state", "open"), page_number(request)
        state = state if state in REQUEST_STATES else "open"
        found = await self.services.organisations.employer_queries.requests(
            actor, state=state, page=page, size=PAGE_SIZE
        )
        return self.show(
            actor,
            "office/employer_requests.html",
            request,
            error=form.error,
            f=form,
            found=found.items,
            total=found.total,
            page=page,
            last=last_page(found.total),
            state=state,
            states=REQUEST_STATES,
            places=await self.services.office.dashboard.places(actor),
        )

    async def decide(self, request: http.Request) -> http.Response:
        """``command`` accept, with the unit's final data, or refuse, with an answer."""
        actor = await self.actor(request)
        fields = await self.fields(request, actor)
        try:
            request_id = uuid_of(fields.get("id", ""), "这条申请")
            if fields.get("command") == "accept":
                await self.services.organisations.employers.accept(actor, request_id, _data(fields))
            elif fields.get("command") == "refuse":
                await self.services.organisations.employers.refuse(actor, request_id, fields.get("answer", ""))
            else:
                raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")
        except AppError as error:
            return await self._requests(actor, request, FormValues(fields, self.shown(error), fields.get("id", "")))
        raise redirect("/office/employers/requests", note="accepted" if fields["command"] == "accept" else "refused")

    # ---- sheets

    async def sheet_form(self, request: http.Request) -> http.Response:
        return self._sheet_form(await self.actor(request), request)

    def _sheet_form(self, actor: Actor, request: http.Request, form: FormValues = EMPTY) -> http.Response:
        return self.show(
            actor, "office/employer_import.html", request, error=form.error, f=form, view=None, most=LINES_MAX
        )

    async def template(self, request: http.Request) -> http.Response:
        """The sheet to fill in, as XLSX or CSV."""
        await self.actor(request)
        form = TEMPLATES.get(request.match_info["form"])
        if form is None:
            raise NotFound("没有这种模板，请返回导入页下载。", code="unknown")
        headers = {"Content-Disposition": f'attachment; filename="employers.{form}"'}
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
            view = await self.services.organisations.employer_import.read(actor, content)
        except AppError as error:
            return self._sheet_form(actor, request, FormValues(fields, self.shown(error)))
        raise redirect(f"/office/employers/import/{view.id}")

    async def sheet(self, request: http.Request) -> http.Response:
        return await self._sheet(await self.actor(request), request)

    async def _sheet(self, actor: Actor, request: http.Request, error: AppError | None = None) -> http.Response:
        view = await self.services.organisations.employer_import.get(
            actor, uuid_of(request.match_info["id"], "这次导入")
        )
        return self.show(actor, "office/employer_import.html", request, error=error, f=EMPTY, view=view, most=LINES_MAX)

    async def apply(self, request: http.Request) -> http.Response:
        """``command`` all, or good: only the valid lines."""
        actor = await self.actor(request)
        fields = await self.fields(request, actor)
        import_id = uuid_of(request.match_info["id"], "这次导入")
        try:
            if fields.get("command") not in ("all", "good"):
                raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")
            await self.services.organisations.employer_import.apply(
                actor, import_id, only_good=fields["command"] == "good"
            )
        except AppError as error:
            return await self._sheet(actor, request, self.shown(error))
        raise redirect(f"/office/employers/import/{import_id}", note="imported")


def _data(fields: Mapping[str, str]) -> EmployerData:
    return EmployerData(fields.get("name", ""), fields.get("credit_code", ""), fields.get("region", ""))
