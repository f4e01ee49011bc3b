"""``/h5/{pool}/certificates``: a person's certificates, and their files.

A file's address contains a token, so that any app to which WeChat passes it can open it for a few minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import aiohttp.web as http

from domain.errors import NotFound
from services.certificates import LABELS, CertificateView
from web.accounts.person_pages import PersonPages
from web.core.pages import Visit, page
from web.core.site import ON_PAGE
from web.core.typed_forms import Lines


@dataclass(frozen=True)
class _Address:
    email: Annotated[str, Lines(200)]


class CertificatePages(PersonPages):
    form_name = "certificate"
    on_page = ON_PAGE | {503}

    def add_routes(self) -> None:
        super().add_routes()
        self.site.get("/h5/certificate/{token}.{form}", self.file)

    @page("/h5/{pool}/certificates", "certificates/list.html")
    async def certificates(self, visit: Visit) -> Mapping[str, object]:
        book = self.services.deps.book(visit.actor.pool)
        return {
            "certificates": await self.services.certificates.queries.own(visit.actor),
            "labels": LABELS,
            "earned_by": book.certificate.earned_by,
            "hotline": book.pool.hotline,
        }

    @page("/h5/{pool}/certificates/{id}", "certificates/detail.html")
    async def certificate(self, visit: Visit) -> Mapping[str, object]:
        """The certificate as an image, with links to its files."""
        certificate, error = await self._certificate(visit), visit.form.error
        return {
            "certificate": certificate,
            "labels": LABELS,
            "file": f"/h5/certificate/{self.services.certificates.files.link(visit.actor, certificate.id)}",
            "typed": visit.form.value("email")[:200],
            "wrong": error.field if error else "",
        }

    @certificate.command(_Address, note="已发送，请查收邮件；没有收到请看垃圾邮件。")
    async def mail(self, visit: Visit, form: _Address) -> None:
        certificate = await self._certificate(visit)
        await self.services.certificates.files.mail(visit.actor, certificate.id, form.email)

    async def _certificate(self, visit: Visit) -> CertificateView:
        try:
            certificate_id = UUID(visit.request.match_info["id"])
        except ValueError as error:
            raise NotFound("没有这张证书，请返回列表核对。", code="unknown_certificate") from error
        return await self.services.certificates.queries.get(visit.actor, certificate_id)

    # ---- public

    async def file(self, request: http.Request) -> http.Response:
        """``?save=1``: as an attachment, where the browser supports it."""
        token, form = request.match_info["token"], request.match_info["form"]
        opened = await self.services.certificates.files.open(token, form)
        way = "attachment" if request.query.get("save") == "1" else "inline"
        headers = {"Content-Disposition": f'{way}; filename="{opened.filename}"'}
        return http.Response(body=opened.content, content_type=opened.media_type, headers=headers)
