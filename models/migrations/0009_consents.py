import functools
from json import dumps, loads

from tortoise import fields
from tortoise.migrations import operations as ops

from models.quick import QuickMigration


class Migration(QuickMigration):
    dependencies = [("models", "0008_reviews")]

    initial = False

    operations = [
        ops.AddField(
            model_name="WechatIdentity",
            name="subscribe_refusals",
            field=fields.JSONField(
                default=dict, db_default={}, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
            ),
        ),
    ]
