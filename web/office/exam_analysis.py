"""Analysis of an examination and its items, rulings on faulty items, and sheets for download."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import aiohttp.web as http

from domain.errors import NotFound
from domain.exams.marking import RulingKind
from services.inspection.file_types import XLSX
from web.core.pages import Visit, page, resource
from web.core.typed_forms import OneOf
from web.office.base import OfficePart

_EXAM, _ITEM = "这场考试", "这道题"


@dataclass(frozen=True)
class _Ruling:
    """``letters``: further right options."""

    kind: Annotated[str, OneOf(tuple(RulingKind), "请选择怎样改判。")]
    letters: str


@dataclass(frozen=True)
class _Decision(_Ruling):
    reason: str


class ExamAnalysisPages(OfficePart):
    code = "exams"
    action = "exam.mark"

    @page("/office/exams/{id}/analysis", "office/exam_analysis.html")
    async def analysis(self, visit: Visit) -> Mapping[str, object]:
        exams, exam_id = self.services.exams, visit.id(_EXAM)
        return {
            "view": await exams.queries.get(visit.actor, exam_id),
            "analysis": await exams.analysis.get(visit.actor, exam_id),
        }

    @resource("/office/exams/{id}/analysis/{what}.xlsx")
    async def sheet(self, visit: Visit) -> http.Response:
        """``items`` or ``papers``."""
        analysis, what = self.services.exams.analysis, visit.request.match_info["what"]
        sheets = {"items": analysis.items_sheet, "papers": analysis.papers_sheet}
        if what not in sheets:
            raise NotFound("没有这种导出，请返回后重新点选。", code="unknown")
        content = await sheets[what](visit.actor, visit.id(_EXAM))
        headers = {"Content-Disposition": f'attachment; filename="exam-{what}.xlsx"'}
        return http.Response(body=content, content_type=XLSX, headers=headers)

    @page("/office/exams/{id}/analysis/{version}", "office/exam_item.html")
    async def item(self, visit: Visit) -> Mapping[str, object]:
        """``preview`` is that of a command."""
        exams, exam_id = self.services.exams, visit.id(_EXAM)
        return {
            "preview": None,
            "kinds": [(kind.value, kind.label) for kind in RulingKind],
            "view": await exams.queries.get(visit.actor, exam_id),
            "item": await exams.rulings.item(visit.actor, exam_id, visit.id(_ITEM, "version")),
        }

    @item.command(_Ruling, "preview")
    async def preview(self, visit: Visit, form: _Ruling) -> Mapping[str, object]:
        preview = await self.services.exams.rulings.preview(
            visit.actor, visit.id(_EXAM), visit.id(_ITEM, "version"), RulingKind(form.kind), form.letters
        )
        return {"preview": preview}

    @item.command(_Decision, "decide", note="改判已生效，相关答卷已重新评分；新合格的考生会收到通知。")
    async def decide(self, visit: Visit, form: _Decision) -> None:
        exam_id, version_id = visit.id(_EXAM), visit.id(_ITEM, "version")
        await self.services.exams.rulings.decide(
            visit.actor, exam_id, version_id, RulingKind(form.kind), form.letters, form.reason
        )
