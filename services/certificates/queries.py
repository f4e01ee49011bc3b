"""Certificates for holders, the office and the public."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from domain.certificates.contents import Contents, digest
from domain.certificates.lifecycles import CertificateState
from domain.errors import NotFound
from domain.masking import mask_name
from models.certificates import Certificate
from services.core.base import Actor, Deps, Page
from services.core.permissions import check

Validity = Literal["valid", "expired", "replaced", "revoked"]
LABELS = {"valid": "有效", "expired": "已过期", "replaced": "已换发", "revoked": "已撤销"}
_OWN_MAX = 200


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
        found = await Certificate.filter(account_id=actor.account_id).order_by("-issued_at", "-id").limit(_OWN_MAX)
        return tuple(self._view(one) for one in found)

    async def page(
        self, actor: Actor, *, search: str = "", state: str = "", offset: int = 0, limit: int = 50
    ) -> Page[CertificateView]:
        """The pool's certificates, newest first; ``search`` is a complete number or a name's beginning."""
        check(actor, "certificate.manage")
        found = Certificate.filter(pool=actor.pool)
        if state:
            found = found.filter(state=state)
        if word := search.strip():
            has_digit = any(character.isdigit() for character in word)
            found = found.filter(number=word.upper()) if has_digit else found.filter(holder__startswith=word)
        items = await found.order_by("-issued_at", "-id").offset(offset).limit(limit)
        return Page(tuple(self._view(one) for one in items), await found.count())

    async def get(self, actor: Actor, certificate_id: UUID) -> CertificateView:
        """An own certificate, or for the office any of the pool. Raises NotFound."""
        return self._view(await find(actor, certificate_id))

    async def verify(self, token: str) -> PublicCertificate:
        """Present state and contents of the certificate whose QR code contains ``token``. Raises NotFound."""
        found = await Certificate.get_or_none(token=token) if len(token) <= 32 else None
        if found is None:
            raise NotFound("没有查到这张证书，请扫描证书上的二维码核对。", code="no_such_certificate")
        return PublicCertificate(
            self.deps.book(found.pool).pool.name,
            found.number,
            found.title,
            mask_name(found.holder),
            found.issuer,
            _facts(found),
            self._validity(found),
            digest(contents_of(found)) == found.digest,
            found.issued_at,
            found.valid_until,
            found.ended_at,
        )

    def _validity(self, found: Certificate) -> Validity:
        if found.state != CertificateState.VALID:
            return "replaced" if found.state == CertificateState.REPLACED else "revoked"
        expired = found.valid_until is not None and found.valid_until <= self.deps.now()
        return "expired" if expired else "valid"

    def _view(self, found: Certificate) -> CertificateView:
        return CertificateView(
            found.id,
            found.number,
            found.title,
            found.holder,
            found.issuer,
            _facts(found),
            self._validity(found),
            found.issued_at,
            found.valid_until,
            found.reason,
            check_url(self.deps, found),
        )


async def find(actor: Actor, certificate_id: UUID) -> Certificate:
    """The row, for its holder or the office. Raises Forbidden, NotFound."""
    if actor.role == "pool_admin":
        check(actor, "certificate.manage")
        found = await Certificate.get_or_none(id=certificate_id, pool=actor.pool)
    else:
        check(actor, "certificate.own")
        found = await Certificate.get_or_none(id=certificate_id, account_id=actor.account_id)
    if found is None:
        raise NotFound("没有这张证书，请返回列表核对。", code="unknown_certificate")
    return found


def check_url(deps: Deps, found: Certificate) -> str:
    return f"{deps.public_url}/c/{found.token}"


def contents_of(found: Certificate) -> Contents:
    return Contents(
        found.number,
        found.title,
        found.holder,
        found.masked_id_number,
        found.issuer,
        _facts(found),
        found.issued_at,
        found.valid_until,
    )


def _facts(found: Certificate) -> tuple[tuple[str, str], ...]:
    return tuple((str(label), str(value)) for label, value in found.facts)
