import functools
from json import dumps, loads

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from domain.ids import new_id
from models.quick import AddFields, QuickMigration

SQL = """
UPDATE expert SET active = false WHERE left_at IS NOT NULL;
ALTER TABLE expert ADD CONSTRAINT expert_left CHECK (left_at IS NULL OR NOT active);
CREATE INDEX expert_birth_unknown ON expert (id) WHERE born_on IS NULL;
CREATE INDEX expert_term ON expert (term_until) WHERE term_until IS NOT NULL AND left_at IS NULL;

UPDATE application_specialty s SET admitted = true FROM application p
    WHERE p.id = s.application_id AND p.approved_at IS NOT NULL AND s.choice = 'alternative';
ALTER TABLE application_specialty ADD CONSTRAINT application_specialty_admitted
    CHECK (admitted IS NULL OR choice = 'alternative');
"""
"""Who was approved before anybody decided on alternative specialties keeps what the review told him: all of them."""


class Migration(QuickMigration):
    dependencies = [("models", "0009_consents"), ("models", "0010_persons")]

    initial = False

    operations = [
        ops.CreateModel(
            name="ExamSheet",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("pool", fields.CharField(max_length=32)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "models.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("filename", fields.CharField(max_length=200)),
                (
                    "lines",
                    fields.JSONField(
                        default=list, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                (
                    "errors",
                    fields.JSONField(
                        default=list, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("state", fields.CharField(default="checked", max_length=12)),
                (
                    "result",
                    fields.JSONField(
                        default=dict, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("done_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "exam_sheet",
                "app": "models",
                "indexes": [Index(fields=["created_at"])],
                "pk_attr": "id",
                "table_description": "A sheet of examination results as it was read. ``state``: checked, or done once "
                "somebody decided to take it in.",
            },
            bases=["Row"],
        ),
        AddFields(
            "Expert",
            {
                "born_on": fields.DateField(null=True),
                "term_told_at": fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                "left_reason": fields.CharField(default="", db_default="", max_length=200),
            },
        ),
        ops.AddField(model_name="ApplicationSpecialty", name="admitted", field=fields.BooleanField(null=True)),
        ops.RunSQL(SQL),
    ]
