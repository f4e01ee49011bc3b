"""Sealed reports (举报), which supervision alone reads, and the answers to the question after an evaluation."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tortoise import fields

from models.base import Row


class Report(Row):
    """A report. ``state``: a value of ``domain.reports.lifecycles.ReportState``.

    Nothing but the two times says anything in clear. An anonymous report has neither ``reporter_sealed`` nor
    ``reporter_hash``.
    """

    pool = fields.CharField(32)
    number = fields.CharField(20)
    """For supervision; it opens nothing."""
    code_hash = fields.CharField(64, unique=True)
    """Keyed hash of the code by which the reporter follows it, which is stored nowhere."""
    content_sealed = fields.TextField()
    """JSON: ``occasion``, ``text``, ``draw`` (as typed), ``happened`` (as typed)."""
    reporter_sealed = fields.TextField()
    """JSON: ``name``, ``mobile``; empty: anonymous."""
    reporter_hash = fields.CharField(64, null=True)
    """Keyed hash of the account of who reported in the chat under the own name, for the export of own data."""
    state = fields.CharField(10)
    received_at = fields.DatetimeField()
    closed_at = fields.DatetimeField(null=True)
    outcome_sealed = fields.TextField()
    """What the reporter reads; empty until it is closed."""

    class Meta:
        table = "report"
        unique_together = (("pool", "number"),)
        indexes = (("pool", "state", "received_at"),)


class ReportMessage(Row):
    """What supervision asks the reporter, or the reporter adds."""

    report: Any = fields.ForeignKeyField("models.Report", on_delete=fields.CASCADE, related_name="messages")
    report_id: UUID
    text_sealed = fields.TextField()
    at = fields.DatetimeField()
    author_id = fields.UUIDField(null=True)
    """The account of who asked; None: the reporter."""
    sent_hash = fields.CharField(64, unique=True)
    """Keyed hash of report and form: the same form adds one message."""

    class Meta:
        table = "report_message"
        indexes = (("report_id", "at"),)


class ReportFile(Row):
    """A file of the reporter, encrypted in the file store."""

    report: Any = fields.ForeignKeyField("models.Report", on_delete=fields.CASCADE, related_name="files")
    report_id: UUID
    key = fields.CharField(100)
    name_sealed = fields.TextField()
    media_type = fields.CharField(100)
    at = fields.DatetimeField()

    class Meta:
        table = "report_file"
        indexes = (("report_id", "at"), ("key",))


class ContactQuestion(Row):
    """Those who evaluated in this draw are asked, from ``due_at`` on, whether anybody contacted them about it."""

    draw: Any = fields.OneToOneField("models.Draw", on_delete=fields.RESTRICT, related_name="contact_question")
    draw_id: UUID
    pool = fields.CharField(32)
    due_at = fields.DatetimeField()
    asked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "contact_question"


class ContactAnswer(Row):
    """An answer to it. ``asked_hash`` is the keyed hash of the invitation, so that each expert answers once and no row
    names him; ``answer_sealed`` is as long for a yes as for a no."""

    question: Any = fields.ForeignKeyField("models.ContactQuestion", on_delete=fields.CASCADE, related_name="answers")
    question_id: UUID
    asked_hash = fields.CharField(64, unique=True)
    answer_sealed = fields.TextField()

    class Meta:
        table = "contact_answer"
        indexes = (("question_id",),)
