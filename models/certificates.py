"""Issued certificates, and the counters of their numbers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tortoise import fields

from models.base import Row


class Certificate(Row):
    """A certificate (证书). ``kind``: exam or course. ``state``: valid, replaced or revoked.

    ``holder``, ``masked_id_number`` and ``facts`` are its contents at issue; ``digest`` seals them.
    """

    pool = fields.CharField(32)
    kind = fields.CharField(12)
    number = fields.CharField(40)
    token = fields.CharField(32, unique=True)
    """192 random bits, in the QR code; unlike the number it can't be guessed."""
    account: Any = fields.ForeignKeyField("models.Account", on_delete=fields.RESTRICT, related_name="certificates")
    account_id: UUID
    expert: Any = fields.ForeignKeyField("models.Expert", on_delete=fields.RESTRICT, null=True)
    expert_id: UUID | None
    source_id = fields.UUIDField()
    """The candidate of an examination, or the enrolment in a course, for which it was issued."""
    title = fields.CharField(100)
    text = fields.CharField(200)
    holder = fields.CharField(50)
    masked_id_number = fields.CharField(20)
    issuer = fields.CharField(100)
    facts: Any = fields.JSONField(default=list)
    """Pairs of label and value."""
    digest = fields.CharField(64)
    issued_at = fields.DatetimeField()
    valid_until = fields.DatetimeField(null=True)
    state = fields.CharField(12, default="valid")
    replaces: Any = fields.ForeignKeyField("models.Certificate", on_delete=fields.RESTRICT, null=True)
    replaces_id: UUID | None
    ended_at = fields.DatetimeField(null=True)
    ended_by = fields.UUIDField(null=True)
    reason = fields.CharField(200, default="")
    """Why it was replaced or revoked."""
    reminded_at = fields.DatetimeField(null=True)

    class Meta:
        table = "certificate"
        unique_together = (("pool", "number"),)
        indexes = (("account_id",), ("expert_id",), ("replaces_id",), ("pool", "issued_at"), ("state", "valid_until"))


class CertificateSerial(Row):
    """Number of serials used for a kind in a year. It grows in the issuing transaction, so there are no gaps."""

    pool = fields.CharField(32)
    letter = fields.CharField(1)
    year = fields.IntField()
    issued = fields.IntField(default=0)

    class Meta:
        table = "certificate_serial"
        unique_together = (("pool", "letter", "year"),)
