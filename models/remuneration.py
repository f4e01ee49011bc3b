"""Remuneration of experts for panels (专家酬劳), and its settlement. Money in fen."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from tortoise import fields

from models.base import Row


class Remuneration(Row):
    """What one expert is owed for one draw. ``state`` is a ``RemunerationState``.

    ``lines`` are ``{"code", "amount", "words"}``; their sum is ``amount``. ``version`` grows with every change of the
    proposal; a confirmation or objection names the version it refers to. The expert answers until ``answer_until``;
    None once no answer is needed.
    """

    pool = fields.CharField(32)
    draw: Any = fields.ForeignKeyField("models.Draw", on_delete=fields.RESTRICT, related_name="remunerations")
    draw_id: UUID
    invitation: Any = fields.OneToOneField("models.Invitation", on_delete=fields.RESTRICT, related_name="remuneration")
    invitation_id: UUID
    expert: Any = fields.ForeignKeyField("models.Expert", on_delete=fields.RESTRICT, related_name="remunerations")
    expert_id: UUID
    state = fields.CharField(12, default="proposed")
    lines: Any = fields.JSONField()
    amount = fields.BigIntField()
    computed = fields.BigIntField(null=True)
    """By the rulebook's table at that time; None: the rulebook had none."""
    reason = fields.CharField(200, default="")
    """Why the amount differs from the computed one."""
    version = fields.IntField(default=1)
    proposed_by_id: UUID | None = fields.UUIDField()
    proposed_at = fields.DatetimeField()
    answer_until = fields.DatetimeField(null=True)
    answered_at = fields.DatetimeField(null=True)
    answered_by = fields.CharField(8, default="")
    """Channel of the expert's answer: chat, h5 or mini; system when there was none."""
    disputes = fields.IntField(default=0)
    dispute = fields.CharField(200, default="")
    """The expert's newest objection; ``reply`` is the venue's answer to it."""
    reply = fields.CharField(200, default="")
    paid_on: date | None = fields.DateField(null=True)
    paid_way = fields.CharField(20, default="")
    paid_by_id = fields.UUIDField(null=True)
    reminded_at: datetime | None = fields.DatetimeField(null=True)
    """When the expert last reminded the agency that the money has not arrived."""

    class Meta:
        table = "remuneration"
        indexes = (("draw_id", "state"), ("expert_id", "proposed_at"), ("state", "answer_until"))
