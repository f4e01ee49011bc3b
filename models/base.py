"""What every table shares."""

from __future__ import annotations

from typing import cast

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model

from domain.ids import new_id


class Row(Model):
    """A row with a time-ordered random key, made before the insert so that bulk inserts know their ids."""

    id = fields.UUIDField(primary_key=True, default=new_id)

    class Meta:
        abstract = True


def text_array() -> list[str]:
    """A ``text[]`` column, empty by default, never NULL."""
    return cast("list[str]", ArrayField("text", default=list))
