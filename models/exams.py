"""Examinations: the item bank, papers, sittings, and what candidates answered. Marks are integer tenths (15 = 1.5).

Two tables have no model, since nothing reads them row by row: ``exam_answer_event`` (every answer as a device sent it)
and ``exam_answer`` (the answers of a sealed attempt, which are marked). Both are created in migration 0003.
"""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from models.base import Row, text_array


class ExamItem(Row):
    """An item of the bank (试题). ``kind``: single, multiple, true_false, short, or case (a text with its own items).

    What is asked stands in its versions. ``group`` is the case that an item belongs to, ``position`` its place there.
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
    """Number of the version that new papers take."""
    stem_hash = fields.CharField(64)
    """SHA-256 of the current stem without spaces and punctuation: finds duplicates."""
    used = fields.IntField(default=0)
    """Papers that it stood in."""
    created_at = fields.DatetimeField()
    retired_at = fields.DatetimeField(null=True)
    """No paper takes it from then on."""

    class Meta:
        table = "exam_item"
        unique_together = (("pool", "code"),)
        indexes = (("pool", "chapter", "kind", "difficulty"), ("pool", "stem_hash"), ("group_id",))


class ExamItemVersion(Row):
    """What an item asks, as it stood at one time; never changed, since papers point at it. Holds no key."""

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
    """The article it rests on (法条); shown with the key only."""
    created_at = fields.DatetimeField()
    created_by = fields.UUIDField(null=True)

    class Meta:
        table = "exam_item_version"
        unique_together = (("item_id", "number"),)


class ExamItemKey(Row):
    """The key of a version, apart from it: no query of a candidate's touches this table."""

    version: Any = fields.OneToOneField("models.ExamItemVersion", on_delete=fields.CASCADE, related_name="key")
    version_id: UUID
    mask = fields.IntField(default=0)
    """Right options; 0 for a short answer."""
    answer = fields.TextField(default="")
    """Of a short answer: what markers compare with."""
    explanation = fields.TextField(default="")

    class Meta:
        table = "exam_item_key"


class ExamImport(Row):
    """A file of items as it was read. ``state``: checked, or done once it was decided to take it in.

    ``lines`` are the items that can be used, sealed, since they hold keys; ``errors`` says what is wrong with the
    others; ``result`` counts what was done.
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
    """How papers are put together (组卷方案). ``cells``: ``{"chapter", "kind", "difficulty", "count", "mark"}`` each.

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

    ``rules`` is the rulebook's section ``exam`` as it stood at publishing, ``cells`` the blueprint's.
    """

    pool = fields.CharField(32)
    name = fields.CharField(100)
    purpose = fields.CharField(12)
    campaign: Any = fields.ForeignKeyField("models.Campaign", on_delete=fields.RESTRICT, null=True)
    campaign_id: UUID | None
    """Only who applied in it is called; None: all."""
    blueprint: Any = fields.ForeignKeyField("models.ExamBlueprint", on_delete=fields.RESTRICT, null=True)
    blueprint_id: UUID | None
    state = fields.CharField(12, default="draft")
    opens_at = fields.DatetimeField()
    closes_at = fields.DatetimeField()
    """The window of all sittings."""
    rules: Any = fields.JSONField(default=dict)
    cells: Any = fields.JSONField(default=list)
    created_at = fields.DatetimeField()
    created_by = fields.UUIDField(null=True)
    published_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)
    released_at = fields.DatetimeField(null=True)
    """When the office let the results out; None where they are shown at once."""

    class Meta:
        table = "exam"
        indexes = (("pool", "state", "closes_at"), ("campaign_id",), ("blueprint_id",))


class ExamSitting(Row):
    """A time at which the examination can be sat (场次). Where the rulebook asks for no booking there is one."""

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

    ``waiting`` is the full sitting that the person waits for, beside the one that is booked, if any.
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
    """Allowance beside the length of the paper."""
    extra_tries = fields.SmallIntField(default=0)
    allowance_reason = fields.CharField(200, default="")
    notice_read_at = fields.DatetimeField(null=True)
    """When the notice was read and the risks accepted."""
    face = fields.CharField(12, default="")
    """passed: by the platform; other: identified in another way; empty: not yet."""
    face_at = fields.DatetimeField(null=True)
    face_reference = fields.CharField(64, default="")
    """The platform's number, or the account of the official who identified the person."""
    reminders = fields.SmallIntField(default=0)
    """Steps of ``exam.reminders`` that are behind."""
    called_at = fields.DatetimeField()
    concluded_at = fields.DatetimeField(null=True)

    class Meta:
        table = "exam_candidate"
        unique_together = (("exam_id", "account_id"),)
        indexes = (("account_id",), ("application_id",), ("sitting_id",), ("waiting_id", "waiting_since"))


class ExamAttempt(Row):
    """One paper of a candidate (一次作答). Slot n of the paper is element n of ``versions``, ``orders`` and ``marks``.

    ``orders`` are indexes of permutations of the options (``domain.exams.papers``). ``deadline`` is fixed at the start;
    answers that come until ``grace_until`` are taken with a mark, later ones are kept as evidence.
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
    """Number of the device that is active; grows with every take-over."""
    seen_at = fields.DatetimeField(null=True)
    """When the active device last asked or saved."""
    leaves = fields.SmallIntField(default=0)
    """How often the page was left."""
    hidden_seconds = fields.IntField(default=0)
    flags: list[str] = text_array()
    """What a person should look at: device, leaves, late, clock."""
    submitted_at = fields.DatetimeField(null=True)
    """By hand; None: the time ran out."""
    sealed_at = fields.DatetimeField(null=True)
    digest = fields.CharField(64, default="")
    """SHA-256 of the sealed answers, as the receipt says it."""
    graded_at = fields.DatetimeField(null=True)
    released_at = fields.DatetimeField(null=True)
    score = fields.IntField(null=True)
    total = fields.IntField(null=True)
    """Tenths; what could be had."""
    passed = fields.BooleanField(null=True)
    void_reason = fields.CharField(200, default="")

    class Meta:
        table = "exam_attempt"
        unique_together = (("candidate_id", "number"),)
        indexes = (("exam_id", "state"), ("state", "grace_until"))


class ExamMarking(Row):
    """What a marker gives a short answer; two that differ ask for a third."""

    attempt: Any = fields.ForeignKeyField("models.ExamAttempt", on_delete=fields.CASCADE, related_name="markings")
    attempt_id: UUID
    slot = fields.SmallIntField()
    marker_id = fields.UUIDField()
    marks = fields.IntField()
    note = fields.CharField(200, default="")
    marked_at = fields.DatetimeField()

    class Meta:
        table = "exam_marking"
        unique_together = (("attempt_id", "slot", "marker_id"),)


class ExamRuling(Row):
    """A decision on an item found wrong after papers were sat. ``kind``: full_credit, also_accept or drop."""

    exam: Any = fields.ForeignKeyField("models.Exam", on_delete=fields.CASCADE, related_name="rulings")
    exam_id: UUID
    version: Any = fields.ForeignKeyField("models.ExamItemVersion", on_delete=fields.RESTRICT)
    version_id: UUID
    kind = fields.CharField(12)
    mask = fields.IntField(default=0)
    """Of also_accept: the other key."""
    reason = fields.CharField(300)
    decided_by = fields.UUIDField()
    decided_at = fields.DatetimeField()

    class Meta:
        table = "exam_ruling"
        unique_together = (("exam_id", "version_id"),)


class ExamAppeal(Row):
    """A candidate objects to a result (成绩复核). ``state``: open, upheld or rejected."""

    attempt: Any = fields.ForeignKeyField("models.ExamAttempt", on_delete=fields.CASCADE, related_name="appeals")
    attempt_id: UUID
    pool = fields.CharField(32)
    text = fields.CharField(500)
    state = fields.CharField(12, default="open")
    answer = fields.CharField(300, default="")
    created_at = fields.DatetimeField()
    decided_at = fields.DatetimeField(null=True)
    decided_by = fields.UUIDField(null=True)

    class Meta:
        table = "exam_appeal"
        indexes = (("pool", "state", "created_at"), ("attempt_id",))


class ExamEvidence(Row):
    """An answer file that a candidate handed in after the time. ``state``: open, accepted or rejected."""

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
