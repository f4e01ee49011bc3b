from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from models.quick import QuickMigration

SQL = """
DELETE FROM idempotency_key;
"""
"""Answers were kept in clear; who repeats a request of a moment before the upgrade has it checked anew."""


class Migration(QuickMigration):
    dependencies = [("models", "0009_consents"), ("models", "0010_persons")]

    initial = False

    operations = [
        ops.RunSQL(SQL),
        ops.RemoveField(model_name="IdempotencyKey", name="answer"),
        ops.RemoveField(model_name="IdempotencyKey", name="status"),
        ops.AddField(
            model_name="IdempotencyKey", name="answer_sealed", field=fields.TextField(default="", db_default="")
        ),
        ops.AddIndex(model_name="IdempotencyKey", index=Index(fields=["created_at"])),
    ]
