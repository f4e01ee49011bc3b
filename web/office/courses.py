"""Courses: list, draft with its content, check list, publishing, prolonging, cancelling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from uuid import UUID

import aiohttp.web as http

from domain.errors import AppError, InvalidInput
from domain.payments.money import parse_yuan
from services.core.base import Actor
from services.courses import AUDIENCES, KINDS, CourseData, CourseView, ItemView
from web.core.form_values import (
    EMPTY,
    PAGE_SIZE,
    FormValues,
    key_of,
    last_page,
    moment,
    print_moment,
    redirect,
    uuid_of,
)
from web.core.site import page_number
from web.office.base import OfficePart

WHAT = "这门课程"
TONES = {"draft": "warn", "published": "good"}
"""Tone of the tag that shows the state."""
_CAMPAIGNS = "campaign-"
"""Field name of each campaign's box, since a form has each name only once."""


class OfficeCoursePages(OfficePart):
    code = "courses"
    action = "course.manage"
    notes: ClassVar[Mapping[str, str]] = {
        "created": "草稿已保存。请添加学习内容，按检查结果补全，再发布。",
        "saved": "已保存。",
        "published": "已发布，正在通知学员。",
        "prolonged": "已延长，并通知学员。",
        "cancelled": "已取消，并通知学员。已缴的费用请在“缴费”中退回。",
        "deleted": "草稿已删除。",
    }

    def add_routes(self) -> None:
        self.site.get("/office/courses", self.list)
        self.site.get("/office/courses/new", self.blank)
        self.site.post("/office/courses/new", self.create)
        self.site.get("/office/courses/{id}", self.detail)
        self.site.post("/office/courses/{id}", self.submit)

    async def list(self, request: http.Request) -> http.Response:
        actor, page = await self.actor(request), page_number(request)
        found = await self.services.courses.queries.courses(actor, page=page, size=PAGE_SIZE)
        return self.show(
            actor,
            "office/courses.html",
            request,
            found=found.items,
            total=found.total,
            page=page,
            last=last_page(found.total),
            tones=TONES,
        )

    async def blank(self, request: http.Request) -> http.Response:
        return await self._page(await self.actor(request), request, None, (), FormValues({"audience": "all"}))

    async def create(self, request: http.Request) -> http.Response:
        actor = await self.actor(request)
        fields = await self.fields(request, actor)
        try:
            course_id = await self.services.courses.setup.create(actor, _data(fields), key=key_of(fields))
        except AppError as error:
            return await self._page(actor, request, None, (), FormValues(fields, self.shown(error)))
        raise redirect(f"/office/courses/{course_id}", note="created")

    async def detail(self, request: http.Request) -> http.Response:
        actor, view, items = await self._asked(request)
        return await self._page(actor, request, view, items, FormValues(_values(view)))

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` save, publish, delete, prolong or cancel."""
        actor, view, items = await self._asked(request)
        fields = await self.fields(request, actor)
        try:
            note = await self._do(actor, view, fields)
        except AppError as error:
            return await self._page(
                actor, request, view, items, FormValues({**_values(view), **fields}, self.shown(error))
            )
        raise redirect("/office/courses" if note == "deleted" else f"/office/courses/{view.id}", note=note)

    async def _do(self, actor: Actor, view: CourseView, fields: Mapping[str, str]) -> str:
        setup, reason = self.services.courses.setup, fields.get("reason", "")
        match fields.get("command"):
            case "save":
                await setup.edit(actor, view.id, _data(fields))
                return "saved"
            case "publish":
                await setup.publish(actor, view.id)
                return "published"
            case "delete":
                await setup.delete(actor, view.id)
                return "deleted"
            case "prolong":
                until = moment(fields.get("until", ""), "until", "新的结束时间")
                if until is None:
                    raise InvalidInput("请填写新的结束时间。", code="missing", field="until")
                await setup.prolong(actor, view.id, until, reason)
                return "prolonged"
            case "cancel":
                await setup.cancel(actor, view.id, reason)
                return "cancelled"
        raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")

    async def _page(
        self,
        actor: Actor,
        request: http.Request,
        view: CourseView | None,
        items: tuple[ItemView, ...],
        form: FormValues = EMPTY,
    ) -> http.Response:
        draft = view is None or view.state == "draft"
        exams = [one for one in await self.services.exams.queries.list(actor) if one.purpose == "single"]
        campaigns = await self.services.applications.campaign_queries.choices(actor)
        book = self.book(actor)
        return self.show(
            actor,
            "office/course.html",
            request,
            error=form.error,
            f=form,
            view=view,
            items=items,
            draft=draft,
            tones=TONES,
            kinds=KINDS,
            audiences=list(AUDIENCES.items()),
            campaigns=[(f"{_CAMPAIGNS}{one.id}", one.data.name) for one in campaigns],
            exams=[(str(one.id), one.name) for one in exams if one.state in ("draft", "published")],
            exam=next((one for one in exams if view and one.id == view.exam_id), None),
            checks=await self.services.courses.setup.check_list(actor, view.id) if view and draft else (),
            rules=book.course,
            paid=book.fee is not None,
        )

    async def _asked(self, request: http.Request) -> tuple[Actor, CourseView, tuple[ItemView, ...]]:
        actor = await self.actor(request)
        return actor, *await self.services.courses.queries.course(actor, uuid_of(request.match_info["id"], WHAT))


def _data(fields: Mapping[str, str]) -> CourseData:
    """The form's values. Raises InvalidInput for a field."""
    opens = moment(fields.get("opens_at", ""), "opens_at", "开始时间")
    closes = moment(fields.get("closes_at", ""), "closes_at", "结束时间")
    if opens is None:
        raise InvalidInput("请填写开始时间。", code="missing", field="opens_at")
    if closes is None:
        raise InvalidInput("请填写结束时间。", code="missing", field="closes_at")
    named = [name.removeprefix(_CAMPAIGNS) for name in fields if name.startswith(_CAMPAIGNS)]
    return CourseData(
        name=fields.get("name", ""),
        opens_at=opens,
        closes_at=closes,
        audience=fields.get("audience", ""),
        campaigns=tuple(uuid_of(one, "这次征集") for one in named),
        description=fields.get("description", ""),
        amount=_fen(fields.get("amount", "")),
        exam_id=_id(fields.get("exam_id", "")),
        required=bool(fields.get("required")),
    )


def _fen(text: str) -> int | None:
    """Empty: free. Raises InvalidInput."""
    if not text.strip():
        return None
    found = parse_yuan(text.strip())
    if found is None:
        raise InvalidInput("费用请填写金额，如120或120.00；免费请留空。", code="amount", field="amount")
    return found


def _id(text: str) -> UUID | None:
    return uuid_of(text, "这场考试") if text else None


def _values(view: CourseView) -> dict[str, str]:
    return {
        "name": view.name,
        "description": view.description,
        "opens_at": print_moment(view.opens_at),
        "closes_at": print_moment(view.closes_at),
        "audience": view.audience,
        "amount": f"{view.amount / 100:.2f}" if view.amount else "",
        "exam_id": str(view.exam_id or ""),
        "required": "1" if view.required else "",
        **{f"{_CAMPAIGNS}{one}": "1" for one in view.campaigns},
    }
