"""Participants of a course: the list, adding persons by number, a person's record of study, decisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import urlencode

import aiohttp.web as http

from domain.errors import AppError, InvalidInput
from services.core.base import Actor
from services.courses import EnrolmentView, ItemView
from services.inspection.file_types import XLSX
from web.core.form_values import EMPTY, PAGE_SIZE, FormValues, key_of, last_page, redirect, uuid_of
from web.core.site import page_number
from web.courses.courses import MARKS, STANDS
from web.office.base import OfficePart
from web.office.courses import WHAT

FILTERS: Mapping[str, str] = {
    "": "全部",
    "called": "学习中",
    "unpaid": "待缴费",
    "learned": "待考试",
    "finished": "培训完毕",
    "overdue": "已过期",
    "left": "不再参加",
}


class CourseParticipantPages(OfficePart):
    code = "courses"
    action = "course.manage"
    notes: ClassVar[Mapping[str, str]] = {
        "made_up": "已给予补学，并通知学员。",
        "finished": "已登记培训完毕，并通知学员。",
        "dismissed": "已退出课程，并通知学员。",
        "back": "已重新参加，并通知学员。",
    }

    def add_routes(self) -> None:
        self.site.get("/office/courses/{id}/participants", self.list)
        self.site.post("/office/courses/{id}/participants", self.add)
        self.site.get("/office/courses/{id}/record.xlsx", self.sheet)
        self.site.get("/office/courses/enrolments/{id}", self.detail)
        self.site.post("/office/courses/enrolments/{id}", self.submit)

    async def list(self, request: http.Request) -> http.Response:
        return await self._list(await self.actor(request), request)

    async def _list(
        self,
        actor: Actor,
        request: http.Request,
        form: FormValues = EMPTY,
        added: int | None = None,
        problems: tuple[tuple[str, str], ...] = (),
    ) -> http.Response:
        course_id, page = uuid_of(request.match_info["id"], WHAT), page_number(request)
        search, only = request.query.get("q", "").strip()[:40], request.query.get("only", "")
        only = only if only in FILTERS else ""
        view, _ = await self.services.courses.queries.course(actor, course_id)
        found = await self.services.courses.queries.participants(
            actor, course_id, search, only, page=page, size=PAGE_SIZE
        )
        return self.show(
            actor,
            "office/course_participants.html",
            request,
            error=form.error,
            f=form,
            view=view,
            found=found.items,
            total=found.total,
            page=page,
            last=last_page(found.total),
            search=search,
            only=only,
            query=urlencode({name: value for name, value in (("q", search), ("only", only)) if value}),
            filters=list(FILTERS.items()),
            stands=STANDS,
            added=added,
            problems=problems,
        )

    async def add(self, request: http.Request) -> http.Response:
        """By expert number."""
        actor = await self.actor(request)
        fields = await self.fields(request, actor)
        course_id = uuid_of(request.match_info["id"], WHAT)
        try:
            done = await self.services.courses.participant_calls.add(
                actor, course_id, fields.get("numbers", ""), key=key_of(fields)
            )
        except AppError as error:
            return await self._list(actor, request, FormValues(fields, self.shown(error)))
        return await self._list(actor, request, added=done.count, problems=done.problems)

    async def sheet(self, request: http.Request) -> http.Response:
        """The record of study of all participants."""
        actor = await self.actor(request)
        course_id = uuid_of(request.match_info["id"], WHAT)
        content = await self.services.courses.record_sheet.make(actor, course_id)
        headers = {"Content-Disposition": 'attachment; filename="course-record.xlsx"'}
        return http.Response(body=content, content_type=XLSX, headers=headers)

    # ---- one

    async def detail(self, request: http.Request) -> http.Response:
        actor, view, items = await self._asked(request)
        return self._page(actor, request, view, items)

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` make_up, finish, dismiss or take_back."""
        actor, view, items = await self._asked(request)
        fields = await self.fields(request, actor)
        try:
            note = await self._do(actor, view, fields)
        except AppError as error:
            return self._page(actor, request, view, items, FormValues(fields, self.shown(error)))
        raise redirect(f"/office/courses/enrolments/{view.id}", note=note)

    async def _do(self, actor: Actor, view: EnrolmentView, fields: Mapping[str, str]) -> str:
        courses, reason = self.services.courses, fields.get("reason", "")
        match fields.get("command"):
            case "make_up":
                await courses.study_periods.give_make_up(actor, view.id, reason)
                return "made_up"
            case "finish":
                await courses.completion.record_finished(actor, view.id, reason)
                return "finished"
            case "dismiss":
                await courses.participant_calls.dismiss(actor, view.id, reason)
                return "dismissed"
            case "take_back":
                await courses.participant_calls.readmit(actor, view.id, reason)
                return "back"
        raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")

    def _page(
        self,
        actor: Actor,
        request: http.Request,
        view: EnrolmentView,
        items: tuple[ItemView, ...],
        form: FormValues = EMPTY,
    ) -> http.Response:
        return self.show(
            actor,
            "office/course_participant.html",
            request,
            error=form.error,
            f=form,
            view=view,
            items=items,
            stands=STANDS,
            marks=MARKS,
        )

    async def _asked(self, request: http.Request) -> tuple[Actor, EnrolmentView, tuple[ItemView, ...]]:
        actor = await self.actor(request)
        enrolment_id = uuid_of(request.match_info["id"], "这位学员")
        return actor, *await self.services.courses.queries.participant(actor, enrolment_id)
