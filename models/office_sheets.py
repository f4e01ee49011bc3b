"""Sheets by which the office acts on many experts."""

from __future__ import annotations

from typing import Any

from tortoise import fields

from models.base import Row


class OfficeSheet(Row):
    """An act on many experts by a sheet. ``kind``: terms (批量延长聘期) or sanctions (批量处理); ``state``: checked,
    working, done or dropped.

    ``terms`` hold for all rows: ``reason``, and what else the act needs. ``targets`` are the valid rows, as line,
    expert number, id of the expert and, where each row sets a value of its own, that value; the first ``done`` of them
    are dealt with. ``errors`` are invalid cells as line, column, reason; ``failures`` rows that were refused when it
    was their turn, as line, expert number, reason.
    """

    pool = fields.CharField(32)
    account_id = fields.UUIDField()
    kind = fields.CharField(12)
    filename = fields.CharField(200)
    terms: Any = fields.JSONField()
    second_person = fields.BooleanField()
    """Whether another member of the office has to confirm it."""
    targets: Any = fields.JSONField()
    errors: Any = fields.JSONField()
    state = fields.CharField(12)
    done = fields.IntField(default=0)
    failures: Any = fields.JSONField(default=list)
    created_at = fields.DatetimeField()
    confirmed_by = fields.UUIDField(null=True)
    progress_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "office_sheet"
        indexes = (("pool", "kind", "created_at"),)
