"""Assignments of reviewers, review tasks and decisions, and objections during public notice."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tortoise import fields

from models.base import Row


class ReviewAssignment(Row):
    """A person who reviews one step in a region (and below it); ``specialty`` narrows it to a branch of the catalogue.

    ``region`` of the province itself, and an empty ``specialty``, mean all. ``exact``: the region without those below
    it: a city's own part (市本级).
    """

    pool = fields.CharField(32)
    account: Any = fields.ForeignKeyField("models.Account", on_delete=fields.RESTRICT, related_name="assignments")
    account_id: UUID
    step = fields.CharField(20)
    region = fields.CharField(6)
    specialty = fields.CharField(32, default="")
    exact = fields.BooleanField(default=False, db_default=False)
    department = fields.CharField(100, default="")
    """The department's name in the applicant's log; empty: the rulebook's."""
    granted_at = fields.DatetimeField()
    granted_by = fields.UUIDField(null=True)
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "review_assignment"
        unique_together = (("account_id", "step", "region", "specialty"),)
        indexes = (("pool", "step"),)


class ReviewSubstitution(Row):
    """A colleague who decides the tasks of an absent reviewer, in the half-open time; ended early with ``ended_at``."""

    pool = fields.CharField(32)
    account: Any = fields.ForeignKeyField("models.Account", on_delete=fields.RESTRICT, related_name="absences")
    account_id: UUID
    substitute: Any = fields.ForeignKeyField("models.Account", on_delete=fields.RESTRICT, related_name="substitutions")
    substitute_id: UUID
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    reason = fields.CharField(200, default="")
    created_at = fields.DatetimeField()
    created_by = fields.UUIDField(null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "review_substitution"
        indexes = (("account_id",), ("substitute_id",))


class ReviewTask(Row):
    """One reviewer's decision: one step of one round, for one ``specialty`` where the step is per specialty.

    ``step_code`` names the step; ``step`` is its index in the rulebook when the task was opened. ``former_region``: it
    asks the region that an expert leaves.
    """

    application: Any = fields.ForeignKeyField("models.Application", on_delete=fields.CASCADE, related_name="tasks")
    application_id: UUID
    pool = fields.CharField(32)
    round = fields.IntField()
    step = fields.IntField()
    step_code = fields.CharField(20)
    region = fields.CharField(6)
    """The task goes to the reviewers of this region."""
    specialty = fields.CharField(32, default="")
    former_region = fields.BooleanField(default=False, db_default=False)
    state = fields.CharField(12)
    opened_at = fields.DatetimeField()
    decided_at = fields.DatetimeField(null=True)
    decided_by = fields.UUIDField(null=True)
    decided_for = fields.UUIDField(null=True)
    """The account in whose place ``decided_by`` did."""
    opinion = fields.CharField(500, default="")
    returned: Any = fields.JSONField(default=list, db_default=[])
    """Places at which sending back points: ``place``, ``file``, ``name``, ``words``, ``digest`` of what stood there."""
    handed_to = fields.UUIDField(null=True)
    """The account to which a colleague, ``handed_by``, has handed the task; the queues of others leave it out."""
    handed_by = fields.UUIDField(null=True)
    handed_note = fields.CharField(200, default="", db_default="")

    class Meta:
        table = "review_task"
        unique_together = (("application_id", "round", "step_code", "specialty", "former_region"),)
        indexes = (("pool", "state", "step_code", "opened_at"), ("pool", "decided_by", "decided_at"))


class ReviewEntry(Row):
    """An entry of the log that the applicant reads (审核日志). ``event`` is a code, ``who`` a department, not a
    person."""

    application: Any = fields.ForeignKeyField("models.Application", on_delete=fields.CASCADE, related_name="log")
    application_id: UUID
    at = fields.DatetimeField()
    event = fields.CharField(20)
    who = fields.CharField(100)
    step_name = fields.CharField(100, default="")
    specialty = fields.CharField(32, default="")
    opinion = fields.CharField(500, default="")

    class Meta:
        table = "review_entry"
        indexes = (("application_id", "at"),)


class Objection(Row):
    """An objection to an entry during public notice. ``state``: open, dismissed or upheld."""

    pool = fields.CharField(32)
    application: Any = fields.ForeignKeyField("models.Application", on_delete=fields.CASCADE, related_name="objections")
    application_id: UUID
    account: Any = fields.ForeignKeyField("models.Account", on_delete=fields.RESTRICT)
    account_id: UUID
    """The objector's account: objections need a name (实名), which is shown to administrators only."""
    text_sealed = fields.TextField(default="", db_default="")
    state = fields.CharField(12, default="open")
    answer = fields.CharField(500, default="")
    created_at = fields.DatetimeField()
    decided_at = fields.DatetimeField(null=True)
    decided_by = fields.UUIDField(null=True)

    class Meta:
        table = "objection"
        indexes = (("pool", "state", "created_at"), ("application_id",))
