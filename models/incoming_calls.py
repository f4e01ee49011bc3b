"""Calls of experts to the numbers from which their pools call."""

from __future__ import annotations

from typing import Any

from tortoise import fields

from models.base import Row


class IncomingCall(Row):
    """A call to a pool's number. ``turn``, ``text`` and ``keys`` are the newest prompt, so that an event that comes
    twice gets the same answer.

    ``caller_hash`` is the keyed hash of the number that the carriers passed on, as of an expert's mobile; empty:
    withheld. ``wrong``: how often the digits of the ID number were wrong. ``state`` is where the caller is in the menu,
    see ``CallState`` of ``services.draws.calls.incoming_calls``.
    """

    call_id = fields.CharField(80, unique=True)
    """The vendor's id."""
    called = fields.CharField(20)
    caller_hash = fields.CharField(64)
    began_at = fields.DatetimeField()
    heard_at = fields.DatetimeField()
    """When its newest event came."""
    ended_at = fields.DatetimeField(null=True)
    turn = fields.IntField(default=0)
    text = fields.TextField(default="")
    keys = fields.IntField(default=0)
    wrong = fields.IntField(default=0)
    state: Any = fields.JSONField(default=dict)

    class Meta:
        table = "incoming_call"
        indexes = (("caller_hash", "began_at"), ("heard_at",))
