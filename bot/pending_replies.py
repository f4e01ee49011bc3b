"""Replies that could not be sent within any window, delivered when the user writes again. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from bot.replies import MAX_TEXT, Reply, Silence, Text, shorten

LATE_NOTE = "（刚才没能及时答复您，现补上）"
_HEAD = f"{LATE_NOTE}\n\n"
_LEAST = 200
"""Fewest bytes of a pending reply worth showing; with less room it waits for the next reply."""


def prepend_pending(reply: Reply, pending: Sequence[str]) -> tuple[Reply, int]:
    """``reply`` with the pending ones in front, oldest first, and how many of ``pending`` it contains.

    Text that the new reply contains anyway is not repeated. An image or a card can't carry text.
    """
    if not pending or not isinstance(reply, Text | Silence):
        return reply, 0
    now = reply.content if isinstance(reply, Text) else ""
    texts = dict.fromkeys(text.removeprefix(_HEAD) for text in pending)  # it may itself hold earlier ones
    fresh = [text for text in texts if text.strip() and text not in now]
    if not fresh:
        return reply, len(pending)
    before = _HEAD + "\n\n".join(fresh)
    if not now:
        return Text(shorten(before)), len(pending)
    room = MAX_TEXT - len(now.encode()) - 2
    if len(before.encode()) > room < _LEAST:
        return reply, 0
    return Text(f"{shorten(before, room)}\n\n{now}"), len(pending)
