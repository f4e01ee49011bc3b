"""My work: open tasks of staff of an office, an agency or a venue, with the page or mini-program for each."""

from __future__ import annotations

from bot.router import Router
from bot.turn import Turn
from domain.errors import Unauthenticated
from handlers import commands, overview, people, texts


def register(router: Router) -> None:
    router.menu("WORK", my_work)
    router.keyword(my_work, commands.WORK, "工作", "工作台")


async def my_work(turn: Turn) -> str:
    """All open tasks of the person, in every role."""
    who = await people.find_who(turn)
    if who is None:
        raise Unauthenticated(f"{texts.BIND_FIRST}\n{commands.tap_lines(commands.BIND)}")
    await overview.set_menu(turn, [role.role for role in who.roles])
    return await overview.overview_text(turn, who)
