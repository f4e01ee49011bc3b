"""``/h5/{pool}/papers/{kind}``: one's own documents, to open or to have mailed; ``/h5/pdf/…`` is the file itself.

The file's address contains a token, so that any app to which WeChat passes it can open it for a few minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import aiohttp.web as http

from domain.errors import NotFound
from services.applications import Kind, check_kind
from web.accounts.person_pages import PersonPages
from web.core.pages import Visit, page
from web.core.site import ON_PAGE, show_pdf


@dataclass(frozen=True)
class _Address:
    email: str


class DocumentPages(PersonPages):
    form_name = "papers"
    on_page = ON_PAGE | {503}

    def add_routes(self) -> None:
        super().add_routes()
        self.site.get("/h5/pdf/{kind}/{token}.pdf", self.file)

    @page("/h5/{pool}/papers/{kind}", "applications/document.html", keep=("number",))
    async def document(self, visit: Visit) -> Mapping[str, object]:
        kind, subject_id = await self._subject(visit)
        delivery, error = self.services.applications.document_delivery, visit.form.error
        stored_address = "" if error else await delivery.address(visit.actor, kind, subject_id)
        return {
            "kind": kind,
            "ready": kind != "form" or await self.services.applications.documents.is_printed(visit.actor, subject_id),
            "address": visit.form.value("email")[:200] if error else stored_address,
            "number": visit.query("number"),
            "title": delivery.title(visit.actor.pool, kind),
            "file": f"/h5/pdf/{kind}/{delivery.link(visit.actor, kind, subject_id)}.pdf",
            "wrong": error.field if error else "",
        }

    @document.command(_Address, note="已发送，请查收邮件；没有收到请看垃圾邮件。")
    async def mail(self, visit: Visit, form: _Address) -> None:
        kind, subject_id = await self._subject(visit)
        await self.services.applications.document_delivery.mail(visit.actor, kind, subject_id, form.email[:200])

    async def file(self, request: http.Request) -> http.Response:
        kind, token = request.match_info["kind"], request.match_info["token"]
        document = await self.services.applications.document_delivery.open(kind, token)
        return show_pdf(document.content, document.filename)

    async def _subject(self, visit: Visit) -> tuple[Kind, UUID]:
        """Kind of the requested document, and its application or expert. Raises NotFound."""
        actor, kind = visit.actor, check_kind(visit.request.match_info["kind"])
        if kind == "information":
            if actor.expert_id is None:
                raise NotFound("入库成为专家后才能打印个人信息表。", code="no_expert")
            return kind, actor.expert_id
        progress = await self.services.applications.queries.own_progress(actor, visit.query("number"))
        return kind, progress.application_id
