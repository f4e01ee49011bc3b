"""``/h5/{pool}/courses``: a person's courses (我的培训), one course, and its content.

``static/courses`` reports progress over the API, which the mini-program uses as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import aiohttp.web as http

from domain.errors import AppError, NotFound
from services.core.base import Actor
from services.courses import PAGE_SIZE, EnrolmentView, ItemView
from services.registry import Services
from web.accounts.login import AuthPages
from web.core.site import ON_PAGE, Site, page_number

_FORM = "course"
_NOBODY = UUID(int=0)
STANDS: Mapping[str, tuple[str, str]] = {
    "unpaid": ("待缴费", "warn"),
    "ahead": ("未开始", ""),
    "open": ("学习中", "warn"),
    "over": ("已过期", "bad"),
    "excluded": ("暂停抽取", "bad"),
    "learned": ("待考试", "warn"),
    "finished": ("培训完毕", "good"),
    "left": ("不再参加", ""),
}
"""Text and tone of a participant's tag, by phase."""
MARKS: Mapping[str, str] = {"": "—", "pending": "待批阅", "passed": "合格", "failed": "不合格"}


class _Asked(NamedTuple):
    person: Actor
    course: EnrolmentView
    items: tuple[ItemView, ...]
    item: ItemView


class CoursePages:
    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        self._site = site
        self._services = services
        self._auth = auth

    def add_routes(self) -> None:
        self._site.get("/h5/{pool}/courses", self.list)
        self._site.get("/h5/{pool}/courses/{enrolment}", self.detail)
        self._site.get("/h5/{pool}/courses/{enrolment}/items/{item}", self.item)
        self._site.post("/h5/{pool}/courses/{enrolment}/items/{item}", self.sign_in)
        self._site.get("/h5/{pool}/courses/{enrolment}/items/{item}/video", self.video)
        self._site.get("/h5/{pool}/courses/{enrolment}/items/{item}/pages/{number}.jpg", self.page)

    async def list(self, request: http.Request) -> http.Response:
        person = await self._auth.person(request)
        search, page = request.query.get("q", "").strip()[:40], page_number(request)
        found = await self._services.courses.queries.own(person, search, page=page)
        return self._site.render(
            "courses/list.html",
            pool=person.pool,
            found=found.items,
            total=found.total,
            page=page,
            last=max(1, -(-found.total // PAGE_SIZE)),
            first=(page - 1) * PAGE_SIZE + 1,
            search=search,
            query=urlencode({"q": search}) if search else "",
            stands=STANDS,
            marks=MARKS,
        )

    async def detail(self, request: http.Request) -> http.Response:
        person = await self._auth.person(request)
        enrolment_id = _uuid(request.match_info["enrolment"])
        view, items = await self._services.courses.queries.get(person, enrolment_id)
        book = self._services.deps.book(person.pool)
        return self._site.render(
            "courses/detail.html",
            pool=person.pool,
            course=view,
            items=items,
            stands=STANDS,
            marks=MARKS,
            hotline=book.pool.hotline,
            certificates=book.certificate.course is not None,
        )

    async def item(self, request: http.Request) -> http.Response:
        return await self._item(await self._asked(request))

    async def _item(self, asked: _Asked, error: AppError | None = None) -> http.Response:
        """The page's CSP permits the player to load its film from the store's address, and nothing else from there."""
        person, course, items, item = asked
        following = [one for one in items if one.position > item.position]
        book = self._services.deps.book(person.pool)
        page = self._site.render(
            f"courses/{item.kind}.html",
            status=error.status if error else 200,
            pool=person.pool,
            course=course,
            item=item,
            base=f"/h5/{person.pool}/courses/{course.id}",
            following=following[0] if following else None,
            rates=book.course.rates,
            page_seconds=book.course.page_seconds,
            error=error.message if error else "",
            form=self._site.form_token(_FORM, item.id, person.account_id or _NOBODY),
        )
        if item.kind == "video":
            film = await self._services.courses.media.video(person, course.id, item.id)
            self._site.allow_media(page, origin_of(film))
        return page

    async def sign_in(self, request: http.Request) -> http.Response:
        """Sign in at a lecture by its code."""
        asked = await self._asked(request)
        person, course, _, item = asked
        fields = await self._site.read_form(request, _FORM, item.id, person.account_id or _NOBODY)
        try:
            await self._services.courses.study.sign_in(person, course.id, item.id, fields.get("code", ""))
        except AppError as error:
            if error.status not in ON_PAGE:
                raise
            return await self._item(asked, error)
        raise http.HTTPSeeOther(f"/h5/{person.pool}/courses/{course.id}/items/{item.id}")

    # ---- content

    async def video(self, request: http.Request) -> http.StreamResponse:
        """By byte ranges, or by a redirect to the store."""
        person = await self._auth.person(request)
        enrolment, item = _uuid(request.match_info["enrolment"]), _uuid(request.match_info["item"])
        return send_film(await self._services.courses.media.video(person, enrolment, item))

    async def page(self, request: http.Request) -> http.Response:
        person = await self._auth.person(request)
        enrolment, item = _uuid(request.match_info["enrolment"]), _uuid(request.match_info["item"])
        body = await self._services.courses.media.page(person, enrolment, item, _number(request))
        return show_page(body)

    async def _asked(self, request: http.Request) -> _Asked:
        person = await self._auth.person(request)
        enrolment, item_id = _uuid(request.match_info["enrolment"]), _uuid(request.match_info["item"])
        view, items = await self._services.courses.queries.get(person, enrolment)
        if view.access != "open":
            raise http.HTTPSeeOther(f"/h5/{person.pool}/courses/{view.id}")
        item = next((one for one in items if one.id == item_id), None)
        if item is None:
            raise NotFound("找不到这项学习内容，请返回课程后刷新。", code="item_unknown")
        return _Asked(person, view, items, item)


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


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound("找不到这门课程，请在公众号回复“培训”查看您的课程。", code="enrolment_unknown") from error
