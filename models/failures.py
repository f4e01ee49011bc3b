"""Rows whose processing failed, so that the next scan leaves them alone for a while."""

from __future__ import annotations

from tortoise import fields

from models.base import Row


class RowFailure(Row):
    """Processing of one row failed ``failures`` times in a row. ``work`` names the processing step, ``subject`` is the
    row's key. Times are the database's own, never the movable clock's."""

    work = fields.CharField(40)
    subject = fields.CharField(64)
    failures = fields.IntField()
    retry_at = fields.DatetimeField()
    error = fields.CharField(80)
    """Class of the last error; its text may hold personal data."""

    class Meta:
        table = "row_failure"
        unique_together = (("work", "subject"),)
