"""Draws that follow another: redraw and recall of the original experts; rules in ``0013_redraw.sql``."""

from pathlib import Path
from typing import Any

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

from domain.ids import new_id
from models.quick import QuickMigration

RULES = Path(__file__).with_name("0013_redraw.sql").read_text(encoding="utf-8")


def _recalled(model: str, column: str) -> Any:
    return fields.ForeignKeyField(
        f"models.{model}",
        source_field=column,
        db_constraint=True,
        to_field="id",
        related_name="recalled",
        on_delete=OnDelete.RESTRICT,
    )


class Migration(QuickMigration):
    dependencies = [("models", "0012_pinyin_names")]

    operations = [
        ops.CreateModel(
            name="RecalledExpert",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("draw", _recalled("Draw", "draw_id")),
                ("expert", _recalled("Expert", "expert_id")),
                ("earlier", _recalled("Invitation", "earlier_id")),
                ("condition", _recalled("Condition", "condition_id")),
                ("called_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("takes_part", fields.BooleanField(null=True)),
                ("gathering_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("recorded_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("recorded_by_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "recalled_expert",
                "app": "models",
                "unique_together": (("draw_id", "expert_id"),),
                "pk_attr": "id",
                "table_description": "An expert of the original panel in a recall, and what was agreed on the phone.",
            },
            bases=["Row"],
        ),
        ops.AddField("Draw", "bid_closing_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
        ops.AddField(
            "Draw",
            "original",
            fields.ForeignKeyField(
                "models.Draw",
                source_field="original_id",
                null=True,
                db_constraint=True,
                to_field="id",
                related_name="followers",
                on_delete=OnDelete.RESTRICT,
            ),
        ),
        ops.AddField("Draw", "staff_phone_sealed", fields.TextField(default="", db_default="", unique=False)),
        ops.RunSQL(RULES),
    ]
