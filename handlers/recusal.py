"""申报回避: the word leads to the page on which an expert declares recusal units."""

from __future__ import annotations

from bot.router import Router
from bot.turn import Turn
from domain.chat_links import link
from handlers import commands, people, texts


def register(router: Router) -> None:
    router.keyword(
        show_recusal_page,
        commands.RECUSAL,
        "回避",
        "我要回避",
        "回避单位",
        "申报回避单位",
        "增加回避单位",
        "近亲属",
    )


async def show_recusal_page(turn: Turn) -> str:
    me = await people.get_expert(turn)
    page = f"{turn.services.deps.public_url}/h5/{me.actor.pool}/file/recusal"
    return f"{texts.RECUSAL}\n▸ {link(texts.RECUSAL_PAGE, page)}\n{texts.RECUSAL_OF_A_CALL}"
