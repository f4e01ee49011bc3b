"""Certificates of the pool: found by number or name, issued anew, revoked."""

from __future__ import annotations

from collections.abc import Mapping

from domain.certificates.lifecycles import CertificateState
from services.certificates import LABELS, REASON_MAX
from web.core.pages import Choice, Listed, Redirect, Visit, Wanted, Word, list_page, page
from web.core.typed_forms import ReasonForm
from web.office.base import OfficePart

FILTERS = {"": "全部", **{state.value: state.label for state in CertificateState}}
_CERTIFICATE = "这张证书"


class OfficeCertificatePages(OfficePart):
    code = "certificates"
    action = "certificate.manage"

    @list_page("/office/certificates", "office/certificates.html", q=Word(50), state=Choice(FILTERS))
    async def certificates(self, visit: Visit, wanted: Wanted) -> Listed:
        """``q`` is a complete number or a name's beginning."""
        listed = await self.services.certificates.queries.page(
            visit.actor, search=wanted["q"], state=wanted["state"], **wanted.window
        )
        missing = await self.services.office.late_certificates.count(visit.actor)
        earned_by = self.book(visit.actor).certificate.earned_by
        values = {"word": wanted["q"], "filters": FILTERS, "labels": LABELS, "missing": missing, "earned_by": earned_by}
        return Listed(listed, values)

    @certificates.command(note="已补发，并通知了持证人。")
    async def issue_missing(self, visit: Visit) -> None:
        """For everyone who passed or finished but has none."""
        await self.services.office.late_certificates.issue(visit.actor)

    @page("/office/certificates/{id}", "office/certificate.html")
    async def certificate(self, visit: Visit) -> Mapping[str, object]:
        certificate = await self.services.certificates.queries.get(visit.actor, visit.id(_CERTIFICATE))
        file = f"/h5/certificate/{self.services.certificates.files.link(visit.actor, certificate.id)}"
        return {"certificate": certificate, "labels": LABELS, "longest": REASON_MAX, "file": file}

    @certificate.command(ReasonForm, "replace", note="已换发，这是新证书；已通知持证人，原证书的二维码显示已换发。")
    async def replace(self, visit: Visit, form: ReasonForm) -> Redirect:
        new = await self.services.certificates.issuing.replace(visit.actor, visit.id(_CERTIFICATE), form.reason)
        return Redirect(f"/office/certificates/{new}")

    @certificate.command(ReasonForm, "revoke", note="已撤销，并通知了持证人。")
    async def revoke(self, visit: Visit, form: ReasonForm) -> None:
        await self.services.certificates.issuing.revoke(visit.actor, visit.id(_CERTIFICATE), form.reason)
