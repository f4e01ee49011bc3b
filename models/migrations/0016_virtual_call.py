"""Calls that the platform connects between a member of staff and an expert."""

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from domain.ids import new_id
from models.quick import QuickMigration


class Migration(QuickMigration):
    dependencies = [("models", "0015_release")]

    operations = [
        ops.CreateModel(
            name="VirtualCall",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "draw",
                    fields.ForeignKeyField(
                        "models.Draw",
                        source_field="draw_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="virtual_calls",
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
                        related_name="virtual_calls",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("purpose", fields.CharField(max_length=7)),
                ("asked_by_id", fields.UUIDField()),
                ("asked_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("staff_phone_sealed", fields.TextField(default="", unique=False)),
                ("out_id", fields.CharField(unique=True, max_length=15)),
                ("call_id", fields.CharField(default="", max_length=80)),
                ("state", fields.CharField(default="asked", max_length=12)),
                ("vendor_code", fields.CharField(default="", max_length=60)),
                ("seconds", fields.IntField(default=0)),
                ("check_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("closed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "virtual_call",
                "app": "models",
                "indexes": [
                    Index(fields=["draw_id", "expert_id"]),
                    Index(fields=["expert_id", "asked_at"]),
                    Index(fields=["check_at"]),
                ],
                "pk_attr": "id",
                "table_description": "A virtual call (虚拟号通话): the platform rings the member of staff first, then the expert.",
            },
            bases=["Row"],
        ),
    ]
