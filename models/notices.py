"""Notices, their contact ladder, and one row per attempt."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tortoise import fields

from models.base import Row


class Notice(Row):
    """A notice to one person. ``state``: active, done, failed or stopped.

    ``step`` is the next ladder step, due at ``next_at``. ``params`` are facts for the texts, without secrets; a
    verification code is sealed in ``secret_sealed`` and wiped when the notice is done. ``bulk``: one of thousands;
    notices to single persons are sent before it.
    """

    pool = fields.CharField(32)
    kind = fields.CharField(30)
    account: Any = fields.ForeignKeyField(
        "models.Account", on_delete=fields.RESTRICT, related_name="notices", null=True
    )
    account_id: UUID | None
    expert_id = fields.UUIDField(null=True)
    mobile_sealed = fields.TextField()
    """The number for SMS and calls, as it was when the notice was created."""
    invitation_id = fields.UUIDField(null=True)
    params: Any = fields.JSONField(default=dict)
    secret_sealed = fields.TextField(default="")
    dedupe_key = fields.CharField(120)
    state = fields.CharField(10, default="active")
    step = fields.IntField(default=0)
    next_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    closed_at = fields.DatetimeField(null=True)
    opened_at = fields.DatetimeField(null=True)
    """When the person opened the notice's page, or acted on its matter."""
    bulk = fields.BooleanField(default=False, db_default=False)

    class Meta:
        table = "notice"
        unique_together = (("pool", "dedupe_key"),)
        indexes = (("invitation_id",), ("account_id", "created_at"))


class Attempt(Row):
    """One try on one channel. ``state`` is a ``AttemptState``; ``out_id`` our id for vendors, which can't be guessed;
    ``number`` the order of the ledger.

    The row commits before the vendor is called, so a crash leaves a trace; ``check_at`` is when the vendor is queried
    about an attempt without outcome, or whose reported ``keys`` are not confirmed yet.
    """

    notice: Any = fields.ForeignKeyField("models.Notice", on_delete=fields.RESTRICT, related_name="attempts")
    notice_id: UUID
    channel = fields.CharField(10)
    step = fields.IntField()
    number = fields.BigIntField(unique=True)
    out_id = fields.CharField(15, default="", db_default="")
    state = fields.CharField(10, default="pending")
    vendor_id = fields.CharField(80, default="")
    vendor_code = fields.CharField(60, default="")
    keys = fields.CharField(20, default="")
    cost = fields.IntField(default=0)
    """Fen."""
    created_at = fields.DatetimeField()
    due_at = fields.DatetimeField()
    wait = fields.IntField()
    """Seconds after sending until the vendor is queried for the outcome."""
    sent_at = fields.DatetimeField(null=True)
    check_at = fields.DatetimeField(null=True)
    checks = fields.IntField(default=0)
    tries = fields.IntField(default=0)
    closed_at = fields.DatetimeField(null=True)
    bulk = fields.BooleanField(default=False, db_default=False)
    """Copied from the notice."""

    class Meta:
        table = "attempt"
        indexes = (("notice_id",), ("vendor_id",))


class DeliveryReport(Row):
    """A vendor's report, stored as received before processing; ``key`` is the same for repetitions."""

    vendor = fields.CharField(12)
    key = fields.CharField(120)
    body: Any = fields.JSONField()
    received_at = fields.DatetimeField()
    applied_at = fields.DatetimeField(null=True)

    class Meta:
        table = "delivery_report"
        unique_together = (("vendor", "key"),)


class GroupNotice(Row):
    """A notice of the office to many (群发通知). ``state``: draft, sending, stopped, done or dropped.

    ``persons`` are chosen when it is written; ``sent`` and ``skipped`` of them are done with. While it is sent, the
    next batch is due at ``next_at``.
    """

    pool = fields.CharField(32)
    title = fields.CharField(20)
    text = fields.CharField(1000)
    audience = fields.CharField(200)
    state = fields.CharField(8, default="draft")
    persons = fields.IntField()
    sent = fields.IntField(default=0)
    skipped = fields.IntField(default=0)
    next_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    created_by = fields.UUIDField()
    tried_at = fields.DatetimeField(null=True)
    started_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "group_notice"
        indexes = (("pool", "created_at"),)


class GroupNoticePerson(Row):
    """A person of a group notice; ``sent_at`` when the notice was written, or the person was passed over."""

    group_notice: Any = fields.ForeignKeyField("models.GroupNotice", on_delete=fields.CASCADE, related_name="people")
    group_notice_id: UUID
    account: Any = fields.ForeignKeyField(
        "models.Account", on_delete=fields.CASCADE, related_name="group_notices", null=True
    )
    account_id: UUID | None
    expert: Any = fields.ForeignKeyField(
        "models.Expert", on_delete=fields.CASCADE, related_name="group_notices", null=True
    )
    expert_id: UUID | None
    sent_at = fields.DatetimeField(null=True)

    class Meta:
        table = "group_notice_person"
        indexes = (("group_notice_id",), ("account_id",), ("expert_id",))
