"""Certificates and the counters of their numbers; rules in ``0004_certificates.sql``."""

import functools
from json import dumps, loads
from pathlib import Path

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from domain.ids import new_id
from models.quick import QuickMigration

RULES = Path(__file__).with_name("0004_certificates.sql").read_text(encoding="utf-8")


class Migration(QuickMigration):
    dependencies = [("models", "0003_exams")]

    operations = [
        ops.CreateModel(
            name="Certificate",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("pool", fields.CharField(max_length=32)),
                ("kind", fields.CharField(max_length=12)),
                ("number", fields.CharField(max_length=40)),
                ("token", fields.CharField(unique=True, max_length=32)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "models.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="certificates",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "expert",
                    fields.ForeignKeyField(
                        "models.Expert",
                        source_field="expert_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("source_id", fields.UUIDField()),
                ("title", fields.CharField(max_length=100)),
                ("text", fields.CharField(max_length=200)),
                ("holder", fields.CharField(max_length=50)),
                ("masked_id_number", fields.CharField(max_length=20)),
                ("issuer", fields.CharField(max_length=100)),
                (
                    "facts",
                    fields.JSONField(
                        default=list, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("digest", fields.CharField(max_length=64)),
                ("issued_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("valid_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("state", fields.CharField(default="valid", max_length=12)),
                (
                    "replaces",
                    fields.ForeignKeyField(
                        "models.Certificate",
                        source_field="replaces_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ended_by", fields.UUIDField(null=True)),
                ("reason", fields.CharField(default="", max_length=200)),
                ("reminded_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "certificate",
                "app": "models",
                "unique_together": (("pool", "number"),),
                "indexes": [
                    Index(fields=["account_id"]),
                    Index(fields=["expert_id"]),
                    Index(fields=["replaces_id"]),
                    Index(fields=["pool", "issued_at"]),
                    Index(fields=["state", "valid_until"]),
                ],
                "pk_attr": "id",
                "table_description": "A certificate (证书). ``kind``: exam or course. ``state``: valid, replaced or revoked.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="CertificateSerial",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("pool", fields.CharField(max_length=32)),
                ("letter", fields.CharField(max_length=1)),
                ("year", fields.IntField()),
                ("issued", fields.IntField(default=0)),
            ],
            options={
                "table": "certificate_serial",
                "app": "models",
                "unique_together": (("pool", "letter", "year"),),
                "pk_attr": "id",
                "table_description": "Serials of a kind used in a year. It grows in the transaction that issues, so no number is left out.",
            },
            bases=["Row"],
        ),
        ops.RunSQL(RULES),
    ]
