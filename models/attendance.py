"""Who came, when, and how they were urged."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tortoise import fields

from models.base import Row


class Attendance(Row):
    """An entry (in) or exit (out). ``method``: qr, code, chat, or desk. One entry and one exit per invitation."""

    invitation: Any = fields.ForeignKeyField("models.Invitation", on_delete=fields.RESTRICT, related_name="attendance")
    invitation_id: UUID
    draw_id = fields.UUIDField()
    direction = fields.CharField(3)
    at = fields.DatetimeField()
    method = fields.CharField(6)
    by_id = fields.UUIDField(null=True)
    latitude = fields.FloatField(null=True)
    longitude = fields.FloatField(null=True)

    class Meta:
        table = "attendance"
        unique_together = (("invitation_id", "direction"),)


class Urge(Row):
    """An urging (催促) of an expert who has not entered. ``channel`` voice or virtual."""

    invitation: Any = fields.ForeignKeyField("models.Invitation", on_delete=fields.RESTRICT, related_name="urges")
    invitation_id: UUID
    channel = fields.CharField(8)
    at = fields.DatetimeField()
    by_id = fields.UUIDField()

    class Meta:
        table = "urge"
