"""Columns, a table and stored kinds of due tasks get standard names; ``0020_standard_names.sql`` does what is no model's."""

from pathlib import Path

from tortoise.migrations import operations as ops
from tortoise.migrations.schema_generator.state import State

from models.batched_migration import BatchedMigration

NAMES = Path(__file__).with_name("0020_standard_names.sql").read_text(encoding="utf-8")


class RenameEmails(ops.RenameModel):
    """The model and its table; Tortoise would name the table after the class, without the underscore."""

    def __init__(self) -> None:
        super().__init__("Letter", "OutboundEmail")

    def state_forward(self, app_label: str, state: State) -> None:
        super().state_forward(app_label, state)
        model = state.models[app_label, self.new_name]
        model.table = model.options["table"] = "outbound_email"
        vars(model.fields["invoice"])["related_name"] = "outbound_emails"
        state.reload_model(app_label, self.new_name)


class Migration(BatchedMigration):
    dependencies = [("models", "0019_delivery_report_table")]

    operations = [
        ops.RenameField("Expert", "standing", "membership_status"),
        ops.RenameField("Account", "person_check", "identity_verification"),
        ops.RenameField("Account", "person_checked_at", "identity_verified_at"),
        ops.RenameField("Account", "person_check_at", "identity_verification_due_at"),
        RenameEmails(),
        ops.RunSQL(NAMES),
    ]
