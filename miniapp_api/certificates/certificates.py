"""Certificates (证书): one's own, their files, and the verification of one."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from miniapp_api.http.call import Call, Download
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Listing, PageOut, PageQuery, PoolPath
from services.certificates import REASON_MAX, CertificateView, PublicCertificate

api = Api(
    "certificates",
    "证书",
    "Issued by themselves to whoever passed an examination or finished a course. The QR code on a certificate holds a "
    "random token, never the number; whoever scans it sees whether it is valid, with the name masked.",
)


PDF, PNG = "application/pdf", "image/png"


class CertificatePath(PoolPath):
    certificate_id: UUID


class TokenPath(PoolPath):
    token: str = Field(max_length=64, description="From the QR code's address")


class CertificateSearchQuery(PageQuery):
    search: str = Field("", max_length=50, description="A whole number, or the beginning of a name")
    state: Literal["valid", "replaced", "revoked"] | None = Field(None, description="None: all")


class CertificateReasonIn(Input):
    reason: str = Field(min_length=1, max_length=REASON_MAX, examples=["姓名变更"])


@api.get("/certificates", "我的证书", action="certificate.own")
async def own(call: Call) -> Listing[CertificateView]:
    """Own certificates, newest first."""
    return Listing[CertificateView](items=await call.services.certificates.queries.own(call.actor))


@api.get("/certificates/{certificate_id}/pdf", "下载证书", action="certificate.own", media_type=PDF)
async def pdf(call: Call, path: CertificatePath) -> Download:
    """409 `certificate_ended` for one that was replaced or revoked."""
    return await _file(call, path, "pdf")


@api.get("/certificates/{certificate_id}/picture", "下载证书图片", action="certificate.own", media_type=PNG)
async def picture(call: Call, path: CertificatePath) -> Download:
    """The certificate as PNG."""
    return await _file(call, path, "png")


@api.get("/certificate-checks/{token}", "核验证书", access="public", limits=(30, 60))
async def verify(call: Call, path: TokenPath) -> PublicCertificate:
    """Present state and contents of the certificate with this QR code."""
    return await call.services.certificates.queries.verify(path.token)


@api.get("/office/certificates", "证书列表", action="certificate.manage")
async def certificates(call: Call, query: CertificateSearchQuery) -> PageOut[CertificateView]:
    """The pool's certificates, newest first."""
    found = await call.services.certificates.queries.page(
        call.actor, search=query.search, state=query.state or "", offset=query.offset, limit=query.size
    )
    return PageOut[CertificateView].of_query(found, query)


@api.post("/office/certificates/{certificate_id}/replace", "换发证书", action="certificate.manage")
async def replace(call: Call, path: CertificatePath, body: CertificateReasonIn) -> CertificateView:
    """Issue it again with the holder's present name; the old QR code then shows that it was replaced."""
    new = await call.services.certificates.issuing.replace(call.actor, path.certificate_id, body.reason)
    return await call.services.certificates.queries.get(call.actor, new)


@api.post("/office/certificates/{certificate_id}/revoke", "撤销证书", action="certificate.manage")
async def revoke(call: Call, path: CertificatePath, body: CertificateReasonIn) -> CertificateView:
    """Revoke it; the reason is shown to the holder."""
    await call.services.certificates.issuing.revoke(call.actor, path.certificate_id, body.reason)
    return await call.services.certificates.queries.get(call.actor, path.certificate_id)


async def _file(call: Call, path: CertificatePath, form: Literal["pdf", "png"]) -> Download:
    file = await call.services.certificates.files.file(call.actor, path.certificate_id, form)
    return Download(file.content, file.media_type, file.filename)
