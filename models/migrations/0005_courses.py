"""Courses and what is studied in them; fees of courses. Rules in ``0005_courses.sql``."""

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

RULES = Path(__file__).with_name("0005_courses.sql").read_text(encoding="utf-8")


class Migration(QuickMigration):
    dependencies = [("models", "0004_certificates")]

    operations = [
        ops.CreateModel(
            name="Course",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("pool", fields.CharField(max_length=32)),
                ("name", fields.CharField(max_length=100)),
                ("description", fields.CharField(default="", max_length=1000)),
                ("state", fields.CharField(default="draft", max_length=12)),
                ("audience", fields.CharField(default="all", max_length=12)),
                ("campaigns", ArrayField(default=list, element_type="UUID")),
                ("opens_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("closes_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("amount", fields.IntField(null=True)),
                (
                    "exam",
                    fields.ForeignKeyField(
                        "models.Exam",
                        source_field="exam_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="courses",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("required", fields.BooleanField(default=False)),
                (
                    "rules",
                    fields.JSONField(
                        default=dict, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("created_by", fields.UUIDField(null=True)),
                ("published_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("closed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "course",
                "app": "models",
                "indexes": [Index(fields=["pool", "state", "closes_at"]), Index(fields=["exam_id"])],
                "pk_attr": "id",
                "table_description": "A course (课程). ``state``: draft, published, closed or cancelled.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="CourseEnrolment",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "course",
                    fields.ForeignKeyField(
                        "models.Course",
                        source_field="course_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="enrolments",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "expert",
                    fields.ForeignKeyField(
                        "models.Expert",
                        source_field="expert_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="enrolments",
                        on_delete=OnDelete.RESTRICT,
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
                ("state", fields.CharField(default="called", max_length=12)),
                ("opens_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("closes_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("progress", fields.SmallIntField(default=0)),
                ("exam_state", fields.CharField(default="", max_length=8)),
                ("marked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("make_ups", fields.SmallIntField(default=0)),
                ("finished_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("warnings", fields.SmallIntField(default=0)),
                ("overdue_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("excluded_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("called_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "course_enrolment",
                "app": "models",
                "unique_together": (("course_id", "expert_id"),),
                "indexes": [
                    Index(fields=["account_id"]),
                    Index(fields=["expert_id"]),
                    Index(fields=["state", "closes_at"]),
                ],
                "pk_attr": "id",
                "table_description": "An expert who is called to a course (学员). ``state``: called, learned, finished or left.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="CourseItem",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "course",
                    fields.ForeignKeyField(
                        "models.Course",
                        source_field="course_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="items",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("position", fields.SmallIntField()),
                ("kind", fields.CharField(max_length=8)),
                ("title", fields.CharField(max_length=100)),
                ("seconds", fields.IntField(default=0)),
                ("credit", fields.IntField(null=True)),
                ("media_key", fields.CharField(default="", max_length=100)),
                ("media_bytes", fields.BigIntField(default=0)),
                (
                    "pages",
                    fields.JSONField(
                        default=list, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("starts_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ends_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("place", fields.CharField(default="", max_length=200)),
                ("code_sealed", fields.TextField(default="", unique=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "course_item",
                "app": "models",
                "indexes": [Index(fields=["course_id", "position"])],
                "pk_attr": "id",
                "table_description": "Something to study. ``kind``: video, pages (slides or a text, page by page) or live (a lecture at a time).",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="CourseStudy",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "enrolment",
                    fields.ForeignKeyField(
                        "models.CourseEnrolment",
                        source_field="enrolment_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="studies",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "item",
                    fields.ForeignKeyField(
                        "models.CourseItem",
                        source_field="item_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="studies",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "watched",
                    fields.JSONField(
                        default=list, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("seconds", fields.IntField(default=0)),
                ("position", fields.IntField(default=0)),
                ("player", fields.SmallIntField(default=0)),
                ("beat_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("asked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("next_question", fields.IntField(null=True)),
                ("missed", fields.SmallIntField(default=0)),
                ("done_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "course_study",
                "app": "models",
                "unique_together": (("enrolment_id", "item_id"),),
                "indexes": [Index(fields=["item_id"])],
                "pk_attr": "id",
                "table_description": "What one participant has studied of one item.",
            },
            bases=["Row"],
        ),
        ops.AlterField(
            model_name="Fee",
            name="application",
            field=fields.ForeignKeyField(
                "models.Application",
                source_field="application_id",
                null=True,
                db_constraint=True,
                to_field="id",
                related_name="fees",
                on_delete=OnDelete.RESTRICT,
            ),
        ),
        ops.AddField(
            model_name="Fee",
            name="enrolment",
            field=fields.ForeignKeyField(
                "models.CourseEnrolment",
                source_field="enrolment_id",
                null=True,
                db_constraint=True,
                to_field="id",
                related_name="fees",
                on_delete=OnDelete.RESTRICT,
            ),
        ),
        ops.AddField(
            model_name="Fee",
            name="title",
            field=fields.CharField(default="", db_default="", max_length=60),
        ),
        ops.AddIndex(
            model_name="Fee",
            index=Index(fields=["enrolment_id"]),
        ),
        ops.RunSQL(RULES),
    ]
