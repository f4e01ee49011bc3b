"""Text typed while a talk is open and a notice has asked something else since: an expert who reads 您参加吗 last and
types 1 must not take leave from another panel, whose question stands above it.
"""

from __future__ import annotations

from datetime import datetime

from bot.router import Answer, NewerQuestion, Router, WordAnswer
from bot.talk import is_number
from bot.turn import Turn
from domain.draws.answers import Doubt, No, Unsure, Yes, understand
from handlers import commands, invitations, meanings, people, texts
from services.notifications import QUESTIONS


def register(router: Router) -> None:
    router.newer(find_newer_question)


async def find_newer_question(turn: Turn, since: datetime) -> NewerQuestion | None:
    """The newest question that a notice put to the writer after ``since``."""
    if turn.user.account_id is None:
        return None
    kind = await turn.services.notifications.history.find_question(turn.user.pool, turn.user.account_id, since)
    if kind is None:
        return None
    hint = texts.ANSWER_NEWER.format(taps=commands.tap_lines(*QUESTIONS[kind]))
    return NewerQuestion(await _find_answer(turn, kind), hint)


async def _find_answer(turn: Turn, kind: str) -> Answer:
    """Yes or no to an invitation, or no to a moved time: all are read back. None: it isn't clear which was answered."""
    meaning = understand(turn.message.text)
    if commands.REFUSE_MOVE in QUESTIONS[kind]:
        return WordAnswer(commands.REFUSE_MOVE) if isinstance(meaning, No) else None
    if QUESTIONS[kind] != (commands.INVITATIONS,):
        return None
    me = people.find_expert(turn)
    if me is None or not await people.open_invitations(turn, me):
        return None
    clear = is_number(turn.message.text) or meaning == Unsure(Doubt.ACKNOWLEDGED) or isinstance(meaning, Yes | No)
    if clear or await meanings.speaks_of_coming(turn):
        return await invitations.answer_by_text(turn)
    return None
