"""What is no text: pictures, voice, files, positions, stickers. Each gets an answer that fits what is open."""

from __future__ import annotations

from functools import partial

from bot.messages import UNSUPPORTED
from bot.router import Answer, Router
from bot.turn import Turn
from domain.draws.agreed_times import check_in_opens
from domain.positions import Position
from handlers import check_in, next_steps, people, texts

_TEXTS = {
    "voice": texts.NO_VOICE,
    "image": texts.NO_PICTURE,
    "video": texts.NO_PICTURE,
    "shortvideo": texts.NO_PICTURE,
    "link": texts.NO_LINK,
    UNSUPPORTED: texts.NO_STICKER,
}


def register(router: Router) -> None:
    for kind, text in _TEXTS.items():
        router.kind(kind, partial(_explain, text))
    router.kind("location", take_position)


async def _explain(text: str, turn: Turn) -> str:
    return await next_steps.offer_next_steps(turn, text)


async def take_position(turn: Turn) -> Answer:
    """Checks in where exactly one panel waits for it; else says what a position is for."""
    me = people.find_expert(turn)
    panels = await people.panels_ahead(turn, me) if me is not None else []
    rule = turn.services.deps.book(turn.user.pool).attendance
    expected = [
        view for view in panels if view.checked_in_at is None and check_in_opens(view, rule) <= turn.now <= view.ends_at
    ]
    location = turn.message.location
    if me is None or location is None or len(expected) != 1:
        return await next_steps.offer_next_steps(turn, texts.NO_POSITION_NEEDED)
    position = Position(location.latitude, location.longitude, "gcj02")
    checked_in = await turn.services.draws.attendance.check_in(expected[0].id, me.expert_id, position)
    return check_in.result_text(checked_in)
