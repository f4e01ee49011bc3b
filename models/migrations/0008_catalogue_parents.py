"""An index for what lies below an entry of a catalogue, in ``0008_catalogue_parents.sql``; no table changes."""

from pathlib import Path

from tortoise.migrations import operations as ops

from models.quick import QuickMigration

INDEX = Path(__file__).with_name("0008_catalogue_parents.sql").read_text(encoding="utf-8")


class Migration(QuickMigration):
    dependencies = [("models", "0007_storms")]

    operations = [ops.RunSQL(INDEX)]
