"""Progress of a draw told in digests, and indexes for an organisation's first page (``0011_agency_lists.sql``)."""

from pathlib import Path

from tortoise import fields
from tortoise.migrations import operations as ops

from models.quick import QuickMigration

INDEXES = Path(__file__).with_name("0011_agency_lists.sql").read_text(encoding="utf-8")


class Migration(QuickMigration):
    dependencies = [("models", "0010_remuneration")]

    operations = [
        ops.AddField("Draw", "digest_at", fields.DatetimeField(null=True)),
        ops.AddField("Draw", "digest_agreed", fields.IntField(default=0, db_default=0)),
        ops.RunSQL(INDEXES),
    ]
