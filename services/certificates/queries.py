"""Certificates for holders, the office and the public."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from domain.certificates.contents import Contents, digest
from domain.certificates.lifecycles import CertificateState
from domain.errors import InvalidInput, NotFound
from domain.faults import Faults
from domain.masking import mask_name
from domain.person_names import is_same_name, spell_name
from domain.typed_text import half_width
from models.certificates import Certificate
from services.core.base import Actor, Deps, Page
from services.core.permissions import check

Validity = Literal["valid", "expired", "replaced", "revoked"]
LABELS = {"valid": "有效", "expired": "已过期", "replaced": "已换发", "revoked": "已撤销"}
_OWN_MAX = 200
_NUMBER_MAX = 40


@dataclass(frozen=True)
class CertificateView:
    """A certificate for its holder and the office."""

    id: UUID
    number: Annotated[str, Field(examples=["XJ2026J-000001T"])]
    title: Annotated[str, Field(examples=["继续教育合格证书"])]
    holder: str
    issuer: str
    facts: tuple[tuple[str, str], ...]
    validity: Validity
    issued_at: datetime
    valid_until: datetime | None
    reason: Annotated[str, Field(description="Why it was replaced or revoked")]
    check_url: Annotated[str, Field(description="The public page that its QR code opens")]


@dataclass(frozen=True)
class PublicCertificate:
    """What the holder of the paper may know. ``intact``: the row agrees with the digest made at issue."""

    pool_name: str
    number: str
    title: str
    masked_holder: str
    issuer: str
    facts: tuple[tuple[str, str], ...]
    validity: Validity
    intact: bool
    issued_at: datetime
    valid_until: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True)
class CertificateQueries:
    deps: Deps

    async def own(self, actor: Actor) -> tuple[CertificateView, ...]:
        """The person's certificates, newest first."""
        check(actor, "certificate.own")
        certificates = (
            await Certificate.filter(account_id=actor.account_id).order_by("-issued_at", "-id").limit(_OWN_MAX)
        )
        return tuple(self._view(certificate) for certificate in certificates)

    async def page(
        self, actor: Actor, *, search: str = "", state: str = "", offset: int = 0, limit: int = 50
    ) -> Page[CertificateView]:
        """The pool's certificates, newest first; ``search`` is a complete number or a name's beginning."""
        check(actor, "certificate.manage")
        certificates = Certificate.filter(pool=actor.pool)
        if state:
            certificates = certificates.filter(state=state)
        if word := half_width(search):
            has_digit = any(character.isdigit() for character in word)
            certificates = (
                certificates.filter(number=word.upper())
                if has_digit
                else certificates.filter(holder__startswith=spell_name(word))
            )
        items = await certificates.order_by("-issued_at", "-id").offset(offset).limit(limit)
        return Page(tuple(self._view(certificate) for certificate in items), await certificates.count())

    async def get(self, actor: Actor, certificate_id: UUID) -> CertificateView:
        """An own certificate, or for the office any of the pool. Raises NotFound."""
        return self._view(await get_certificate(actor, certificate_id))

    async def verify(self, token: str) -> PublicCertificate:
        """Present state and contents of the certificate whose QR code contains ``token``. Raises NotFound."""
        # tokens have 32 characters; longer texts are not looked up
        certificate = await Certificate.get_or_none(token=token) if len(token) <= 32 else None
        if certificate is None:
            raise NotFound("没有查到这张证书，请扫描证书上的二维码核对。", code="no_such_certificate")
        return self._public_view(certificate)

    async def verify_number(self, number: str, holder: str) -> PublicCertificate:
        """The same for who has a paper without a readable code: by its number and the holder's name.

        Raises InvalidInput for an empty field, NotFound for an unknown number as for another name, so that a number
        tells nobody whether it was issued.
        """
        faults = Faults()
        number = half_width(number).upper().replace(" ", "")
        if not number:
            faults.add(InvalidInput("请填写证书编号。", code="missing", field="number"))
        if not spell_name(holder):
            faults.add(InvalidInput("请填写持证人姓名。", code="missing", field="holder"))
        faults.raise_any()
        certificates = await Certificate.filter(pool__in=list(self.deps.rulebooks), number=number[:_NUMBER_MAX])
        fitting = [certificate for certificate in certificates if is_same_name(certificate.holder, holder)]
        if not fitting:
            raise NotFound("没有查到：编号和姓名须与证书完全一致，请对照证书再填一次。", code="no_such_certificate")
        return self._public_view(fitting[0])

    def _public_view(self, certificate: Certificate) -> PublicCertificate:
        return PublicCertificate(
            self.deps.book(certificate.pool).pool.name,
            certificate.number,
            certificate.title,
            mask_name(certificate.holder),
            certificate.issuer,
            _facts(certificate),
            self._validity(certificate),
            digest(contents_of(certificate)) == certificate.digest,
            certificate.issued_at,
            certificate.valid_until,
            certificate.ended_at,
        )

    def _validity(self, certificate: Certificate) -> Validity:
        if certificate.state != CertificateState.VALID:
            return "replaced" if certificate.state == CertificateState.REPLACED else "revoked"
        expired = certificate.valid_until is not None and certificate.valid_until <= self.deps.now()
        return "expired" if expired else "valid"

    def _view(self, certificate: Certificate) -> CertificateView:
        return CertificateView(
            certificate.id,
            certificate.number,
            certificate.title,
            certificate.holder,
            certificate.issuer,
            _facts(certificate),
            self._validity(certificate),
            certificate.issued_at,
            certificate.valid_until,
            certificate.reason,
            check_url(self.deps, certificate),
        )


async def get_certificate(actor: Actor, certificate_id: UUID) -> Certificate:
    """The row, for its holder or the office. Raises Forbidden, NotFound."""
    if actor.role == "pool_admin":
        check(actor, "certificate.manage")
        certificate = await Certificate.get_or_none(id=certificate_id, pool=actor.pool)
    else:
        check(actor, "certificate.own")
        certificate = await Certificate.get_or_none(id=certificate_id, account_id=actor.account_id)
    if certificate is None:
        raise NotFound("没有这张证书，请返回列表核对。", code="unknown_certificate")
    return certificate


def check_url(deps: Deps, certificate: Certificate) -> str:
    return f"{deps.public_url}/c/{certificate.token}"


def contents_of(certificate: Certificate) -> Contents:
    return Contents(
        certificate.number,
        certificate.title,
        certificate.holder,
        certificate.masked_id_number,
        certificate.issuer,
        _facts(certificate),
        certificate.issued_at,
        certificate.valid_until,
    )


def _facts(certificate: Certificate) -> tuple[tuple[str, str], ...]:
    return tuple((str(label), str(value)) for label, value in certificate.facts)
