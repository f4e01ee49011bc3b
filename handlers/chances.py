"""为什么没抽到我: what bars the expert from draws now, else how many past draws were open to him; one bubble."""

from __future__ import annotations

import re

from bot.router import Answer, Router
from bot.turn import Turn
from domain.chat_links import link
from domain.clock import print_month
from handlers import commands, people, texts, wording
from services.expert_file_views import DrawingChances

_QUESTION = re.compile(
    r"(?:为什么|为何|怎么|我|一直|总是|老是|都)*(?:没有?|不)(?:抽到|抽中|抽)(?:过?我)?(?:呢|啊)?[?？。!！]*"
)
"""为什么没有抽到我, 怎么一直没抽到我？, 没有抽到 …"""


def register(router: Router) -> None:
    router.keyword(why_not_drawn, commands.CHANCES, texts.CHANCES_PAGE)
    router.text(understand_question)


async def understand_question(turn: Turn) -> Answer:
    """A sentence that asks nothing else."""
    return await why_not_drawn(turn) if _QUESTION.fullmatch(turn.message.text.strip()) else None


async def why_not_drawn(turn: Turn) -> str:
    me = await people.get_expert(turn)
    chances = await turn.services.expert_file_views.own_chances.read(me.actor)
    lines = [texts.CHANCES_BARRED if chances.bars else texts.CHANCES_OPEN]
    lines += [f"· {wording.plain_text(reason.text)}" for reason in chances.bars or chances.reasons]
    if not chances.bars:
        lines += [_counted(chances), texts.CHANCES_RANDOM]
    page = f"{turn.services.deps.public_url}/h5/{turn.user.pool}/chances"
    return "\n".join([*lines, f"▸ {link(texts.CHANCES_PAGE, page)}"])


def _counted(chances: DrawingChances) -> str:
    if not chances.is_counted:
        return texts.CHANCES_TOO_NEW
    text = texts.CHANCES_COUNTED if chances.has_matches or chances.calls else texts.CHANCES_NONE
    return text.format(
        since=print_month(chances.since),
        last=print_month(chances.last),
        matches=chances.matches,
        calls=chances.calls,
    )
