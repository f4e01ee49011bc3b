"""Columns that say when a person was notified are named alike; what a vendor reports is no receipt."""

from tortoise.migrations import operations as ops
from tortoise.migrations.schema_generator.state import State

from models.quick import QuickMigration


class RenameClass(ops.RenameModel):
    """The model gets another name; its table keeps its own, which Tortoise would rename along."""

    def state_forward(self, app_label: str, state: State) -> None:
        table = state.models[app_label, self.old_name].table
        super().state_forward(app_label, state)
        renamed = state.models[app_label, self.new_name]
        renamed.table = renamed.options["table"] = table
        state.reload_model(app_label, self.new_name)


class Migration(QuickMigration):
    dependencies = [("models", "0017_notice_numbers")]

    operations = [
        ops.RenameField("Fee", "told_at", "notified_at"),
        ops.RenameField("Expert", "term_told_at", "term_notified_at"),
        RenameClass("Receipt", "DeliveryReport"),
    ]
