"""``/p/{code}``: opened by the QR code on a printed form, for the holder of the paper."""

from __future__ import annotations

import re

import aiohttp.web as http

from domain.errors import NotFound
from services.registry import Services
from web.core.site import Site

_CODE = re.compile(r"[0-9A-Za-z -]{16,24}")


class DocumentCheckPages:
    def __init__(self, site: Site, services: Services) -> None:
        self._site = site
        self._documents = services.applications.documents

    def add_routes(self) -> None:
        self._site.get("/p", self.form)
        self._site.get("/p/{code}", self.show)

    async def form(self, request: http.Request) -> http.Response:
        """A field for the code printed on the paper."""
        typed = request.query.get("code", "").strip()
        if not typed:
            return self._site.render("applications/document_check.html", document=None)
        return await self._answer(typed)

    async def show(self, request: http.Request) -> http.Response:
        return await self._answer(request.match_info["code"])

    async def _answer(self, typed: str) -> http.Response:
        if not _CODE.fullmatch(typed):
            raise NotFound("校验码是16位数字和字母，请对照表格下方重新输入。", code="no_such_paper")
        return self._site.render("applications/document_check.html", document=await self._documents.verify(typed))
