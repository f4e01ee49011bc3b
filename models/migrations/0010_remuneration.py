"""What experts are owed for a panel. Rules in ``0010_remuneration.sql``."""

import functools
from json import dumps, loads
from pathlib import Path

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from domain.ids import new_id
from models.quick import QuickMigration

RULES = Path(__file__).with_name("0010_remuneration.sql").read_text(encoding="utf-8")


class Migration(QuickMigration):
    dependencies = [("models", "0009_expert_lists")]

    operations = [
        ops.CreateModel(
            name="Remuneration",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("pool", fields.CharField(max_length=32)),
                (
                    "draw",
                    fields.ForeignKeyField(
                        "models.Draw",
                        source_field="draw_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="remunerations",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "invitation",
                    fields.OneToOneField(
                        "models.Invitation",
                        source_field="invitation_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="remuneration",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "expert",
                    fields.ForeignKeyField(
                        "models.Expert",
                        source_field="expert_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="remunerations",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("state", fields.CharField(default="proposed", max_length=12)),
                ("lines", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
                ("amount", fields.BigIntField()),
                ("computed", fields.BigIntField(null=True)),
                ("reason", fields.CharField(default="", max_length=200)),
                ("version", fields.IntField(default=1)),
                ("proposed_by_id", fields.UUIDField()),
                ("proposed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("answer_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("answered_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("answered_by", fields.CharField(default="", max_length=8)),
                ("disputes", fields.IntField(default=0)),
                ("dispute", fields.CharField(default="", max_length=200)),
                ("reply", fields.CharField(default="", max_length=200)),
                ("paid_on", fields.DateField(null=True)),
                ("paid_way", fields.CharField(default="", max_length=20)),
                ("paid_by_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "remuneration",
                "app": "models",
                "indexes": [
                    Index(fields=["draw_id", "state"]),
                    Index(fields=["expert_id", "proposed_at"]),
                    Index(fields=["state", "answer_until"]),
                ],
                "pk_attr": "id",
                "table_description": "What one expert is owed for one draw. ``state`` is a ``RemunerationState``.",
            },
            bases=["Row"],
        ),
        ops.RunSQL(RULES),
    ]
