"""``…/recusal``: units and persons whose experts are not drawn, by hand or from a sheet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import aiohttp.web as http

from domain.errors import AppError, InvalidInput
from services.core.base import Actor
from services.draws import Detail
from web.agency.base import Draft, DraftPlace
from web.agency.wizard import DrawPart, path_of, text
from web.core.form_values import PAGE_SIZE, FormValues, last_page, redirect, uuid_of
from web.core.site import page_number

SHEET_MAX = 5 * 1024 * 1024


class RecusalPages(DrawPart):
    step = "recusal"
    notes: ClassVar[Mapping[str, str]] = {
        "begun": "活动信息已保存。接下来填写回避单位和人员。",
        "saved": "已保存，请核对回避信息、语音通知和抽取条件。",
        "added": "已添加。",
        "gone": "已删除。",
        "read": "已导入。",
        "kept": "已暂存，可以在其他手机或电脑上接着填。",
    }

    def add_routes(self) -> None:
        self.site.get("/agency/draws/{id}/recusal", self.units)
        self.site.post("/agency/draws/{id}/recusal", self.submit)
        self.site.post("/agency/draws/{id}/recusal/{kind}.xlsx", self.read)

    async def units(self, request: http.Request) -> http.Response:
        """With ``?list=persons`` the persons; ``q`` is part of a name, code or reason."""
        actor, detail = await self.asked(request)
        draft = await self.draft(actor, _place(_listed(request), detail))
        return await self._page(actor, request, detail, FormValues(draft.values), draft)

    async def _page(
        self, actor: Actor, request: http.Request, detail: Detail, form: FormValues, draft: Draft | None = None
    ) -> http.Response:
        kind = form.row or _listed(request)
        word = _word(request)
        listed = detail.parts.recusal_units if kind == "units" else detail.parts.recusal_persons
        asked = word.casefold()
        found = [one for one in listed if asked in " ".join((one.name, _more(one), one.reason)).casefold()]
        page = min(page_number(request), last_page(len(found)))
        return self.draw_page(
            actor,
            "agency/recusal.html",
            request,
            detail,
            error=form.error,
            f=form,
            kind=kind,
            draft=draft or Draft(_place(kind, detail).path),
            word=word,
            page=page,
            found=found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE],
            total=len(found),
            last=last_page(len(found)),
            former=await self.services.draws.queries.former_experts(actor, detail.draw.id),
            rules=self.book(actor).draw,
            pairs=lambda texts: [(one, one) for one in texts],
            lines=(form.error.params.get("errors", ()) if form.error else ()),
        )

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` unit, person, or their removal with ``id``."""
        actor, detail = await self.asked(request)
        fields = await self.fields(request, actor)
        kind = "persons" if fields.get("command", "").startswith("person") else "units"
        try:
            note = await self._do(actor, detail, fields)
        except AppError as error:
            return await self._page(actor, request, detail, FormValues(fields, self.shown(error), kind))
        page = str(page_number(request)) if request.query.get("page") else ""
        raise redirect(path_of(detail.draw.id, "recusal"), list=kind, q=_word(request), page=page, note=note)

    async def _do(self, actor: Actor, detail: Detail, fields: Mapping[str, str]) -> str:
        lists, draw_id = self.services.draws.recusal_lists, detail.draw.id
        reason, evidence = fields.get("reason", ""), fields.get("evidence", "")
        match fields.get("command"):
            case "unit":
                name, code = text(fields, "name", "单位名称", 200), text(fields, "credit_code", "统一社会信用代码", 18)
                await lists.add_unit(actor, draw_id, name, code, reason, evidence)
                await self.saved(actor, _place("units", detail), fields)
                return "added"
            case "person":
                name, unit = text(fields, "name", "姓名", 50), text(fields, "unit_name", "工作单位", 200)
                number = text(fields, "id_number", "身份证号", 18)
                await lists.add_person(actor, draw_id, name, number, unit, reason, evidence)
                await self.saved(actor, _place("persons", detail), fields)
                return "added"
            case "unit-gone":
                await lists.remove_unit(actor, draw_id, uuid_of(fields.get("id", ""), "这个回避单位"))
                return "gone"
            case "person-gone":
                await lists.remove_person(actor, draw_id, uuid_of(fields.get("id", ""), "这个回避人员"))
                return "gone"
        raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")

    async def read(self, request: http.Request) -> http.Response:
        """All lines of a sheet, or none."""
        actor, detail = await self.asked(request)
        kind = "persons" if request.match_info["kind"] == "persons" else "units"
        sheets = self.services.draws.recusal_import
        add = sheets.persons if kind == "persons" else sheets.units
        try:
            _, content = await self.upload(request, actor, longest=SHEET_MAX)
            if not content:
                raise InvalidInput("请先选择填好的模板文件。", code="missing", field="file")
            await add(actor, detail.draw.id, "sheet.xlsx" if content.startswith(b"PK") else "sheet.csv", content)
        except AppError as error:
            return await self._page(actor, request, detail, FormValues({"command": "read"}, self.shown(error), kind))
        raise redirect(path_of(detail.draw.id, "recusal"), list=kind, note="read")


def _listed(request: http.Request) -> str:
    return "persons" if request.query.get("list") == "persons" else "units"


def _place(kind: str, detail: Detail) -> DraftPlace:
    return DraftPlace("person" if kind == "persons" else "unit", detail.draw.id)


def _word(request: http.Request) -> str:
    return request.query.get("q", "").strip()[:100]


def _more(one: object) -> str:
    return str(getattr(one, "credit_code", "") or getattr(one, "unit_name", ""))
