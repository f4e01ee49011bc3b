"""An expert's invitation to one draw, whose state holds for every channel."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tortoise import fields

from models.base import Row

MISSING_FROM = "greatest(i.gathering_at, i.proposed_gathering_at)"
"""SQL of ``domain.draws.agreed_times.missing_from`` for an invitation ``i``."""


class Invitation(Row):
    """``state`` is a ``domain.draws.lifecycles.InvitationState``. ``code`` is the six-digit code, unique in its draw.

    ``starts_at``–``ends_at`` is the time that it reserves, up to the draw's end if that came early; open and accepted
    invitations of one expert never overlap (exclusion constraint). Taps in chat come back as ``menu_id`` (attend) or
    the number after it (decline).

    ``gathering_at`` is what its expert agreed to, or was first called for; a move only proposes another
    (``proposed_gathering_at``, ``proposed_start_at``, since ``proposed_since``), which counts once he agrees.
    """

    draw: Any = fields.ForeignKeyField("models.Draw", on_delete=fields.RESTRICT, related_name="invitations")
    draw_id: UUID
    condition: Any = fields.ForeignKeyField("models.Condition", on_delete=fields.RESTRICT, related_name="invitations")
    condition_id: UUID
    notice: Any = fields.ForeignKeyField("models.CallNotice", on_delete=fields.RESTRICT, related_name="invitations")
    notice_id: UUID
    expert: Any = fields.ForeignKeyField("models.Expert", on_delete=fields.RESTRICT, related_name="invitations")
    expert_id: UUID
    round_number = fields.IntField()
    tier = fields.CharField(12)
    leaf = fields.CharField(64)
    code = fields.CharField(6)
    menu_id = fields.BigIntField(unique=True)
    link = fields.CharField(16, unique=True)
    """96 random bits as 16 characters: the address of this invitation's page, in SMS too."""
    state = fields.CharField(12, default="open")
    supplementary = fields.BooleanField(default=False)
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    gathering_at = fields.DatetimeField()
    proposed_gathering_at = fields.DatetimeField(null=True)
    proposed_start_at = fields.DatetimeField(null=True)
    """A postponed start of the evaluation."""
    proposed_since = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    answer_until = fields.DatetimeField()
    answered_at = fields.DatetimeField(null=True)
    answered_by = fields.CharField(10, default="")
    """Channel of the answer: chat, voice, h5, mini or system; staff: agreed on the phone in a recall; recusal: it ended
    since the expert declared a recusal unit, which is no refusal of his."""
    closed_at = fields.DatetimeField(null=True)
    reminders_sent = fields.IntField(default=0)
    next_reminder_at = fields.DatetimeField(null=True)

    class Meta:
        table = "invitation"
        unique_together = (("draw_id", "code"), ("draw_id", "expert_id"))
        indexes = (("expert_id", "state"), ("state", "answer_until"))


class ReleaseConfirmation(Row):
    """Record that a member of staff reached an expert whom the calls of a release (退选) had not reached."""

    invitation: Any = fields.OneToOneField(
        "models.Invitation", on_delete=fields.RESTRICT, related_name="release_confirmation"
    )
    invitation_id: UUID
    words = fields.CharField(200)
    recorded_by_id: UUID = fields.UUIDField()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "release_confirmation"
