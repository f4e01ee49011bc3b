"""``/h5/exam-picture/…``: images of items, at addresses that are signed for one person and expire."""

from __future__ import annotations

import aiohttp.web as http

from domain.errors import NotFound
from services.registry import Services
from web.core.site import Site

_OPENS = (600, 60)
"""Images per address and minute: a room full of candidates behind one router."""


class ExamPicturePages:
    def __init__(self, site: Site, services: Services) -> None:
        self._site = site
        self._services = services

    def add_routes(self) -> None:
        self._site.get("/h5/exam-picture/{token}/{number}.jpg", self.picture)

    async def picture(self, request: http.Request) -> http.Response:
        await self._site.check_rate(request, "exam_pictures", *_OPENS)
        number = request.match_info["number"]
        if not (number.isascii() and number.isdigit() and len(number) < 3):
            raise NotFound("没有这张图片，请返回后刷新。", code="picture_unknown")
        body = await self._services.exams.pictures.open(request.match_info["token"], int(number))
        headers = {
            "Cache-Control": "private, max-age=600",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
        }
        return http.Response(body=body, content_type="image/jpeg", headers=headers)
