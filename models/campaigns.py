"""Campaigns, in which people may apply, and the employers they choose from."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tortoise import fields

from models.base import Row, text_array


class Campaign(Row):
    """A recruitment campaign (征集). Windows are half-open; a missing end means none.

    Applicants see it from ``published_at`` on; ``closed_at`` ends it early.
    """

    pool = fields.CharField(32)
    name = fields.CharField(100)
    entry_types: list[str] = text_array()
    enrol_from = fields.DatetimeField()
    enrol_until = fields.DatetimeField()
    review_from = fields.DatetimeField(null=True)
    review_until = fields.DatetimeField(null=True)
    pay_from = fields.DatetimeField(null=True)
    pay_until = fields.DatetimeField(null=True)
    announcement = fields.TextField(default="")
    advice: Any = fields.JSONField(default=dict)
    """Contacts for policy advice (政策咨询), by region code."""
    created_at = fields.DatetimeField()
    published_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "campaign"
        indexes = (("pool", "enrol_until"),)


class Employer(Row):
    """A unit that applicants choose as theirs (单位列表)."""

    pool = fields.CharField(32)
    name = fields.CharField(200)
    name_sort = fields.CharField(400, default="")
    credit_code = fields.CharField(18, default="")
    region = fields.CharField(6, default="")
    created_at = fields.DatetimeField()
    retired_at = fields.DatetimeField(null=True)
    """Since when it is no longer offered; applicants who chose it keep it."""

    class Meta:
        table = "employer"
        unique_together = (("pool", "name"),)


class EmployerRequest(Row):
    """An applicant asks for a unit that the list lacks. ``state``: open, added or refused."""

    pool = fields.CharField(32)
    account: Any = fields.ForeignKeyField("models.Account", on_delete=fields.RESTRICT)
    account_id: UUID
    name = fields.CharField(200)
    credit_code = fields.CharField(18, default="")
    region = fields.CharField(6, default="")
    note = fields.CharField(200, default="")
    state = fields.CharField(12, default="open")
    answer = fields.CharField(200, default="")
    employer: Any = fields.ForeignKeyField("models.Employer", on_delete=fields.RESTRICT, null=True)
    employer_id: UUID | None
    created_at = fields.DatetimeField()
    decided_at = fields.DatetimeField(null=True)
    decided_by = fields.UUIDField(null=True)

    class Meta:
        table = "employer_request"
        indexes = (("pool", "state", "created_at"),)


class EmployerImport(Row):
    """A parsed sheet of employers. ``state``: checked, or done once the office imported it.

    ``lines`` are the valid rows, ``errors`` lists the faults of the others; ``result`` counts the changes made.
    """

    pool = fields.CharField(32)
    account: Any = fields.ForeignKeyField("models.Account", on_delete=fields.RESTRICT)
    account_id: UUID
    filename = fields.CharField(200)
    lines: Any = fields.JSONField(default=list)
    errors: Any = fields.JSONField(default=list)
    state = fields.CharField(12, default="checked")
    result: Any = fields.JSONField(default=dict)
    created_at = fields.DatetimeField()
    done_at = fields.DatetimeField(null=True)

    class Meta:
        table = "employer_import"
        indexes = (("created_at",),)
