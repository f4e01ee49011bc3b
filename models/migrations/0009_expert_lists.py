"""Indexes for the lists of experts, in ``0009_expert_lists.sql``; no table changes."""

from pathlib import Path

from tortoise.migrations import operations as ops

from models.quick import QuickMigration

INDEXES = Path(__file__).with_name("0009_expert_lists.sql").read_text(encoding="utf-8")


class Migration(QuickMigration):
    dependencies = [("models", "0008_catalogue_parents")]

    operations = [ops.RunSQL(INDEXES)]
