"""Texts that the office has worded itself."""

from __future__ import annotations

from uuid import UUID

from tortoise import fields

from models.base import Row


class OfficeTextEdit(Row):
    """An edit of a text that the rulebook begins with (``domain.rulebook.office_texts``); never edited.

    ``version`` counts all edits of the pool. The newest of a ``code`` holds; without ``value`` the rulebook's holds
    again.
    """

    pool = fields.CharField(32)
    version = fields.IntField()
    code = fields.CharField(40)
    value = fields.TextField(null=True)
    """JSON."""
    reason = fields.CharField(200)
    at = fields.DatetimeField()
    actor_id: UUID = fields.UUIDField()

    class Meta:
        table = "office_text_edit"
        unique_together = (("pool", "version"),)
        indexes = (("pool", "code", "version"),)
