"""What the message being answered means, for handlers that decide by it."""

from __future__ import annotations

from bot.turn import Turn
from domain.understanding.decision import SentenceMeaning
from domain.understanding.intents import Intent
from handlers import people

_COMING = ("accept", "cannot_come", "time_off")
"""Intents of sentences that speak of coming or not, so that they answer an open invitation."""


async def understand(turn: Turn) -> SentenceMeaning:
    """The meaning of the message's text, by the model, and where that isn't sure by the office's paraphrases. Raises
    Forbidden for a closed account."""
    cached_meaning = turn.cached_lookups.get("meaning")
    if not isinstance(cached_meaning, SentenceMeaning):
        speakers, text = await people.speakers(turn), turn.message.text
        services = turn.services.understanding
        by_model = services.meanings.understand(speakers, text)
        cached_meaning = await services.paraphrases.refine(turn.user.pool, speakers, text, by_model)
        turn.cached_lookups["meaning"] = cached_meaning
    return cached_meaning


async def find_sure_intent(turn: Turn) -> Intent | None:
    """None for a text that isn't surely understood."""
    meaning = await understand(turn)
    return turn.services.understanding.meanings.find(meaning.intents[0]) if meaning.is_sure else None


async def speaks_of_coming(turn: Turn) -> bool:
    intent = await find_sure_intent(turn)
    return intent is not None and speaks_of_coming_or_not(intent)


def speaks_of_coming_or_not(intent: Intent) -> bool:
    return intent.id in _COMING
