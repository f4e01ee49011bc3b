"""Experts of a released panel whom a member of staff reached."""

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

from domain.ids import new_id
from models.quick import QuickMigration


class Migration(QuickMigration):
    dependencies = [("models", "0014_identity_and_drafts")]

    operations = [
        ops.CreateModel(
            name="ReleaseConfirmation",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "invitation",
                    fields.OneToOneField(
                        "models.Invitation",
                        source_field="invitation_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="release_confirmation",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("words", fields.CharField(max_length=200)),
                ("recorded_by_id", fields.UUIDField()),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "release_confirmation",
                "app": "models",
                "pk_attr": "id",
                "table_description": "A member of staff reached an expert whom the calls of a release (退选) had not reached.",
            },
            bases=["Row"],
        ),
    ]
