"""Examinations: the item bank, papers, sittings, and candidates' answers. Marks are integer tenths (15 = 1.5).

Two tables have no model, since they are never read row by row: ``exam_answer_event`` (every answer as a device sent it)
and ``exam_answer`` (the answers of a sealed attempt, which are marked). Both are created in the baseline migration.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from models.base import Row, text_array


class ExamItem(Row):
    """An item of the bank (试题). ``kind``: single, multiple, true_false, short, or case (a text with its own items).

    Its text stands in its versions. ``group`` is the case that an item belongs to, ``position`` its place there.
    """

    pool = fields.CharField(32)
    code = fields.CharField(32)
    kind = fields.CharField(12)
    chapter = fields.CharField(100)
    difficulty = fields.SmallIntField()
    """1 (easy) to 5."""
    group: Any = fields.ForeignKeyField("models.ExamItem", on_delete=fields.RESTRICT, null=True, related_name="parts")
    group_id: UUID | None
    position = fields.SmallIntField(default=0)
    version = fields.IntField(default=1)
    """Number of the version that new papers use."""
    stem_hash = fields.CharField(64)
    """SHA-256 of the current stem without spaces and punctuation, to find duplicates."""
    used = fields.IntField(default=0)
    """Number of papers that contained it."""
    created_at = fields.DatetimeField()
    retired_at = fields.DatetimeField(null=True)
    """No new paper uses it after this time."""

    class Meta:
        table = "exam_item"
        unique_together = (("pool", "code"),)
        indexes = (("pool", "chapter", "kind", "difficulty"), ("pool", "stem_hash"), ("group_id",))


class ExamItemVersion(Row):
    """The text of an item at one time; never changed, since papers refer to it. Holds no key."""

    item: Any = fields.ForeignKeyField("models.ExamItem", on_delete=fields.CASCADE, related_name="versions")
    item_id: UUID
    number = fields.IntField()
    stem = fields.TextField()
    options: list[str] = text_array()
    """In canonical order: bit n of a mask is option n."""
    pictures: Any = fields.JSONField(default=list)
    """``{"key", "media_type", "alt"}`` each; the key names a file of the store."""
    fixed_order = fields.BooleanField(default=False)
    """Options are not shuffled (以上都对, numbers)."""
    basis = fields.CharField(300, default="")
    """The legal article behind the key (法条); shown with the key only."""
    created_at = fields.DatetimeField()
    created_by = fields.UUIDField(null=True)

    class Meta:
        table = "exam_item_version"
        unique_together = (("item_id", "number"),)


class ExamItemKey(Row):
    """The key of a version, in a table of its own, which no query for candidates touches."""

    version: Any = fields.OneToOneField("models.ExamItemVersion", on_delete=fields.CASCADE, related_name="key")
    version_id: UUID
    mask = fields.IntField(default=0)
    """Correct options; 0 for a short answer."""
    answer = fields.TextField(default="")
    """The model answer of a short answer, for markers."""
    explanation = fields.TextField(default="")

    class Meta:
        table = "exam_item_key"


class ExamImport(Row):
    """A parsed file of items. ``state``: checked, or done once it was imported.

    ``lines`` are the valid items, encrypted, since they hold keys; ``errors`` lists the faults of the others;
    ``result`` counts the changes made.
    """

    pool = fields.CharField(32)
    account: Any = fields.ForeignKeyField("models.Account", on_delete=fields.RESTRICT)
    account_id: UUID
    filename = fields.CharField(200)
    lines_sealed = fields.TextField(default="")
    counts: Any = fields.JSONField(default=dict)
    errors: Any = fields.JSONField(default=list)
    state = fields.CharField(12, default="checked")
    result: Any = fields.JSONField(default=dict)
    created_at = fields.DatetimeField()
    done_at = fields.DatetimeField(null=True)

    class Meta:
        table = "exam_import"
        indexes = (("created_at",),)


class ExamBlueprint(Row):
    """Composition of papers (组卷方案). ``cells``: ``{"chapter", "kind", "difficulty", "count", "mark"}`` each.

    An empty chapter and a difficulty of 0 mean any. A published examination keeps its own copy.
    """

    pool = fields.CharField(32)
    name = fields.CharField(100)
    cells: Any = fields.JSONField(default=list)
    created_at = fields.DatetimeField()
    retired_at = fields.DatetimeField(null=True)

    class Meta:
        table = "exam_blueprint"
        indexes = (("pool",),)


class Exam(Row):
    """An examination. ``purpose``: entry, campaign, single or mock. ``state``: draft, published, closed or cancelled.

    ``rules`` is a copy of the rulebook's section ``exam`` at publishing, ``cells`` of the blueprint's.
    """

    pool = fields.CharField(32)
    name = fields.CharField(100)
    purpose = fields.CharField(12)
    campaign: Any = fields.ForeignKeyField("models.Campaign", on_delete=fields.RESTRICT, null=True)
    campaign_id: UUID | None
    """Only applicants of this campaign are called; None: all."""
    blueprint: Any = fields.ForeignKeyField("models.ExamBlueprint", on_delete=fields.RESTRICT, null=True)
    blueprint_id: UUID | None
    state = fields.CharField(12, default="draft")
    opens_at = fields.DatetimeField()
    closes_at = fields.DatetimeField()
    """All sittings lie between ``opens_at`` and ``closes_at``."""
    rules: Any = fields.JSONField(default=dict)
    cells: Any = fields.JSONField(default=list)
    created_at = fields.DatetimeField()
    created_by = fields.UUIDField(null=True)
    published_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)
    released_at = fields.DatetimeField(null=True)
    """When the office released the results; None where they are shown at once."""

    class Meta:
        table = "exam"
        indexes = (("pool", "state", "closes_at"), ("campaign_id",), ("blueprint_id",))


class ExamSitting(Row):
    """A time at which the examination can be taken (场次). Without booking there is only one."""

    exam: Any = fields.ForeignKeyField("models.Exam", on_delete=fields.CASCADE, related_name="sittings")
    exam_id: UUID
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    capacity = fields.IntField(null=True)
    booked = fields.IntField(default=0)
    place = fields.CharField(200, default="")

    class Meta:
        table = "exam_sitting"
        indexes = (("exam_id", "starts_at"),)


class ExamCandidate(Row):
    """A person who is called to an examination. ``state``: called, passed, failed or left.

    ``waiting`` is the full sitting on whose waiting list the person is, beside the booked one, if any.
    """

    exam: Any = fields.ForeignKeyField("models.Exam", on_delete=fields.CASCADE, related_name="candidates")
    exam_id: UUID
    account: Any = fields.ForeignKeyField("models.Account", on_delete=fields.RESTRICT)
    account_id: UUID
    application: Any = fields.ForeignKeyField("models.Application", on_delete=fields.RESTRICT, null=True)
    application_id: UUID | None
    """The application that waits for the result."""
    expert: Any = fields.ForeignKeyField("models.Expert", on_delete=fields.RESTRICT, null=True)
    expert_id: UUID | None
    sitting: Any = fields.ForeignKeyField("models.ExamSitting", on_delete=fields.RESTRICT, null=True)
    sitting_id: UUID | None
    waiting: Any = fields.ForeignKeyField(
        "models.ExamSitting", on_delete=fields.SET_NULL, null=True, related_name="waiting_list"
    )
    waiting_id: UUID | None
    waiting_since = fields.DatetimeField(null=True)
    state = fields.CharField(12, default="called")
    extra_minutes = fields.SmallIntField(default=0)
    """Extra time in addition to the length of the paper."""
    extra_tries = fields.SmallIntField(default=0)
    extra_devices = fields.SmallIntField(default=0)
    """Take-overs of a paper that the office permits beyond the rules."""
    allowance_reason = fields.CharField(200, default="")
    notice_read_at = fields.DatetimeField(null=True)
    """When the candidate read the notice and accepted the risks."""
    face = fields.CharField(12, default="")
    """passed: by the platform; other: identified in another way; empty: not checked yet."""
    face_at = fields.DatetimeField(null=True)
    face_reference = fields.CharField(64, default="")
    """The platform's number, or the account of the official who identified the person."""
    reminders = fields.SmallIntField(default=0)
    """Number of steps of ``exam.reminders`` that are past."""
    called_at = fields.DatetimeField()
    concluded_at = fields.DatetimeField(null=True)

    class Meta:
        table = "exam_candidate"
        unique_together = (("exam_id", "account_id"),)
        indexes = (("account_id",), ("application_id",), ("sitting_id",), ("waiting_id", "waiting_since"))


class ExamAttempt(Row):
    """One paper of a candidate (一次作答). Slot n of the paper is element n of ``versions``, ``orders`` and ``marks``.

    ``orders`` are indexes of permutations of the options (``domain.exams.papers``). ``deadline`` is fixed at the start;
    answers received until ``grace_until`` count and are flagged as late, later ones are kept as evidence.
    """

    exam: Any = fields.ForeignKeyField("models.Exam", on_delete=fields.CASCADE, related_name="attempts")
    exam_id: UUID
    candidate: Any = fields.ForeignKeyField("models.ExamCandidate", on_delete=fields.CASCADE, related_name="attempts")
    candidate_id: UUID
    number = fields.SmallIntField()
    state = fields.CharField(12, default="ready")
    versions = cast("list[UUID]", ArrayField("uuid", default=list))
    orders = cast("list[int]", ArrayField("int", default=list))
    marks = cast("list[int]", ArrayField("int", default=list))
    made_at = fields.DatetimeField()
    started_at = fields.DatetimeField(null=True)
    deadline = fields.DatetimeField(null=True)
    grace_until = fields.DatetimeField(null=True)
    device = fields.SmallIntField(default=0)
    """Number of the active device; grows with every take-over."""
    replaced_at = cast("list[datetime]", ArrayField("timestamptz", default=list))
    """When each earlier device was replaced: element n is device n + 1."""
    seen_at = fields.DatetimeField(null=True)
    """When the active device last sent a request."""
    leaves = fields.SmallIntField(default=0)
    """How often the candidate left the page."""
    hidden_seconds = fields.IntField(default=0)
    flags: list[str] = text_array()
    """Irregularities for an official to review: device, leaves, late, replaced, clock."""
    submitted_at = fields.DatetimeField(null=True)
    """When the candidate submitted it; None: the time ran out."""
    sealed_at = fields.DatetimeField(null=True)
    digest = fields.CharField(64, default="")
    """SHA-256 of the sealed answers, as on the receipt."""
    graded_at = fields.DatetimeField(null=True)
    released_at = fields.DatetimeField(null=True)
    score = fields.IntField(null=True)
    total = fields.IntField(null=True)
    """Maximum, in tenths."""
    passed = fields.BooleanField(null=True)
    void_reason = fields.CharField(200, default="")

    class Meta:
        table = "exam_attempt"
        unique_together = (("candidate_id", "number"),)
        indexes = (("exam_id", "state"), ("state", "grace_until"))


class ExamMarking(Row):
    """A marker's marks for a short answer; two that differ require a third.

    ``on_appeal``: given by who reviewed the result, in place of theirs.
    """

    attempt: Any = fields.ForeignKeyField("models.ExamAttempt", on_delete=fields.CASCADE, related_name="markings")
    attempt_id: UUID
    slot = fields.SmallIntField()
    marker_id = fields.UUIDField()
    marks = fields.IntField()
    note = fields.CharField(200, default="")
    on_appeal = fields.BooleanField(default=False, db_default=False)
    marked_at = fields.DatetimeField()

    class Meta:
        table = "exam_marking"
        unique_together = (("attempt_id", "slot", "marker_id"),)


class ExamRuling(Row):
    """A decision on an item found faulty after it was used. ``kind``: full_credit, also_accept or drop."""

    exam: Any = fields.ForeignKeyField("models.Exam", on_delete=fields.CASCADE, related_name="rulings")
    exam_id: UUID
    version: Any = fields.ForeignKeyField("models.ExamItemVersion", on_delete=fields.RESTRICT)
    version_id: UUID
    kind = fields.CharField(12)
    mask = fields.IntField(default=0)
    """For also_accept: the additional key."""
    reason = fields.CharField(300)
    decided_by = fields.UUIDField()
    decided_at = fields.DatetimeField()

    class Meta:
        table = "exam_ruling"
        unique_together = (("exam_id", "version_id"),)


class ExamAppeal(Row):
    """A candidate objects to a result (成绩复核). ``state``: open, upheld or rejected.

    ``score`` of ``total``: the paper's when he did, in tenths; null for those of before they were kept.
    """

    attempt: Any = fields.ForeignKeyField("models.ExamAttempt", on_delete=fields.CASCADE, related_name="appeals")
    attempt_id: UUID
    pool = fields.CharField(32)
    text = fields.CharField(500)
    score = fields.IntField(null=True)
    total = fields.IntField(null=True)
    state = fields.CharField(12, default="open")
    answer = fields.CharField(300, default="")
    created_at = fields.DatetimeField()
    decided_at = fields.DatetimeField(null=True)
    decided_by = fields.UUIDField(null=True)

    class Meta:
        table = "exam_appeal"
        indexes = (("pool", "state", "created_at"), ("attempt_id",))


class ExamEvidence(Row):
    """An answer file that a candidate uploaded after the end. ``state``: open, accepted or rejected."""

    attempt: Any = fields.ForeignKeyField("models.ExamAttempt", on_delete=fields.CASCADE, related_name="evidence")
    attempt_id: UUID
    pool = fields.CharField(32)
    content_sealed = fields.TextField()
    explanation = fields.CharField(300, default="")
    state = fields.CharField(12, default="open")
    answer = fields.CharField(300, default="")
    received_at = fields.DatetimeField()
    decided_at = fields.DatetimeField(null=True)
    decided_by = fields.UUIDField(null=True)

    class Meta:
        table = "exam_evidence"
        indexes = (("pool", "state", "received_at"), ("attempt_id",))
