"""Base of all tables."""

from __future__ import annotations

from typing import Any, cast

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model, ModelMeta

from domain.ids import new_id


class _Quick(ModelMeta):
    """Keeps Tortoise from reading the source of each model for comments, which took longer than importing the
    models."""

    def __new__(cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> _Quick:
        return cast(_Quick, super().__new__(cls, name, bases, {"_no_comments": True, **attrs}))


class Row(Model, metaclass=_Quick):
    """A row with a time-ordered random key, set before the insert so that bulk inserts know their ids."""

    id = fields.UUIDField(primary_key=True, default=new_id)

    class Meta:
        abstract = True


def text_array() -> list[str]:
    """A ``text[]`` column, empty by default, never NULL."""
    return cast("list[str]", ArrayField("text", default=list))


def number_array() -> list[int]:
    """A ``smallint[]`` column, empty by default, never NULL."""
    return cast("list[int]", ArrayField("smallint", default=list))
