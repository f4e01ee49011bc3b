"""A certificate as PDF and as image, rendered from its row at each request.

The PDF is signed where the pool has a seal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import structlog

from domain.clock import print_date
from domain.errors import Conflict, GatewayError, NotFound, Unavailable
from models.certificates import Certificate
from services.certificates.queries import LABELS, check_url, get_certificate
from services.core.base import Actor, Deps
from services.core.signed_links import Links
from services.files import LINK_TTL, FileDelivery, account_of
from services.ports import DocumentRenderer, MailAttachment, Sealer

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Format = Literal["pdf", "png"]
MEDIA_TYPES: Mapping[Format, str] = {"pdf": "application/pdf", "png": "image/png"}
_PURPOSE = "certificate"


@dataclass(frozen=True)
class CertificateFile:
    """``filename`` holds the number, never a name."""

    content: bytes
    media_type: str
    filename: str


@dataclass(frozen=True)
class CertificateFiles:
    deps: Deps
    links: Links
    renderer: DocumentRenderer
    delivery: FileDelivery
    sealer: Sealer

    def link(self, actor: Actor, certificate_id: UUID) -> str:
        """A token that opens this certificate's file without a log-in, for ten minutes."""
        return self.links.sign(_PURPOSE, certificate_id, account_of(actor), self.deps.now() + LINK_TTL)

    async def open(self, token: str, form: str) -> CertificateFile:
        """Raises Forbidden for a token that is forged or expired, NotFound, Conflict, Unavailable."""
        link = self.links.check(token, _PURPOSE)
        certificate = await Certificate.get_or_none(id=link.subject_id)
        if certificate is None:
            raise NotFound("没有这张证书，请返回列表核对。", code="unknown_certificate")
        return await self._render(certificate, form)

    async def file(self, actor: Actor, certificate_id: UUID, form: str) -> CertificateFile:
        """Raises NotFound for another person's, Conflict for one that is no longer valid, Unavailable."""
        return await self._render(await get_certificate(actor, certificate_id), form)

    async def mail(self, actor: Actor, certificate_id: UUID, to: str) -> None:
        """Send the PDF to the person's own address. Raises InvalidInput, TooMany, Unavailable."""
        file = await self.file(actor, certificate_id, "pdf")
        attachment = MailAttachment(file.filename, file.media_type, file.content)
        await self.delivery.mail(actor, to, "证书", attachment, action="certificate.mail")

    async def _render(self, certificate: Certificate, form: str) -> CertificateFile:
        if certificate.state != "valid":
            raise Conflict(
                f"这张证书{LABELS[certificate.state]}，不能下载。请查看最新的证书。", code="certificate_ended"
            )
        if form not in MEDIA_TYPES:
            raise NotFound("只有PDF和图片两种格式，请返回重新选择。", code="no_such_format")
        content = _content(self.deps, certificate)
        try:
            make = self.renderer.render_pdf if form == "pdf" else self.renderer.preview
            body = await make("certificate", content)
            if form == "pdf":
                body = await self.sealer.seal(certificate.pool, body, f"颁发{certificate.title}")
        except GatewayError as error:
            log.error("certificate_not_rendered", error=type(error).__name__)
            raise Unavailable("证书暂时无法生成，请稍后重试。", code="printer_away") from error
        return CertificateFile(body, MEDIA_TYPES["pdf" if form == "pdf" else "png"], f"{certificate.number}.{form}")


def _content(deps: Deps, certificate: Certificate) -> dict[str, object]:
    until = print_date(certificate.valid_until) if certificate.valid_until else "长期有效"
    return {
        "title": certificate.title,
        "number": certificate.number,
        "holder": certificate.holder,
        "id_number": certificate.masked_id_number,
        "text": certificate.text,
        "facts": [list(pair) for pair in [*certificate.facts, ("有效期至", until)]],
        "issuer": certificate.issuer,
        "date": print_date(certificate.issued_at),
        "qr": check_url(deps, certificate),
        "digest": certificate.digest,
    }
