"""Feedback to the pool's office."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tortoise import fields

from models.base import Row


class Feedback(Row):
    """An opinion or question (意见反馈). ``state``: open or answered."""

    pool = fields.CharField(32)
    account: Any = fields.ForeignKeyField("models.Account", on_delete=fields.RESTRICT)
    account_id: UUID
    text_sealed = fields.TextField(default="", db_default="")
    state = fields.CharField(12, default="open")
    answer = fields.CharField(1000, default="")
    created_at = fields.DatetimeField()
    answered_at = fields.DatetimeField(null=True)
    answered_by = fields.UUIDField(null=True)

    class Meta:
        table = "feedback"
        indexes = (("pool", "state", "created_at"), ("account_id",))
