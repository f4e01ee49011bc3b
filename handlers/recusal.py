"""申报回避: the word leads to the page on which an expert declares recusal units."""

from __future__ import annotations

from bot.router import Router
from bot.turn import Turn
from domain.chat_links import link
from handlers import commands, people, texts, wording
from handlers.people import Me


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
    lines = [texts.RECUSAL, f"▸ {link(texts.RECUSAL_PAGE, page)}", *await _removal_lines(turn, me)]
    return "\n".join([*lines, texts.RECUSAL_OF_A_CALL])


async def _removal_lines(turn: Turn, me: Me) -> list[str]:
    """A unit that is filed is removed by a change of the file, which is reviewed."""
    book = turn.services.deps.book(me.actor.pool)
    if "change" not in book.campaigns.entry_types:
        return [texts.RECUSAL_REMOVAL_BY_OFFICE.format(hotline=book.pool.hotline)]
    way = await turn.services.expert_file_views.own_files.find_way_to_change(me.actor)
    if not way.route:
        return [texts.RECUSAL_REMOVAL.format(title=book.campaigns.change_title), wording.plain_text(way.text)]
    page = f"{turn.services.deps.public_url}{way.route}"
    return [texts.RECUSAL_REMOVAL.format(title=book.campaigns.change_title), f"▸ {link(way.text, page)}"]
