import functools
from json import dumps, loads

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from domain.ids import new_id
from models.quick import QuickMigration

SQL = """
CREATE INDEX attachment_key ON attachment (key);
CREATE INDEX printed_form_key ON printed_form (key);
CREATE INDEX invoice_key ON invoice (key);
CREATE UNIQUE INDEX material_key ON material (key);
ALTER TABLE material ADD CONSTRAINT material_audience CHECK (audience IN ('everybody', 'applicants'));
ALTER TABLE material ADD CONSTRAINT material_shown CHECK (shown_until IS NULL OR shown_from < shown_until);
ALTER TABLE employer_import ADD CONSTRAINT employer_import_done CHECK ((done_at IS NOT NULL) = (state = 'done'));
"""
"""Files are looked up by their name in the store: before one is deleted, and to find those that no row names."""


class Migration(QuickMigration):
    dependencies = [("models", "0005_applicant_rules")]

    initial = False

    operations = [
        ops.CreateModel(
            name="EmployerImport",
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
                "table": "employer_import",
                "app": "models",
                "indexes": [Index(fields=["created_at"])],
                "pk_attr": "id",
                "table_description": "A sheet of units as it was read. ``state``: checked, or done once somebody decided to add them.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="FileRemoval",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("key", fields.CharField(max_length=100)),
                ("due_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "file_removal",
                "app": "models",
                "indexes": [Index(fields=["due_at"])],
                "pk_attr": "id",
                "table_description": "A file that nobody needs any more, written in the transaction that gave it up; the row goes after the file.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="Material",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("pool", fields.CharField(max_length=32)),
                ("title", fields.CharField(max_length=100)),
                ("category", fields.CharField(max_length=40)),
                ("note", fields.CharField(default="", max_length=200)),
                ("audience", fields.CharField(default="everybody", max_length=12)),
                ("position", fields.IntField(default=0)),
                ("shown_from", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("shown_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("filename", fields.CharField(max_length=200)),
                ("media_type", fields.CharField(max_length=100)),
                ("size", fields.IntField()),
                ("sha256", fields.CharField(max_length=64)),
                ("key", fields.CharField(max_length=100)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("changed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "material",
                "app": "models",
                "indexes": [Index(fields=["pool", "category"])],
                "pk_attr": "id",
                "table_description": "A file that the office offers. ``audience``: everybody, or applicants (who are logged in).",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="StoreSearch",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("started_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("finished_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("next_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("files", fields.IntField(default=0)),
                ("orphans", fields.IntField(default=0)),
                ("withheld", fields.BooleanField(default=False)),
            ],
            options={
                "table": "store_search",
                "app": "models",
                "indexes": [Index(fields=["next_at"])],
                "pk_attr": "id",
                "table_description": "A look through the whole store for files that no row names. ``withheld``: so many that nothing was deleted.",
            },
            bases=["Row"],
        ),
        ops.AddField(
            model_name="Attachment",
            name="taken_from",
            field=fields.UUIDField(null=True),
        ),
        ops.RunSQL(SQL),
    ]
