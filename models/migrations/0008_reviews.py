from tortoise import fields
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint

from models.quick import QuickMigration

SQL = """
DROP INDEX review_task_open;
CREATE UNIQUE INDEX review_task_open ON review_task (application_id, step_code, specialty) WHERE state = 'open';
"""
"""A step keeps its code when others are put before it."""


class Migration(QuickMigration):
    dependencies = [("models", "0007_money")]

    initial = False

    operations = [
        ops.AddField(
            model_name="ReviewAssignment",
            name="exact",
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.RemoveConstraint(
            model_name="ReviewTask", name=None, fields=["application_id", "round", "step", "specialty"]
        ),
        ops.AddConstraint(
            model_name="ReviewTask",
            constraint=UniqueConstraint(fields=("application_id", "round", "step_code", "specialty"), name=None),
        ),
        ops.RunSQL(SQL),
    ]
