"""``/p/{code}``: opened by the QR code on a printed form, for the holder of the paper."""

from __future__ import annotations

import re

import aiohttp.web as http

from domain.errors import NotFound
from domain.typed_text import half_width
from services.applications import Verified
from services.registry import Services
from web.accounts.offers import front_of
from web.core.site import Site

_CODE = re.compile(r"[0-9A-Za-z -]{16,24}")
_TYPED_MAX = 40


class DocumentCheckPages:
    def __init__(self, site: Site, services: Services) -> None:
        self._site = site
        self._documents = services.applications.documents
        self._rulebooks = services.deps.rulebooks

    def add_routes(self) -> None:
        self._site.get("/p", self.form)
        self._site.get("/p/{code}", self.show)

    async def form(self, request: http.Request) -> http.Response:
        """A field for the code printed on the paper."""
        return await self._answer(request, half_width(request.query.get("code", ""))[:_TYPED_MAX])

    async def show(self, request: http.Request) -> http.Response:
        return await self._answer(request, request.match_info["code"][:_TYPED_MAX])

    async def _answer(self, request: http.Request, typed: str) -> http.Response:
        """The paper, else the form again with what was typed and why it was refused."""
        document, error = None, None
        try:
            document = await self._verify(typed) if typed else None
        except NotFound as refusal:
            error = refusal
        return self._site.render(
            "applications/document_check.html",
            status=error.status if error else 200,
            document=document,
            typed=typed,
            error=error.message if error else "",
            front=front_of(request, self._rulebooks),
        )

    async def _verify(self, typed: str) -> Verified:
        if not _CODE.fullmatch(typed):
            raise NotFound("校验码是16位数字和字母，请对照表格下方重新输入。", code="no_such_paper")
        return await self._documents.verify(typed)
