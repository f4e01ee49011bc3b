"""Persons known too weakly, agents who decline, and forms that are not saved yet."""

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from domain.ids import new_id
from models.quick import QuickMigration


class Migration(QuickMigration):
    dependencies = [("models", "0013_redraw")]

    operations = [
        ops.CreateModel(
            name="FormDraft",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "models.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="drafts",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("name", fields.CharField(max_length=60)),
                ("values_sealed", fields.TextField(unique=False)),
                ("saved_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "form_draft",
                "app": "models",
                "unique_together": (("account_id", "name"),),
                "indexes": [Index(fields=["saved_at"])],
                "pk_attr": "id",
                "table_description": "What a person typed into a form and has not saved yet, to go on with on any device; one per form.",
            },
            bases=["Row"],
        ),
        ops.AddField(
            model_name="Account",
            name="weak_identity_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="AgentLink",
            name="declined_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
    ]
