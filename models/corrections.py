"""What the office corrects of a person."""

from __future__ import annotations

from uuid import UUID

from tortoise import fields

from models.base import Row


class Correction(Row):
    """A correction (更正) by the office. ``kind`` and ``state``: ``domain.experts.corrections``; ended for good with
    ``ended_at``.

    ``account_id`` and ``expert_id`` are the person's, as far as he has them. ``values_sealed`` is sealed JSON: what is
    new. ``mobile_hash``: of a new mobile that has to prove itself, before ``until``. ``evidence_key`` is the sealed
    file. ``ended_by``: the second member of the office, or who withdrew it; None: the person, or the system.
    """

    pool = fields.CharField(32)
    kind = fields.CharField(12)
    state = fields.CharField(12)
    account_id: UUID | None = fields.UUIDField(null=True)
    expert_id: UUID | None = fields.UUIDField(null=True)
    values_sealed = fields.TextField()
    mobile_hash = fields.CharField(64, default="", db_default="")
    reason = fields.CharField(200)
    evidence_key = fields.CharField(100, default="", db_default="")
    evidence_name = fields.CharField(200, default="", db_default="")
    evidence_type = fields.CharField(40, default="", db_default="")
    begun_by: UUID | None = fields.UUIDField(null=True)
    begun_at = fields.DatetimeField()
    until = fields.DatetimeField(null=True)
    ended_by: UUID | None = fields.UUIDField(null=True)
    ended_at = fields.DatetimeField(null=True)
    note = fields.CharField(200, default="", db_default="")

    class Meta:
        table = "correction"
        indexes = (("account_id", "begun_at"), ("expert_id", "begun_at"))
