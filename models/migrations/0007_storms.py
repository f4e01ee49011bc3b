"""Queues of jobs that do not wait for one another, and notices that overtake those to thousands."""

from pathlib import Path

from tortoise import fields
from tortoise.migrations import operations as ops

from models.quick import QuickMigration

STORMS = Path(__file__).with_name("0007_storms.sql").read_text(encoding="utf-8")


class Migration(QuickMigration):
    dependencies = [("models", "0006_indexes")]

    operations = [
        ops.AddField("Notice", "bulk", fields.BooleanField(default=False, db_default=False)),
        ops.AddField("Attempt", "bulk", fields.BooleanField(default=False, db_default=False)),
        ops.RunSQL(STORMS),
    ]
