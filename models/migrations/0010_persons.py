from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from domain.ids import new_id
from models.quick import AddFields, QuickMigration

SQL = """
CREATE INDEX account_person_check ON account (person_check_at) WHERE person_check_at IS NOT NULL;
ALTER TABLE account ADD CONSTRAINT account_person_check
    CHECK (person_check IN ('', 'matched', 'on_file', 'waiting', 'no_record', 'differs')
        AND (person_check_at IS NOT NULL) = (person_check = 'waiting'));

UPDATE account a SET person_check = 'on_file' FROM expert e
    WHERE e.account_id = a.id AND e.pool = a.pool AND e.id_number_hash = a.id_number_hash AND e.name = a.real_name
    AND e.left_at IS NULL;
"""
"""Whom the pool's own file names need not be asked about."""


class Migration(QuickMigration):
    dependencies = [("models", "0008_reviews")]

    initial = False

    operations = [
        ops.CreateModel(
            name="PersonLookup",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("pool", fields.CharField(max_length=32)),
                ("mobile_hash", fields.CharField(max_length=64)),
                ("number_hash", fields.CharField(max_length=64)),
                ("pair_hash", fields.CharField(max_length=64)),
                ("answer", fields.CharField(default="", max_length=12)),
                ("asked_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "person_lookup",
                "app": "models",
                "indexes": [
                    Index(fields=["pool", "mobile_hash", "asked_at"]),
                    Index(fields=["pool", "number_hash", "asked_at"]),
                    Index(fields=["asked_at"]),
                ],
                "pk_attr": "id",
                "table_description": "One question to the authority's register of persons, with its answer.",
            },
            bases=["Row"],
        ),
        AddFields(
            "Account",
            {
                "person_check": fields.CharField(default="", db_default="", max_length=12),
                "person_check_at": fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                "person_checked_at": fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
            },
        ),
        ops.RunSQL(SQL),
    ]
