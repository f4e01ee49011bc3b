"""Answers of an examination that arrived too late, or only as a file (离线作答)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from web.core.pages import Visit, page
from web.office.base import OfficePart

STATES = {"open": "待处理", "accepted": "已采纳", "rejected": "未采纳"}
_EXAM, _EVIDENCE, _DECIDED = "这场考试", "这份离线作答", "已处理，并通知本人。"


@dataclass(frozen=True)
class _Decision:
    """``answer``: the reason."""

    answer: str


class ExamEvidencePages(OfficePart):
    code = "exams"
    action = "exam.mark"

    @page("/office/exams/{id}/evidence", "office/exam_evidence_list.html")
    async def evidence_list(self, visit: Visit) -> Mapping[str, object]:
        exams, exam_id = self.services.exams, visit.id(_EXAM)
        return {
            "view": await exams.queries.get(visit.actor, exam_id),
            "submissions": await exams.evidence_review.list(visit.actor, exam_id),
            "states": STATES,
        }

    @page("/office/exams/{id}/evidence/{evidence}", "office/exam_evidence.html")
    async def evidence(self, visit: Visit) -> Mapping[str, object]:
        exams, exam_id = self.services.exams, visit.id(_EXAM)
        return {
            "view": await exams.queries.get(visit.actor, exam_id),
            "evidence": await exams.evidence_review.get(visit.actor, exam_id, visit.id(_EVIDENCE, "evidence")),
            "states": STATES,
        }

    @evidence.command(_Decision, "accepted", note=_DECIDED)
    async def accept(self, visit: Visit, form: _Decision) -> None:
        evidence_id = visit.id(_EVIDENCE, "evidence")
        await self.services.exams.evidence_review.decide(visit.actor, evidence_id, "accepted", form.answer)

    @evidence.command(_Decision, "rejected", note=_DECIDED)
    async def reject(self, visit: Visit, form: _Decision) -> None:
        evidence_id = visit.id(_EVIDENCE, "evidence")
        await self.services.exams.evidence_review.decide(visit.actor, evidence_id, "rejected", form.answer)
