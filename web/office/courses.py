"""Courses: list, draft with its content, check list, publishing, prolonging, cancelling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from services.courses import AUDIENCES, KINDS, CourseForm, CourseView
from web.core.form_values import FormValues, print_moment
from web.core.pages import Listed, Redirect, Visit, Wanted, list_page, page
from web.core.typed_forms import Hundredths, Ids, Moment, OptionalId, ReasonForm
from web.office.base import OfficePart

COURSE = "这门课程"
TONES = {"draft": "warn", "published": "good"}
"""Tone of the tag that shows the state."""
_CAMPAIGNS = "campaign-"
"""Field name of each campaign's box, since a form has each name only once."""


@dataclass(frozen=True)
class _Course:
    name: str
    opens_at: Annotated[datetime | None, Moment("开始时间")]
    closes_at: Annotated[datetime | None, Moment("结束时间")]
    audience: str
    campaigns: Annotated[tuple[UUID, ...], Ids(_CAMPAIGNS, "这次征集")]
    description: str
    amount: Annotated[int | None, Hundredths("费用请填写金额，如120或120.00；免费请留空。", "amount")]
    exam_id: Annotated[UUID | None, OptionalId("这场考试")]
    required: bool

    @property
    def data(self) -> CourseForm:
        return CourseForm(**vars(self))


@dataclass(frozen=True)
class _Prolonging:
    closes_at: Annotated[datetime | None, Moment("新的结束时间")]
    reason: str


class OfficeCoursePages(OfficePart):
    code = "courses"
    action = "course.manage"

    @list_page("/office/courses", "office/courses.html")
    async def courses(self, visit: Visit, wanted: Wanted) -> Listed:
        listed = await self.services.courses.queries.courses(visit.actor, page=wanted.page, size=wanted.size)
        return Listed(listed, {"tones": TONES})

    # ---- a new course

    @page("/office/courses/new", "office/course.html")
    async def blank(self, visit: Visit) -> Mapping[str, object]:
        form = visit.form if visit.fields else FormValues({"audience": "all"})
        return {"f": form, "items": (), "checks": (), **await self._choices(visit, None)}

    @blank.command(_Course, "save", note="草稿已保存。请添加学习内容，按检查结果补全，再发布。")
    async def create(self, visit: Visit, form: _Course) -> Redirect:
        course_id = await self.services.courses.setup.create(visit.actor, form.data, key=visit.key)
        return Redirect(f"/office/courses/{course_id}")

    # ---- one

    @page("/office/courses/{id}", "office/course.html")
    async def course(self, visit: Visit) -> Mapping[str, object]:
        view, items = await self.services.courses.queries.course(visit.actor, visit.id(COURSE))
        checks = await self.services.courses.setup.check_list(visit.actor, view.id) if view.state == "draft" else ()
        saving = visit.form.value("command") == "save"
        form = visit.form if saving else FormValues({**_stored_values(view), **visit.fields}, visit.form.error)
        return {"f": form, "items": items, "checks": checks, **await self._choices(visit, view)}

    @course.command(_Course, "save", note="已保存。")
    async def save(self, visit: Visit, form: _Course) -> None:
        await self.services.courses.setup.edit(visit.actor, visit.id(COURSE), form.data)

    @course.command(name="publish", note="已发布，正在通知学员。")
    async def publish(self, visit: Visit) -> None:
        await self.services.courses.setup.publish(visit.actor, visit.id(COURSE))

    @course.command(name="delete", note="草稿已删除。")
    async def delete(self, visit: Visit) -> Redirect:
        await self.services.courses.setup.delete(visit.actor, visit.id(COURSE))
        return Redirect("/office/courses")

    @course.command(_Prolonging, "prolong", note="已延长，并通知学员。")
    async def prolong(self, visit: Visit, form: _Prolonging) -> None:
        await self.services.courses.setup.prolong(visit.actor, visit.id(COURSE), form.closes_at, form.reason)

    @course.command(ReasonForm, "cancel", note="已取消，并通知学员。已缴的费用请在“缴费”中退回。")
    async def cancel(self, visit: Visit, form: ReasonForm) -> None:
        await self.services.courses.setup.cancel(visit.actor, visit.id(COURSE), form.reason)

    async def _choices(self, visit: Visit, view: CourseView | None) -> Mapping[str, object]:
        """The course, and what its form offers."""
        exams = [exam for exam in await self.services.exams.queries.list(visit.actor) if exam.purpose == "single"]
        campaigns = await self.services.applications.campaign_queries.choices(visit.actor)
        book = self.book(visit.actor)
        return {
            "view": view,
            "draft": view is None or view.state == "draft",
            "tones": TONES,
            "kinds": KINDS,
            "audiences": list(AUDIENCES.items()),
            "campaigns": [(f"{_CAMPAIGNS}{campaign.id}", campaign.data.name) for campaign in campaigns],
            "exams": [(str(exam.id), exam.name) for exam in exams if exam.state in ("draft", "published")],
            "exam": next((exam for exam in exams if view and exam.id == view.exam_id), None),
            "rules": book.course,
            "paid": book.fee is not None,
        }


def _stored_values(view: CourseView) -> dict[str, str]:
    return {
        "name": view.name,
        "description": view.description,
        "opens_at": print_moment(view.opens_at),
        "closes_at": print_moment(view.closes_at),
        "audience": view.audience,
        "amount": f"{view.amount / 100:.2f}" if view.amount else "",
        "exam_id": str(view.exam_id or ""),
        "required": "1" if view.required else "",
        **{f"{_CAMPAIGNS}{campaign_id}": "1" for campaign_id in view.campaigns},
    }
