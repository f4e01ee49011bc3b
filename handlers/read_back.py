"""Reads back what somebody wrote before it goes out: it is sent, written anew, added to or dropped."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.replies import shorten
from bot.talk import Talk
from domain.errors import InvalidInput
from handlers import texts, wording

_SHOWN_BYTES = 900
"""Bytes of the text that is read back, of the bubble's 2048."""
_FURTHER_MIN = 12
"""Characters below which a message may be an answer or a question, and is not added to the text."""


async def confirm_text(
    talk: Talk,
    text: str,
    question: Callable[[str], str],
    write_anew: Callable[[], Awaitable[str]],
    *,
    longest: int,
    send: str = texts.SEND_TEXT,
    stop: str = texts.STOP_TEXT,
) -> str | None:
    """The text as it was confirmed, None if it was dropped. ``question`` is asked about the text as it is shown;
    ``send`` and ``stop`` are labels; ``longest`` counts characters."""
    options = {send: "send", texts.WRITE_ANEW: "again", stop: "stop"}
    while True:
        shown = shorten(wording.plain_text(text), _SHOWN_BYTES)
        choice = await talk.choose(question(shown), options, plain=("send", "stop"), words=_adding_to(text, longest))
        if choice == "send":
            return text
        if choice == "stop":
            return None
        text = await write_anew() if choice == "again" else choice


def _adding_to(text: str, longest: int) -> Callable[[str], str | None]:
    """People write one thing in several messages: a long one below the text is added to it."""

    def join(typed: str) -> str | None:
        further = typed.strip()
        if len(further) < _FURTHER_MIN or not any(map(str.isalnum, further)):
            return None
        joined = f"{text}\n{further}"
        if len(joined) > longest:
            raise InvalidInput(texts.TOO_LONG_TOGETHER.format(longest=longest), code="too_long")
        return joined

    return join
