"""A person's certificates, as a complete export for that person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from models.certificates import Certificate

_COLUMNS = (
    "number",
    "kind",
    "title",
    "text",
    "facts",
    "issuer",
    "issued_at",
    "valid_until",
    "state",
    "ended_at",
    "reason",
)


async def collect_certificates(account_id: UUID) -> list[dict[str, Any]]:
    """Oldest first, including replaced and revoked ones."""
    certificates = Certificate.filter(account_id=account_id).order_by("issued_at", "id")
    return list(await certificates.values(*_COLUMNS))
