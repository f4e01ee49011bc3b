"""Content of a course: an item's form, its video in parts, its pages, the code of a lecture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

import aiohttp.web as http

from domain.errors import AppError, NotFound
from services.core.base import Actor
from services.courses import KINDS, PAGE_FILE_MAX, PART, CourseItemData, CourseView, ItemView
from web.core.form_values import FormValues, print_moment, uuid_of
from web.core.pages import Redirect, Visit, page, resource
from web.core.typed_forms import Hundredths, Id, Moment, Whole, read_typed
from web.courses.courses import origin_of, send_film, show_page
from web.office.base import OfficePart
from web.office.courses import COURSE

_ITEM, _INCOMPLETE = "这项学习内容", "上传的内容不完整，请重试。"
_PATH = "/office/courses/{id}/items/{item}"
_TEMPLATE = "office/course_item.html"
SCREEN_INTERVAL = 5
"""Seconds between two refreshes of a lecture's screen."""


@dataclass(frozen=True)
class _CourseItem:
    title: str
    credit: Annotated[int | None, Hundredths("学时请填写数字，如1或1.5；留空则按时长计算。", "credit")]
    starts_at: Annotated[datetime | None, Moment("开始时间")]
    ends_at: Annotated[datetime | None, Moment("结束时间")]
    place: str

    def data(self, kind: str) -> CourseItemData:
        return CourseItemData(kind, self.title, self.credit, self.starts_at, self.ends_at, self.place)


@dataclass(frozen=True)
class _NewCourseItem(_CourseItem):
    kind: str


@dataclass(frozen=True)
class _PageNumber:
    number: Annotated[int, Whole("没有收到您的选择，请重新点选。")]


@dataclass(frozen=True)
class _VideoPart:
    """``number``: index of the part from 0; ``of``: number of parts."""

    upload: Annotated[UUID, Id("这次上传")]
    number: Annotated[int, Whole(_INCOMPLETE)]
    of: Annotated[int, Whole(_INCOMPLETE)]


class CourseItemPages(OfficePart):
    code = "courses"
    action = "course.manage"
    notes: ClassVar[Mapping[str, str]] = {"video": "视频已上传。"}

    def add_routes(self) -> None:
        super().add_routes()
        self.site.post(f"{_PATH}/parts", self.put_part)

    # ---- a new one

    @page("/office/courses/{id}/items/new", _TEMPLATE)
    async def blank(self, visit: Visit) -> Mapping[str, object]:
        view, _ = await self.services.courses.queries.course(visit.actor, visit.id(COURSE))
        form = visit.form if visit.fields else FormValues({"kind": "video"})
        return {"f": form, **_values_of(view, None)}

    @blank.command(_NewCourseItem, "save", note="已添加。")
    async def create(self, visit: Visit, form: _NewCourseItem) -> Redirect:
        course_id = visit.id(COURSE)
        item_id = await self.services.courses.setup.add_item(
            visit.actor, course_id, form.data(form.kind), key=visit.key
        )
        return Redirect(f"/office/courses/{course_id}/items/{item_id}")

    # ---- one

    @page(_PATH, _TEMPLATE)
    async def item(self, visit: Visit) -> http.Response:
        """May show a film of the file store."""
        view, item = await self._find(visit.actor, visit.request)
        form = FormValues({**_stored_values(item), **visit.fields}, visit.form.error)
        values = {"f": form, **_values_of(view, item)}
        shown = self.show(visit.actor, _TEMPLATE, visit.request, error=form.error, **values)
        if item.bytes:
            film = await self.services.courses.media.preview_video(visit.actor, view.id, item.id)
            self.site.allow_media(shown, origin_of(film))
        return shown

    @page(f"{_PATH}/screen", "office/lecture_screen.html")
    async def screen(self, visit: Visit) -> Mapping[str, object]:
        """The changing code of a lecture, for the room or the stream."""
        shown = await self.services.courses.lectures.screen(visit.actor, visit.id(COURSE), visit.id(_ITEM, "item"))
        return {"screen": shown, "every": SCREEN_INTERVAL}

    @item.command(_CourseItem, "save", note="已保存。")
    async def save(self, visit: Visit, form: _CourseItem) -> None:
        view, item = await self._find(visit.actor, visit.request)
        await self.services.courses.setup.edit_item(visit.actor, view.id, item.id, form.data(item.kind))

    @item.command(name="up")
    async def move_up(self, visit: Visit) -> Redirect:
        return await self._move(visit, -1)

    @item.command(name="down")
    async def move_down(self, visit: Visit) -> Redirect:
        return await self._move(visit, 1)

    async def _move(self, visit: Visit, places: int) -> Redirect:
        course_id = visit.id(COURSE)
        await self.services.courses.setup.move_item(visit.actor, course_id, visit.id(_ITEM, "item"), places)
        return Redirect(f"/office/courses/{course_id}")

    @item.command(name="delete")
    async def delete(self, visit: Visit) -> Redirect:
        course_id = visit.id(COURSE)
        await self.services.courses.setup.delete_item(visit.actor, course_id, visit.id(_ITEM, "item"))
        return Redirect(f"/office/courses/{course_id}")

    @item.command(_PageNumber, "remove", note="已删除。")
    async def remove_page(self, visit: Visit, form: _PageNumber) -> None:
        await self.services.courses.media.remove_page(
            visit.actor, visit.id(COURSE), visit.id(_ITEM, "item"), form.number
        )

    @item.command(path=f"{_PATH}/pages", upload=PAGE_FILE_MAX, note="页面已添加。")
    async def add_pages(self, visit: Visit) -> None:
        """A PDF or an image."""
        course_id, item_id = visit.id(COURSE), visit.id(_ITEM, "item")
        await self.services.courses.media.add_pages(visit.actor, course_id, item_id, visit.chosen_file())

    # ---- its files

    async def put_part(self, request: http.Request) -> http.Response:
        """A part of a video, sent by script; the last request contains the number of parts. Responds JSON with a
        refusal's sentence, or nothing."""
        actor = await self.actor(request)
        view, item = await self._find(actor, request)
        try:
            fields, content = await self.upload(request, actor, longest=PART)
            part, media = read_typed(_VideoPart, fields), self.services.courses.media
            await media.put_part(actor, view.id, item.id, part.upload, part.number, content)
            if part.number + 1 == part.of:
                await media.finish_upload(actor, view.id, item.id, part.upload, part.of)
        except AppError as error:
            return http.json_response({"message": error.message}, status=error.status)
        return http.json_response({})

    @resource(f"{_PATH}/video")
    async def video(self, visit: Visit) -> http.StreamResponse:
        view, item = await self._find(visit.actor, visit.request)
        return send_film(await self.services.courses.media.preview_video(visit.actor, view.id, item.id))

    @resource(f"{_PATH}/pages/{{number}}.jpg")
    async def picture(self, visit: Visit) -> http.Response:
        view, item = await self._find(visit.actor, visit.request)
        text = visit.request.match_info["number"]
        number = int(text) if text.isdecimal() and len(text) < 5 else 0
        return show_page(await self.services.courses.media.preview_page(visit.actor, view.id, item.id, number))

    async def _find(self, actor: Actor, request: http.Request) -> tuple[CourseView, ItemView]:
        """Raises NotFound."""
        view, items = await self.services.courses.queries.course(actor, uuid_of(request.match_info["id"], COURSE))
        item_id = uuid_of(request.match_info["item"], _ITEM)
        item = next((item for item in items if item.id == item_id), None)
        if item is None:
            raise NotFound(f"找不到{_ITEM}，请返回课程后刷新。", code="item_unknown")
        return view, item


def _values_of(view: CourseView, item: ItemView | None) -> Mapping[str, object]:
    return {
        "view": view,
        "item": item,
        "draft": view.state == "draft",
        "kinds": list(KINDS.items()),
        "kind_names": KINDS,
        "part": PART,
    }


def _stored_values(item: ItemView) -> dict[str, str]:
    return {
        "kind": item.kind,
        "title": item.title,
        "credit": f"{item.credit / 100:g}" if item.credit is not None else "",
        "starts_at": print_moment(item.starts_at),
        "ends_at": print_moment(item.ends_at),
        "place": item.place,
    }
