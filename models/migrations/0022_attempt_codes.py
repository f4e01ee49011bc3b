"""Attempts that a reply in the chat has made needless get a code that says so."""

from tortoise.migrations import operations as ops

from models.batched_migration import BatchedMigration

CODES = "UPDATE attempt SET vendor_code = 'chat_reply' WHERE vendor_code = 'told' AND state = 'delivered'"


class Migration(BatchedMigration):
    dependencies = [("models", "0021_job_names")]

    operations = [ops.RunSQL(CODES)]
