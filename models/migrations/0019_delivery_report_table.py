"""The table of vendors' delivery reports is named as its model."""

from tortoise.migrations import operations as ops
from tortoise.migrations.schema_generator.state import State

from models.quick import QuickMigration


class RenameTable(ops.RunSQL):
    """Renames the table and its index; the model's state follows."""

    def __init__(self) -> None:
        super().__init__(
            [
                "ALTER TABLE receipt RENAME TO delivery_report",
                "ALTER INDEX receipt_waiting RENAME TO delivery_report_waiting",
            ]
        )

    def state_forward(self, app_label: str, state: State) -> None:
        model = state.models[app_label, "DeliveryReport"]
        model.table = model.options["table"] = "delivery_report"
        state.reload_model(app_label, "DeliveryReport")


class Migration(QuickMigration):
    dependencies = [("models", "0018_notified_at")]

    operations = [RenameTable()]
