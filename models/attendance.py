"""Attendance: entries and exits, claims of presence, late arrivals that experts announce, urgings."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise import fields

from models.base import Row
from models.invitations import MISSING_FROM

STANDING_LATE_ARRIVAL = """late_arrival l ON l.invitation_id = i.id AND l.ended_at IS NULL
  AND l.gathering_at = i.gathering_at"""
"""SQL of a join with the late arrival ``l`` that counts for an invitation ``i``."""
ARRIVES_AT = "l.gathering_at + l.minutes * interval '1 minute'"
"""SQL of ``LateArrival.arrives_at``."""
AWAITED_FROM = f"greatest({MISSING_FROM}, {ARRIVES_AT})"
"""SQL of ``domain.draws.agreed_times.awaited_from``: from when an expert is late and may be urged."""


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


class LateArrival(Row):
    """That an expert comes ``minutes`` after ``gathering_at``, to which he had agreed (晚到).

    His own statement, or what ``recorded_by_id`` of the staff wrote down of a call: ``told_by`` himself (self) or
    another (other).

    One at a time stands; a newer one or a withdrawal ends it (``ending``: replaced or withdrawn), and it stays as
    history. It counts while it stands and ``gathering_at`` is still the agreed one.
    ``channel``: chat, h5, mini or phone.
    """

    invitation: Any = fields.ForeignKeyField(
        "models.Invitation", on_delete=fields.RESTRICT, related_name="late_arrivals"
    )
    invitation_id: UUID
    gathering_at = fields.DatetimeField()
    minutes = fields.IntField()
    reason = fields.CharField(60)
    stated_at = fields.DatetimeField()
    channel = fields.CharField(10)
    told_by = fields.CharField(10, default="", db_default="")
    recorded_by_id = fields.UUIDField(null=True)
    ended_at = fields.DatetimeField(null=True)
    ending = fields.CharField(10, default="")

    class Meta:
        table = "late_arrival"
        indexes = (("invitation_id", "stated_at"),)

    @property
    def arrives_at(self) -> datetime:
        return self.gathering_at + timedelta(minutes=self.minutes)


async def find_late_arrival(invitation_id: UUID, gathering_at: datetime) -> LateArrival | None:
    """The statement that counts for an invitation to whose gathering its expert agreed."""
    return await LateArrival.get_or_none(invitation_id=invitation_id, ended_at=None, gathering_at=gathering_at)


class Urge(Row):
    """An urging (催促) of an expert who has not entered. ``channel`` voice or virtual."""

    invitation: Any = fields.ForeignKeyField("models.Invitation", on_delete=fields.RESTRICT, related_name="urges")
    invitation_id: UUID
    channel = fields.CharField(8)
    at = fields.DatetimeField()
    by_id = fields.UUIDField()

    class Meta:
        table = "urge"
