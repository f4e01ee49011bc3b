"""Examinations: the item bank, papers, sittings, attempts and what follows from them; rules in ``0003_exams.sql``."""

import functools
from json import dumps, loads
from pathlib import Path

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from domain.ids import new_id
from models.quick import QuickMigration

RULES = Path(__file__).with_name("0003_exams.sql").read_text(encoding="utf-8")


class Migration(QuickMigration):
    dependencies = [("models", "0002_decided_by")]

    operations = [
        ops.CreateModel(
            name="ExamBlueprint",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("pool", fields.CharField(max_length=32)),
                ("name", fields.CharField(max_length=100)),
                (
                    "cells",
                    fields.JSONField(
                        default=list, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("retired_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "exam_blueprint",
                "app": "models",
                "indexes": [Index(fields=["pool"])],
                "pk_attr": "id",
                "table_description": 'How papers are put together (组卷方案). ``cells``: ``{"chapter", "kind", "difficulty", "count", "mark"}`` each.',
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="Exam",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("pool", fields.CharField(max_length=32)),
                ("name", fields.CharField(max_length=100)),
                ("purpose", fields.CharField(max_length=12)),
                (
                    "campaign",
                    fields.ForeignKeyField(
                        "models.Campaign",
                        source_field="campaign_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "blueprint",
                    fields.ForeignKeyField(
                        "models.ExamBlueprint",
                        source_field="blueprint_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("state", fields.CharField(default="draft", max_length=12)),
                ("opens_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("closes_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "rules",
                    fields.JSONField(
                        default=dict, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                (
                    "cells",
                    fields.JSONField(
                        default=list, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("created_by", fields.UUIDField(null=True)),
                ("published_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("closed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("released_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "exam",
                "app": "models",
                "indexes": [
                    Index(fields=["pool", "state", "closes_at"]),
                    Index(fields=["campaign_id"]),
                    Index(fields=["blueprint_id"]),
                ],
                "pk_attr": "id",
                "table_description": "An examination. ``purpose``: entry, campaign, single or mock. ``state``: draft, published, closed or cancelled.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="ExamImport",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("pool", fields.CharField(max_length=32)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "models.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("filename", fields.CharField(max_length=200)),
                ("lines_sealed", fields.TextField(default="", unique=False)),
                (
                    "counts",
                    fields.JSONField(
                        default=dict, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                (
                    "errors",
                    fields.JSONField(
                        default=list, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("state", fields.CharField(default="checked", max_length=12)),
                (
                    "result",
                    fields.JSONField(
                        default=dict, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("done_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "exam_import",
                "app": "models",
                "indexes": [Index(fields=["created_at"])],
                "pk_attr": "id",
                "table_description": "A file of items as it was read. ``state``: checked, or done once it was decided to take it in.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="ExamItem",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("pool", fields.CharField(max_length=32)),
                ("code", fields.CharField(max_length=32)),
                ("kind", fields.CharField(max_length=12)),
                ("chapter", fields.CharField(max_length=100)),
                ("difficulty", fields.SmallIntField()),
                (
                    "group",
                    fields.ForeignKeyField(
                        "models.ExamItem",
                        source_field="group_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="parts",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("position", fields.SmallIntField(default=0)),
                ("version", fields.IntField(default=1)),
                ("stem_hash", fields.CharField(max_length=64)),
                ("used", fields.IntField(default=0)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("retired_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "exam_item",
                "app": "models",
                "unique_together": (("pool", "code"),),
                "indexes": [
                    Index(fields=["pool", "chapter", "kind", "difficulty"]),
                    Index(fields=["pool", "stem_hash"]),
                    Index(fields=["group_id"]),
                ],
                "pk_attr": "id",
                "table_description": "An item of the bank (试题). ``kind``: single, multiple, true_false, short, or case (a text with its own items).",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="ExamItemVersion",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "item",
                    fields.ForeignKeyField(
                        "models.ExamItem",
                        source_field="item_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="versions",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("number", fields.IntField()),
                ("stem", fields.TextField(unique=False)),
                ("options", ArrayField(default=list, element_type="TEXT")),
                (
                    "pictures",
                    fields.JSONField(
                        default=list, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("fixed_order", fields.BooleanField(default=False)),
                ("basis", fields.CharField(default="", max_length=300)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("created_by", fields.UUIDField(null=True)),
            ],
            options={
                "table": "exam_item_version",
                "app": "models",
                "unique_together": (("item_id", "number"),),
                "pk_attr": "id",
                "table_description": "What an item asks, as it stood at one time; never changed, since papers point at it. Holds no key.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="ExamItemKey",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "version",
                    fields.OneToOneField(
                        "models.ExamItemVersion",
                        source_field="version_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="key",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("mask", fields.IntField(default=0)),
                ("answer", fields.TextField(default="", unique=False)),
                ("explanation", fields.TextField(default="", unique=False)),
            ],
            options={
                "table": "exam_item_key",
                "app": "models",
                "pk_attr": "id",
                "table_description": "The key of a version, apart from it: no query of a candidate's touches this table.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="ExamRuling",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "exam",
                    fields.ForeignKeyField(
                        "models.Exam",
                        source_field="exam_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="rulings",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "version",
                    fields.ForeignKeyField(
                        "models.ExamItemVersion",
                        source_field="version_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("kind", fields.CharField(max_length=12)),
                ("mask", fields.IntField(default=0)),
                ("reason", fields.CharField(max_length=300)),
                ("decided_by", fields.UUIDField()),
                ("decided_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "exam_ruling",
                "app": "models",
                "unique_together": (("exam_id", "version_id"),),
                "pk_attr": "id",
                "table_description": "A decision on an item found wrong after papers were sat. ``kind``: full_credit, also_accept or drop.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="ExamSitting",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "exam",
                    fields.ForeignKeyField(
                        "models.Exam",
                        source_field="exam_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="sittings",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("starts_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ends_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("capacity", fields.IntField(null=True)),
                ("booked", fields.IntField(default=0)),
                ("place", fields.CharField(default="", max_length=200)),
            ],
            options={
                "table": "exam_sitting",
                "app": "models",
                "indexes": [Index(fields=["exam_id", "starts_at"])],
                "pk_attr": "id",
                "table_description": "A time at which the examination can be sat (场次). Where the rulebook asks for no booking there is one.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="ExamCandidate",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "exam",
                    fields.ForeignKeyField(
                        "models.Exam",
                        source_field="exam_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="candidates",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "account",
                    fields.ForeignKeyField(
                        "models.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "application",
                    fields.ForeignKeyField(
                        "models.Application",
                        source_field="application_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "expert",
                    fields.ForeignKeyField(
                        "models.Expert",
                        source_field="expert_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "sitting",
                    fields.ForeignKeyField(
                        "models.ExamSitting",
                        source_field="sitting_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "waiting",
                    fields.ForeignKeyField(
                        "models.ExamSitting",
                        source_field="waiting_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="waiting_list",
                        on_delete=OnDelete.SET_NULL,
                    ),
                ),
                ("waiting_since", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("state", fields.CharField(default="called", max_length=12)),
                ("extra_minutes", fields.SmallIntField(default=0)),
                ("extra_tries", fields.SmallIntField(default=0)),
                ("allowance_reason", fields.CharField(default="", max_length=200)),
                ("notice_read_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("face", fields.CharField(default="", max_length=12)),
                ("face_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("face_reference", fields.CharField(default="", max_length=64)),
                ("reminders", fields.SmallIntField(default=0)),
                ("called_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("concluded_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "exam_candidate",
                "app": "models",
                "unique_together": (("exam_id", "account_id"),),
                "indexes": [
                    Index(fields=["account_id"]),
                    Index(fields=["application_id"]),
                    Index(fields=["sitting_id"]),
                    Index(fields=["waiting_id", "waiting_since"]),
                ],
                "pk_attr": "id",
                "table_description": "A person who is called to an examination. ``state``: called, passed, failed or left.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="ExamAttempt",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "exam",
                    fields.ForeignKeyField(
                        "models.Exam",
                        source_field="exam_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="attempts",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "candidate",
                    fields.ForeignKeyField(
                        "models.ExamCandidate",
                        source_field="candidate_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="attempts",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("number", fields.SmallIntField()),
                ("state", fields.CharField(default="ready", max_length=12)),
                ("versions", ArrayField(default=list, element_type="UUID")),
                ("orders", ArrayField(default=list, element_type="INT")),
                ("marks", ArrayField(default=list, element_type="INT")),
                ("made_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("started_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("deadline", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("grace_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("device", fields.SmallIntField(default=0)),
                ("seen_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("leaves", fields.SmallIntField(default=0)),
                ("hidden_seconds", fields.IntField(default=0)),
                ("flags", ArrayField(default=list, element_type="TEXT")),
                ("submitted_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("sealed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("digest", fields.CharField(default="", max_length=64)),
                ("graded_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("released_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("score", fields.IntField(null=True)),
                ("total", fields.IntField(null=True)),
                ("passed", fields.BooleanField(null=True)),
                ("void_reason", fields.CharField(default="", max_length=200)),
            ],
            options={
                "table": "exam_attempt",
                "app": "models",
                "unique_together": (("candidate_id", "number"),),
                "indexes": [Index(fields=["exam_id", "state"]), Index(fields=["state", "grace_until"])],
                "pk_attr": "id",
                "table_description": "One paper of a candidate (一次作答). Slot n of the paper is element n of ``versions``, ``orders`` and ``marks``.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="ExamAppeal",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "attempt",
                    fields.ForeignKeyField(
                        "models.ExamAttempt",
                        source_field="attempt_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="appeals",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("pool", fields.CharField(max_length=32)),
                ("text", fields.CharField(max_length=500)),
                ("state", fields.CharField(default="open", max_length=12)),
                ("answer", fields.CharField(default="", max_length=300)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("decided_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("decided_by", fields.UUIDField(null=True)),
            ],
            options={
                "table": "exam_appeal",
                "app": "models",
                "indexes": [Index(fields=["pool", "state", "created_at"]), Index(fields=["attempt_id"])],
                "pk_attr": "id",
                "table_description": "A candidate objects to a result (成绩复核). ``state``: open, upheld or rejected.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="ExamEvidence",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "attempt",
                    fields.ForeignKeyField(
                        "models.ExamAttempt",
                        source_field="attempt_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="evidence",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("pool", fields.CharField(max_length=32)),
                ("content_sealed", fields.TextField(unique=False)),
                ("explanation", fields.CharField(default="", max_length=300)),
                ("state", fields.CharField(default="open", max_length=12)),
                ("answer", fields.CharField(default="", max_length=300)),
                ("received_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("decided_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("decided_by", fields.UUIDField(null=True)),
            ],
            options={
                "table": "exam_evidence",
                "app": "models",
                "indexes": [Index(fields=["pool", "state", "received_at"]), Index(fields=["attempt_id"])],
                "pk_attr": "id",
                "table_description": "An answer file that a candidate handed in after the time. ``state``: open, accepted or rejected.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="ExamMarking",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "attempt",
                    fields.ForeignKeyField(
                        "models.ExamAttempt",
                        source_field="attempt_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="markings",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("slot", fields.SmallIntField()),
                ("marker_id", fields.UUIDField()),
                ("marks", fields.IntField()),
                ("note", fields.CharField(default="", max_length=200)),
                ("marked_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "exam_marking",
                "app": "models",
                "unique_together": (("attempt_id", "slot", "marker_id"),),
                "pk_attr": "id",
                "table_description": "What a marker gives a short answer; two that differ ask for a third.",
            },
            bases=["Row"],
        ),
        ops.AlterModelOptions(
            name="Attempt",
            options={
                "table": "attempt",
                "app": "models",
                "indexes": [Index(fields=["notice_id"]), Index(fields=["vendor_id"])],
                "pk_attr": "id",
                "table_description": "One try on one channel. ``state`` is a ``AttemptState``; ``out_id`` our id for vendors, which",
            },
        ),
        ops.AlterModelOptions(
            name="Draw",
            options={
                "table": "draw",
                "app": "models",
                "unique_together": (("pool", "number"),),
                "indexes": [Index(fields=["pool", "organisation_id", "created_at"]), Index(fields=["state"])],
                "pk_attr": "id",
                "table_description": "``state`` is a ``DrawState``. ``gathering_first`` is the earliest gathering of its notices.",
            },
        ),
        ops.AlterModelOptions(
            name="Employment",
            options={
                "table": "employment",
                "app": "models",
                "indexes": [Index(fields=["expert_id"])],
                "pk_attr": "id",
                "table_description": "Where an expert works or worked; ``unit_key`` as in ``domain.draws.recusal``. ``until`` None: still there.",
            },
        ),
        ops.AlterModelOptions(
            name="Invitation",
            options={
                "table": "invitation",
                "app": "models",
                "unique_together": (("draw_id", "code"), ("draw_id", "expert_id")),
                "indexes": [Index(fields=["expert_id", "state"]), Index(fields=["state", "answer_until"])],
                "pk_attr": "id",
                "table_description": "``state`` is a ``domain.draws.lifecycles.InvitationState``. ``code`` is the six-digit code, unique in its draw.",
            },
        ),
        ops.RunSQL(RULES),
    ]
