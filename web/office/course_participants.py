"""Participants of a course: the list, adding persons by number, a person's record of study, decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp.web as http

from services.inspection.file_types import XLSX
from web.core.form_values import EMPTY
from web.core.pages import Choice, Listed, Visit, Wanted, Word, list_page, page, resource
from web.core.typed_forms import ReasonForm
from web.courses.courses import MARKS, STANDS
from web.office.base import OfficePart
from web.office.courses import COURSE

FILTERS: Mapping[str, str] = {
    "": "全部",
    "called": "学习中",
    "unpaid": "待缴费",
    "learned": "待考试",
    "finished": "培训完毕",
    "overdue": "已过期",
    "missed": "错过签到",
    "left": "不再参加",
}
_PARTICIPANT = "这位学员"


@dataclass(frozen=True)
class _ExpertNumbers:
    numbers: str


class CourseParticipantPages(OfficePart):
    code = "courses"
    action = "course.manage"

    @list_page("/office/courses/{id}/participants", "office/course_participants.html", q=Word(40), only=Choice(FILTERS))
    async def participants(self, visit: Visit, wanted: Wanted) -> Listed:
        """``added`` and ``problems`` are those of a command."""
        queries, course_id = self.services.courses.queries, visit.id(COURSE)
        view, _ = await queries.course(visit.actor, course_id)
        listed = await queries.participants(
            visit.actor, course_id, wanted["q"], wanted["only"], page=wanted.page, size=wanted.size
        )
        values = {"view": view, "search": wanted["q"], "filters": list(FILTERS.items()), "stands": STANDS}
        return Listed(listed, {**values, "added": None, "problems": ()})

    @participants.command(_ExpertNumbers)
    async def add(self, visit: Visit, form: _ExpertNumbers) -> Mapping[str, object]:
        """By expert number."""
        added = await self.services.courses.participant_calls.add(
            visit.actor, visit.id(COURSE), form.numbers, key=visit.key
        )
        return {"f": EMPTY, "added": added.count, "problems": added.problems}

    @resource("/office/courses/{id}/record.xlsx")
    async def record_sheet(self, visit: Visit) -> http.Response:
        """The record of study of all participants."""
        content = await self.services.courses.record_sheet.make(visit.actor, visit.id(COURSE))
        headers = {"Content-Disposition": 'attachment; filename="course-record.xlsx"'}
        return http.Response(body=content, content_type=XLSX, headers=headers)

    # ---- one

    @page("/office/courses/enrolments/{id}", "office/course_participant.html")
    async def participant(self, visit: Visit) -> Mapping[str, object]:
        view, items = await self.services.courses.queries.participant(visit.actor, visit.id(_PARTICIPANT))
        return {"view": view, "items": items, "stands": STANDS, "marks": MARKS}

    @participant.command(ReasonForm, "make_up", note="已给予补学，并通知学员。")
    async def give_make_up(self, visit: Visit, form: ReasonForm) -> None:
        await self.services.courses.study_periods.give_make_up(visit.actor, visit.id(_PARTICIPANT), form.reason)

    @participant.command(ReasonForm, "finish", note="已登记培训完毕，并通知学员。")
    async def record_finished(self, visit: Visit, form: ReasonForm) -> None:
        await self.services.courses.completion.record_finished(visit.actor, visit.id(_PARTICIPANT), form.reason)

    @participant.command(ReasonForm, "dismiss", note="已退出课程，并通知学员。")
    async def dismiss(self, visit: Visit, form: ReasonForm) -> None:
        await self.services.courses.participant_calls.dismiss(visit.actor, visit.id(_PARTICIPANT), form.reason)

    @participant.command(ReasonForm, "readmit", note="已重新参加，并通知学员。")
    async def readmit(self, visit: Visit, form: ReasonForm) -> None:
        await self.services.courses.participant_calls.readmit(visit.actor, visit.id(_PARTICIPANT), form.reason)
