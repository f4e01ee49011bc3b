"""What shapes a candidate list: the register of supervisors, recusals with evidence, and the facts that were judged."""

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from domain.ids import new_id
from models.quick import AddFields, QuickMigration

COPY = """
UPDATE draw SET operator_phone_sealed = 'clear:' || operator_phone WHERE operator_phone <> '';
UPDATE draw_supervisor SET phone_sealed = 'clear:' || phone WHERE phone <> '';
"""
"""The database has no data key: ``services.supervisors.seal_clear_phones`` seals them when the service starts."""

RULES = """
CREATE UNIQUE INDEX supervisor_entry_active ON supervisor_entry (pool, mobile_hash) WHERE active_until IS NULL;
ALTER TABLE supervisor_entry ADD CONSTRAINT supervisor_entry_order
    CHECK (active_until IS NULL OR active_from <= active_until);
ALTER TABLE draw_supervisor ADD CONSTRAINT draw_supervisor_entry
    FOREIGN KEY (entry_id) REFERENCES supervisor_entry (id) ON DELETE RESTRICT;
ALTER TABLE list_snapshot ADD CONSTRAINT list_snapshot_list
    FOREIGN KEY (list_id) REFERENCES candidate_list (id) ON DELETE RESTRICT;
ALTER TABLE usage_count ADD CONSTRAINT usage_count_used CHECK (used >= 0);
CREATE INDEX draw_operator_phone_clear ON draw (id) WHERE operator_phone_sealed LIKE 'clear:%';
CREATE INDEX draw_supervisor_phone_clear ON draw_supervisor (id) WHERE phone_sealed LIKE 'clear:%';
"""


class Migration(QuickMigration):
    dependencies = [("models", "0009_consents"), ("models", "0010_persons")]

    initial = False

    operations = [
        ops.CreateModel(
            name="ListSnapshot",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("list_id", fields.UUIDField(unique=True)),
                ("sealed", fields.BinaryField()),
            ],
            options={
                "table": "list_snapshot",
                "app": "models",
                "pk_attr": "id",
                "table_description": "The facts by which each candidate of a list was judged, in the order of its leaves; compressed and sealed.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="RecusalCommitment",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "draw",
                    fields.ForeignKeyField(
                        "models.Draw",
                        source_field="draw_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="commitments",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("round_number", fields.IntField()),
                ("root", fields.CharField(max_length=64)),
                ("opening_sealed", fields.TextField(unique=False)),
            ],
            options={
                "table": "recusal_commitment",
                "app": "models",
                "unique_together": (("draw_id", "round_number"),),
                "pk_attr": "id",
                "table_description": "The recusals as a round committed them: ``root`` is published, ``opening_sealed`` holds salts and entries.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="SkipFact",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "draw",
                    fields.ForeignKeyField(
                        "models.Draw",
                        source_field="draw_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="skip_facts",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("leaf", fields.CharField(max_length=64)),
                ("sealed", fields.TextField(unique=False)),
            ],
            options={
                "table": "skip_fact",
                "app": "models",
                "unique_together": (("draw_id", "leaf"),),
                "pk_attr": "id",
                "table_description": "Why a candidate was passed over: the same facts at that moment, sealed. The log shows their digest.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="SupervisorEntry",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("pool", fields.CharField(max_length=32)),
                ("name", fields.CharField(max_length=50)),
                ("department", fields.CharField(max_length=100)),
                ("mobile_sealed", fields.TextField(unique=False)),
                ("mobile_hash", fields.CharField(max_length=64)),
                ("active_from", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("active_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("entered_by_id", fields.UUIDField(null=True)),
                ("ended_by_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "supervisor_entry",
                "app": "models",
                "indexes": [Index(fields=["pool", "active_until"])],
                "pk_attr": "id",
                "table_description": "A line of the office's register of supervisors (监督人名册), from which agencies choose; ended, never deleted.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="UsageCount",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("kind", fields.CharField(max_length=20)),
                ("subject_id", fields.UUIDField()),
                ("day", fields.CharField(max_length=8)),
                ("used", fields.IntField(default=0)),
            ],
            options={
                "table": "usage_count",
                "app": "models",
                "unique_together": (("kind", "subject_id", "day"),),
                "pk_attr": "id",
                "table_description": "How often something limited was done on a day: ``kind`` preview or draft, of a project or an organisation.",
            },
            bases=["Row"],
        ),
        AddFields("Draw", {"operator_phone_sealed": fields.TextField(default="", db_default="", unique=False)}),
        AddFields("RecusalPerson", {"evidence": fields.CharField(default="", db_default="", max_length=50)}),
        AddFields("RecusalUnit", {"evidence": fields.CharField(default="", db_default="", max_length=50)}),
        AddFields(
            "Supervisor",
            {
                "entry_id": fields.UUIDField(null=True),
                "phone_sealed": fields.TextField(default="", db_default="", unique=False),
            },
        ),
        ops.RunSQL(COPY),
        ops.RemoveField(model_name="Draw", name="operator_phone"),
        ops.RemoveField(model_name="Supervisor", name="phone"),
        ops.AlterModelOptions(
            name="Supervisor",
            options={
                "table": "draw_supervisor",
                "app": "models",
                "pk_attr": "id",
                "table_description": "A supervising person (监督人) of a draw, as the register's entry said when it was chosen.",
            },
        ),
        ops.RunSQL(RULES),
    ]
