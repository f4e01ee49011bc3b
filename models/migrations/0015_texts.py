"""Phones of staff, and what people write to the office about themselves and others, are sealed like other phones."""

from tortoise import fields
from tortoise.migrations import operations as ops

from models.quick import AddFields, QuickMigration

COPY = """
UPDATE project SET contact_phone_sealed = 'clear:' || contact_phone WHERE contact_phone <> '';
UPDATE call_notice SET contact_phone_sealed = 'clear:' || contact_phone WHERE contact_phone <> '';
UPDATE feedback SET text_sealed = 'clear:' || text WHERE text <> '';
UPDATE objection SET text_sealed = 'clear:' || text WHERE text <> '';
"""
"""The database has no data key: ``services.clear_columns.seal_clear_columns`` seals them when the service starts."""

INDEXES = """
CREATE INDEX project_contact_phone_clear ON project (id) WHERE contact_phone_sealed LIKE 'clear:%';
CREATE INDEX call_notice_contact_phone_clear ON call_notice (id) WHERE contact_phone_sealed LIKE 'clear:%';
CREATE INDEX feedback_text_clear ON feedback (id) WHERE text_sealed LIKE 'clear:%';
CREATE INDEX objection_text_clear ON objection (id) WHERE text_sealed LIKE 'clear:%';
"""


class Migration(QuickMigration):
    dependencies = [("models", "0015_wrong_tries")]

    initial = False

    operations = [
        AddFields("Project", {"contact_phone_sealed": fields.TextField(default="", db_default="", unique=False)}),
        AddFields("CallNotice", {"contact_phone_sealed": fields.TextField(default="", db_default="", unique=False)}),
        AddFields("Feedback", {"text_sealed": fields.TextField(default="", db_default="", unique=False)}),
        AddFields("Objection", {"text_sealed": fields.TextField(default="", db_default="", unique=False)}),
        ops.RunSQL(COPY),
        ops.RemoveField(model_name="Project", name="contact_phone"),
        ops.RemoveField(model_name="CallNotice", name="contact_phone"),
        ops.RemoveField(model_name="Feedback", name="text"),
        ops.RemoveField(model_name="Objection", name="text"),
        ops.RunSQL(INDEXES),
    ]
