from tortoise import fields
from tortoise.migrations import operations as ops

from models.quick import AddFields, QuickMigration

SQL = """
CREATE INDEX draw_round_start_by ON draw_round (start_by) WHERE start_by IS NOT NULL;
"""


class Migration(QuickMigration):
    dependencies = [("models", "0010_persons")]

    initial = False

    operations = [
        AddFields("Draw", {"lead_seconds": fields.IntField(default=3600, db_default=3600)}),
        AddFields("Round", {"start_by": fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)}),
        AddFields("CandidateList", {"blind": fields.CharField(default="", db_default="", max_length=64)}),
        ops.RunSQL(SQL),
    ]
