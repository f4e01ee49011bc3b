from tortoise import fields

from models.quick import AddFields, QuickMigration


class Migration(QuickMigration):
    dependencies = [("models", "0009_consents")]

    initial = False

    operations = [AddFields("Project", {"on_site": fields.BooleanField(default=False, db_default=False)})]
