"""Indexes for foreign keys, long lists and what is to be done, in ``0006_indexes.sql``; no table changes."""

from pathlib import Path

from tortoise.migrations import operations as ops

from models.quick import QuickMigration

INDEXES = Path(__file__).with_name("0006_indexes.sql").read_text(encoding="utf-8")


class Migration(QuickMigration):
    dependencies = [("models", "0005_courses")]

    operations = [ops.RunSQL(INDEXES)]
