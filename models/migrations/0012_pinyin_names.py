"""Index of experts by their names' pinyin, in ``0012_pinyin_names.sql``; no table changes."""

from pathlib import Path

from tortoise.migrations import operations as ops

from models.quick import QuickMigration

INDEXES = Path(__file__).with_name("0012_pinyin_names.sql").read_text(encoding="utf-8")


class Migration(QuickMigration):
    dependencies = [("models", "0011_agency_lists")]

    operations = [ops.RunSQL(INDEXES)]
