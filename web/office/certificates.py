"""Certificates of the pool: found by number or name, issued anew, revoked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import aiohttp.web as http

from domain.certificates.lifecycles import CertificateState
from domain.errors import AppError, InvalidInput
from services.certificates import LABELS, REASON_MAX
from services.core.base import Actor
from web.core.form_values import EMPTY, PAGE_SIZE, FormValues, last_page, redirect, uuid_of
from web.core.site import page_number
from web.office.base import OfficePart

FILTERS = {"": "全部", **{state.value: state.label for state in CertificateState}}


class OfficeCertificatePages(OfficePart):
    code = "certificates"
    action = "certificate.manage"
    notes: ClassVar[Mapping[str, str]] = {
        "issued": "已补发，并通知了持证人。",
        "replaced": "已换发，这是新证书；已通知持证人，原证书的二维码显示已换发。",
        "revoked": "已撤销，并通知了持证人。",
    }

    def add_routes(self) -> None:
        self.site.get("/office/certificates", self.list)
        self.site.post("/office/certificates", self.issue_missing)
        self.site.get("/office/certificates/{id}", self.detail)
        self.site.post("/office/certificates/{id}", self.submit)

    async def list(self, request: http.Request) -> http.Response:
        """``?q=`` is a complete number or a name's beginning, ``?state=`` a state."""
        actor, page = await self.actor(request), page_number(request)
        word, state = request.query.get("q", "").strip()[:50], request.query.get("state", "")
        state = state if state in FILTERS else ""
        found = await self.services.certificates.queries.page(
            actor, search=word, state=state, offset=(page - 1) * PAGE_SIZE, limit=PAGE_SIZE
        )
        return self.show(
            actor,
            "office/certificates.html",
            request,
            found=found.items,
            total=found.total,
            page=page,
            last=last_page(found.total),
            word=word,
            state=state,
            filters=FILTERS,
            labels=LABELS,
            missing=await self.services.office.late_certificates.count(actor),
        )

    async def issue_missing(self, request: http.Request) -> http.Response:
        """For everyone who passed or finished but has none."""
        actor = await self.actor(request)
        await self.fields(request, actor)
        await self.services.office.late_certificates.issue(actor)
        raise redirect("/office/certificates", note="issued")

    async def detail(self, request: http.Request) -> http.Response:
        return await self._detail(await self.actor(request), request)

    async def _detail(self, actor: Actor, request: http.Request, form: FormValues = EMPTY) -> http.Response:
        certificate_id = uuid_of(request.match_info["id"], "这张证书")
        found = await self.services.certificates.queries.get(actor, certificate_id)
        return self.show(
            actor,
            "office/certificate.html",
            request,
            error=form.error,
            f=form,
            one=found,
            labels=LABELS,
            longest=REASON_MAX,
            file=f"/h5/certificate/{self.services.certificates.files.link(actor, found.id)}",
        )

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` replace or revoke, with a ``reason``."""
        actor = await self.actor(request)
        fields = await self.fields(request, actor)
        certificate_id = uuid_of(request.match_info["id"], "这张证书")
        issuing, reason = self.services.certificates.issuing, fields.get("reason", "")
        try:
            if fields.get("command") == "replace":
                new = await issuing.replace(actor, certificate_id, reason)
                raise redirect(f"/office/certificates/{new}", note="replaced")
            if fields.get("command") != "revoke":
                raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")
            await issuing.revoke(actor, certificate_id, reason)
        except AppError as error:
            return await self._detail(actor, request, FormValues(fields, self.shown(error), fields.get("command", "")))
        raise redirect(f"/office/certificates/{certificate_id}", note="revoked")
