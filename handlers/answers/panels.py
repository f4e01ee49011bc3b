"""Answers about invitations and panels."""

from __future__ import annotations

from collections.abc import Mapping

from bot.router import Handler
from handlers import invitations, leave

ANSWERS: Mapping[str, Handler] = {
    "cannot_come": leave.begin_leave_by_text,
    "undo_answer": invitations.offer_undo,
}
