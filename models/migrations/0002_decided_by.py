"""What a reviewer has decided (已办) is listed newest first: an index for it."""

from __future__ import annotations

from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]

    operations = [
        ops.AddIndex(model_name="ReviewTask", index=Index(fields=["pool", "decided_by", "decided_at"])),
    ]
