"""A person's application for entry or renewal, its form, files and printed papers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tortoise import fields

from models.base import Row, text_array


class Application(Row):
    """One application. A person has at most one live one (not entered, refused or cancelled) at a time, and beside it
    at most one live change of the file.

    ``region``, ``region_path``, ``name`` repeat the form's for lists and queues and are written at submission.
    ``round`` counts submissions; ``step`` is the index of the review step under way, -1 outside review. ``version``
    grows with every change of the form, so that a printed document can be distinguished from a later state.
    """

    pool = fields.CharField(32)
    number = fields.CharField(32)
    """SQ20261121000001, shown to the person and on documents."""
    campaign: Any = fields.ForeignKeyField("models.Campaign", on_delete=fields.RESTRICT, null=True)
    campaign_id: UUID | None
    account: Any = fields.ForeignKeyField("models.Account", on_delete=fields.RESTRICT, related_name="applications")
    account_id: UUID
    expert: Any = fields.ForeignKeyField("models.Expert", on_delete=fields.RESTRICT, null=True)
    expert_id: UUID | None
    """The expert in a renewal from the start, else set at entry."""
    entry_type = fields.CharField(12)
    state = fields.CharField(20)
    state_since = fields.DatetimeField()
    name = fields.CharField(50, default="")
    name_sort = fields.CharField(200, default="")
    region = fields.CharField(6, default="")
    region_path: list[str] = text_array()
    moves_from = fields.CharField(6, default="", db_default="")
    """The region in which the pool had the expert at submission, where the form asks for another one."""
    round = fields.IntField(default=0)
    step = fields.IntField(default=-1)
    version = fields.IntField(default=1)
    locked_version = fields.IntField(null=True)
    """The version that was printed, while printing locks the form."""
    sent_back_fields: list[str] = text_array()
    """Codes of the fields that may be changed after return for correction; ``*`` alone: all."""
    expert_number = fields.CharField(32, default="")
    """Assigned at approval, kept at entry."""
    submitted_at = fields.DatetimeField(null=True)
    approved_at = fields.DatetimeField(null=True)
    """When the last review step passed."""
    notice_from = fields.DatetimeField(null=True)
    notice_until = fields.DatetimeField(null=True)
    own_until = fields.DatetimeField(null=True)
    """Until when the office lets this person hand in, where that is later than the campaign's end."""
    own_pay_until = fields.DatetimeField(null=True)
    """The same of the payment."""
    reason = fields.CharField(500, default="")
    """Reason of a refusal."""
    created_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "application"
        unique_together = (("pool", "number"),)
        indexes = (("account_id",), ("pool", "state", "state_since"), ("state", "notice_until"))


class ApplicationSection(Row):
    """One section's values as sealed JSON (field → value). ``version`` detects writes from a device with older
    values."""

    application: Any = fields.ForeignKeyField("models.Application", on_delete=fields.CASCADE, related_name="sections")
    application_id: UUID
    code = fields.CharField(40)
    values_sealed = fields.TextField()
    version = fields.IntField(default=1)
    saved_at = fields.DatetimeField()

    class Meta:
        table = "application_section"
        unique_together = (("application_id", "code"),)


class ApplicationSpecialty(Row):
    """A specialty as submitted. ``choice``: preferred 首选 or alternative 备选; ``state`` as in a review task."""

    application: Any = fields.ForeignKeyField(
        "models.Application", on_delete=fields.CASCADE, related_name="specialties"
    )
    application_id: UUID
    code = fields.CharField(32)
    choice = fields.CharField(12, default="preferred")
    position = fields.IntField(default=0)
    state = fields.CharField(12, default="open")
    admitted = fields.BooleanField(null=True)
    """For an alternative one: whether the last reviewer admits it to the pool; None: not decided."""

    class Meta:
        table = "application_specialty"
        unique_together = (("application_id", "code"),)
        indexes = (("code",),)


class ApplicationAct(Row):
    """What the office did about one application beside decisions. ``kind``, ``state`` and ``deadline``:
    ``domain.applications.office_acts``.

    ``text_sealed``: the reason, the note, or the message. ``until``: the person's new deadline, None where there is
    none; ``former_until``: the one before an extension. ``ended_by``: who confirmed, refused or withdrew it.
    """

    pool = fields.CharField(32)
    application: Any = fields.ForeignKeyField("models.Application", on_delete=fields.CASCADE, related_name="acts")
    application_id: UUID
    kind = fields.CharField(16)
    state = fields.CharField(12)
    text_sealed = fields.TextField()
    deadline = fields.CharField(8, default="", db_default="")
    until = fields.DatetimeField(null=True)
    former_until = fields.DatetimeField(null=True)
    second_person = fields.BooleanField(default=False, db_default=False)
    """Whether it waited, or waits, for another member of the office."""
    begun_by: UUID | None = fields.UUIDField(null=True)
    begun_at = fields.DatetimeField()
    ended_by: UUID | None = fields.UUIDField(null=True)
    ended_at = fields.DatetimeField(null=True)
    refusal = fields.CharField(200, default="", db_default="")

    class Meta:
        table = "application_act"
        indexes = (("application_id", "begun_at"),)


class ExamSheet(Row):
    """A parsed sheet of examination results. ``state``: checked, or done once the office imported it.

    ``lines`` are the valid rows, by application and without personal data; ``errors`` lists the faults of the others;
    ``result`` counts the changes made.
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
        table = "exam_sheet"
        indexes = (("created_at",),)


class Attachment(Row):
    """A file of a field. ``state``: uploading, ready or removed. ``key`` is its random name in the file store.

    While uploading, ``received`` counts the bytes received in parts; the client may query it and resume there.
    """

    pool = fields.CharField(32)
    account: Any = fields.ForeignKeyField("models.Account", on_delete=fields.RESTRICT)
    account_id: UUID
    application: Any = fields.ForeignKeyField(
        "models.Application", on_delete=fields.CASCADE, related_name="attachments", null=True
    )
    application_id: UUID | None
    draw: Any = fields.ForeignKeyField("models.Draw", on_delete=fields.CASCADE, null=True)
    draw_id: UUID | None
    """The draw whose request for verification this file belongs to."""
    expert: Any = fields.ForeignKeyField("models.Expert", on_delete=fields.RESTRICT, null=True)
    expert_id: UUID | None
    """The expert into whose file the office has put it. Without draw and expert it is a file of an application."""
    field = fields.CharField(80)
    """Code of the form's field; ``records[2].proof`` for a column of records is ``records.proof`` with ``row`` 2."""
    row = fields.IntField(default=0)
    filename = fields.CharField(200)
    media_type = fields.CharField(40)
    size = fields.IntField()
    sha256 = fields.CharField(64, default="")
    received = fields.IntField(default=0)
    parts: list[str] = text_array()
    """Names of the received parts, in order; each begins with its offset."""
    key = fields.CharField(100)
    """Shared by rows that reuse the file of an earlier application; the file is deleted with the last of them."""
    thumb_key = fields.CharField(100, default="")
    taken_from = fields.UUIDField(null=True)
    """The earlier application of the same person from which this file is reused."""
    state = fields.CharField(12, default="uploading")
    created_at = fields.DatetimeField()
    ready_at = fields.DatetimeField(null=True)
    removed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "attachment"
        indexes = (("application_id", "field"), ("draw_id",), ("state", "created_at"))


class PrintedForm(Row):
    """A printed application: its version, and the code in its QR code."""

    application: Any = fields.ForeignKeyField("models.Application", on_delete=fields.CASCADE, related_name="prints")
    application_id: UUID
    code = fields.CharField(24, unique=True)
    version = fields.IntField()
    digest = fields.CharField(64)
    """SHA-256 of the form's values."""
    key = fields.CharField(100, default="")
    """The PDF in the file store; empty until it is made."""
    printed_at = fields.DatetimeField()

    class Meta:
        table = "printed_form"
        indexes = (("application_id", "version"),)
