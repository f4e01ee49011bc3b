"""Appeals against results (成绩复核) of an examination."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from web.core.pages import Visit, page
from web.office.base import OfficePart

_APPEAL, _ANSWERED = "这份复核申请", "已答复，并通知本人。"


@dataclass(frozen=True)
class _Answer:
    answer: str


class ExamAppealPages(OfficePart):
    code = "exams"
    action = "exam.mark"

    @page("/office/exams/{id}/appeals", "office/exam_appeals.html")
    async def appeals(self, visit: Visit) -> Mapping[str, object]:
        exams, exam_id = self.services.exams, visit.id("这场考试")
        return {
            "view": await exams.queries.get(visit.actor, exam_id),
            "appeals": await exams.appeals.list(visit.actor, exam_id),
        }

    @appeals.command(_Answer, "upheld", note=_ANSWERED)
    async def uphold(self, visit: Visit, form: _Answer) -> None:
        await self.services.exams.appeals.answer(visit.actor, visit.row_id(_APPEAL), "upheld", form.answer)

    @appeals.command(_Answer, "rejected", note=_ANSWERED)
    async def reject(self, visit: Visit, form: _Answer) -> None:
        await self.services.exams.appeals.answer(visit.actor, visit.row_id(_APPEAL), "rejected", form.answer)
