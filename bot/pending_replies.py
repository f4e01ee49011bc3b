"""Replies that came too late for every window, delivered when their person writes again. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from bot.replies import MAX_TEXT, Reply, Silence, Text, shorten

KEPT = "（刚才没能及时答复您，现补上）"
_HEAD = f"{KEPT}\n\n"
_LEAST = 200
"""Bytes of a kept reply that are worth showing; with less room it waits for the next time."""


def prepend_kept(reply: Reply, kept: Sequence[str]) -> tuple[Reply, int]:
    """``reply`` with what was kept in front, oldest first, and how many of ``kept`` it contains.

    Text that the new reply contains anyway is not repeated. A picture or a card leaves no room for words.
    """
    if not kept or not isinstance(reply, Text | Silence):
        return reply, 0
    now = reply.content if isinstance(reply, Text) else ""
    texts = dict.fromkeys(text.removeprefix(_HEAD) for text in kept)  # one that was late with others in front of it
    fresh = [text for text in texts if text.strip() and text not in now]
    if not fresh:
        return reply, len(kept)
    before = _HEAD + "\n\n".join(fresh)
    if not now:
        return Text(shorten(before)), len(kept)
    room = MAX_TEXT - len(now.encode()) - 2
    if len(before.encode()) > room < _LEAST:
        return reply, 0
    return Text(f"{shorten(before, room)}\n\n{now}"), len(kept)
