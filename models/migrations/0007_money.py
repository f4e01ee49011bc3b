from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from domain.ids import new_id
from models.quick import AddFields, QuickMigration

SQL = """
CREATE UNIQUE INDEX fee_live ON fee (application_id, kind) WHERE state IN ('due', 'paid');
CREATE INDEX pay_event_alarm ON pay_event (pool, received_at) WHERE outcome IN ('mismatch', 'unknown_order',
    'other_transaction', 'refunded_there', 'unknown_refund', 'closed_but_done');
ALTER TABLE pay_event ADD CONSTRAINT pay_event_closed CHECK ((closed_at IS NOT NULL) = (resolution <> ''));
ALTER TABLE refund ADD CONSTRAINT refund_after CHECK (after IN ('keep', 'end', 'again'));
ALTER TABLE invoice ADD CONSTRAINT invoice_reversed CHECK (reversed_at IS NULL OR state = 'reversed');

ALTER TABLE application DROP CONSTRAINT application_state;
ALTER TABLE application ADD CONSTRAINT application_state CHECK (state IN ('draft', 'locked', 'reviewing', 'sent_back',
    'correcting', 'notice', 'fee', 'exam', 'entered', 'refused', 'cancelled', 'terminated'));
ALTER TABLE application DROP CONSTRAINT application_ended;
ALTER TABLE application ADD CONSTRAINT application_ended
    CHECK ((ended_at IS NOT NULL) = (state IN ('entered', 'refused', 'cancelled', 'terminated')));
"""
"""A fee that was sent back may be followed by another of the same application; alarms are few and always looked for."""


class Migration(QuickMigration):
    dependencies = [("models", "0006_files")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Letter",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "invoice",
                    fields.ForeignKeyField(
                        "models.Invoice",
                        source_field="invoice_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="letters",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("message_id", fields.CharField(unique=True, max_length=100)),
                ("kind", fields.CharField(max_length=10)),
                ("held_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("tries", fields.IntField(default=0)),
                ("sent_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "letter",
                "app": "models",
                "indexes": [Index(fields=["invoice_id"])],
                "pk_attr": "id",
                "table_description": "A mail about an invoice, written down before it is handed to the mail server and after.",
            },
            bases=["Row"],
        ),
        ops.RemoveConstraint(
            model_name="Fee",
            name=None,
            fields=["application_id", "kind"],
        ),
        ops.AddIndex(
            model_name="Fee",
            index=Index(fields=["application_id"]),
        ),
        AddFields(
            "Invoice",
            {
                "code": fields.CharField(default="", db_default="", max_length=20),
                "mailings": fields.IntField(default=0, db_default=0),
                "red_number": fields.CharField(default="", db_default="", max_length=40),
                "reversal_sent_at": fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                "reverse_asked_at": fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                "reverse_by": fields.UUIDField(null=True),
                "reverse_note": fields.CharField(default="", db_default="", max_length=100),
                "reverse_reason": fields.CharField(default="", db_default="", max_length=20),
                "reversed_at": fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
            },
        ),
        ops.AddIndex(
            model_name="Invoice",
            index=Index(fields=["apply_id"]),
        ),
        AddFields(
            "PayEvent",
            {
                "closed_at": fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                "closed_by": fields.UUIDField(null=True),
                "resolution": fields.CharField(default="", db_default="", max_length=200),
            },
        ),
        AddFields(
            "Refund",
            {
                "after": fields.CharField(default="keep", db_default="keep", max_length=8),
                "after_at": fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                "redirected_at": fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                "redirected_by": fields.UUIDField(null=True),
                "redirected_to": fields.CharField(default="", db_default="", max_length=20),
            },
        ),
        ops.RunSQL(SQL),
    ]
