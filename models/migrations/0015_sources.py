from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from domain.ids import new_id
from models.quick import AddFields, QuickMigration


class Migration(QuickMigration):
    dependencies = [("models", "0015_answers")]

    initial = False

    operations = [
        ops.CreateModel(
            name="KnownBrowser",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("browser_id", fields.UUIDField()),
                (
                    "account",
                    fields.ForeignKeyField(
                        "models.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="browsers",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("seen_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "known_browser",
                "app": "models",
                "unique_together": (("browser_id", "account_id"),),
                "indexes": [Index(fields=["account_id", "seen_at"])],
                "pk_attr": "id",
                "table_description": "A browser in which a person has logged in before.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="SpentToken",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("digest", fields.CharField(unique=True, max_length=64)),
                ("until", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "spent_token",
                "app": "models",
                "indexes": [Index(fields=["until"])],
                "pk_attr": "id",
                "table_description": "A token that serves once and has served.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="WrongTry",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("pool", fields.CharField(max_length=32)),
                ("kind", fields.CharField(max_length=8)),
                ("subject", fields.CharField(max_length=64)),
                ("source", fields.CharField(max_length=80)),
                ("familiar", fields.BooleanField()),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "wrong_try",
                "app": "models",
                "indexes": [Index(fields=["pool", "kind", "subject", "at"]), Index(fields=["at"])],
                "pk_attr": "id",
                "table_description": "A wrong code or password.",
            },
            bases=["Row"],
        ),
        AddFields(
            "VerificationCode",
            {
                "sent": fields.BooleanField(default=True, db_default=True),
                "source": fields.CharField(default="", db_default="", max_length=80),
            },
        ),
        ops.AddIndex(
            model_name="VerificationCode",
            index=Index(fields=["pool", "sent_at"]),
        ),
    ]
