"""Continuing education (继续教育): courses, their content, participants, and each participant's progress."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from models.base import Row


class Course(Row):
    """A course (课程). ``state``: draft, published, closed or cancelled.

    ``rules`` is a copy of the rulebook's section ``course`` at publishing.
    """

    pool = fields.CharField(32)
    name = fields.CharField(100)
    description = fields.CharField(1000, default="")
    state = fields.CharField(12, default="draft")
    audience = fields.CharField(12, default="all")
    """all: every expert of the pool; campaigns: experts who entered through one of ``campaigns``; listed: only those
    added by name."""
    campaigns = cast("list[UUID]", ArrayField("uuid", default=list))
    opens_at = fields.DatetimeField()
    closes_at = fields.DatetimeField()
    """The course takes place from ``opens_at`` to ``closes_at`` (开始时间、结束时间), to the second."""
    amount = fields.IntField(null=True)
    """Fen that each participant pays; None: free."""
    exam: Any = fields.ForeignKeyField("models.Exam", on_delete=fields.RESTRICT, null=True, related_name="courses")
    exam_id: UUID | None
    """The examination that follows once everything is studied; None: studying is enough."""
    required = fields.BooleanField(default=False)
    """An expert who has not finished it by its end is not drawn, where the rulebook says so."""
    rules: Any = fields.JSONField(default=dict)
    created_at = fields.DatetimeField()
    created_by = fields.UUIDField(null=True)
    published_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "course"
        indexes = (("pool", "state", "closes_at"), ("exam_id",))


class CourseItem(Row):
    """A unit of content. ``kind``: video, pages (slides or a text, page by page) or live (a lecture at a time)."""

    course: Any = fields.ForeignKeyField("models.Course", on_delete=fields.CASCADE, related_name="items")
    course_id: UUID
    position = fields.SmallIntField()
    kind = fields.CharField(8)
    title = fields.CharField(100)
    seconds = fields.IntField(default=0)
    """Length of a video, as its file states, or of a lecture."""
    credit = fields.IntField(null=True)
    """Hundredths of a class hour (学时); None: by the rulebook from ``seconds``."""
    media_key = fields.CharField(100, default="")
    """File of a video; not encrypted, see ``docs/decisions/0013-media-of-courses.md``."""
    media_bytes = fields.BigIntField(default=0)
    pages: Any = fields.JSONField(default=list)
    """Keys of the images of its pages, in order; encrypted JPEG files."""
    starts_at = fields.DatetimeField(null=True)
    ends_at = fields.DatetimeField(null=True)
    place = fields.CharField(200, default="")
    """Place of a lecture: a room, or the address of its stream."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "course_item"
        indexes = (("course_id", "position"),)


class CourseEnrolment(Row):
    """An expert who is called to a course (学员). ``state``: called, learned, finished or left.

    The list's five columns are five independent fields: ``progress``, ``exam_state``, ``make_ups``, ``finished_at``,
    ``marked_at``.
    """

    course: Any = fields.ForeignKeyField("models.Course", on_delete=fields.CASCADE, related_name="enrolments")
    course_id: UUID
    expert: Any = fields.ForeignKeyField("models.Expert", on_delete=fields.RESTRICT, related_name="enrolments")
    expert_id: UUID
    account: Any = fields.ForeignKeyField("models.Account", on_delete=fields.RESTRICT)
    account_id: UUID
    state = fields.CharField(12, default="called")
    opens_at = fields.DatetimeField(null=True)
    closes_at = fields.DatetimeField(null=True)
    """This person may study from ``opens_at`` to ``closes_at``; None: not paid yet."""
    progress = fields.SmallIntField(default=0)
    """Thousandths of the whole content."""
    exam_state = fields.CharField(8, default="")
    """pending, passed or failed (批阅状态); empty: not taken."""
    marked_at = fields.DatetimeField(null=True)
    make_ups = fields.SmallIntField(default=0)
    """Make-up periods granted (补学)."""
    finished_at = fields.DatetimeField(null=True)
    """When the training was completed (培训完毕)."""
    warnings = fields.SmallIntField(default=0)
    """Number of steps of ``course.reminders`` that are past."""
    overdue_at = fields.DatetimeField(null=True)
    """Since when the time is over and no further period follows automatically."""
    excluded_at = fields.DatetimeField(null=True)
    """Since when the expert is excluded from draws for not finishing this course; None again once it is finished."""
    called_at = fields.DatetimeField()

    class Meta:
        table = "course_enrolment"
        unique_together = (("course_id", "expert_id"),)
        indexes = (("account_id",), ("expert_id",), ("state", "closes_at"))


class CourseStudy(Row):
    """One participant's progress in one item.

    ``watched`` are merged intervals ``[from, to)`` in seconds of a video, or pairs of a page and its seconds.
    """

    enrolment: Any = fields.ForeignKeyField("models.CourseEnrolment", on_delete=fields.CASCADE, related_name="studies")
    enrolment_id: UUID
    item: Any = fields.ForeignKeyField("models.CourseItem", on_delete=fields.RESTRICT, related_name="studies")
    item_id: UUID
    watched: Any = fields.JSONField(default=list)
    seconds = fields.IntField(default=0)
    """Seconds in ``watched``, each counted once."""
    position = fields.IntField(default=0)
    """Where to resume: a second, or a page."""
    player = fields.SmallIntField(default=0)
    """Number of the active player; grows whenever one is opened."""
    beat_at = fields.DatetimeField(null=True)
    """Until when the player's time is accounted for by its reports; None: it was replaced by another item's."""
    asked_at = fields.DatetimeField(null=True)
    """Since when a presence check waits for its answer."""
    next_question = fields.IntField(null=True)
    """Second of content at which the next presence check comes."""
    missed = fields.SmallIntField(default=0)
    """Presence checks that were answered too late."""
    done_at = fields.DatetimeField(null=True)

    class Meta:
        table = "course_study"
        unique_together = (("enrolment_id", "item_id"),)
        indexes = (("item_id",),)
