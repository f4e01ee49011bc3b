"""What people write to the pool's office, and its answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise import fields

from models.base import Row


class Feedback(Row):
    """A thread between a person and the office (投诉, 意见反馈). ``subject`` is a ``FeedbackSubject``, ``state`` a
    ``FeedbackState``; ``number`` names it to both sides."""

    pool = fields.CharField(32)
    number = fields.BigIntField(unique=True)
    account: Any = fields.ForeignKeyField("models.Account", on_delete=fields.RESTRICT)
    account_id: UUID
    subject = fields.CharField(12)
    state = fields.CharField(12, default="open")
    holder_id: UUID | None = fields.UUIDField(null=True)
    """Who of the office has it; None: nobody in particular."""
    created_at = fields.DatetimeField()
    due_at: datetime | None = fields.DatetimeField(null=True)
    """Until when the office should answer; None while it owes no answer."""
    closes_at: datetime | None = fields.DatetimeField(null=True)
    """When an answered thread closes by itself; None in other states."""
    closed_at: datetime | None = fields.DatetimeField(null=True)
    closed_by = fields.CharField(8, default="")
    """``person``, or ``time``; empty while it is not closed."""

    class Meta:
        table = "feedback"
        indexes = (("pool", "state", "due_at"), ("account_id", "created_at"), ("state", "closes_at"))


class FeedbackMessage(Row):
    """A message of a thread. The person's text is encrypted; the office's is not, as in its other answers."""

    feedback: Any = fields.ForeignKeyField("models.Feedback", on_delete=fields.RESTRICT, related_name="messages")
    feedback_id: UUID
    at = fields.DatetimeField()
    office_id: UUID | None = fields.UUIDField(null=True)
    """Who of the office wrote it; None: the person."""
    text = fields.CharField(1000, default="")
    text_sealed = fields.TextField(default="")

    class Meta:
        table = "feedback_message"
        indexes = (("feedback_id", "at"),)
