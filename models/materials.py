"""Material for download (资料下载)."""

from __future__ import annotations

from tortoise import fields

from models.base import Row


class Material(Row):
    """A file that the office offers. ``audience``: everybody, or logged-in applicants.

    Shown from ``shown_from`` until ``shown_until`` (half-open, a missing end means none), by ``position``, then title.
    """

    pool = fields.CharField(32)
    title = fields.CharField(100)
    category = fields.CharField(40)
    """One of the rulebook's."""
    note = fields.CharField(200, default="")
    audience = fields.CharField(12, default="everybody")
    position = fields.IntField(default=0)
    shown_from = fields.DatetimeField()
    shown_until = fields.DatetimeField(null=True)
    filename = fields.CharField(200)
    media_type = fields.CharField(100)
    size = fields.IntField()
    sha256 = fields.CharField(64)
    key = fields.CharField(100)
    """Random name in the file store; a replaced file gets a new one."""
    created_at = fields.DatetimeField()
    changed_at = fields.DatetimeField()

    class Meta:
        table = "material"
        indexes = (("pool", "category"),)
