"""The job queue's own schema, of the pinned procrastinate version (3.10)."""

from importlib.resources import files

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0002_rules")]
    operations = [ops.RunSQL((files("procrastinate") / "sql" / "schema.sql").read_text())]
