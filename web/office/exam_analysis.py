"""Analysis of an examination and its items, rulings on faulty items, and sheets for download."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import aiohttp.web as http

from domain.errors import AppError, InvalidInput, NotFound
from domain.exams.marking import RulingKind
from services.core.base import Actor
from services.exams import RulingPreview
from services.inspection.file_types import XLSX
from web.core.form_values import EMPTY, FormValues, redirect, uuid_of
from web.office.base import OfficePart


class ExamAnalysisPages(OfficePart):
    code = "exams"
    action = "exam.mark"
    notes: ClassVar[Mapping[str, str]] = {"ruled": "改判已生效，相关答卷已重新评分；新合格的考生会收到通知。"}

    def add_routes(self) -> None:
        self.site.get("/office/exams/{id}/analysis", self.whole)
        self.site.get("/office/exams/{id}/analysis/{what}.xlsx", self.sheet)
        self.site.get("/office/exams/{id}/analysis/{version}", self.item)
        self.site.post("/office/exams/{id}/analysis/{version}", self.rule)

    async def whole(self, request: http.Request) -> http.Response:
        actor = await self.actor(request)
        exam_id = uuid_of(request.match_info["id"], "这场考试")
        return self.show(
            actor,
            "office/exam_analysis.html",
            request,
            view=await self.services.exams.queries.get(actor, exam_id),
            found=await self.services.exams.analysis.get(actor, exam_id),
        )

    async def sheet(self, request: http.Request) -> http.Response:
        """``items`` or ``papers``."""
        actor = await self.actor(request)
        exam_id, analysis = uuid_of(request.match_info["id"], "这场考试"), self.services.exams.analysis
        made = {"items": analysis.items_sheet, "papers": analysis.papers_sheet}
        if request.match_info["what"] not in made:
            raise NotFound("没有这种导出，请返回后重新点选。", code="unknown")
        name = request.match_info["what"]
        headers = {"Content-Disposition": f'attachment; filename="exam-{name}.xlsx"'}
        return http.Response(body=await made[name](actor, exam_id), content_type=XLSX, headers=headers)

    async def item(self, request: http.Request) -> http.Response:
        return await self._item(await self.actor(request), request)

    async def _item(
        self, actor: Actor, request: http.Request, form: FormValues = EMPTY, preview: RulingPreview | None = None
    ) -> http.Response:
        exam_id = uuid_of(request.match_info["id"], "这场考试")
        version_id = uuid_of(request.match_info["version"], "这道题")
        return self.show(
            actor,
            "office/exam_item.html",
            request,
            error=form.error,
            f=form,
            preview=preview,
            kinds=[(one.value, one.label) for one in RulingKind],
            view=await self.services.exams.queries.get(actor, exam_id),
            item=await self.services.exams.rulings.item(actor, exam_id, version_id),
        )

    async def rule(self, request: http.Request) -> http.Response:
        """``command`` preview, then decide."""
        actor = await self.actor(request)
        fields = await self.fields(request, actor)
        exam_id = uuid_of(request.match_info["id"], "这场考试")
        version_id = uuid_of(request.match_info["version"], "这道题")
        rulings, letters = self.services.exams.rulings, fields.get("letters", "")
        try:
            if fields.get("kind") not in list(RulingKind):
                raise InvalidInput("请选择怎样改判。", code="no_choice", field="kind")
            kind = RulingKind(fields["kind"])
            if fields.get("command") != "decide":
                preview = await rulings.preview(actor, exam_id, version_id, kind, letters)
                return await self._item(actor, request, FormValues(fields), preview)
            await rulings.decide(actor, exam_id, version_id, kind, letters, fields.get("reason", ""))
        except AppError as error:
            return await self._item(actor, request, FormValues(fields, self.shown(error)))
        raise redirect(request.path, note="ruled")
