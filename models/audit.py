"""Append-only audit log, hash-chained per pool by a sealer job."""

from __future__ import annotations

from typing import Any

from tortoise import fields

from models.base import Row


class AuditEntry(Row):
    """``number`` and ``hash`` are set once, by the sealer; unsealed entries have none. All other updates are
    forbidden."""

    pool = fields.CharField(32)
    at = fields.DatetimeField()
    actor_id = fields.UUIDField(null=True)
    actor_role = fields.CharField(20)
    action = fields.CharField(60)
    subject = fields.CharField(20)
    """Kind of object: draw, invitation, account…"""
    subject_id = fields.UUIDField(null=True)
    details: Any = fields.JSONField(default=dict)
    """Facts without personal data in clear."""
    number = fields.BigIntField(null=True)
    hash = fields.CharField(64, null=True)

    class Meta:
        table = "audit_entry"
        indexes = (("subject", "subject_id"),)
        unique_together = (("pool", "number"),)
