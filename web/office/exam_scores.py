"""Results of an examination: papers with flags, releasing results, voiding; the page of markers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, cast
from uuid import UUID

from services.exams import Show
from web.core.pages import Choice, Listed, Visit, Wanted, list_page, page
from web.core.typed_forms import Id, ReasonForm, Whole
from web.office.base import OfficePart

SHOWS = {"": "全部", "flagged": "有提示", "waiting": "未公布", "passed": "合格", "failed": "不合格"}
_EXAM, _PAPER = "这场考试", "这份答卷"
_RELEASED = "已公布，正在通知考生。"


@dataclass(frozen=True)
class _Marks:
    """Marks as typed; ``slot`` is the question's place in the paper, from 0."""

    attempt: Annotated[UUID, Id(_PAPER)]
    slot: Annotated[int, Whole("没有收到您的选择，请重新点选。")]
    marks: str
    note: str


class ExamScorePages(OfficePart):
    code = "exams"
    action = "exam.mark"

    # ---- all

    @list_page("/office/exams/{id}/scores", "office/exam_scores.html", show=Choice(SHOWS))
    async def scores(self, visit: Visit, wanted: Wanted) -> Listed:
        exams, exam_id = self.services.exams, visit.id(_EXAM)
        show = cast(Show, wanted["show"])
        listed = await exams.scores.page(visit.actor, exam_id, show, page=wanted.page, size=wanted.size)
        evidence = await exams.evidence_review.list(visit.actor, exam_id)
        values = {
            "view": await exams.queries.get(visit.actor, exam_id),
            "counts": await exams.scores.counts(visit.actor, exam_id),
            "filed": sum(line.state == "open" for line in evidence),
            "shows": SHOWS.items(),
        }
        return Listed(listed, values)

    @scores.command(name="clean", note=_RELEASED)
    async def release_clean(self, visit: Visit) -> None:
        """Only papers without flags."""
        await self.services.exams.results.release(visit.actor, visit.id(_EXAM), flagged=False)

    @scores.command(name="all", note=_RELEASED)
    async def release_all(self, visit: Visit) -> None:
        await self.services.exams.results.release(visit.actor, visit.id(_EXAM), flagged=True)

    # ---- one paper

    @page("/office/exams/{id}/scores/{attempt}", "office/exam_score.html")
    async def paper(self, visit: Visit) -> Mapping[str, object]:
        exams, exam_id, attempt_id = self.services.exams, visit.id(_EXAM), visit.id(_PAPER, "attempt")
        return {
            "view": await exams.queries.get(visit.actor, exam_id),
            "attempt": await exams.scores.get(visit.actor, exam_id, attempt_id),
            "late": await exams.evidence_review.late_answers(visit.actor, exam_id, attempt_id),
        }

    @paper.command(ReasonForm, "clear", note="已核实，可与其他成绩一起公布。")
    async def clear_flags(self, visit: Visit, form: ReasonForm) -> None:
        await self.services.exams.results.clear_flags(visit.actor, visit.id(_PAPER, "attempt"), form.reason)

    @paper.command(ReasonForm, "void", note="已作废并通知本人，这次不占考试次数。")
    async def void(self, visit: Visit, form: ReasonForm) -> None:
        await self.services.exams.results.void(visit.actor, visit.id(_PAPER, "attempt"), form.reason)

    # ---- short answers

    @page("/office/exams/{id}/marking", "office/exam_marking.html")
    async def marking(self, visit: Visit) -> Mapping[str, object]:
        exams, exam_id = self.services.exams, visit.id(_EXAM)
        return {
            "view": await exams.queries.get(visit.actor, exam_id),
            "queue": await exams.short_answers.queue(visit.actor, exam_id),
        }

    @marking.command(_Marks, note="已保存，请评下一题。")
    async def mark(self, visit: Visit, form: _Marks) -> None:
        await self.services.exams.short_answers.mark(visit.actor, form.attempt, form.slot, form.marks, form.note)
