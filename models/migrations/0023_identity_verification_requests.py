"""Questions to the authority's register of persons are requests for identity verification."""

from tortoise.migrations import operations as ops
from tortoise.migrations.schema_generator.state import State

from models.batched_migration import BatchedMigration


class RenameRequests(ops.RenameModel):
    """The model and its table; Tortoise would name the table after the class, without underscores."""

    def __init__(self) -> None:
        super().__init__("PersonLookup", "IdentityVerificationRequest")

    def state_forward(self, app_label: str, state: State) -> None:
        super().state_forward(app_label, state)
        model = state.models[app_label, self.new_name]
        model.table = model.options["table"] = "identity_verification_request"
        state.reload_model(app_label, self.new_name)


class Migration(BatchedMigration):
    dependencies = [("models", "0022_attempt_codes")]

    operations = [
        RenameRequests(),
        ops.RunSQL("ALTER INDEX person_lookup_pkey RENAME TO identity_verification_request_pkey"),
    ]
