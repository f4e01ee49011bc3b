from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

from domain.ids import new_id
from models.quick import AddFields, QuickMigration

SQL = """
CREATE UNIQUE INDEX attendance_device ON attendance (draw_id, device) WHERE direction = 'in' AND device <> '';
"""
"""One phone lets one person in."""


class Migration(QuickMigration):
    dependencies = [("models", "0010_persons")]

    initial = False

    operations = [
        ops.CreateModel(
            name="PresenceClaim",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "invitation",
                    fields.OneToOneField(
                        "models.Invitation",
                        source_field="invitation_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="presence_claim",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "presence_claim",
                "app": "models",
                "pk_attr": "id",
                "table_description": "An expert says that he is there (自报到场). It counts for nothing; an entry does.",
            },
            bases=["Row"],
        ),
        AddFields("Attendance", {"device": fields.CharField(default="", db_default="", max_length=64)}),
        ops.RunSQL(SQL),
    ]
