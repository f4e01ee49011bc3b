"""What is to be deleted from the file store, and when it was last looked through."""

from __future__ import annotations

from tortoise import fields

from models.base import Row


class FileRemoval(Row):
    """A file no longer needed, written in the transaction that gave it up; the row goes after the file."""

    key = fields.CharField(100)
    due_at = fields.DatetimeField()

    class Meta:
        table = "file_removal"
        indexes = (("due_at",),)


class StoreSearch(Row):
    """A look through the whole store for files that no row names. ``withheld``: so many that nothing was deleted."""

    started_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)
    next_at = fields.DatetimeField()
    files = fields.IntField(default=0)
    orphans = fields.IntField(default=0)
    withheld = fields.BooleanField(default=False)

    class Meta:
        table = "store_search"
        indexes = (("next_at",),)
