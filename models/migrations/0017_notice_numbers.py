"""One number for each call notice of a draw, in ``0017_notice_numbers.sql``; no table changes."""

from pathlib import Path

from tortoise.migrations import operations as ops

from models.quick import QuickMigration

NUMBERS = Path(__file__).with_name("0017_notice_numbers.sql").read_text(encoding="utf-8")


class Migration(QuickMigration):
    dependencies = [("models", "0016_virtual_call")]

    operations = [ops.RunSQL(NUMBERS)]
