"""Calls that a platform connects between a member of staff and an expert."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tortoise import fields

from models.base import Row


class VirtualCall(Row):
    """A virtual call (虚拟号通话): the platform rings the member of staff first, then the expert.

    ``purpose``: recall, urging or release. ``state`` is a ``VirtualCallState``. The row commits before the vendor is
    asked, and no row is dialled twice. ``staff_phone_sealed`` is wiped when the call is over: the audit keeps it
    sealed. The expert's number is never copied. ``check_at``: when the vendor is queried about a call without an end,
    or the call is abandoned. ``seconds``: duration of the conversation.
    """

    draw: Any = fields.ForeignKeyField("models.Draw", on_delete=fields.RESTRICT, related_name="virtual_calls")
    draw_id: UUID
    expert: Any = fields.ForeignKeyField("models.Expert", on_delete=fields.RESTRICT, related_name="virtual_calls")
    expert_id: UUID
    purpose = fields.CharField(7)
    asked_by_id = fields.UUIDField()
    asked_at = fields.DatetimeField()
    staff_phone_sealed = fields.TextField(default="")
    out_id = fields.CharField(15, unique=True)
    """Our id, which the vendor echoes; it can't be guessed."""
    call_id = fields.CharField(80, default="")
    """The vendor's id."""
    state = fields.CharField(12, default="asked")
    vendor_code = fields.CharField(60, default="")
    seconds = fields.IntField(default=0)
    check_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "virtual_call"
        indexes = (("draw_id", "expert_id"), ("expert_id", "asked_at"), ("check_at",))
