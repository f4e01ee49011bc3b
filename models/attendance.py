"""Attendance: entries and exits, claims of presence, urgings."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tortoise import fields

from models.base import Row


class Attendance(Row):
    """An entry (in) or exit (out); one of each per invitation. An entry counts as presence, whatever its source.

    ``method``: qr, place or desk. ``device`` is the keyed hash of the phone that scanned, which lets one person in per
    draw.
    """

    invitation: Any = fields.ForeignKeyField("models.Invitation", on_delete=fields.RESTRICT, related_name="attendance")
    invitation_id: UUID
    draw_id = fields.UUIDField()
    direction = fields.CharField(3)
    at = fields.DatetimeField()
    method = fields.CharField(6)
    by_id = fields.UUIDField(null=True)
    latitude = fields.FloatField(null=True)
    longitude = fields.FloatField(null=True)
    device = fields.CharField(64, default="", db_default="")

    class Meta:
        table = "attendance"
        unique_together = (("invitation_id", "direction"),)


async def has_entered(invitation_id: UUID) -> bool:
    """Whether an entry is recorded; a claim of presence is none."""
    return await Attendance.exists(invitation_id=invitation_id, direction="in")


class PresenceClaim(Row):
    """An expert's own claim to be present (自报到场). It counts for nothing; an entry does."""

    invitation: Any = fields.OneToOneField(
        "models.Invitation", on_delete=fields.RESTRICT, related_name="presence_claim"
    )
    invitation_id: UUID
    at = fields.DatetimeField()

    class Meta:
        table = "presence_claim"


class Urge(Row):
    """An urging (催促) of an expert who has not entered. ``channel`` voice or virtual."""

    invitation: Any = fields.ForeignKeyField("models.Invitation", on_delete=fields.RESTRICT, related_name="urges")
    invitation_id: UUID
    channel = fields.CharField(8)
    at = fields.DatetimeField()
    by_id = fields.UUIDField()

    class Meta:
        table = "urge"
