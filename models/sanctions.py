"""What the office imposes on experts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tortoise import fields

from models.base import Row


class Sanction(Row):
    """An act of the office against an expert (处理). ``kind``: suspension, warning or removal; ``state``:
    ``domain.experts.lifecycles``.

    A suspension or warning holds in the half-open time from ``starts_at`` until ``ends_at``, None: until it is lifted.
    ``starts_at`` is None while a proposal is to begin at once. Suspensions of an expert in force never overlap
    (database constraint).
    """

    pool = fields.CharField(32)
    expert: Any = fields.ForeignKeyField("models.Expert", on_delete=fields.RESTRICT, related_name="sanctions")
    expert_id: UUID
    kind = fields.CharField(12)
    state = fields.CharField(12)
    reason = fields.CharField(500)
    starts_at = fields.DatetimeField(null=True)
    ends_at = fields.DatetimeField(null=True)
    withdraws_calls = fields.BooleanField(default=False)
    """Ends invitations and panels ahead when it is imposed."""
    files: Any = fields.JSONField(default=list)
    """Evidence: ``key``, ``filename``, ``media_type`` and ``size`` of each stored file."""
    proposed_at = fields.DatetimeField()
    proposed_by = fields.UUIDField(null=True)
    decided_at = fields.DatetimeField(null=True)
    """When it was imposed, refused or withdrawn."""
    decided_by = fields.UUIDField(null=True)
    refusal = fields.CharField(500, default="")
    lifted_at = fields.DatetimeField(null=True)
    lifted_by = fields.UUIDField(null=True)
    lift_reason = fields.CharField(500, default="")
    end_told_at = fields.DatetimeField(null=True)
    """When the expert was told that its time was over."""
    appeal_sealed = fields.TextField(default="")
    appealed_at = fields.DatetimeField(null=True)
    answer = fields.CharField(500, default="")
    answered_at = fields.DatetimeField(null=True)
    answered_by = fields.UUIDField(null=True)

    class Meta:
        table = "sanction"
        indexes = (("expert_id", "proposed_at"), ("pool", "proposed_at"))
