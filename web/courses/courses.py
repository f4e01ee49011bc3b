"""``/h5/{pool}/courses``: a person's courses (我的培训), one course, and its content.

``static/courses`` reports progress over the API, which the mini-program uses as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

import aiohttp.web as http

from domain.errors import NotFound
from services.courses import PAGE_SIZE, EnrolmentView, ItemView
from web.accounts.person_pages import PersonPages
from web.core.form_values import redirect
from web.core.pages import Listed, Redirect, Visit, Wanted, Word, list_page, page, resource

STANDS: Mapping[str, tuple[str, str]] = {
    "unpaid": ("待缴费", "warn"),
    "ahead": ("未开始", ""),
    "open": ("学习中", "warn"),
    "waiting": ("待结课", ""),
    "over": ("已过期", "bad"),
    "excluded": ("暂停抽取", "bad"),
    "learned": ("待考试", "warn"),
    "finished": ("培训完毕", "good"),
    "left": ("不再参加", ""),
}
"""Text and tone of a participant's tag, by phase."""
MARKS: Mapping[str, str] = {"": "—", "pending": "待批阅", "passed": "合格", "failed": "不合格"}


@dataclass(frozen=True)
class _Code:
    code: str


class _OpenItem(NamedTuple):
    course: EnrolmentView
    items: tuple[ItemView, ...]
    item: ItemView


class CoursePages(PersonPages):
    form_name = "course"

    @list_page("/h5/{pool}/courses", "courses/list.html", size=PAGE_SIZE, q=Word(40))
    async def courses(self, visit: Visit, wanted: Wanted) -> Listed:
        courses = await self.services.courses.queries.own(visit.actor, wanted["q"], page=wanted.page)
        first = (wanted.page - 1) * PAGE_SIZE + 1
        return Listed(courses, {"first": first, "search": wanted["q"], "stands": STANDS, "marks": MARKS})

    @page("/h5/{pool}/courses/{enrolment}", "courses/detail.html")
    async def course(self, visit: Visit) -> Mapping[str, object]:
        course, items = await self.services.courses.queries.get(visit.actor, _uuid(visit, "enrolment"))
        book = self.services.deps.book(visit.actor.pool)
        return {
            "course": course,
            "items": items,
            "stands": STANDS,
            "marks": MARKS,
            "hotline": book.pool.hotline,
            "certificates": book.certificate.course is not None,
        }

    @course.command(name="make_up", note="补学已开始，请按时学完。")
    async def make_up(self, visit: Visit) -> Redirect:
        """A further period after the end of one's time; where it costs money, the next page takes the payment."""
        fee_id = await self.services.courses.study_periods.begin_make_up(visit.actor, _uuid(visit, "enrolment"))
        return Redirect(f"/h5/{visit.actor.pool}/pay?fee={fee_id}", note="") if fee_id else Redirect()

    @resource("/h5/{pool}/courses/{enrolment}/items/{item}")
    async def item(self, visit: Visit) -> http.Response:
        """The page's CSP permits the player to load its film from the store's address, and nothing else from there."""
        course, items, item = await self._open_item(visit)
        following = [
            other for other in items if other.position > item.position and (other.kind != "live" or other.signs_in)
        ]
        book = self.services.deps.book(visit.actor.pool)
        page = self.show(
            visit.actor,
            f"courses/{item.kind}.html",
            visit.request,
            error=visit.form.error,
            course=course,
            item=item,
            base=f"/h5/{visit.actor.pool}/courses/{course.id}",
            following=following[0] if following else None,
            rates=book.course.rates,
            page_seconds=book.course.page_seconds,
            hotline=book.pool.hotline,
        )
        if item.kind == "video":
            film = await self.services.courses.media.video(visit.actor, course.id, item.id)
            self.site.allow_media(page, origin_of(film))
        return page

    @item.command(_Code)
    async def sign_in(self, visit: Visit, form: _Code) -> None:
        """Sign in at a lecture by its code."""
        course, _, item = await self._open_item(visit)
        await self.services.courses.study.sign_in(visit.actor, course.id, item.id, form.code)

    async def _open_item(self, visit: Visit) -> _OpenItem:
        item_id = _uuid(visit, "item")
        course, items = await self.services.courses.queries.get(visit.actor, _uuid(visit, "enrolment"))
        if course.access != "open":
            raise redirect(f"/h5/{visit.actor.pool}/courses/{course.id}")
        item = next((item for item in items if item.id == item_id), None)
        if item is None:
            raise NotFound("找不到这项学习内容，请返回课程后刷新。", code="item_unknown")
        return _OpenItem(course, items, item)

    # ---- content

    @resource("/h5/{pool}/courses/{enrolment}/items/{item}/video")
    async def video(self, visit: Visit) -> http.StreamResponse:
        """By byte ranges, or by a redirect to the store."""
        enrolment_id, item_id = _uuid(visit, "enrolment"), _uuid(visit, "item")
        return send_film(await self.services.courses.media.video(visit.actor, enrolment_id, item_id))

    @resource("/h5/{pool}/courses/{enrolment}/items/{item}/pages/{number}.jpg")
    async def picture(self, visit: Visit) -> http.Response:
        """A page of a document."""
        enrolment_id, item_id, number = _uuid(visit, "enrolment"), _uuid(visit, "item"), _number(visit.request)
        return show_page(await self.services.courses.media.page(visit.actor, enrolment_id, item_id, number))


def send_film(film: Path | str) -> http.StreamResponse:
    """A film from this machine by ranges, or a redirect to its store; not cached by proxies."""
    if isinstance(film, str):
        raise http.HTTPFound(film, headers={"Cache-Control": "no-store"})
    headers = {
        "Content-Type": "video/mp4",
        "Cache-Control": "private, max-age=600",
        "X-Content-Type-Options": "nosniff",
    }
    return http.FileResponse(film, headers=headers)


def show_page(body: bytes) -> http.Response:
    headers = {"Cache-Control": "private, max-age=600"}
    return http.Response(body=body, content_type="image/jpeg", headers=headers)


def origin_of(film: Path | str) -> str:
    """The origin of a film, for the page's CSP; empty: our own."""
    if isinstance(film, Path):
        return ""
    parts = urlsplit(film)
    return f"{parts.scheme}://{parts.netloc}"


def _number(request: http.Request) -> int:
    text = request.match_info["number"]
    if not (text.isascii() and text.isdigit() and len(text) < 5):
        raise NotFound("没有这一页，请刷新后重试。", code="no_page")
    return int(text)


def _uuid(visit: Visit, name: str) -> UUID:
    """An id in the address."""
    try:
        return UUID(visit.request.match_info[name])
    except ValueError as error:
        raise NotFound("找不到这门课程，请在公众号回复“培训”查看您的课程。", code="enrolment_unknown") from error
