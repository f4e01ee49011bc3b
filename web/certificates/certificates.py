"""``/h5/{pool}/certificates``: a person's certificates; ``/c/{token}``: opened by its QR code, public.

A file's address contains a token, so that any app to which WeChat passes it can open it for a few minutes.
"""

from __future__ import annotations

from uuid import UUID

import aiohttp.web as http

from domain.errors import AppError, NotFound
from services.certificates import LABELS, CertificateView
from services.core.base import Actor
from services.registry import Services
from web.accounts.login import AuthPages
from web.core.site import ON_PAGE, Site

_CHECKS = (30, 60)
"""Look-ups per address and minute."""
_ON_PAGE = ON_PAGE | {503}


class CertificatePages:
    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        self._site = site
        self._services = services
        self._auth = auth

    def add_routes(self) -> None:
        self._site.get("/h5/{pool}/certificates", self.list)
        self._site.get("/h5/{pool}/certificates/{id}", self.detail)
        self._site.post("/h5/{pool}/certificates/{id}", self.mail)
        self._site.get("/h5/certificate/{token}.{form}", self.file)
        self._site.get("/c", self.form)
        self._site.get("/c/{token}", self.check)

    async def list(self, request: http.Request) -> http.Response:
        person = await self._auth.person(request)
        found = await self._services.certificates.queries.own(person)
        return self._site.render("certificates/list.html", pool=person.pool, found=found, labels=LABELS)

    async def detail(self, request: http.Request) -> http.Response:
        """The certificate as an image, with links to its files."""
        person, found = await self._asked(request)
        note = "已发送，请查收邮件；没有收到请看垃圾邮件。" if request.query.get("note") == "sent" else ""
        return self._page(person, found, note=note)

    def _page(
        self,
        person: Actor,
        found: CertificateView,
        *,
        note: str = "",
        typed: str = "",
        error: AppError | None = None,
    ) -> http.Response:
        return self._site.render(
            "certificates/detail.html",
            status=error.status if error else 200,
            pool=person.pool,
            one=found,
            labels=LABELS,
            file=f"/h5/certificate/{self._services.certificates.files.link(person, found.id)}",
            note=note,
            typed=typed,
            error=error.message if error else "",
            wrong=error.field if error else "",
            form=self._auth.form(person, "certificate"),
        )

    async def mail(self, request: http.Request) -> http.Response:
        person, found = await self._asked(request)
        fields = await self._auth.fields(request, person, "certificate")
        typed = fields.get("email", "")[:200]
        try:
            await self._services.certificates.files.mail(person, found.id, typed)
        except AppError as error:
            if error.status not in _ON_PAGE:
                raise
            return self._page(person, found, typed=typed, error=error)
        raise http.HTTPSeeOther(f"/h5/{person.pool}/certificates/{found.id}?note=sent")

    async def file(self, request: http.Request) -> http.Response:
        """``?save=1``: as an attachment, where the browser supports it."""
        token, form = request.match_info["token"], request.match_info["form"]
        found = await self._services.certificates.files.open(token, form)
        way = "attachment" if request.query.get("save") == "1" else "inline"
        headers = {"Content-Disposition": f'{way}; filename="{found.filename}"'}
        return http.Response(body=found.content, content_type=found.media_type, headers=headers)

    async def form(self, request: http.Request) -> http.Response:
        """How to verify a certificate."""
        return self._site.render("certificates/check.html", one=None, labels=LABELS)

    async def check(self, request: http.Request) -> http.Response:
        await self._site.check_rate(request, "certificate", *_CHECKS)
        found = await self._services.certificates.queries.verify(request.match_info["token"])
        return self._site.render("certificates/check.html", one=found, labels=LABELS)

    async def _asked(self, request: http.Request) -> tuple[Actor, CertificateView]:
        person = await self._auth.person(request)
        try:
            wanted = UUID(request.match_info["id"])
        except ValueError as error:
            raise NotFound("没有这张证书，请返回列表核对。", code="unknown_certificate") from error
        return person, await self._services.certificates.queries.get(person, wanted)
