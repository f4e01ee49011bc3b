from typing import Any

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from domain.ids import new_id
from models.quick import QuickMigration

SQL = """
ALTER TABLE discard_request ADD CONSTRAINT discard_request_kind CHECK (kind IN ('leave', 'recusal'));
ALTER TABLE discard_request ADD CONSTRAINT discard_request_state
    CHECK (state IN ('open', 'confirmed', 'refused', 'lapsed', 'void')
        AND (decided_at IS NULL) = (state = 'open') AND decided_by_id IS DISTINCT FROM asked_by_id);
CREATE UNIQUE INDEX discard_request_open ON discard_request (invitation_id, kind) WHERE state = 'open';
"""


def _required(model: str) -> Any:
    return fields.ForeignKeyField(
        f"models.{model}",
        source_field=f"{model.lower()}_id",
        db_constraint=True,
        to_field="id",
        related_name="discard_requests",
        on_delete=OnDelete.RESTRICT,
    )


class Migration(QuickMigration):
    dependencies = [("models", "0010_persons")]

    initial = False

    operations = [
        ops.CreateModel(
            name="DiscardRequest",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("draw", _required("Draw")),
                ("invitation", _required("Invitation")),
                ("kind", fields.CharField(max_length=12)),
                ("cause", fields.CharField(default="", max_length=50)),
                ("reason", fields.CharField(max_length=200)),
                ("state", fields.CharField(default="open", max_length=12)),
                ("asked_by_id", fields.UUIDField()),
                ("asked_role", fields.CharField(max_length=16)),
                ("asked_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("answer_until", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("decided_by_id", fields.UUIDField(null=True)),
                ("decided_role", fields.CharField(default="", max_length=16)),
                ("decided_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("opinion", fields.CharField(default="", max_length=200)),
            ],
            options={
                "table": "discard_request",
                "app": "models",
                "indexes": [Index(fields=["draw_id", "asked_at"]), Index(fields=["state", "answer_until"])],
                "pk_attr": "id",
                "table_description": "Somebody asks that an expert who has agreed give up the place; it counts only when confirmed.",
            },
            bases=["Row"],
        ),
        ops.RunSQL(SQL),
    ]
