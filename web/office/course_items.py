"""Content of a course: an item's form, its video in parts, its pages, the code of a lecture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from uuid import UUID

import aiohttp.web as http

from domain.errors import AppError, InvalidInput, NotFound
from domain.payments.money import parse_yuan
from services.core.base import Actor
from services.courses import KINDS, PAGE_FILE_MAX, PART, CourseItemData, CourseView, ItemView
from web.core.form_values import EMPTY, NOBODY, FormValues, key_of, moment, print_moment, redirect, uuid_of
from web.courses.courses import origin_of, send_film, show_page
from web.office.base import FORM, OfficePart
from web.office.courses import WHAT

_ITEM = "这项学习内容"


class CourseItemPages(OfficePart):
    code = "courses"
    action = "course.manage"
    notes: ClassVar[Mapping[str, str]] = {
        "added": "已添加。",
        "saved": "已保存。",
        "pages": "页面已添加。",
        "removed": "已删除。",
        "video": "视频已上传。",
    }

    def add_routes(self) -> None:
        self.site.get("/office/courses/{id}/items/new", self.blank)
        self.site.post("/office/courses/{id}/items/new", self.create)
        self.site.get("/office/courses/{id}/items/{item}", self.detail)
        self.site.post("/office/courses/{id}/items/{item}", self.submit)
        self.site.post("/office/courses/{id}/items/{item}/pages", self.add_pages)
        self.site.post("/office/courses/{id}/items/{item}/parts", self.put_part)
        self.site.get("/office/courses/{id}/items/{item}/video", self.video)
        self.site.get("/office/courses/{id}/items/{item}/pages/{number}.jpg", self.page)

    # ---- a new one

    async def blank(self, request: http.Request) -> http.Response:
        actor, view, _ = await self._course(request)
        return await self._page(actor, request, view, None, FormValues({"kind": "video"}))

    async def create(self, request: http.Request) -> http.Response:
        actor, view, _ = await self._course(request)
        fields = await self.fields(request, actor)
        try:
            item_id = await self.services.courses.setup.add_item(actor, view.id, _data(fields), key=key_of(fields))
        except AppError as error:
            return await self._page(actor, request, view, None, FormValues(fields, self.shown(error)))
        raise redirect(f"/office/courses/{view.id}/items/{item_id}", note="added")

    # ---- one

    async def detail(self, request: http.Request) -> http.Response:
        actor, view, item = await self._item(request)
        return await self._page(actor, request, view, item, FormValues(_values(item)))

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` save, up, down, delete, or remove with a page's ``number``."""
        actor, view, item = await self._item(request)
        fields = await self.fields(request, actor)
        try:
            note = await self._do(actor, view, item, fields)
        except AppError as error:
            return await self._page(
                actor, request, view, item, FormValues({**_values(item), **fields}, self.shown(error))
            )
        back = f"/office/courses/{view.id}"
        raise redirect(back if note == "" else f"{back}/items/{item.id}", note=note)

    async def _do(self, actor: Actor, view: CourseView, item: ItemView, fields: Mapping[str, str]) -> str:
        """Returns the message; empty: back to the course."""
        setup = self.services.courses.setup
        match fields.get("command"):
            case "save":
                await setup.edit_item(actor, view.id, item.id, _data({**fields, "kind": item.kind}))
                return "saved"
            case "up" | "down":
                await setup.move_item(actor, view.id, item.id, -1 if fields["command"] == "up" else 1)
                return ""
            case "delete":
                await setup.delete_item(actor, view.id, item.id)
                return ""
            case "remove":
                number = fields.get("number", "")
                if not number.isdecimal():
                    raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")
                await self.services.courses.media.remove_page(actor, view.id, item.id, int(number))
                return "removed"
        raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")

    # ---- its files

    async def add_pages(self, request: http.Request) -> http.Response:
        """Add a PDF or an image."""
        actor, view, item = await self._item(request)
        try:
            _, content = await self.site.read_upload(
                request, FORM, actor.session_id or NOBODY, actor.account_id or NOBODY, longest=PAGE_FILE_MAX
            )
            if not content:
                raise InvalidInput("请选择文件。", code="file_empty", field="file")
            await self.services.courses.media.add_pages(actor, view.id, item.id, content)
        except AppError as error:
            return await self._page(actor, request, view, item, FormValues(_values(item), self.shown(error)))
        raise redirect(f"/office/courses/{view.id}/items/{item.id}", note="pages")

    async def put_part(self, request: http.Request) -> http.Response:
        """A part of a video, sent by script; the last request contains the number of parts. Responds JSON with a
        refusal's sentence, or nothing."""
        actor, view, item = await self._item(request)
        try:
            fields, content = await self.site.read_upload(
                request, FORM, actor.session_id or NOBODY, actor.account_id or NOBODY, longest=PART
            )
            upload, number, of = _part(fields)
            media = self.services.courses.media
            await media.put_part(actor, view.id, item.id, upload, number, content)
            if number + 1 == of:
                await media.finish(actor, view.id, item.id, upload, of)
        except AppError as error:
            return http.json_response({"message": error.message}, status=error.status)
        return http.json_response({})

    async def video(self, request: http.Request) -> http.StreamResponse:
        actor, view, item = await self._item(request)
        return send_film(await self.services.courses.media.preview_video(actor, view.id, item.id))

    async def page(self, request: http.Request) -> http.Response:
        actor, view, item = await self._item(request)
        number = request.match_info["number"]
        wanted = int(number) if number.isdecimal() and len(number) < 5 else 0
        return show_page(await self.services.courses.media.preview_page(actor, view.id, item.id, wanted))

    # ---- helpers

    async def _page(
        self, actor: Actor, request: http.Request, view: CourseView, item: ItemView | None, form: FormValues = EMPTY
    ) -> http.Response:
        page = self.show(
            actor,
            "office/course_item.html",
            request,
            error=form.error,
            f=form,
            view=view,
            item=item,
            draft=view.state == "draft",
            kinds=list(KINDS.items()),
            kind_names=KINDS,
            part=PART,
        )
        if item is not None and item.bytes:
            film = await self.services.courses.media.preview_video(actor, view.id, item.id)
            self.site.allow_media(page, origin_of(film))
        return page

    async def _course(self, request: http.Request) -> tuple[Actor, CourseView, tuple[ItemView, ...]]:
        actor = await self.actor(request)
        return actor, *await self.services.courses.queries.course(actor, uuid_of(request.match_info["id"], WHAT))

    async def _item(self, request: http.Request) -> tuple[Actor, CourseView, ItemView]:
        actor, view, items = await self._course(request)
        item_id = uuid_of(request.match_info["item"], _ITEM)
        item = next((one for one in items if one.id == item_id), None)
        if item is None:
            raise NotFound(f"找不到{_ITEM}，请返回课程后刷新。", code="item_unknown")
        return actor, view, item


def _data(fields: Mapping[str, str]) -> CourseItemData:
    """The form's values. Raises InvalidInput for a field."""
    return CourseItemData(
        fields.get("kind", ""),
        fields.get("title", ""),
        _hours(fields.get("hours", "")),
        moment(fields.get("starts_at", ""), "starts_at", "开始时间"),
        moment(fields.get("ends_at", ""), "ends_at", "结束时间"),
        fields.get("place", ""),
    )


def _hours(text: str) -> int | None:
    """``1.5`` → 150 hundredths of a class hour; empty: by length. Raises InvalidInput."""
    if not text.strip():
        return None
    found = parse_yuan(text.strip())
    if found is None:
        raise InvalidInput("学时请填写数字，如1或1.5；留空则按时长计算。", code="credit", field="hours")
    return found


def _part(fields: Mapping[str, str]) -> tuple[UUID, int, int]:
    """Id of the upload, index of the part from 0, number of parts. Raises InvalidInput."""
    number, of = fields.get("number", ""), fields.get("of", "")
    if not (number.isdecimal() and of.isdecimal() and len(number) < 6 and len(of) < 6):
        raise InvalidInput("上传的内容不完整，请重试。", code="part_size", field="file")
    return uuid_of(fields.get("upload", ""), "这次上传"), int(number), int(of)


def _values(item: ItemView) -> dict[str, str]:
    return {
        "kind": item.kind,
        "title": item.title,
        "hours": f"{item.credit / 100:g}" if item.credit is not None else "",
        "starts_at": print_moment(item.starts_at),
        "ends_at": print_moment(item.ends_at),
        "place": item.place,
    }
