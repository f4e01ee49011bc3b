"""Pending deletions from the file store, and searches for orphaned files."""

from __future__ import annotations

from tortoise import fields

from models.base import Row


class FileRemoval(Row):
    """A file to delete, written in the transaction that dropped the last reference; the row is deleted after the
    file."""

    key = fields.CharField(100)
    due_at = fields.DatetimeField()

    class Meta:
        table = "file_removal"
        indexes = (("due_at",),)


class StoreSearch(Row):
    """A search of the whole store for files that no row refers to. ``withheld``: so many that nothing was deleted."""

    started_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)
    next_at = fields.DatetimeField()
    files = fields.IntField(default=0)
    orphans = fields.IntField(default=0)
    withheld = fields.BooleanField(default=False)

    class Meta:
        table = "store_search"
        indexes = (("next_at",),)
