"""``/h5/{pool}/papers/{kind}``: one's own documents, to open or to have mailed; ``/h5/pdf/…`` is the file itself.

The file's address contains a token, so that any app to which WeChat passes it can open it for a few minutes.
"""

from __future__ import annotations

from uuid import UUID

import aiohttp.web as http

from domain.errors import AppError, NotFound
from services.applications import Kind, check_kind
from services.core.base import Actor
from services.registry import Services
from web.accounts.login import AuthPages
from web.core.site import ON_PAGE, Site, show_pdf

_ON_PAGE = ON_PAGE | {503}


class DocumentPages:
    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        self._site = site
        self._services = services
        self._auth = auth

    def add_routes(self) -> None:
        self._site.get("/h5/{pool}/papers/{kind}", self.show)
        self._site.post("/h5/{pool}/papers/{kind}", self.mail)
        self._site.get("/h5/pdf/{kind}/{token}.pdf", self.file)

    async def show(self, request: http.Request) -> http.Response:
        person, kind, subject_id = await self._get_subject(request)
        address = await self._services.applications.document_delivery.address(person, kind, subject_id)
        note = "已发送，请查收邮件；没有收到请看垃圾邮件。" if request.query.get("note") == "sent" else ""
        return self._page(person, kind, subject_id, address, note=note)

    def _page(
        self,
        person: Actor,
        kind: Kind,
        subject_id: UUID,
        address: str,
        *,
        note: str = "",
        error: AppError | None = None,
    ) -> http.Response:
        sending = self._services.applications.document_delivery
        return self._site.render(
            "applications/document.html",
            status=error.status if error else 200,
            pool=person.pool,
            kind=kind,
            address=address,
            title=sending.title(person.pool, kind),
            file=f"/h5/pdf/{kind}/{sending.link(person, kind, subject_id)}.pdf",
            note=note,
            error=error.message if error else "",
            wrong=error.field if error else "",
            form=self._auth.form(person, "papers"),
        )

    async def mail(self, request: http.Request) -> http.Response:
        person, kind, subject_id = await self._get_subject(request)
        fields = await self._auth.fields(request, person, "papers")
        typed = fields.get("email", "")[:200]
        try:
            await self._services.applications.document_delivery.mail(person, kind, subject_id, typed)
        except AppError as error:
            if error.status not in _ON_PAGE:
                raise
            return self._page(person, kind, subject_id, typed, error=error)
        raise http.HTTPSeeOther(f"/h5/{person.pool}/papers/{kind}?note=sent")

    async def file(self, request: http.Request) -> http.Response:
        kind, token = request.match_info["kind"], request.match_info["token"]
        document = await self._services.applications.document_delivery.open(kind, token)
        return show_pdf(document.content, document.filename)

    async def _get_subject(self, request: http.Request) -> tuple[Actor, Kind, UUID]:
        """Owner and kind of the requested document, and its application or expert. Raises NotFound."""
        person, kind = await self._auth.person(request), check_kind(request.match_info["kind"])
        if kind == "information":
            if person.expert_id is None:
                raise NotFound("入库成为专家后才能打印个人信息表。", code="no_expert")
            return person, kind, person.expert_id
        progress = await self._services.applications.to_dos.progress(person.account_id) if person.account_id else None
        if progress is None:
            raise NotFound("您还没有申请，请先从“我的申报”开始。", code="no_application")
        return person, kind, progress.application_id
