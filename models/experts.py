"""The pool's experts, the changes of their files, and their unavailable times."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from tortoise import fields

from models.base import Row, number_array, text_array


class Expert(Row):
    """A bid-evaluation expert. ``membership_status``: formal or temporary.

    What the file says of an expert stands here, too, as draws and lists look it up; only ``services.expert_files``
    writes it, with the change of the file that it follows from.

    ``specialties`` holds the codes as declared, ``specialty_path`` those and all their ancestors, so that one GIN
    look-up finds the children of a code.
    """

    pool = fields.CharField(32)
    number = fields.CharField(32)
    account: Any = fields.ForeignKeyField(
        "models.Account", on_delete=fields.RESTRICT, related_name="experts", null=True
    )
    account_id: UUID | None
    name = fields.CharField(50)
    name_sort = fields.CharField(200, default="")
    """Pinyin, for lists sorted by name."""
    id_number_sealed = fields.TextField()
    id_number_hash = fields.CharField(64)
    mobile_sealed = fields.TextField()
    mobile_hash = fields.CharField(64)
    membership_status = fields.CharField(12, default="formal")
    permanent_region = fields.CharField(6)
    willing_regions: list[str] = text_array()
    region_path: list[str] = text_array()
    """The permanent region and its ancestors."""
    specialties: list[str] = text_array()
    specialty_path: list[str] = text_array()
    title_level = fields.CharField(20, default="")
    qualifications: list[str] = text_array()
    department = fields.CharField(20, default="")
    recusal_keys: list[str] = text_array()
    """Own recusal units as look-up keys (``code:…`` or ``name:…``), see ``domain.draws.recusal_keys``."""
    remote_evaluation = fields.BooleanField(default=False, db_default=False)
    """Accepts remote evaluation in another city (异地评标)."""
    emergency = fields.BooleanField(default=False, db_default=False)
    """Willing to be called in emergencies (应急专家)."""
    born_on: date | None = fields.DateField(null=True)
    """From the ID number, for the pool's age limit; None until a process with the data key has read the number."""
    term_until = fields.DatetimeField(null=True)
    term_notified_at = fields.DatetimeField(null=True)
    """When the expert was last notified that the term ends soon."""
    created_at = fields.DatetimeField()
    left_at = fields.DatetimeField(null=True)
    """Since when the expert is out of the pool and only the record is kept (退库)."""
    left_reason = fields.CharField(200, default="", db_default="")

    class Meta:
        table = "expert"
        unique_together = (("pool", "number"), ("pool", "id_number_hash"))
        indexes = (("pool", "mobile_hash"), ("account_id",))


class ExpertFileChange(Row):
    """A change of an expert's file that took effect; never edited. ``domain.experts.file`` adds them up.

    ``values_sealed`` is sealed JSON, field → value, null for a field that is emptied. ``source_id`` is the application
    or the act, ``actor_id`` the account of who did it.
    """

    expert: Any = fields.ForeignKeyField("models.Expert", on_delete=fields.RESTRICT, related_name="file_changes")
    expert_id: UUID
    at = fields.DatetimeField()
    source = fields.CharField(12)
    source_id = fields.UUIDField(null=True)
    actor_id = fields.UUIDField(null=True)
    values_sealed = fields.TextField()

    class Meta:
        table = "expert_file_change"
        indexes = (("expert_id", "at", "id"),)


class ExpertSheet(Row):
    """A sheet of experts that the office uploaded (批量导入). ``state``: checking, checked, importing, done, refused or
    dropped.

    ``done`` of ``total`` lines of the ``stage`` (read, check, write) are the worker's progress; ``errors`` are its
    findings as line, column, reason. ``key`` is the sealed file, which is deleted with the decision.
    """

    pool = fields.CharField(32)
    account_id = fields.UUIDField()
    filename = fields.CharField(200)
    form = fields.CharField(4)
    key = fields.CharField(100)
    state = fields.CharField(12)
    stage = fields.CharField(8, default="read")
    done = fields.IntField(default=0)
    total = fields.IntField(default=0)
    created = fields.IntField(default=0)
    updated = fields.IntField(default=0)
    errors: Any = fields.JSONField(default=list)
    more_errors = fields.BooleanField(default=False)
    failure = fields.CharField(200, default="")
    created_at = fields.DatetimeField()
    progress_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "expert_sheet"
        indexes = (("pool", "created_at"),)


class Employment(Row):
    """An expert's employment as the file names it, present (``until`` None) or past; ``unit_keys`` as in
    ``domain.draws.recusal_keys``."""

    expert: Any = fields.ForeignKeyField("models.Expert", on_delete=fields.RESTRICT, related_name="employments")
    expert_id: UUID
    unit_name = fields.CharField(200)
    credit_code = fields.CharField(40, default="")
    since = fields.DatetimeField(null=True)
    until = fields.DatetimeField(null=True)
    unit_keys: list[str] = text_array()

    class Meta:
        table = "employment"
        indexes = (("expert_id",),)


class Unavailability(Row):
    """A time in which an expert does not want to be drawn. Half-open, aware UTC; see ``domain.experts.times_off``.

    ``ends_at`` None: until the expert says otherwise. ``remind_at``: when he is next asked whether it goes on.
    """

    expert: Any = fields.ForeignKeyField("models.Expert", on_delete=fields.RESTRICT, related_name="unavailabilities")
    expert_id: UUID
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField(null=True)
    reason = fields.CharField(100, default="")
    weekdays: list[int] = number_array()
    """Only on these days of the week, 1 Monday to 7; empty: all the time."""
    from_minute = fields.SmallIntField(null=True)
    to_minute = fields.SmallIntField(null=True)
    """The hours of those days, in minutes since midnight in Beijing."""
    holiday = fields.CharField(20, default="", db_default="")
    """Key of the holiday whose days these are, which follow the State Council's notice."""
    remind_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    cancelled_at = fields.DatetimeField(null=True)

    class Meta:
        table = "unavailability"
        indexes = (("expert_id", "ends_at"),)


class CatalogueEntry(Row):
    """``kind``: region, specialty, title_level, qualification or department; ``pool`` empty: common to all pools."""

    pool = fields.CharField(32, default="")
    kind = fields.CharField(20)
    code = fields.CharField(32)
    name = fields.CharField(100)
    parent = fields.CharField(32, default="")
    position = fields.IntField(default=0)
    starts_on: date | None = fields.DateField(null=True)
    ends_on: date | None = fields.DateField(null=True)
    """The days, end excluded, on which it is offered; None: always. Names of ended entries stay known."""

    class Meta:
        table = "catalogue_entry"
        unique_together = (("pool", "kind", "code"),)


class CatalogueMapping(Row):
    """An ended code's successors, written into the files that hold it. A job carries it out in batches: ``files``
    changed so far, up to the expert ``reached``."""

    pool = fields.CharField(32)
    kind = fields.CharField(20)
    code = fields.CharField(32)
    successors: list[str] = text_array()
    reason = fields.CharField(200)
    at = fields.DatetimeField()
    actor_id: UUID = fields.UUIDField()
    reached = fields.UUIDField(null=True)
    files = fields.IntField(default=0)
    done_at = fields.DatetimeField(null=True)

    class Meta:
        table = "catalogue_mapping"
        indexes = (("pool", "kind", "code"),)
