from tortoise import fields
from tortoise.migrations import operations as ops

from domain.ids import new_id
from models.quick import AddFields, QuickMigration

SQL = """
UPDATE attempt SET out_id = number::text WHERE state IN ('pending', 'unknown', 'sent', 'failed');
UPDATE receipt SET body = body - 'attempt' || jsonb_build_object('out_id', body->>'attempt')
    WHERE applied_at IS NULL AND body ? 'attempt';
CREATE UNIQUE INDEX attempt_out_id ON attempt (out_id) WHERE out_id <> '';
ALTER TABLE row_failure ADD CONSTRAINT row_failure_counts CHECK (failures > 0);
"""
"""Attempts that vendors may still report on keep the id that they were sent with, and reports that wait find them."""


class Migration(QuickMigration):
    dependencies = [("models", "0010_persons")]

    initial = False

    operations = [
        AddFields("Attempt", {"out_id": fields.CharField(default="", db_default="", max_length=15)}),
        ops.CreateModel(
            name="RowFailure",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("work", fields.CharField(max_length=40)),
                ("subject", fields.CharField(max_length=64)),
                ("failures", fields.IntField()),
                ("retry_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("error", fields.CharField(max_length=80)),
            ],
            options={
                "table": "row_failure",
                "app": "models",
                "unique_together": (("work", "subject"),),
                "pk_attr": "id",
                "table_description": "Work on one row has failed ``failures`` times in a row. ``work`` names what was "
                "to be done, ``subject`` is the",
            },
            bases=["Row"],
        ),
        ops.RunSQL(SQL),
    ]
