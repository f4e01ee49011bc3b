"""Appeals against results (成绩复核) of an examination: the list, and one with the paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from domain.exams.items import ItemKind
from services.exams import MARKS_FIELD
from web.core.pages import Visit, page
from web.core.typed_forms import Numbered
from web.office.base import OfficePart

_EXAM, _APPEAL, _ANSWERED = "这场考试", "这份复核申请", "已答复，并通知本人。"


@dataclass(frozen=True)
class _Answer:
    """``marks``: by slot, what was typed for short answers that get other marks."""

    answer: str
    marks: Annotated[Mapping[int, str], Numbered(MARKS_FIELD.format(slot=""))]


class ExamAppealPages(OfficePart):
    code = "exams"
    action = "exam.mark"

    @page("/office/exams/{id}/appeals", "office/exam_appeals.html")
    async def appeals(self, visit: Visit) -> Mapping[str, object]:
        exams, exam_id = self.services.exams, visit.id(_EXAM)
        return {
            "view": await exams.queries.get(visit.actor, exam_id),
            "appeals": await exams.appeals.list(visit.actor, exam_id),
        }

    @page("/office/exams/{id}/appeals/{appeal}", "office/exam_appeal.html")
    async def appeal(self, visit: Visit) -> Mapping[str, object]:
        exams, exam_id = self.services.exams, visit.id(_EXAM)
        return {
            "view": await exams.queries.get(visit.actor, exam_id),
            "paper": await exams.appeals.paper(visit.actor, exam_id, visit.id(_APPEAL, "appeal")),
            "kinds": ItemKind,
        }

    @appeal.command(_Answer, "upheld", note=_ANSWERED)
    async def uphold(self, visit: Visit, form: _Answer) -> None:
        appeal_id = visit.id(_APPEAL, "appeal")
        await self.services.exams.appeals.answer(visit.actor, appeal_id, "upheld", form.answer, form.marks)

    @appeal.command(_Answer, "rejected", note=_ANSWERED)
    async def reject(self, visit: Visit, form: _Answer) -> None:
        appeal_id = visit.id(_APPEAL, "appeal")
        await self.services.exams.appeals.answer(visit.actor, appeal_id, "rejected", form.answer, form.marks)
