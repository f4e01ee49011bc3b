from tortoise.migrations import operations as ops

from models.quick import QuickMigration


class Migration(QuickMigration):
    dependencies = [("models", "0015_sources")]

    initial = False

    operations = [
        ops.DeleteModel(name="PasswordTries"),
        ops.RemoveField(model_name="VerificationCode", name="tries"),
    ]
